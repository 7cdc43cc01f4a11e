/* landfall eval face: the face engine over labelled embeddings.
 *
 * All rows form a gallery; each row is a probe against it, compared with every other row (never with itself),
 * through the engine as a query would be. Beside it the same by float cosines: what rounding a gallery to
 * int8 costs.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/face_scan.h"
#include "matcher/shard.h"
#include "tools/eval/embeddings.h"
#include "tools/eval/eval.h"
#include "tools/eval/rates.h"
#include "tools/generate/random.h"

#define SEED        20240603
#define TURNS       8
#define REFLECTIONS 3 /* of each turn */

static const char usage[] =
    "usage: landfall eval face --embeddings FILE --dim D --labels LABELS.csv [--json]\n"
    "\n"
    "FILE holds rows of D little-endian floats; LABELS the lines \"row,subject\". Prints how often the "
    "closest\n"
    "other row is of the same subject (leave one out, over rows that have one), the false non-match rates "
    "at\n"
    "false match rates of 1e-2 and 1e-3 over all pairs, the same by floats; the first also on average over "
    "eight "
    "random\n"
    "rotations of all rows, to which cosines are the same and rounding is not; and how often strangers reach "
    "what\n"
    "the engine claims to be 1e-3: it calibrates itself on one half of the subjects, is measured on the "
    "other,\n"
    "and the halves change places.\n";

struct result {
        double rank1, float_rank1;
        double turned_rank1;   /* average over other coordinates */
        double claimed_1e3[2]; /* measured on the even subjects, on the odd ones */
        struct lf_rates rates, float_rates;
        size_t probes;
};

/* Row `i` as one record. */
struct wire {
        struct lf_face_head head;
        float value[LF_FACE_DIMS_MAX];
};
static size_t wire_of(const struct lf_embeddings *e, size_t i, struct wire *ret)
{
        ret->head = (struct lf_face_head){
            .model = 1, .dims = (uint16_t)e->dims, .format = LF_FACE_FLOAT32, .version = 1};
        memcpy(ret->value, e->value + i * e->dims, e->dims * sizeof *e->value);
        return sizeof ret->head + e->dims * sizeof *e->value;
}

static bool first_of_subject(const struct lf_embeddings *e, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (e->subject[k] == e->subject[i])
                        return false;
        return true;
}

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

/* A gallery of one row of each subject with subject % 2 == half, as a watch list has; 2: of all rows.
 * -EBADMSG: the engine refused a row. */
static int gallery(const struct lf_embeddings *e, unsigned half, struct lf_shard **ret)
{
        struct lf_source_record *records = calloc(e->n, sizeof *records);
        struct wire *wire = calloc(e->n, sizeof *wire);
        struct lf_shard_info info = {0};
        size_t n = 0, size = 0;
        int r = records && wire ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < e->n; i++)
                if (half == 2 || (e->subject[i] % 2 == half && first_of_subject(e, i))) {
                        records[n].wire = &wire[n];
                        records[n].size = wire_of(e, i, &wire[n]);
                        n++;
                }
        if (r == 0)
                r = lf_shard_size(LF_MODALITY_FACE, records, n, &size);
        struct lf_shard *s = r == 0 ? aligned(size) : NULL;
        if (r == 0)
                r = s ? lf_shard_build(LF_MODALITY_FACE, &info, records, n, s, size, NULL) : -ENOMEM;
        if (r == 0 && s->rows != n)
                r = -EBADMSG;
        free(records);
        free(wire);
        if (r < 0)
                free(s);
        else
                *ret = s;
        return r;
}

static bool has_mate(const struct lf_embeddings *e, size_t i)
{
        for (size_t k = 0; k < e->n; k++)
                if (k != i && e->subject[k] == e->subject[i])
                        return true;
        return false;
}

/* By floats: how often the closest other row is of the same subject. */
static double float_rank1(const struct lf_embeddings *e, size_t *ret_probes)
{
        size_t right = 0, probes = 0;
        for (size_t i = 0; i < e->n; i++) {
                size_t best = i;
                float most = -2;
                for (size_t k = 0; k < e->n; k++) {
                        float c = k == i ? -2 : lf_embeddings_cosine(e, i, k);
                        if (c > most) {
                                most = c;
                                best = k;
                        }
                }
                bool counts = has_mate(e, i);
                probes += counts;
                right += counts && e->subject[best] == e->subject[i];
        }
        *ret_probes = probes;
        return probes ? (double)right / (double)probes : 0;
}

