/* landfall eval fingerprint: error rates over folders of FINGER_IMPRESSION.iso.
 *
 * Genuine comparisons are all pairs of one finger's impressions, impostor comparisons all pairs of different
 * fingers' within a folder. Each goes through the engine as a query would: one impression is the probe, the
 * other the only record of a shard. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/shard.h"
#include "tools/eval/det.h"
#include "tools/eval/eval.h"
#include "tools/eval/identification.h"
#include "tools/eval/impressions.h"
#include "tools/eval/rates.h"

#define NO_MATCH -1.0f /* below every score of the engine */

static const char usage[] =
    "usage: landfall eval fingerprint DIR... [--json] [--det FILE]\n"
    "\n"
    "Each DIR holds FINGER_IMPRESSION.iso: ISO/IEC 19794-2 or ANSI 378 records. Prints, for each DIR and\n"
    "as a mean over them, the equal error rate and the false non-match rate at false match rates of 1e-2\n"
    "and 1e-3, from all pairs of one finger (genuine) and of different fingers (impostor). A record that\n"
    "cannot be compared, for instance one without minutiae, matches nothing: it counts as the lowest "
    "score. Then all DIRs together: the rates of their pooled scores, and every record searched among\n"
    "all; different DIRs must hold different fingers. --det draws\n"
    "the pooled scores' error trade-off as SVG.\n";

struct result {
        struct lf_rates rates;
        double genuine, impostor, failures; /* counts; in a mean they need not be whole */
};

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

/* Prepared probe of one impression, and its shard. */
struct prepared {
        void *probe; /* NULL: cannot be compared */
        struct lf_shard *shard;
};

static int prepare(const struct lf_engine *engine, const struct lf_impression *i, struct prepared *ret)
{
        struct lf_source_record record = {.wire = i->wire, .size = i->size};
        struct lf_shard_info info = {0};
        size_t size;
        int r = lf_shard_size(engine->modality, &record, 1, &size);
        if (r < 0)
                return r;
        ret->shard = aligned(size);
        ret->probe = aligned(engine->probe_size);
        if (!ret->shard || !ret->probe)
                return -ENOMEM;
        r = lf_shard_build(engine->modality, &info, &record, 1, ret->shard, size, NULL);
        if (r < 0)
                return r;
        struct lf_defect defect;
        if (engine->prepare(i->wire, i->size, ret->probe, &defect) < 0) {
                free(ret->probe);
                ret->probe = NULL;
        }
        return 0;
}

static float compare(const struct lf_engine *engine, const struct prepared *a, const struct prepared *b,
                     void *scratch)
{
        if (!a->probe)
                return NO_MATCH;
        struct lf_topk top;
        struct lf_topk *tops[] = {&top};
        const void *probes[] = {a->probe};
        lf_topk_init(&top, 1, NO_MATCH);
        for (uint32_t block = 0; block < b->shard->blocks; block++)
                engine->scan(b->shard, block, probes, tops, 1, scratch);
        return top.n ? top.hit[0].score : NO_MATCH;
}

