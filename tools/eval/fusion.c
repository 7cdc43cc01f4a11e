/* landfall eval fusion: two models over the same faces, fused as if they were two modalities.
 *
 * As the face engine does, each model's angles become standard deviations of strangers (z), and as the
 * product's fusion does, mates are taken as normal in z, which makes likelihood ratios. Two models of one
 * face err together, other than two parts of a body: how much is learnt, too. All of it is learnt on the
 * pairs of one half of the subjects; the pairs of the other half are measured. Then the halves change places,
 * and the rates are the means of both. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/fusion.h"
#include "tools/eval/embeddings.h"
#include "tools/eval/eval.h"
#include "tools/eval/rates.h"

#define NORMAL_1E2 2.3263 /* quantile of the normal distribution */

static const char usage[] =
    "usage: landfall eval fusion --embeddings FILE --dim D --second FILE --second-dim D --labels LABELS.csv "
    "[--json]\n"
    "\n"
    "The files are those of eval face, of two models over the same rows. Prints the false non-match rates of "
    "each\n"
    "alone and of both fused, on subjects that the fusion did not learn from.\n";

/* What strangers' angles and mates' z are, of each model and of both together. */
struct learnt {
        double mean[2], deviation[2]; /* of strangers: angles */
        struct lf_fusion_pair pair;
};

struct pairs {
        float *angle;
        uint8_t *mate;
        size_t n, mates;
};

static int take_pairs(const struct lf_embeddings *e, unsigned half, struct pairs *ret)
{
        size_t room = e->n * (e->n - 1) / 2;
        struct pairs p = {.angle = malloc(room * sizeof *p.angle), .mate = malloc(room)};
        if (!p.angle || !p.mate) {
                free(p.angle);
                free(p.mate);
                return -ENOMEM;
        }
        for (size_t a = 0; a < e->n; a++)
                for (size_t b = a + 1; b < e->n; b++) {
                        if (e->subject[a] % 2 != half || e->subject[b] % 2 != half)
                                continue;
                        p.angle[p.n] = acosf(fminf(fmaxf(lf_embeddings_cosine(e, a, b), -1), 1));
                        p.mate[p.n] = e->subject[a] == e->subject[b];
                        p.mates += p.mate[p.n++];
                }
        *ret = p;
        return 0;
}

static void drop_pairs(struct pairs *p)
{
        free(p->angle);
        free(p->mate);
}

static int ascending(const void *a, const void *b)
{
        const float *p = a, *q = b;
        return (*p > *q) - (*p < *q);
}

/* As the engine calibrates a gallery: the median of strangers' angles, and the one of a hundred that is
 * least. */
static int learn_strangers(const struct pairs *p, double *ret_mean, double *ret_deviation)
{
        size_t n = 0;
        float *angle = malloc((p->n - p->mates) * sizeof *angle);
        if (!angle)
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++)
                if (!p->mate[i])
                        angle[n++] = p->angle[i];
        qsort(angle, n, sizeof *angle, ascending);
        *ret_mean = (double)angle[n / 2];
        *ret_deviation = (*ret_mean - (double)angle[n / 100]) / NORMAL_1E2;
        free(angle);
        return 0;
}

static double z_of(const struct learnt *l, unsigned model, const struct pairs *p, size_t i)
{
        return (l->mean[model] - (double)p->angle[i]) / l->deviation[model];
}

/* Means, deviations and correlation of z over mates or over strangers. */
static void learn_normal(const struct pairs p[2], const struct learnt *l, bool mates, double mean[2],
                         double deviation[2], double *ret_correlation)
{
        double n = 0, sum[2] = {0}, squares[2] = {0}, product = 0;
        for (size_t i = 0; i < p[0].n; i++) {
                double z[2] = {z_of(l, 0, &p[0], i), z_of(l, 1, &p[1], i)};
                if (p[0].mate[i] != mates)
                        continue;
                n++;
                product += z[0] * z[1];
                for (unsigned k = 0; k < 2; k++) {
                        sum[k] += z[k];
                        squares[k] += z[k] * z[k];
                }
        }
        for (unsigned k = 0; k < 2; k++) {
                mean[k] = sum[k] / n;
                deviation[k] = sqrt(fmax(squares[k] / n - mean[k] * mean[k], 1e-6));
        }
        *ret_correlation = (product / n - mean[0] * mean[1]) / (deviation[0] * deviation[1]);
}

static int learn(const struct pairs p[2], struct learnt *ret)
{
        struct learnt l;
        double mean[2], deviation[2]; /* strangers': about 0 and 1 */
        int r = 0;
        for (unsigned k = 0; r == 0 && k < 2; k++)
                r = learn_strangers(&p[k], &l.mean[k], &l.deviation[k]);
        if (r < 0)
                return r;
        learn_normal(p, &l, true, l.pair.mean, l.pair.deviation, &l.pair.mates);
        learn_normal(p, &l, false, mean, deviation, &l.pair.strangers);
        *ret = l;
        return 0;
}

enum { FIRST, SECOND, FUSED, WAYS };

static int rates(const struct pairs p[2], const struct learnt *l, unsigned way, struct lf_rates *ret)
{
        struct lf_scores mates = {0}, others = {0};
        int r = 0;
        for (size_t i = 0; r == 0 && i < p[0].n; i++) {
                double z[2] = {z_of(l, 0, &p[0], i), z_of(l, 1, &p[1], i)};
                double s = way == FUSED ? lf_fusion_pair_llr(&l->pair, z[0], z[1]) : z[way];
                r = lf_scores_add(p[0].mate[i] ? &mates : &others, (float)s);
        }
        if (r == 0)
                *ret = lf_rates_of(&mates, &others);
        free(mates.score);
        free(others.score);
        return r;
}

