/* landfall eval iris: the iris engine over two streams of records, in which mates have the same reference.
 *
 * Every probe is compared with every record, at the rotations that it asks for, as a query would be. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/iris.h"
#include "matcher/shard.h"
#include "tools/eval/eval.h"
#include "tools/eval/person.h"
#include "tools/eval/rates.h"
#include "tools/records.h"

static const char usage[] =
    "usage: landfall eval iris --gallery FILE --probes FILE [--json]\n"
    "\n"
    "Streams of records (tools/records.h), as `landfall generate irises` writes them; records of one "
    "reference\n"
    "are mates. Prints false non-match rates, how often strangers reach what the engine claims to be 1e-2 "
    "and\n"
    "1e-3, and how many mates that an exact search accepts at 1e-4 are lost by two stages.\n";

struct irises {
        struct lf_source_record *record;
        uint8_t (*wire)[LF_IRIS_WIRE_MAX];
        size_t n, room;
};

struct result {
        size_t mates, others, claimed[2], accepted, lost;
        double fnmr_1e4;
        struct lf_rates rates;
};

static void drop(struct irises *s)
{
        free(s->record);
        free(s->wire);
}

static int grow(struct irises *s)
{
        size_t room = s->room ? 2 * s->room : 256;
        void *record = realloc(s->record, room * sizeof *s->record);
        if (record)
                s->record = record;
        void *wire = realloc(s->wire, room * sizeof *s->wire);
        if (wire)
                s->wire = wire;
        if (!record || !wire)
                return -ENOMEM;
        s->room = room;
        return 0;
}

static int read_stream(const char *path, struct irises *ret)
{
        struct irises s = {0};
        FILE *f = fopen(path, "re");
        int r = f ? 1 : -errno;
        while (r > 0) {
                r = s.n == s.room ? grow(&s) : 0;
                if (r < 0)
                        break;
                struct lf_source_record *to = &s.record[s.n];
                *to = (struct lf_source_record){0};
                r = lf_record_read(f, to->reference, s.wire[s.n], sizeof *s.wire, &to->size);
                s.n += r > 0;
        }
        if (f)
                fclose(f);
        for (size_t i = 0; i < s.n; i++)
                s.record[i].wire = s.wire[i];
        if (r == 0 && s.n == 0)
                r = -ENODATA;
        if (r < 0) {
                lf_log_error("%s: record %zu: %s", path, s.n + 1,
                             r == -EBADMSG   ? "not a stream of records, or cut"
                             : r == -ENODATA ? "the stream is empty"
                                             : strerror(-r));
                drop(&s);
                return r;
        }
        *ret = s;
        return 0;
}

static int build(const struct irises *g, struct lf_shard **ret)
{
        struct lf_shard_info info = {0};
        size_t size;
        int r = lf_shard_size(LF_MODALITY_IRIS, g->record, g->n, &size);
        struct lf_shard *s = r == 0 ? lf_eval_aligned(size) : NULL;
        if (r == 0)
                r = s ? lf_shard_build(LF_MODALITY_IRIS, &info, g->record, g->n, s, size, NULL) : -ENOMEM;
        if (r < 0)
                free(s);
        else
                *ret = s;
        return r;
}

/* Whether a search in two stages finds the record. */
static bool two_stages_find(const struct lf_shard *s, const struct irises *p, size_t i, uint32_t record,
                            float floor, void *probe, void *scratch)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_IRIS);
        struct lf_topk top, *tops[] = {&top};
        struct lf_defect d;
        uint8_t search = p->wire[i][offsetof(struct lf_iris_head, search)];
        p->wire[i][offsetof(struct lf_iris_head, search)] = LF_IRIS_TWO_STAGES;
        int r = engine->prepare(p->wire[i], p->record[i].size, probe, &d);
        p->wire[i][offsetof(struct lf_iris_head, search)] = search;
        lf_topk_init(&top, LF_TOPK_MAX, floor);
        for (uint32_t b = 0; r == 0 && b < s->blocks; b++)
                engine->scan(s, b, (const void *const *)&probe, tops, 1, scratch);
        for (uint32_t k = 0; r == 0 && k < top.n; k++)
                if (top.hit[k].record == record)
                        return true;
        return false;
}

struct scores {
        struct lf_scores mates, others;
};

