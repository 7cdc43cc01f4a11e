#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/report/fingerprint_tune.h"

/* The last parts of a path: EXTRACTOR/YEAR/DATABASE. */
static void split(const char *path, char *extractor, char *database, size_t size)
{
        const char *part[3] = {path, path, path};
        for (const char *p = path; *p; p++)
                if (*p == '/') {
                        part[0] = part[1];
                        part[1] = part[2];
                        part[2] = p + 1;
                }
        snprintf(extractor, size, "%.*s", (int)(part[1] - part[0] - 1), part[0]);
        snprintf(database, size, "%s", part[1]);
}

static int prepare(const char *const *path, unsigned n, struct tune_data *d, unsigned extractor)
{
        char *dirs[TUNE_DATABASES];
        for (unsigned i = 0; i < n; i++)
                dirs[i] = (char *)path[i];
        int r = lf_impressions_read_all(dirs, (int)n, &d->all[extractor]);
        return r < 0 ? r : lf_trial_prepare(&d->all[extractor], &d->trial[extractor]);
}

/* Paths are sorted, so that an extractor's databases follow each other in the order that all have. */
static int read_paths(char **path, size_t n, struct tune_data *d)
{
        for (size_t from = 0, to; from < n; from = to) {
                char extractor[64], database[64];
                unsigned e = d->extractors, databases = 0;
                split(path[from], extractor, database, sizeof extractor);
                for (to = from; to < n; to++) {
                        char other[64];
                        split(path[to], other, database, sizeof other);
                        if (strcmp(other, extractor) != 0)
                                break;
                        if (databases < TUNE_DATABASES)
                                memcpy(d->database[databases++], database, sizeof database);
                }
                if (e == TUNE_EXTRACTORS || (e > 0 && databases != d->databases))
                        return -EINVAL;
                memcpy(d->extractor[e], extractor, sizeof extractor);
                d->databases = databases;
                d->extractors++;
                int r = prepare((const char *const *)path + from, databases, d, e);
                if (r < 0)
                        return r;
        }
        return d->extractors > 0 && d->databases >= 2 ? 0 : -EINVAL;
}

int tune_read(const char *root, struct tune_data *ret)
{
        char pattern[4096];
        glob_t g;
        memset(ret, 0, sizeof *ret);
        snprintf(pattern, sizeof pattern, "%s/*/*/*", root);
        if (glob(pattern, 0, NULL, &g) != 0) {
                lf_log_error("%s: holds no EXTRACTOR/YEAR/DATABASE", root);
                return -ENOENT;
        }
        int r = read_paths(g.gl_pathv, g.gl_pathc, ret);
        if (r < 0)
                lf_log_error("%s: %s", root, strerror(-r));
        globfree(&g);
        return r;
}

void tune_free(struct tune_data *d)
{
        for (unsigned e = 0; e < d->extractors; e++) {
                lf_trial_free(&d->trial[e]);
                lf_impressions_free(&d->all[e]);
        }
}

int tune_compare(const struct tune_data *d, uint32_t databases, bool across, struct lf_comparisons *ret)
{
        int r = 0;
        for (unsigned e = 0; e < d->extractors; e++) {
                ret[e] = (struct lf_comparisons){0};
                if (r == 0)
                        r = lf_trial_run(&d->trial[e], databases, across ? SIZE_MAX : 0, &ret[e]);
        }
        return r;
}

static void release(struct lf_comparisons *c, unsigned n)
{
        for (unsigned e = 0; e < n; e++)
                free(c[e].item);
}

/* Adds the scores within the databases of a bit set. */
static int add_scores(const struct lf_comparisons *c, uint32_t databases, struct lf_scores *genuine,
                      struct lf_scores *impostor)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < c->n; i++) {
                const struct lf_comparison *one = &c->item[i];
                if (databases >> lf_folder_of(one->a) & 1)
                        r = lf_scores_add(lf_is_genuine(one) ? genuine : impostor, one->score);
        }
        return r;
}

double tune_cost(const struct tune_data *d, uint32_t databases)
{
        static const double fmr[] = {3e-2, 1e-2, 3e-3, 1e-3};
        struct lf_comparisons c[TUNE_EXTRACTORS];
        struct lf_scores genuine = {0}, impostor = {0};
        int r = tune_compare(d, databases, false, c);
        for (unsigned e = 0; r == 0 && e < d->extractors; e++)
                r = add_scores(&c[e], databases, &genuine, &impostor);
        if (r == 0 && (genuine.n == 0 || impostor.n == 0))
                r = -EINVAL;
        double cost = 0;
        if (r == 0)
                lf_rates_of(&genuine, &impostor); /* sorts */
        for (size_t i = 0; r == 0 && i < sizeof fmr / sizeof *fmr; i++)
                cost += lf_fnmr_at(&genuine, &impostor, fmr[i]) / 4;
        free(genuine.score);
        free(impostor.score);
        release(c, d->extractors);
        return r < 0 ? r : cost;
}

int tune_rates(const struct tune_data *d, uint32_t databases, struct lf_rates *ret)
{
        struct lf_comparisons c[TUNE_EXTRACTORS];
        struct lf_scores genuine = {0}, impostor = {0};
        int r = tune_compare(d, databases, false, c);
        for (unsigned e = 0; e < d->extractors; e++) {
                ret[e] = (struct lf_rates){0};
                for (unsigned i = 0; r == 0 && i < d->databases; i++) {
                        if (!(databases >> i & 1))
                                continue;
                        genuine.n = impostor.n = 0;
                        r = add_scores(&c[e], 1u << i, &genuine, &impostor);
                        if (r == 0 && (genuine.n == 0 || impostor.n == 0))
                                r = -EINVAL;
                        if (r < 0)
                                break;
                        struct lf_rates one = lf_rates_of(&genuine, &impostor);
                        double n = __builtin_popcount(databases);
                        ret[e].eer += one.eer / n;
                        ret[e].fnmr_1e2 += one.fnmr_1e2 / n;
                        ret[e].fnmr_1e3 += one.fnmr_1e3 / n;
                }
        }
        free(genuine.score);
        free(impostor.score);
        release(c, d->extractors);
        return r;
}