/* The same by the engine, as a query would be. */
static int engine_rank1(const struct lf_embeddings *e, double *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_FACE);
        struct lf_shard *all = NULL;
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        const void *probes[] = {probe};
        size_t right = 0, n = 0;
        int r = probe && scratch ? gallery(e, 2, &all) : -ENOMEM;
        for (size_t i = 0; r == 0 && i < e->n; i++) {
                struct lf_topk top, *tops[] = {&top};
                struct wire w;
                struct lf_defect d;
                if (!has_mate(e, i))
                        continue;
                r = engine->prepare(&w, wire_of(e, i, &w), probe, &d);
                if (r < 0)
                        break;
                lf_topk_init(&top, 2, -INFINITY);
                for (uint32_t b = 0; b < all->blocks; b++)
                        engine->scan(all, b, probes, tops, 1, scratch);
                lf_topk_sort(&top);
                n++;
                right += e->subject[top.hit[top.hit[0].record == i].record] == e->subject[i];
        }
        if (r == 0)
                *ret = n ? (double)right / (double)n : 0;
        free(probe);
        free(scratch);
        free(all);
        return r;
}

/* Reflects all rows in a random plane: their cosines stay, each value becomes another, and so does what
 * rounding makes of it. */
static void reflect(struct lf_embeddings *e, struct lf_random *random)
{
        float plane[LF_FACE_DIMS_MAX];
        double squares = 0;
        for (unsigned k = 0; k < e->dims; k++) {
                plane[k] = (float)lf_random_normal(random);
                squares += (double)plane[k] * (double)plane[k];
        }
        for (size_t i = 0; i < e->n; i++) {
                float *v = e->value + i * e->dims;
                double along = 0;
                for (unsigned k = 0; k < e->dims; k++)
                        along += (double)v[k] * (double)plane[k];
                for (unsigned k = 0; k < e->dims; k++)
                        v[k] -= (float)(2 * along / squares * (double)plane[k]);
        }
}

/* Of one file, rounding turns a few close calls one way or the other by luck. What it costs is the average
 * over other coordinates for the same embeddings. */
static int turned_rank1(const struct lf_embeddings *e, double *ret)
{
        struct lf_embeddings turned = *e;
        struct lf_random random = lf_random_seed(SEED);
        double sum = 0;
        size_t size = e->n * e->dims * sizeof *e->value;
        int r = (turned.value = malloc(size)) ? 0 : -ENOMEM;
        if (r == 0)
                memcpy(turned.value, e->value, size);
        for (unsigned i = 0; r == 0 && i < TURNS; i++) {
                double one = 0;
                for (unsigned k = 0; k < REFLECTIONS; k++)
                        reflect(&turned, &random);
                r = engine_rank1(&turned, &one);
                sum += one / TURNS;
        }
        free(turned.value);
        *ret = sum;
        return r;
}

/* What count_pairs needs to ask the engine. */
struct pairs {
        const struct lf_engine *engine;
        const struct lf_shard *all, *half[2];
        void *probe, *scratch;
        struct lf_scores mates, others, float_mates, float_others;
        size_t claimed[2], of[2];
};

static const struct lf_face_spread *spread_of(const struct lf_shard *s)
{
        return &((const struct lf_face_payload *)lf_shard_payload(s))->spread;
}

/* The prepared probe a with record b. */
static int count_pair(const struct lf_embeddings *e, struct pairs *p, size_t a, size_t b)
{
        bool mate = e->subject[a] == e->subject[b];
        const struct lf_face_spread *own = spread_of(p->all);
        struct lf_hit hit;
        if (!p->engine->compare(p->all, p->probe, (uint32_t)b, p->scratch, &hit))
                return -EBADMSG;
        int r = lf_scores_add(mate ? &p->mates : &p->others, hit.score);
        if (r == 0)
                r = lf_scores_add(mate ? &p->float_mates : &p->float_others, lf_embeddings_cosine(e, a, b));
        unsigned h = e->subject[a] % 2;
        if (!mate && e->subject[b] % 2 == h) {
                const struct lf_face_spread *other = spread_of(p->half[1 - h]);
                float angle = own->mean - hit.score * own->deviation;
                p->of[h]++;
                p->claimed[h] += lf_face_log10_fmr((other->mean - angle) / other->deviation) <= -3;
        }
        return r;
}

/* All pairs, the first as a probe and the second in a gallery. How often strangers of one half of the
 * subjects reach 1e-3 by the calibration of a gallery of the other. */
static int count_pairs(const struct lf_embeddings *e, struct pairs *p, struct result *ret)
{
        struct wire w;
        struct lf_defect d;
        int r = 0;
        for (size_t a = 0; r == 0 && a < e->n; a++) {
                r = p->engine->prepare(&w, wire_of(e, a, &w), p->probe, &d);
                for (size_t b = a + 1; r == 0 && b < e->n; b++)
                        r = count_pair(e, p, a, b);
        }
        if (r == 0 && (p->mates.n == 0 || p->others.n == 0))
                r = -EINVAL;
        if (r == 0) {
                ret->rates = lf_rates_of(&p->mates, &p->others);
                ret->float_rates = lf_rates_of(&p->float_mates, &p->float_others);
                for (unsigned h = 0; h < 2; h++)
                        ret->claimed_1e3[h] = p->of[h] ? (double)p->claimed[h] / (double)p->of[h] : 0;
        }
        free(p->mates.score);
        free(p->others.score);
        free(p->float_mates.score);
        free(p->float_others.score);
        return r;
}