/* Learns on one half, measures on the other; adds half of it to ret. */
static int measure(const struct pairs half[2][2], unsigned learned, struct lf_rates ret[WAYS],
                   struct learnt *ret_learnt)
{
        int r = learn(half[learned], ret_learnt);
        for (unsigned way = 0; r == 0 && way < WAYS; way++) {
                struct lf_rates one;
                r = rates(half[1 - learned], ret_learnt, way, &one);
                if (r < 0)
                        break;
                ret[way].eer += one.eer / 2;
                ret[way].fnmr_1e2 += one.fnmr_1e2 / 2;
                ret[way].fnmr_1e3 += one.fnmr_1e3 / 2;
        }
        return r;
}

static int evaluate(const struct lf_embeddings e[2], struct lf_rates ret[WAYS], struct learnt ret_learnt[2])
{
        struct pairs half[2][2] = {{{0}}};
        int r = 0;
        memset(ret, 0, WAYS * sizeof *ret);
        for (unsigned h = 0; r == 0 && h < 2; h++)
                for (unsigned m = 0; r == 0 && m < 2; m++)
                        r = take_pairs(&e[m], h, &half[h][m]);
        for (unsigned h = 0; r == 0 && h < 2; h++)
                if (half[h][0].mates == 0 || half[h][0].mates == half[h][0].n)
                        r = -EINVAL;
        for (unsigned h = 0; r == 0 && h < 2; h++)
                r = measure(half, h, ret, &ret_learnt[h]);
        for (unsigned i = 0; i < 4; i++)
                drop_pairs(&half[i / 2][i % 2]);
        return r;
}

static void print(const struct lf_rates rate[WAYS], const struct learnt l[2], bool json)
{
        static const char *const names[] = {"first", "second", "fused"};
        json_t *j = json_object();
        if (!json)
                printf("%8s %10s %16s %16s\n", "", "eer", "fnmr@fmr 1e-2", "fnmr@fmr 1e-3");
        for (unsigned i = 0; i < WAYS; i++) {
                json_t *one = json_object();
                json_object_set_new(one, "eer", json_real(rate[i].eer));
                json_object_set_new(one, "fnmr_at_fmr_1e2", json_real(rate[i].fnmr_1e2));
                json_object_set_new(one, "fnmr_at_fmr_1e3", json_real(rate[i].fnmr_1e3));
                json_object_set_new(j, names[i], one);
                if (!json)
                        printf("%8s %10.4f %16.4f %16.4f\n", names[i], rate[i].eer, rate[i].fnmr_1e2,
                               rate[i].fnmr_1e3);
        }
        json_object_set_new(j, "correlation",
                            json_pack("{s:f, s:f}", "mates", (l[0].pair.mates + l[1].pair.mates) / 2,
                                      "strangers", (l[0].pair.strangers + l[1].pair.strangers) / 2));
        if (!json)
                printf(
                    "correlation of the two, learnt on either half: mates %.2f %.2f, strangers %.2f %.2f\n",
                    l[0].pair.mates, l[1].pair.mates, l[0].pair.strangers, l[1].pair.strangers);
        if (json) {
                json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
                putchar('\n');
        }
        json_decref(j);
}

static int run(const char *const file[2], const unsigned dims[2], const char *labels, bool json)
{
        struct lf_embeddings e[2] = {{0}};
        struct lf_rates rate[WAYS];
        struct learnt l[2];
        int r = lf_embeddings_read(file[0], dims[0], labels, &e[0]);
        if (r == 0)
                r = lf_embeddings_read(file[1], dims[1], labels, &e[1]);
        if (r == 0) {
                r = evaluate(e, rate, l);
                if (r < 0)
                        lf_log_error("eval fusion: %s",
                                     r == -EINVAL ? "each half needs mates and strangers" : strerror(-r));
        }
        if (r == 0)
                print(rate, l, json);
        lf_embeddings_free(&e[0]);
        lf_embeddings_free(&e[1]);
        return r < 0 ? 1 : 0;
}

int lf_eval_fusion(int argc, char **argv)
{
        static const struct option options[] = {
            {"embeddings", 1, 0, 'e'}, {"dim", 1, 0, 'd'},  {"second", 1, 0, 'E'}, {"second-dim", 1, 0, 'D'},
            {"labels", 1, 0, 'l'},     {"json", 0, 0, 'j'}, {"help", 0, 0, 'h'},   {0}};
        const char *file[2] = {NULL}, *labels = NULL;
        unsigned dims[2] = {0};
        bool json = false;
        optind = 1;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'e' || o == 'E')
                        file[o == 'E'] = optarg;
                else if (o == 'd' || o == 'D')
                        dims[o == 'D'] = (unsigned)strtoul(optarg, NULL, 10);
                else if (o == 'l')
                        labels = optarg;
                else if (o == 'j')
                        json = true;
                else {
                        fputs(usage, o == 'h' ? stdout : stderr);
                        return o == 'h' ? 0 : 2;
                }
        }
        if (!file[0] || !file[1] || !labels || optind != argc || dims[0] < 1 || dims[1] < 1) {
                fputs(usage, stderr);
                return 2;
        }
        return run(file, dims, labels, json);
}
