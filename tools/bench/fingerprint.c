/* landfall bench fingerprint: how fast one core searches, through the engine's own scan and a probe batch of
 * the size that a matcher core serves at once. Times are processor time of this thread. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/fingerprint.h"
#include "tools/bench/bench.h"
#include "tools/bench/cpu.h"
#include "tools/bench/fingers.h"

#define BATCH   32
#define SECONDS 2.0   /* that each measurement takes at least */
#define ASKED   64    /* probes that a large gallery is searched for */
#define CLAIMED -3.0f /* a mate counts when the second stage alone takes it, at this false-match rate */

static const char usage[] = "usage: landfall bench fingerprint DIR... [--gallery N] [--json]\n"
                            "\n"
                            "Searches every FINGER_IMPRESSION.iso of the DIRs among all of them on one core "
                            "and prints pairs a second,\n"
                            "of the whole and of each stage, bytes a template and templates enrolled a "
                            "second. --gallery N also makes a\n"
                            "gallery of N, the rest of it strangers made from the DIRs' fingers by mirroring "
                            "and disturbing them, and\n"
                            "prints the seconds that one finger's search takes and the share of mates that "
                            "it loses which a comparison\n"
                            "with the mate alone accepts.\n";

struct bench {
        const struct lf_engine *engine;
        struct lf_fingers fingers;
        void **probe; /* of each real impression; NULL: cannot be compared */
        struct lf_finger_core *core;
        double pairs, first, second; /* a second */
        double search_seconds, mates_lost;
        size_t mates, searches;
};

static bool prepare(struct bench *b)
{
        size_t n = b->fingers.real.n;
        b->probe = calloc(n, sizeof *b->probe);
        b->core = aligned_alloc(64, (sizeof *b->core + 63) & ~(size_t)63);
        if (!b->probe || !b->core)
                return false;
        memset(b->core, 0, sizeof *b->core);
        for (size_t i = 0; i < n; i++) {
                struct lf_defect defect;
                b->probe[i] = aligned_alloc(64, (b->engine->probe_size + 63) & ~(size_t)63);
                if (!b->probe[i])
                        return false;
                const struct lf_impression *one = &b->fingers.real.item[i];
                if (b->engine->prepare(one->wire, one->size, b->probe[i], &defect) < 0) {
                        free(b->probe[i]);
                        b->probe[i] = NULL;
                }
        }
        return true;
}

static void release(struct bench *b)
{
        for (size_t i = 0; b->probe && i < b->fingers.real.n; i++)
                free(b->probe[i]);
        free(b->probe);
        free(b->core);
        lf_fingers_free(&b->fingers);
}

/* Every probe against every row, a batch at a time. */
static void search_all(struct bench *b)
{
        struct lf_topk top[BATCH], *tops[BATCH];
        const void *probes[BATCH];
        for (size_t i = 0; i < b->fingers.real.n;) {
                unsigned n = 0;
                for (; i < b->fingers.real.n && n < BATCH; i++) {
                        if (!b->probe[i])
                                continue;
                        lf_topk_init(&top[n], LF_TOPK_MAX, 0);
                        tops[n] = &top[n];
                        probes[n++] = b->probe[i];
                }
                for (size_t s = 0; s < b->fingers.shards; s++)
                        for (uint32_t block = 0; block < b->fingers.shard[s]->blocks; block++)
                                b->engine->scan(b->fingers.shard[s], block, probes, tops, n, b->core);
        }
}

static void measure_pairs(struct bench *b)
{
        uint64_t before = b->core->compared;
        double start = lf_bench_cpu_seconds(), spent;
        do {
                search_all(b);
                spent = lf_bench_cpu_seconds() - start;
        } while (spent < SECONDS);
        b->pairs = (double)(b->core->compared - before) / spent;
}

static void measure_stages(struct bench *b)
{
        double first = 0, second = 0;
        uint64_t before = b->core->compared, closer = 0;
        struct lf_topk all;
        lf_topk_init(&all, LF_TOPK_MAX, 0);
        for (size_t i = 0; first + second < 2 * SECONDS; i = (i + 1) % b->fingers.real.n) {
                const struct lf_finger_probe *p = b->probe[i];
                for (uint32_t f = 0; p && f < p->rows; f++) {
                        struct lf_finger finger = lf_finger_of_probe(p, f);
                        const struct lf_shard *s = b->fingers.shard[0];
                        double start = lf_bench_cpu_seconds();
                        lf_finger_ask(&finger, &b->core->query);
                        unsigned n = lf_finger_first_stage(s, 0, &all, b->core);
                        double middle = lf_bench_cpu_seconds();
                        for (unsigned k = 0; k < n; k++) {
                                struct lf_finger_match m;
                                lf_finger_second_stage(s, b->core->order[k], b->core, &m);
                        }
                        first += middle - start;
                        second += lf_bench_cpu_seconds() - middle;
                        closer += n;
                }
        }
        b->first = (double)(b->core->compared - before) / first;
        b->second = (double)closer / second;
}