static int compare_all(const struct lf_engine *engine, const struct lf_impressions *s,
                       const struct prepared *p, void *scratch, struct lf_scores *genuine,
                       struct lf_scores *impostor)
{
        for (size_t i = 0; i < s->n; i++) {
                for (size_t k = i + 1; k < s->n; k++) {
                        bool mate = s->item[i].finger == s->item[k].finger;
                        int r =
                            lf_scores_add(mate ? genuine : impostor, compare(engine, &p[i], &p[k], scratch));
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Scores of all folders together. */
struct pool {
        struct lf_scores genuine, impostor;
        double fnmr_1e3, fnmr_1e4, claimed_1e3; /* the last: the rate measured at a claimed 1e-3 */
        struct lf_identification search;
};

static int add_scores(struct lf_scores *all, const struct lf_scores *some)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < some->n; i++)
                r = lf_scores_add(all, some->score[i]);
        return r;
}

static int evaluate(const char *dir, const struct lf_impressions *s, struct result *ret, struct pool *pool)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_FINGERPRINT);
        struct lf_scores genuine = {0}, impostor = {0};
        struct prepared *p = calloc(s->n, sizeof *p);
        void *scratch = aligned(engine->scratch_size);
        size_t failures = 0;
        int r = p && scratch ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < s->n; i++) {
                r = prepare(engine, &s->item[i], &p[i]);
                failures += !p[i].probe;
        }
        if (r == 0)
                r = compare_all(engine, s, p, scratch, &genuine, &impostor);
        if (r < 0) {
                lf_log_error("%s: %s", dir, strerror(-r));
        } else if (genuine.n == 0 || impostor.n == 0) {
                lf_log_error("%s: needs two impressions of one finger, and two fingers", dir);
                r = -EINVAL;
        } else {
                *ret = (struct result){lf_rates_of(&genuine, &impostor), (double)genuine.n,
                                       (double)impostor.n, (double)failures};
                r = add_scores(&pool->genuine, &genuine);
                if (r == 0)
                        r = add_scores(&pool->impostor, &impostor);
        }
        for (size_t i = 0; p && i < s->n; i++) {
                free(p[i].probe);
                free(p[i].shard);
        }
        free(p);
        free(scratch);
        free(genuine.score);
        free(impostor.score);
        return r;
}

/* What all folders' scores say, and the search over all of them. */
static int evaluate_pool(char **dirs, int n, struct pool *p)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_FINGERPRINT);
        lf_rates_of(&p->genuine, &p->impostor); /* sorts */
        p->fnmr_1e3 = lf_fnmr_at(&p->genuine, &p->impostor, 1e-3);
        p->fnmr_1e4 = lf_fnmr_at(&p->genuine, &p->impostor, 1e-4);
        size_t claimed = 0;
        while (claimed < p->impostor.n && engine->score_log10_fmr(p->impostor.score[claimed]) <= -3)
                claimed++;
        p->claimed_1e3 = (double)claimed / (double)p->impostor.n;
        struct lf_impressions all = {0};
        int r = lf_impressions_read_all(dirs, n, &all);
        if (r == 0)
                r = lf_identify(&all, lf_threshold_at(&p->impostor, 1e-3), &p->search);
        lf_impressions_free(&all);
        return r;
}

static struct result mean_of(const struct result *results, int n)
{
        struct result m = {0};
        for (int i = 0; i < n; i++) {
                m.rates.eer += results[i].rates.eer / n;
                m.rates.fnmr_1e2 += results[i].rates.fnmr_1e2 / n;
                m.rates.fnmr_1e3 += results[i].rates.fnmr_1e3 / n;
                m.genuine += results[i].genuine / n;
                m.impostor += results[i].impostor / n;
                m.failures += results[i].failures / n;
        }
        return m;
}

static json_t *json_count(double n)
{
        json_int_t whole = (json_int_t)n;
        return (double)whole == n ? json_integer(whole) : json_real(n);
}

static json_t *json_of(const char *dir, const struct result *r)
{
        json_t *j = json_object();
        if (dir)
                json_object_set_new(j, "dir", json_string(dir));
        json_object_set_new(j, "eer", json_real(r->rates.eer));
        json_object_set_new(j, "fnmr_at_fmr_1e2", json_real(r->rates.fnmr_1e2));
        json_object_set_new(j, "fnmr_at_fmr_1e3", json_real(r->rates.fnmr_1e3));
        json_object_set_new(j, "genuine", json_count(r->genuine));
        json_object_set_new(j, "impostor", json_count(r->impostor));
        json_object_set_new(j, "failures", json_count(r->failures));
        return j;
}

static json_t *json_pool(const struct pool *p)
{
        return json_pack("{s:f, s:f, s:f, s:I, s:I}", "fnmr_at_fmr_1e3", p->fnmr_1e3, "fnmr_at_fmr_1e4",
                         p->fnmr_1e4, "fmr_at_claimed_1e3", p->claimed_1e3, "genuine",
                         (json_int_t)p->genuine.n, "impostor", (json_int_t)p->impostor.n);
}

