/* Chooses the second stage's parameters on some databases and measures them on the others.
 *
 * Every way to halve the databases is tried, both halves in turn: parameters start from round figures that no
 * data suggested and go downhill along a coarse grid, one at a time. A step must lessen the misses by half a
 * percent of themselves, so that noise is not followed. What was chosen is measured on the other half alone,
 * and a calibration is fitted to the first half and checked on pairs that hold a finger of the other. The
 * middle of all halves' choices is what is frozen in matcher/fingerprint_score.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report/fingerprint_tune.h"

#define KNOBS    8
#define VALUES   8
#define PASSES   4
#define LESS     0.99 /* of the cost: what a step must reach */
#define HALF_MAX 70   /* ways to halve eight databases */

struct knob {
        const char *name;
        unsigned n, start;
        double value[VALUES];
};
static const struct knob knob[KNOBS] = {
    {"likeness, of 255", 6, 1, {38, 51, 64, 77, 90, 102}},
    {"stretch, pixels squared", 8, 4, {64, 81, 100, 121, 144, 169, 196, 225}},
    {"stretch, by length squared", 5, 3, {0.0225, 0.03, 0.04, 0.0625, 0.09}},
    {"turn of two pairs, degrees", 5, 2, {20, 25, 30, 35, 40}},
    {"radius, pixels", 6, 1, {12, 14, 16, 18, 20, 22}},
    {"direction, degrees", 6, 4, {22.5, 27, 31.5, 36, 45, 54}},
    {"chance", 7, 5, {0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.12}},
    {"crowding, power", 8, 5, {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}},
};

static struct lf_finger_tuning tuning_of(const double *v)
{
        return (struct lf_finger_tuning){
            .likeness = (unsigned)lrint(v[0]),
            .stretch = {(float)v[1], (float)v[2], (float)cos(v[3] * M_PI / 180)},
            .radius = (float)v[4],
            .turn = (float)rint(v[5] * 65536 / 360),
            .chance = (float)v[6],
            .crowding = (float)v[7],
        };
}

static void values_of(const unsigned *at, double *ret)
{
        for (unsigned k = 0; k < KNOBS; k++)
                ret[k] = knob[k].value[at[k]];
}

static double cost_at(const struct tune_data *d, uint32_t databases, const unsigned *at)
{
        double v[KNOBS];
        values_of(at, v);
        struct lf_finger_tuning t = tuning_of(v);
        const struct lf_finger_tuning *frozen = lf_finger_tuning;
        lf_finger_tuning = &t;
        double cost = tune_cost(d, databases);
        lf_finger_tuning = frozen;
        return cost;
}

/* Goes from at[k] in one direction as long as that helps. Returns whether it did; a negative *cost is -errno.
 */
static bool go(const struct tune_data *d, uint32_t databases, unsigned *at, unsigned k, int step,
               double *cost)
{
        bool moved = false;
        for (;;) {
                int to = (int)at[k] + step;
                if (to < 0 || to >= (int)knob[k].n)
                        return moved;
                at[k] = (unsigned)to;
                double next = cost_at(d, databases, at);
                if (next < 0)
                        *cost = next;
                if (next < 0 || next > *cost * LESS) {
                        at[k] = (unsigned)(to - step);
                        return moved;
                }
                *cost = next;
                moved = true;
        }
}

static int descend(const struct tune_data *d, uint32_t databases, unsigned *at)
{
        for (unsigned k = 0; k < KNOBS; k++)
                at[k] = knob[k].start;
        double cost = cost_at(d, databases, at);
        for (unsigned pass = 0, moved = 1; cost >= 0 && moved && pass < PASSES; pass++) {
                moved = 0;
                for (unsigned k = 0; cost >= 0 && k < KNOBS; k++)
                        moved |= go(d, databases, at, k, 1, &cost) ||
                                 (cost >= 0 && go(d, databases, at, k, -1, &cost));
        }
        return cost < 0 ? (int)cost : 0;
}

static void print_databases(const struct tune_data *d, uint32_t databases)
{
        for (unsigned i = 0, n = 0; i < d->databases; i++)
                if (databases >> i & 1)
                        printf("%s%s", n++ ? ", " : "", d->database[i]);
}

static int print_rates(const struct tune_data *d, uint32_t databases, const char *what, struct lf_rates *sum)
{
        struct lf_rates r[TUNE_EXTRACTORS];
        int e = tune_rates(d, databases, r);
        printf("    %-28s", what);
        for (unsigned i = 0; e == 0 && i < d->extractors; i++) {
                printf("  %s %.2f / %.2f", d->extractor[i], 100 * r[i].eer, 100 * r[i].fnmr_1e3);
                if (sum) {
                        sum[i].eer += r[i].eer;
                        sum[i].fnmr_1e3 += r[i].fnmr_1e3;
                }
        }
        putchar('\n');
        return e;
}

/* Tunes on one half and measures on the other. */
static int hold_out(const struct tune_data *d, uint32_t half, unsigned *at, struct lf_rates *sum)
{
        double v[KNOBS];
        uint32_t other = ((1u << d->databases) - 1) & ~half;
        int r = descend(d, half, at);
        if (r < 0)
                return r;
        values_of(at, v);
        struct lf_finger_tuning t = tuning_of(v);
        const struct lf_finger_tuning *frozen = lf_finger_tuning;
        lf_finger_tuning = &t;
        printf("  chosen on ");
        print_databases(d, half);
        printf(":");
        for (unsigned k = 0; k < KNOBS; k++)
                printf(" %g", v[k]);
        putchar('\n');
        r = print_rates(d, half, "in sample", NULL);
        if (r == 0)
                r = print_rates(d, other, "held out", sum);
        if (r == 0)
                r = tune_claims_of_databases(d, half);
        lf_finger_tuning = frozen;
        fflush(stdout);
        return r;
}

