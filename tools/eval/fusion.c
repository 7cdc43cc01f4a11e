/* landfall eval fusion: two models over the same faces, fused as if they were two modalities.
 *
 * The angles of both models become one log-likelihood ratio by a logistic regression on the pairs of one half
 * of the subjects, which also learns how far the models err together; the pairs of the other half are
 * measured. Then the halves change places, and the rates are the means of both. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/engine.h"
#include "tools/eval/embeddings.h"
#include "tools/eval/eval.h"
#include "tools/eval/rates.h"

#define ROUNDS 60

static const char usage[] =
    "usage: landfall eval fusion --embeddings FILE --dim D --second FILE --second-dim D --labels LABELS.csv "
    "[--json]\n"
    "\n"
    "The files are those of eval face, of two models over the same rows. Prints the false non-match rates of "
    "each\n"
    "alone and of both fused, on subjects that the fusion did not learn from.\n";

/* ratio = w[0] + w[1] angle of the first + w[2] angle of the second */
struct ratio {
        double w[3];
};

struct pairs {
        float *score;
        uint8_t *mate;
        size_t n, mates;
};

static int take_pairs(const struct lf_embeddings *e, unsigned half, struct pairs *ret)
{
        size_t room = e->n * (e->n - 1) / 2;
        struct pairs p = {.score = malloc(room * sizeof *p.score), .mate = malloc(room)};
        if (!p.score || !p.mate) {
                free(p.score);
                free(p.mate);
                return -ENOMEM;
        }
        for (size_t a = 0; a < e->n; a++)
                for (size_t b = a + 1; b < e->n; b++) {
                        if (e->subject[a] % 2 != half || e->subject[b] % 2 != half)
                                continue;
                        /* angles, because theirs are close to normal */
                        p.score[p.n] = -acosf(fminf(fmaxf(lf_embeddings_cosine(e, a, b), -1), 1));
                        p.mate[p.n] = e->subject[a] == e->subject[b];
                        p.mates += p.mate[p.n++];
                }
        *ret = p;
        return 0;
}

static void drop_pairs(struct pairs *p)
{
        free(p->score);
        free(p->mate);
}

/* Solves h x = g; x in g. */
static void solve(double h[3][3], double g[3])
{
        for (unsigned i = 0; i < 3; i++) {
                double pivot = h[i][i];
                for (unsigned k = 0; k < 3; k++)
                        h[i][k] /= pivot;
                g[i] /= pivot;
                for (unsigned j = 0; j < 3; j++) {
                        double f = h[j][i];
                        if (j == i)
                                continue;
                        for (unsigned k = 0; k < 3; k++)
                                h[j][k] -= f * h[i][k];
                        g[j] -= f * g[i];
                }
        }
}

/* Newton's method. Strangers count a thousand times as much as mates: the ratio is to be right where one of
 * a thousand of them is let through. */
static struct ratio learn(const struct pairs *p, const struct pairs *q)
{
        struct ratio l = {{0}};
        double mate = 1 / (double)p->mates, other = 1000 / (double)(p->n - p->mates);
        for (unsigned round = 0; round < ROUNDS; round++) {
                double g[3] = {0}, h[3][3] = {{1e-12, 0, 0}, {0, 1e-12, 0}, {0, 0, 1e-12}};
                for (size_t i = 0; i < p->n; i++) {
                        double x[3] = {1, (double)p->score[i], (double)q->score[i]};
                        double chance = 1 / (1 + exp(-(l.w[0] + l.w[1] * x[1] + l.w[2] * x[2])));
                        double w = p->mate[i] ? mate : other, d = w * (p->mate[i] - chance);
                        for (unsigned a = 0; a < 3; a++) {
                                g[a] += d * x[a];
                                for (unsigned b = 0; b < 3; b++)
                                        h[a][b] += w * chance * (1 - chance) * x[a] * x[b];
                        }
                }
                solve(h, g);
                double most = fmax(fabs(g[0]), fmax(fabs(g[1]), fabs(g[2])));
                for (unsigned a = 0; a < 3; a++)
                        l.w[a] += g[a] * (most > 5 ? 5 / most : 1);
        }
        return l;
}

