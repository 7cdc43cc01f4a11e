#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/report/fingerprint_tune.h"

/* Pairs by how many of their two fingers' databases are in a bit set. */
struct side {
        uint32_t databases;
        unsigned least, most;
};

static bool is_on_side(const struct lf_comparison *c, const void *context)
{
        const struct side *s = context;
        unsigned in = (s->databases >> lf_folder_of(c->a) & 1) + (s->databases >> lf_folder_of(c->b) & 1);
        return in >= s->least && in <= s->most;
}

static size_t choose(const struct tune_data *d, const struct lf_comparisons *c, uint32_t extractors,
                     const struct side *side, struct lf_strangers *ret)
{
        size_t n = 0;
        for (unsigned e = 0; e < d->extractors; e++)
                if (extractors >> e & 1)
                        ret[n++] = (struct lf_strangers){&c[e], side ? is_on_side : NULL, side};
        return n;
}

static int print_checks(const char *what, const struct lf_strangers *s, size_t lists,
                        const struct lf_finger_calibration *c)
{
        static const double claimed[] = {1e-2, 1e-3, 1e-4};
        printf("    %-28s", what);
        for (unsigned i = 0; i < 3; i++) {
                struct lf_calibration_check check;
                int r = lf_calibration_check(s, lists, c, claimed[i], &check);
                if (r < 0)
                        return r;
                printf("  %.2e (%.1e..%.1e)", check.measured, check.low, check.high);
                if (i == 2)
                        printf("  %zu pairs\n", check.pairs);
        }
        return 0;
}

static void release(struct lf_comparisons *c, unsigned n)
{
        for (unsigned e = 0; e < n; e++)
                free(c[e].item);
}

int tune_claims_of_databases(const struct tune_data *d, uint32_t fitted)
{
        struct lf_comparisons c[TUNE_EXTRACTORS];
        struct lf_strangers s[TUNE_EXTRACTORS];
        struct lf_finger_calibration line;
        struct side known = {fitted, 2, 2}, unknown = {fitted, 0, 1}, strange = {fitted, 0, 0};
        int r = tune_compare(d, (1u << d->databases) - 1, true, c);
        if (r == 0)
                r = lf_calibration_fit(s, choose(d, c, UINT32_MAX, &known, s), &line);
        if (r == 0)
                r = print_checks("a database it has not seen", s, choose(d, c, UINT32_MAX, &unknown, s),
                                 &line);
        if (r == 0)
                r = print_checks("both such", s, choose(d, c, UINT32_MAX, &strange, s), &line);
        release(c, d->extractors);
        return r;
}

int tune_claims_of_extractors(const struct tune_data *d, uint32_t fitted)
{
        struct lf_comparisons c[TUNE_EXTRACTORS];
        struct lf_strangers s[TUNE_EXTRACTORS];
        struct lf_finger_calibration line;
        int r = tune_compare(d, (1u << d->databases) - 1, true, c);
        if (r == 0)
                r = lf_calibration_fit(s, choose(d, c, fitted, NULL, s), &line);
        if (r == 0)
                r = print_checks("the other extractor", s, choose(d, c, ~fitted, NULL, s), &line);
        release(c, d->extractors);
        return r;
}

int tune_fit(const struct tune_data *d, struct lf_finger_calibration *ret)
{
        struct lf_comparisons c[TUNE_EXTRACTORS];
        struct lf_strangers s[TUNE_EXTRACTORS];
        int r = tune_compare(d, (1u << d->databases) - 1, true, c);
        if (r == 0)
                r = lf_calibration_fit(s, choose(d, c, UINT32_MAX, NULL, s), ret);
        if (r == 0)
                r = print_checks("fitted to all, in sample", s, choose(d, c, UINT32_MAX, NULL, s), ret);
        release(c, d->extractors);
        return r;
}