static int by_value(const void *a, const void *b)
{
        const double *p = a, *q = b;
        return (*p > *q) - (*p < *q);
}

/* The middle of what the halves chose, and what is frozen. */
static void print_middle(const unsigned (*at)[KNOBS], unsigned n)
{
        printf("\nWhat the halves chose, and the middle of it:\n");
        double middle[KNOBS];
        for (unsigned k = 0; k < KNOBS; k++) {
                double v[HALF_MAX];
                printf("  %-28s", knob[k].name);
                for (unsigned i = 0; i < n; i++) {
                        v[i] = knob[k].value[at[i][k]];
                        printf(" %7g", v[i]);
                }
                qsort(v, n, sizeof *v, by_value);
                middle[k] = (v[(n - 1) / 2] + v[n / 2]) / 2;
                printf("   %7g\n", middle[k]);
        }
        struct lf_finger_tuning t = tuning_of(middle);
        const struct lf_finger_tuning *f = lf_finger_tuning;
        bool same = t.likeness == f->likeness && fabsf(t.stretch.base - f->stretch.base) < 0.01f &&
                    fabsf(t.stretch.growth - f->stretch.growth) < 1e-4f &&
                    fabsf(t.stretch.turn_dot - f->stretch.turn_dot) < 1e-3f &&
                    fabsf(t.radius - f->radius) < 0.01f && fabsf(t.turn - f->turn) < 1 &&
                    fabsf(t.chance - f->chance) < 1e-4f && fabsf(t.crowding - f->crowding) < 1e-3f;
        printf("  likeness %u, stretch {%g, %g, %.4f}, radius %g, turn %g, chance %g, crowding %g: %s\n",
               t.likeness, (double)t.stretch.base, (double)t.stretch.growth, (double)t.stretch.turn_dot,
               (double)t.radius, (double)t.turn, (double)t.chance, (double)t.crowding,
               same ? "as frozen" : "NOT what is frozen");
}

static int print_frozen(const struct tune_data *d)
{
        uint32_t all = (1u << d->databases) - 1;
        struct lf_finger_calibration c;
        printf("\nWhat is frozen:\n");
        int r = print_rates(d, all, "all databases", NULL);
        for (unsigned i = 0; r == 0 && i < d->databases; i++) {
                printf("  calibrated without %s\n", d->database[i]);
                r = tune_claims_of_databases(d, all & ~(1u << i));
        }
        for (unsigned e = 0; r == 0 && d->extractors > 1 && e < d->extractors; e++) {
                printf("  calibrated without %s\n", d->extractor[e]);
                r = tune_claims_of_extractors(d, ((1u << d->extractors) - 1) & ~(1u << e));
        }
        if (r == 0)
                r = tune_fit(d, &c);
        if (r == 0)
                printf("  calibration: slope %.3f, start %.3f, bend %.2f (frozen: %.3f, %.3f, %.2f)\n",
                       (double)c.slope, (double)c.start, (double)c.bend, (double)lf_finger_calibration.slope,
                       (double)lf_finger_calibration.start, (double)lf_finger_calibration.bend);
        return r;
}

static int tune(const struct tune_data *d)
{
        static unsigned at[HALF_MAX][KNOBS];
        unsigned n = 0;
        int r = 0;
        printf(
            "Rates in percent: equal error rate / false non-match rate at a false match rate of 1e-3, the "
            "mean over\n"
            "the databases named. Claims: what was measured at a claimed 1e-2, 1e-3, 1e-4, and 95%% of such\n"
            "measurements (jackknife over fingers).\n");
        for (uint32_t half = 0; r == 0 && half < 1u << d->databases; half++) {
                if (__builtin_popcount(half) * 2 != (int)d->databases || !(half & 1) || n + 2 > HALF_MAX)
                        continue;
                struct lf_rates sum[TUNE_EXTRACTORS] = {0};
                uint32_t other = ((1u << d->databases) - 1) & ~half;
                printf("\nSplit %u\n", n / 2 + 1);
                r = hold_out(d, half, at[n++], sum);
                if (r == 0)
                        r = hold_out(d, other, at[n++], sum);
                printf("  every database held out once:");
                for (unsigned e = 0; e < d->extractors; e++)
                        printf("  %s %.2f / %.2f", d->extractor[e], 50 * sum[e].eer, 50 * sum[e].fnmr_1e3);
                putchar('\n');
        }
        if (r == 0)
                print_middle((const unsigned(*)[KNOBS])at, n);
        return r == 0 ? print_frozen(d) : r;
}

int main(int argc, char **argv)
{
        static struct tune_data d;
        bool frozen = argc == 3 && strcmp(argv[2], "--frozen") == 0;
        if (argc < 2 || argv[1][0] == '-' || argc != 2 + frozen) {
                fprintf(
                    stderr,
                    "usage: landfall-tune ROOT [--frozen]\n"
                    "where ROOT/EXTRACTOR/YEAR/DATABASE/FINGER_IMPRESSION.iso; --frozen only measures what "
                    "is frozen.\n");
                return 2;
        }
        int r = lf_engines_init();
        if (r == 0)
                r = tune_read(argv[1], &d);
        if (r == 0)
                r = frozen ? print_frozen(&d) : tune(&d);
        tune_free(&d);
        if (r < 0)
                fprintf(stderr, "landfall-tune: %s\n", strerror(-r));
        return r < 0 ? 1 : 0;
}