static json_t *json_identification(const struct lf_identification *s)
{
        return json_pack("{s:f, s:f, s:f, s:f, s:I, s:I}", "rank1", s->rank1, "fnir_at_fpir_1e2", s->fnir_1e2,
                         "first_stage_loss", s->first_stage_loss, "first_stage_kept", s->first_stage_kept,
                         "searches", (json_int_t)s->searches, "mates", (json_int_t)s->mates);
}

static void print_json(char **dirs, const struct result *results, int n, const struct result *mean,
                       const struct pool *pool)
{
        json_t *j = json_object(), *list = json_array();
        for (int i = 0; i < n; i++)
                json_array_append_new(list, json_of(dirs[i], &results[i]));
        json_object_set_new(j, "directories", list);
        json_object_set_new(j, "mean", json_of(NULL, mean));
        json_object_set_new(j, "pooled", json_pool(pool));
        json_object_set_new(j, "identification", json_identification(&pool->search));
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static void print_line(const char *dir, const struct result *r)
{
        printf("%8.4f %14.4f %14.4f %8g %9g %9g  %s\n", r->rates.eer, r->rates.fnmr_1e2, r->rates.fnmr_1e3,
               r->genuine, r->impostor, r->failures, dir);
}

static void print_table(char **dirs, const struct result *results, int n, const struct result *mean,
                        const struct pool *pool)
{
        printf("%8s %14s %14s %8s %9s %9s\n", "eer", "fnmr@fmr 1e-2", "fnmr@fmr 1e-3", "genuine", "impostor",
               "failures");
        for (int i = 0; i < n; i++)
                print_line(dirs[i], &results[i]);
        print_line("mean", mean);
        printf("pooled: fnmr %.4f at fmr 1e-3, %.4f at 1e-4; measured fmr %.5f at a claimed 1e-3\n",
               pool->fnmr_1e3, pool->fnmr_1e4, pool->claimed_1e3);
        const struct lf_identification *s = &pool->search;
        printf("search over all: rank-1 %.4f, fnir %.4f at fpir 1e-2; the first stage keeps %.4f and loses "
               "%.4f of the mates\n",
               s->rank1, s->fnir_1e2, s->first_stage_kept, s->first_stage_loss);
        puts("Rates are fractions. A record that cannot be compared (failures) matches nothing.");
}

static int run(char **dirs, int n, bool json, const char *det)
{
        int r = lf_engines_init();
        if (r < 0) {
                lf_log_error("engines: %s", strerror(-r));
                return 1;
        }
        struct result *results = calloc((size_t)n, sizeof *results);
        struct pool pool = {0};
        if (!results)
                return 1;
        for (int i = 0; r == 0 && i < n; i++) {
                struct lf_impressions s;
                r = lf_impressions_read(dirs[i], &s);
                if (r < 0)
                        break;
                r = evaluate(dirs[i], &s, &results[i], &pool);
                lf_impressions_free(&s);
        }
        if (r == 0)
                r = evaluate_pool(dirs, n, &pool);
        if (r == 0 && det) {
                r = lf_det_write(det, &pool.genuine, &pool.impostor);
                if (r < 0)
                        lf_log_error("%s: %s", det, strerror(-r));
        }
        if (r == 0) {
                struct result mean = mean_of(results, n);
                (json ? print_json : print_table)(dirs, results, n, &mean, &pool);
        }
        free(results);
        free(pool.genuine.score);
        free(pool.impostor.score);
        return r < 0 ? 1 : 0;
}

int lf_eval_fingerprint(int argc, char **argv)
{
        bool json = false;
        const char *det = NULL;
        int n = 0;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (strcmp(argv[i], "--json") == 0) {
                        json = true;
                } else if (strcmp(argv[i], "--det") == 0 && i + 1 < argc) {
                        det = argv[++i];
                } else if (argv[i][0] == '-') {
                        lf_log_error("%s: no such option", argv[i]);
                        fputs(usage, stderr);
                        return 2;
                } else {
                        argv[1 + n++] = argv[i];
                }
        }
        if (n == 0) {
                fputs(usage, stderr);
                return 2;
        }
        return run(argv + 1, n, json, det);
}