static int compare_one(const struct lf_shard *s, const struct irises *g, const struct irises *p, size_t i,
                       void *const probe[2], void *scratch, struct scores *scores, struct result *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_IRIS);
        struct lf_defect d;
        int r = 0;
        if (engine->prepare(p->wire[i], p->record[i].size, probe[0], &d) < 0)
                return 0; /* a capture too poor: RETRY */
        for (uint32_t k = 0; r == 0 && k < s->records; k++) {
                struct lf_hit hit;
                if (!engine->compare(s, probe[0], k, scratch, &hit))
                        continue;
                float rate = lf_hit_log10_fmr(s, probe[0], &hit);
                bool mate = memcmp(g->record[k].reference, p->record[i].reference, 16) == 0;
                r = lf_scores_add(mate ? &scores->mates : &scores->others, hit.score);
                if (mate && rate <= -4) {
                        ret->accepted++;
                        ret->lost += !two_stages_find(s, p, i, k, hit.score - 1e-4f, probe[1], scratch);
                }
                for (unsigned c = 0; !mate && c < 2; c++)
                        ret->claimed[c] += rate <= -2 - (float)c;
        }
        return r;
}

static int evaluate(const struct irises *g, const struct irises *p, struct result *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_IRIS);
        struct lf_shard *s = NULL;
        void *probe[2] = {lf_eval_aligned(engine->probe_size), lf_eval_aligned(engine->probe_size)},
             *scratch = lf_eval_aligned(engine->scratch_size);
        struct scores scores = {0};
        int r = probe[0] && probe[1] && scratch ? build(g, &s) : -ENOMEM;
        for (size_t i = 0; r == 0 && i < p->n; i++)
                r = compare_one(s, g, p, i, probe, scratch, &scores, ret);
        if (r == 0 && (scores.mates.n == 0 || scores.others.n == 0))
                r = -EINVAL;
        if (r == 0) {
                ret->mates = scores.mates.n;
                ret->others = scores.others.n;
                ret->rates = lf_rates_of(&scores.mates, &scores.others);
                ret->fnmr_1e4 = lf_fnmr_at(&scores.mates, &scores.others, 1e-4);
        }
        free(scores.mates.score);
        free(scores.others.score);
        free(probe[0]);
        free(probe[1]);
        free(scratch);
        free(s);
        return r;
}

static void print(const struct result *r, bool json)
{
        double others = (double)r->others;
        json_t *j =
            json_pack("{s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I}", "eer", r->rates.eer, "fnmr_at_fmr_1e3",
                      r->rates.fnmr_1e3, "fnmr_at_fmr_1e4", r->fnmr_1e4, "fmr_at_claimed_1e2",
                      (double)r->claimed[0] / others, "fmr_at_claimed_1e3", (double)r->claimed[1] / others,
                      "mates", (json_int_t)r->mates, "others", (json_int_t)r->others, "accepted_at_1e4",
                      (json_int_t)r->accepted, "lost_by_two_stages", (json_int_t)r->lost);
        if (json) {
                json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
                putchar('\n');
        } else {
                printf("%zu comparisons of mates, %zu of others\n", r->mates, r->others);
                printf("eer %.4f, fnmr at fmr 1e-3 %.4f, at 1e-4 %.4f\n", r->rates.eer, r->rates.fnmr_1e3,
                       r->fnmr_1e4);
                printf("claimed 1e-2: %.2e; claimed 1e-3: %.2e\n", (double)r->claimed[0] / others,
                       (double)r->claimed[1] / others);
                printf("two stages lose %zu of %zu mates that an exact search accepts at 1e-4\n", r->lost,
                       r->accepted);
        }
        json_decref(j);
}

int lf_eval_iris(int argc, char **argv)
{
        static const struct option options[] = {
            {"gallery", 1, 0, 'g'}, {"probes", 1, 0, 'p'}, {"json", 0, 0, 'j'}, {"help", 0, 0, 'h'}, {0}};
        const char *gallery = NULL, *probes = NULL;
        bool json = false;
        optind = 1;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'g')
                        gallery = optarg;
                else if (o == 'p')
                        probes = optarg;
                else if (o == 'j')
                        json = true;
                else {
                        fputs(usage, o == 'h' ? stdout : stderr);
                        return o == 'h' ? 0 : 2;
                }
        }
        if (!gallery || !probes || optind != argc) {
                fputs(usage, stderr);
                return 2;
        }
        struct irises g = {0}, p = {0};
        struct result result = {0};
        int r = lf_engines_init();
        if (r == 0)
                r = read_stream(gallery, &g);
        if (r == 0)
                r = read_stream(probes, &p);
        if (r == 0) {
                r = evaluate(&g, &p, &result);
                if (r < 0)
                        lf_log_error("eval iris: %s", r == -EINVAL
                                                          ? "needs mates and strangers that can be compared"
                                                          : strerror(-r));
        }
        if (r == 0)
                print(&result, json);
        drop(&g);
        drop(&p);
        return r < 0 ? 1 : 0;
}
