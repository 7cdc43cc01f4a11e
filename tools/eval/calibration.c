#include "tools/eval/calibration.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define PAIRS_MIN 5000
#define TAIL      0.01 /* the share of strangers that the line is fitted to */
#define BEND_MIN  0.1
#define BEND_MAX  1.0

static bool belongs(const struct lf_strangers *s, const struct lf_comparison *c)
{
        return !lf_is_genuine(c) && (!s->belongs || s->belongs(c, s->context));
}

/* A score, and how much of the whole it stands for. */
struct weighed {
        float score;
        double weight;
};

static int descending(const void *a, const void *b)
{
        const struct weighed *p = a, *q = b;
        return (p->score < q->score) - (p->score > q->score);
}

static int weigh(const struct lf_strangers *s, size_t lists, struct weighed **ret, size_t *ret_n)
{
        size_t n[2] = {0}, all = 0;
        for (size_t l = 0; l < lists; l++)
                for (size_t i = 0; i < s[l].of->n; i++)
                        if (belongs(&s[l], &s[l].of->item[i]))
                                n[lf_is_across(&s[l].of->item[i])]++;
        if (n[0] + n[1] < PAIRS_MIN)
                return -EINVAL;
        struct weighed *w = calloc(n[0] + n[1], sizeof *w);
        if (!w)
                return -ENOMEM;
        double share = n[0] && n[1] ? 0.5 : 1;
        for (size_t l = 0; l < lists; l++)
                for (size_t i = 0; i < s[l].of->n; i++) {
                        const struct lf_comparison *c = &s[l].of->item[i];
                        if (belongs(&s[l], c))
                                w[all++] = (struct weighed){c->score, share / (double)n[lf_is_across(c)]};
                }
        qsort(w, all, sizeof *w, descending);
        *ret = w;
        *ret_n = all;
        return 0;
}

/* The score that so large a share exceeds. */
static double score_at(const struct weighed *w, size_t n, double share)
{
        size_t i = 0;
        for (double above = 0; i < n - 1 && above + w[i].weight <= share; i++)
                above += w[i].weight;
        return w[i].score;
}

/* The bend that fits the middle of the scores best, in log10 of the rate. */
static double best_bend(const struct weighed *w, size_t n, const struct lf_finger_calibration *line)
{
        static const double share[] = {0.1, 0.15, 0.2, 0.3, 0.4, 0.5};
        double best = BEND_MIN, least = HUGE_VAL;
        for (double bend = BEND_MIN; bend <= BEND_MAX; bend += 0.01) {
                struct lf_finger_calibration c = *line;
                c.bend = (float)bend;
                double sum = 0;
                for (size_t k = 0; k < sizeof share / sizeof *share; k++) {
                        double off =
                            lf_finger_log10_fmr_of(&c, (float)score_at(w, n, share[k])) - log10(share[k]);
                        sum += off * off;
                }
                if (sum < least) {
                        least = sum;
                        best = bend;
                }
        }
        return best;
}

int lf_calibration_fit(const struct lf_strangers *s, size_t lists, struct lf_finger_calibration *ret)
{
        struct weighed *w;
        size_t n;
        int r = weigh(s, lists, &w, &n);
        if (r < 0)
                return r;
        /* Above a high score what exceeds it is distributed exponentially: its mean is all there is to fit.
         */
        double from = score_at(w, n, TAIL), weight = 0, excess = 0;
        for (size_t i = 0; i < n && w[i].score > from; i++) {
                weight += w[i].weight;
                excess += w[i].weight * (w[i].score - from);
        }
        if (excess > 0) {
                double slope = weight / excess / log(10);
                struct lf_finger_calibration c = {.slope = (float)slope,
                                                  .start = (float)(from + log10(TAIL) / slope)};
                c.bend = (float)best_bend(w, n, &c);
                *ret = c;
        } else {
                r = -EINVAL;
        }
        free(w);
        return r;
}

/* Pairs and false matches that one finger takes part in. */
struct share {
        unsigned finger;
        size_t pairs, above;
};

static int by_finger(const void *a, const void *b)
{
        const struct share *p = a, *q = b;
        return (p->finger > q->finger) - (p->finger < q->finger);
}

/* Adds up the entries of equal fingers. Returns how many are left. */
static size_t join(struct share *s, size_t n)
{
        size_t out = 0;
        qsort(s, n, sizeof *s, by_finger);
        for (size_t i = 0; i < n; i++) {
                if (out > 0 && s[out - 1].finger == s[i].finger) {
                        s[out - 1].pairs += s[i].pairs;
                        s[out - 1].above += s[i].above;
                } else {
                        s[out++] = s[i];
                }
        }
        return out;
}

/* Deviation of the rate, from what it becomes without each finger. */
static double jackknife(const struct share *s, size_t n, const struct share *all)
{
        double mean = 0, squares = 0;
        for (int pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < n; i++) {
                        size_t left = all->pairs - s[i].pairs;
                        double rate = left ? (double)(all->above - s[i].above) / (double)left : 0;
                        if (pass == 0)
                                mean += rate / (double)n;
                        else
                                squares += (rate - mean) * (rate - mean);
                }
        return sqrt((double)(n - 1) / (double)n * squares);
}

int lf_calibration_check(const struct lf_strangers *s, size_t lists, const struct lf_finger_calibration *c,
                         double claimed, struct lf_calibration_check *ret)
{
        size_t room = 0, n = 0;
        for (size_t l = 0; l < lists; l++)
                room += 2 * s[l].of->n;
        struct share *share = calloc(room ? room : 1, sizeof *share), all = {0};
        if (!share)
                return -ENOMEM;
        for (size_t l = 0; l < lists; l++)
                for (size_t i = 0; i < s[l].of->n; i++) {
                        const struct lf_comparison *one = &s[l].of->item[i];
                        if (!belongs(&s[l], one))
                                continue;
                        size_t above = (double)lf_finger_log10_fmr_of(c, one->score) <= log10(claimed);
                        all.pairs++;
                        all.above += above;
                        share[n++] = (struct share){one->a, 1, above};
                        share[n++] = (struct share){one->b, 1, above};
                }
        if (n > 0) {
                n = join(share, n);
                double rate = (double)all.above / (double)all.pairs;
                double off = rate > 0 ? exp(1.96 * jackknife(share, n, &all) / rate) : 1;
                *ret = (struct lf_calibration_check){claimed, rate, rate / off, rate * off, all.pairs};
        }
        free(share);
        return n > 0 ? 0 : -EINVAL;
}