static int engine_pairs(const struct lf_embeddings *e, struct result *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_FACE);
        struct lf_shard *all = NULL, *half[2] = {NULL};
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        int r = probe && scratch ? gallery(e, 2, &all) : -ENOMEM;
        for (unsigned h = 0; r == 0 && h < 2; h++)
                r = gallery(e, h, &half[h]);
        if (r == 0) {
                struct pairs p = {.engine = engine,
                                  .all = all,
                                  .half = {half[0], half[1]},
                                  .probe = probe,
                                  .scratch = scratch};
                r = count_pairs(e, &p, ret);
        }
        free(half[0]);
        free(half[1]);
        free(all);
        free(probe);
        free(scratch);
        return r;
}

static int evaluate(const struct lf_embeddings *e, struct result *ret)
{
        int r = engine_pairs(e, ret);
        if (r == 0)
                r = engine_rank1(e, &ret->rank1);
        if (r == 0)
                r = turned_rank1(e, &ret->turned_rank1);
        if (r == 0)
                ret->float_rank1 = float_rank1(e, &ret->probes);
        return r;
}

static void print(const struct lf_embeddings *e, const struct result *r, bool json)
{
        if (!json) {
                printf("%zu rows, %zu with another of their subject\n%24s %8s %8s\n", e->n, r->probes, "",
                       "engine", "float");
                printf("%24s %8.4f %8.4f\n", "rank 1", r->rank1, r->float_rank1);
                printf(
                    "%24s %8.4f %8.4f   on average over %u random rotations, which change rounding alone\n",
                    "", r->turned_rank1, r->float_rank1, TURNS);
                printf("%24s %8.4f %8.4f\n", "fnmr at fmr 1e-2", r->rates.fnmr_1e2, r->float_rates.fnmr_1e2);
                printf("%24s %8.4f %8.4f\n", "fnmr at fmr 1e-3", r->rates.fnmr_1e3, r->float_rates.fnmr_1e3);
                printf("claimed 1e-3, on subjects that it was not calibrated on: %.2e and %.2e\n",
                       r->claimed_1e3[0], r->claimed_1e3[1]);
                return;
        }
        json_t *j = json_object();
        json_object_set_new(j, "rank1", json_real(r->rank1));
        json_object_set_new(j, "fnmr_at_fmr_1e2", json_real(r->rates.fnmr_1e2));
        json_object_set_new(j, "fnmr_at_fmr_1e3", json_real(r->rates.fnmr_1e3));
        json_object_set_new(j, "eer", json_real(r->rates.eer));
        json_object_set_new(j, "float_rank1", json_real(r->float_rank1));
        json_object_set_new(j, "rotated_rank1", json_real(r->turned_rank1));
        json_object_set_new(j, "float_fnmr_at_fmr_1e3", json_real(r->float_rates.fnmr_1e3));
        json_object_set_new(j, "fmr_at_claimed_1e3", json_real((r->claimed_1e3[0] + r->claimed_1e3[1]) / 2));
        json_object_set_new(j, "fmr_at_claimed_1e3_halves",
                            json_pack("[f, f]", r->claimed_1e3[0], r->claimed_1e3[1]));
        json_object_set_new(j, "rows", json_integer((json_int_t)e->n));
        json_object_set_new(j, "probes", json_integer((json_int_t)r->probes));
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

int lf_eval_face(int argc, char **argv)
{
        static const struct option options[] = {{"embeddings", 1, 0, 'e'}, {"dim", 1, 0, 'd'},
                                                {"labels", 1, 0, 'l'},     {"json", 0, 0, 'j'},
                                                {"help", 0, 0, 'h'},       {0}};
        const char *embeddings = NULL, *labels = NULL;
        unsigned dims = 0;
        bool json = false;
        optind = 1;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'e')
                        embeddings = optarg;
                else if (o == 'l')
                        labels = optarg;
                else if (o == 'd')
                        dims = (unsigned)strtoul(optarg, NULL, 10);
                else if (o == 'j')
                        json = true;
                else {
                        fputs(usage, o == 'h' ? stdout : stderr);
                        return o == 'h' ? 0 : 2;
                }
        }
        if (!embeddings || !labels || optind != argc || dims < LF_FACE_DIMS_MIN || dims > LF_FACE_DIMS_MAX) {
                fputs(usage, stderr);
                return 2;
        }
        struct lf_embeddings e;
        struct result result = {0};
        int r = lf_engines_init();
        if (r == 0)
                r = lf_embeddings_read(embeddings, dims, labels, &e);
        if (r < 0)
                return 1;
        r = evaluate(&e, &result);
        if (r < 0)
                lf_log_error("eval face: %s",
                             r == -EINVAL ? "needs two rows of one subject, and two subjects" : strerror(-r));
        else
                print(&e, &result, json);
        lf_embeddings_free(&e);
        return r < 0 ? 1 : 0;
}