static int rates(const struct pairs *p, const struct pairs *q, const struct ratio *l, struct lf_rates *ret)
{
        struct lf_scores mates = {0}, others = {0};
        int r = 0;
        for (size_t i = 0; r == 0 && i < p->n; i++) {
                double s = l->w[0] + l->w[1] * (double)p->score[i] + l->w[2] * (double)q->score[i];
                r = lf_scores_add(p->mate[i] ? &mates : &others, (float)s);
        }
        if (r == 0)
                *ret = lf_rates_of(&mates, &others);
        free(mates.score);
        free(others.score);
        return r;
}

/* Learns on one half, measures on the other; adds half of it to ret: the first, the second, both. */
static int measure(const struct pairs half[2][2], unsigned learned, struct lf_rates ret[3])
{
        const struct pairs *p = &half[1 - learned][0], *q = &half[1 - learned][1];
        struct ratio ratio[3] = {{{0, 1, 0}}, {{0, 0, 1}}, learn(&half[learned][0], &half[learned][1])};
        for (unsigned i = 0; i < 3; i++) {
                struct lf_rates one;
                int r = rates(p, q, &ratio[i], &one);
                if (r < 0)
                        return r;
                ret[i].eer += one.eer / 2;
                ret[i].fnmr_1e2 += one.fnmr_1e2 / 2;
                ret[i].fnmr_1e3 += one.fnmr_1e3 / 2;
        }
        return 0;
}

static int evaluate(const struct lf_embeddings e[2], struct lf_rates ret[3])
{
        struct pairs half[2][2] = {{{0}}};
        int r = 0;
        memset(ret, 0, 3 * sizeof *ret);
        for (unsigned h = 0; r == 0 && h < 2; h++)
                for (unsigned m = 0; r == 0 && m < 2; m++)
                        r = take_pairs(&e[m], h, &half[h][m]);
        for (unsigned h = 0; r == 0 && h < 2; h++)
                if (half[h][0].mates == 0 || half[h][0].mates == half[h][0].n)
                        r = -EINVAL;
        for (unsigned h = 0; r == 0 && h < 2; h++)
                r = measure(half, h, ret);
        for (unsigned i = 0; i < 4; i++)
                drop_pairs(&half[i / 2][i % 2]);
        return r;
}

static void print(const struct lf_rates rate[3], bool json)
{
        static const char *const names[] = {"first", "second", "fused"};
        json_t *j = json_object();
        if (!json)
                printf("%8s %10s %16s %16s\n", "", "eer", "fnmr@fmr 1e-2", "fnmr@fmr 1e-3");
        for (unsigned i = 0; i < 3; i++) {
                json_t *one = json_object();
                json_object_set_new(one, "eer", json_real(rate[i].eer));
                json_object_set_new(one, "fnmr_at_fmr_1e2", json_real(rate[i].fnmr_1e2));
                json_object_set_new(one, "fnmr_at_fmr_1e3", json_real(rate[i].fnmr_1e3));
                json_object_set_new(j, names[i], one);
                if (!json)
                        printf("%8s %10.4f %16.4f %16.4f\n", names[i], rate[i].eer, rate[i].fnmr_1e2,
                               rate[i].fnmr_1e3);
        }
        if (json) {
                json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
                putchar('\n');
        }
        json_decref(j);
}

static int run(const char *const file[2], const unsigned dims[2], const char *labels, bool json)
{
        struct lf_embeddings e[2] = {{0}};
        struct lf_rates rate[3];
        int r = lf_embeddings_read(file[0], dims[0], labels, &e[0]);
        if (r == 0)
                r = lf_embeddings_read(file[1], dims[1], labels, &e[1]);
        if (r == 0) {
                r = evaluate(e, rate);
                if (r < 0)
                        lf_log_error("eval fusion: %s",
                                     r == -EINVAL ? "each half needs mates and strangers" : strerror(-r));
        }
        if (r == 0)
                print(rate, json);
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