/* The best score of a probe with one record of the gallery, and whether a search of that block finds it. */
static void look_for(struct bench *b, size_t probe, size_t mate)
{
        size_t at = b->fingers.at[mate];
        const struct lf_shard *s = b->fingers.shard[at / LF_FINGERS_SHARD];
        uint32_t record = (uint32_t)(at % LF_FINGERS_SHARD), row = 0;
        while (row < s->rows && lf_finger_rows(s)[row].record != record)
                row++;
        struct lf_finger_match m;
        if (row == s->rows || lf_finger_closest(s, b->probe[probe], row, b->core, &m) < 0 ||
            b->engine->score_log10_fmr(m.score) > CLAIMED)
                return;
        struct lf_topk top, *tops = &top;
        const void *p = b->probe[probe];
        lf_topk_init(&top, LF_TOPK_MAX, -1);
        b->engine->scan(s, row / LF_FINGER_BLOCK, &p, &tops, 1, b->core);
        b->mates++;
        for (uint32_t i = 0; i < top.n; i++)
                if (top.hit[i].record == record)
                        return;
        b->mates_lost++;
}

static void measure_gallery(struct bench *b)
{
        const struct lf_impressions *real = &b->fingers.real;
        double start = lf_bench_cpu_seconds();
        for (size_t i = 0; i < real->n && b->searches < ASKED; i += real->n / ASKED + 1) {
                struct lf_topk top, *tops = &top;
                const void *p = b->probe[i];
                if (!p || lf_bench_cpu_seconds() - start > 10)
                        continue;
                lf_topk_init(&top, LF_TOPK_MAX, 0);
                for (size_t s = 0; s < b->fingers.shards; s++)
                        for (uint32_t block = 0; block < b->fingers.shard[s]->blocks; block++)
                                b->engine->scan(b->fingers.shard[s], block, &p, &tops, 1, b->core);
                b->searches++;
        }
        b->search_seconds = (lf_bench_cpu_seconds() - start) / (double)(b->searches ? b->searches : 1);
        for (size_t i = 0; i < real->n; i++)
                for (size_t k = 0; k < real->n; k++)
                        if (i != k && b->probe[i] && real->item[i].finger == real->item[k].finger)
                                look_for(b, i, k);
        b->mates_lost /= (double)(b->mates ? b->mates : 1);
}

static void print(const struct bench *b, const struct bench *large, bool json)
{
        json_t *j = json_object();
        json_object_set_new(j, "templates", json_integer((json_int_t)b->fingers.rows));
        json_object_set_new(j, "pairs_per_second", json_real(b->pairs));
        json_object_set_new(j, "first_stage_pairs_per_second", json_real(b->first));
        json_object_set_new(j, "second_stage_pairs_per_second", json_real(b->second));
        json_object_set_new(j, "bytes_per_template",
                            json_real((double)b->fingers.bytes / (double)b->fingers.rows));
        json_object_set_new(j, "enrol_per_second", json_real((double)b->fingers.rows / b->fingers.seconds));
        json_object_set_new(j, "isa", json_string(lf_isa_name(lf_engines_isa())));
        if (large) {
                json_object_set_new(j, "gallery", json_integer((json_int_t)large->fingers.rows));
                json_object_set_new(j, "gallery_bytes_per_template",
                                    json_real((double)large->fingers.bytes / (double)large->fingers.rows));
                json_object_set_new(j, "search_seconds", json_real(large->search_seconds));
                json_object_set_new(j, "mates", json_integer((json_int_t)large->mates));
                json_object_set_new(j, "mates_lost", json_real(large->mates_lost));
        }
        const char *key;
        json_t *value;
        if (json)
                json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        else
                json_object_foreach(j, key, value)
                {
                        if (json_is_string(value))
                                printf("%-32s %s\n", key, json_string_value(value));
                        else
                                printf("%-32s %.6g\n", key, json_number_value(value));
                }
        if (json)
                putchar('\n');
        json_decref(j);
}

static int run(char **dirs, int n, size_t gallery, bool json)
{
        if (lf_engines_init() < 0) {
                lf_log_error("engines: no such instruction set");
                return 1;
        }
        struct bench b = {.engine = lf_engine_for(LF_MODALITY_FINGERPRINT)}, large = {.engine = b.engine};
        if (lf_fingers_make(dirs, n, 0, &b.fingers) < 0)
                return 1;
        bool ok = b.fingers.rows > 0 && prepare(&b);
        if (ok) {
                measure_pairs(&b);
                measure_stages(&b);
        }
        if (ok && gallery > 0) {
                ok = lf_fingers_make(dirs, n, gallery, &large.fingers) == 0 && prepare(&large);
                if (ok)
                        measure_gallery(&large);
        }
        if (ok)
                print(&b, gallery > 0 ? &large : NULL, json);
        release(&b);
        release(&large);
        return ok ? 0 : 1;
}

int lf_bench_fingerprint(int argc, char **argv)
{
        bool json = false;
        long gallery = 0;
        int n = 0;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0) {
                        fputs(usage, stdout);
                        return 0;
                }
                char *end = NULL;
                if (strcmp(argv[i], "--json") == 0)
                        json = true;
                else if (strcmp(argv[i], "--gallery") == 0 && i + 1 < argc) {
                        gallery = strtol(argv[++i], &end, 10);
                        if (*end || gallery < 1 || gallery > 100000000) {
                                lf_log_error("--gallery %s: a number of templates", argv[i]);
                                return 2;
                        }
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
        return run(argv + 1, n, (size_t)gallery, json);
}
