#include "tools/eval/rates.h"

#include <errno.h>
#include <stdlib.h>

int lf_scores_add(struct lf_scores *s, float score)
{
        if (s->n == s->room) {
                size_t room = s->room ? 2 * s->room : 1024;
                float *more = realloc(s->score, room * sizeof *more);
                if (!more)
                        return -ENOMEM;
                s->score = more;
                s->room = room;
        }
        s->score[s->n++] = score;
        return 0;
}

static int descending(const void *a, const void *b)
{
        const float *p = a, *q = b;
        return (*p < *q) - (*p > *q);
}

/* The share of genuine scores that do not exceed this one. */
static double missed(const struct lf_scores *genuine, float threshold)
{
        size_t n = 0;
        while (n < genuine->n && genuine->score[n] > threshold)
                n++;
        return (double)(genuine->n - n) / (double)genuine->n;
}

/* A match is a score above the threshold: so many impostors may lie above it. */
static double fnmr_at(const struct lf_scores *genuine, const struct lf_scores *impostor, double fmr)
{
        return missed(genuine, lf_threshold_at(impostor, fmr));
}

static double eer(const struct lf_scores *genuine, const struct lf_scores *impostor)
{
        /* From the highest threshold down: false matches rise, false non-matches fall. */
        for (size_t i = 0; i < impostor->n; i++) {
                double fmr = (double)i / (double)impostor->n;
                double fnmr = missed(genuine, impostor->score[i]);
                if (fmr >= fnmr)
                        return (fmr + fnmr) / 2;
        }
        return (1 + missed(genuine, impostor->score[impostor->n - 1])) / 2;
}

struct lf_rates lf_rates_of(struct lf_scores *genuine, struct lf_scores *impostor)
{
        qsort(genuine->score, genuine->n, sizeof *genuine->score, descending);
        qsort(impostor->score, impostor->n, sizeof *impostor->score, descending);
        return (struct lf_rates){
            .eer = eer(genuine, impostor),
            .fnmr_1e2 = fnmr_at(genuine, impostor, 1e-2),
            .fnmr_1e3 = fnmr_at(genuine, impostor, 1e-3),
        };
}

float lf_threshold_at(const struct lf_scores *impostor, double fmr)
{
        size_t allowed = (size_t)(fmr * (double)impostor->n);
        return impostor->score[allowed < impostor->n ? allowed : impostor->n - 1];
}

double lf_fnmr_at(const struct lf_scores *genuine, const struct lf_scores *impostor, double fmr)
{
        return fnmr_at(genuine, impostor, fmr);
}
