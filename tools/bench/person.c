/* landfall bench person: how many names a second one core looks up in a published list.
 *
 * The list is read as a feed would read it and laid out as control would; each query goes through the engine
 * as on the query path: prepared, scanned block by block with the threshold as its floor, sorted. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/log.h"
#include "matcher/person_index.h"
#include "matcher/person_write.h"
#include "matcher/shard.h"
#include "tools/bench/bench.h"
#include "tools/generate/random.h"
#include "tools/import/sdn.h"

#define THRESHOLD  0.78f /* that of landfall eval person */
#define QUERIES    30000
#define WARM       100
#define LONGEST_US 10e6
#define SEED       20240503

static const char usage[] =
    "usage: landfall bench person --list sdn.csv [--aliases alt.csv] [--check N] [--json]\n"
    "\n"
    "One core, one query at a time, against every name of the list. A third of the queries are listed names\n"
    "of persons as written, a third have one or two slips (letters dropped, doubled, swapped, replaced, "
    "words\n"
    "reordered), a third are put together from the words of two persons. Every hit that reaches the "
    "threshold\n"
    "is found; `hits` says how many queries had one. Times are wall-clock: other work on the machine "
    "counts;\n"
    "`queries_per_cpu_second` leaves it out.\n"
    "--check compares N queries, at floors from 0.35 to 0.95, with what comparing every name finds: "
    "`checked`,\n"
    "and `differences`, of which there are to be none.\n";

struct name {
        char text[LF_PERSON_NAME_MAX + 1];
        size_t n;
};

struct list {
        struct lf_source_record *record;
        size_t n, room;
        struct name *name; /* of persons */
        size_t names, names_room;
};

static int grow(void **array, size_t n, size_t *room, size_t size)
{
        if (n < *room)
                return 0;
        size_t more = *room ? 2 * *room : 1024;
        void *p = realloc(*array, more * size);
        if (!p)
                return -ENOMEM;
        *array = p;
        *room = more;
        return 0;
}

/* Keeps the names of a record of a person. */
static int keep_names(struct list *l, const struct lf_import_record *r)
{
        for (size_t i = 0; i + LF_PERSON_FIELD_HEAD <= r->size;) {
                size_t n = r->wire[i + 1] | (size_t)r->wire[i + 2] << 8;
                bool name = r->wire[i] == LF_PERSON_NAME || r->wire[i] == LF_PERSON_ALIAS ||
                            r->wire[i] == LF_PERSON_WEAK_ALIAS;
                if (name && grow((void **)&l->name, l->names, &l->names_room, sizeof *l->name) < 0)
                        return -ENOMEM;
                if (name) {
                        struct name *to = &l->name[l->names++];
                        to->n = n;
                        memcpy(to->text, r->wire + i + LF_PERSON_FIELD_HEAD, n);
                        to->text[n] = 0;
                }
                i += LF_PERSON_FIELD_HEAD + n;
        }
        return 0;
}

static int keep(void *context, const struct lf_import_record *r)
{
        struct list *l = context;
        void *wire = malloc(r->size);
        if (!wire || grow((void **)&l->record, l->n, &l->room, sizeof *l->record) < 0) {
                free(wire);
                return -ENOMEM;
        }
        memcpy(wire, r->wire, r->size);
        l->record[l->n++] = (struct lf_source_record){.wire = wire, .size = r->size};
        return r->kind == 'P' ? keep_names(l, r) : 0;
}

static void list_free(struct list *l)
{
        for (size_t i = 0; i < l->n; i++)
                free((void *)(uintptr_t)l->record[i].wire);
        free(l->record);
        free(l->name);
}

static bool letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One slip of a pen at a letter of ASCII, if chance meets one. */
static void slip(struct lf_random *r, struct name *n)
{
        size_t at = lf_random_below(r, (uint32_t)n->n);
        char *c = n->text + at;
        size_t after = n->n - at; /* the terminator included: n->n - at - 1 + 1 */
        if (!letter(*c) || n->n < 4)
                return;
        switch (lf_random_below(r, 5)) {
        case 0: /* dropped */
                memmove(c, c + 1, after);
                n->n--;
                break;
        case 1: /* doubled */
                if (n->n < LF_PERSON_NAME_MAX) {
                        memmove(c + 1, c, after + 1);
                        n->n++;
                }
                break;
        case 2: /* swapped */
                if (letter(c[1])) {
                        char first = c[0];
                        c[0] = c[1];
                        c[1] = first;
                }
                break;
        case 3: /* another vowel */
                *c = "aeiou"[lf_random_below(r, 5)];
                break;
        default: /* another letter */
                *c = (char)('a' + lf_random_below(r, 26));
        }
}

/* "LAST, First" the other way round. */
static void reorder(struct name *n)
{
        char *comma = strstr(n->text, ", ");
        if (!comma)
                return;
        struct name turned;
        size_t last = (size_t)(comma - n->text);
        turned.n =
            (size_t)snprintf(turned.text, sizeof turned.text, "%s %.*s", comma + 2, (int)last, n->text);
        *n = turned;
}

/* The first word of one name before the last of another. */
static void cross(const struct name *a, const struct name *b, struct name *ret)
{
        size_t first = strcspn(a->text, " ,");
        const char *last = strrchr(b->text, ' ');
        int n =
            snprintf(ret->text, sizeof ret->text, "%.*s %s", (int)first, a->text, last ? last + 1 : b->text);
        ret->n = (size_t)n < sizeof ret->text ? (size_t)n : sizeof ret->text - 1;
}

static void make_query(struct lf_random *r, const struct list *l, unsigned kind, struct name *ret)
{
        *ret = l->name[lf_random_below(r, (uint32_t)l->names)];
        if (kind == 1) {
                if (lf_random_below(r, 2))
                        reorder(ret);
                for (unsigned slips = 1 + lf_random_below(r, 2); slips > 0; slips--)
                        slip(r, ret);
        } else if (kind == 2) {
                struct name a = *ret;
                cross(&a, &l->name[lf_random_below(r, (uint32_t)l->names)], ret);
        }
}

static double now_us(clockid_t clock)
{
        struct timespec t;
        clock_gettime(clock, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_time(const void *a, const void *b)
{
        float x = *(const float *)a, y = *(const float *)b;
        return (x > y) - (x < y);
}

struct figures {
        double per_second, per_cpu_second;
        float p50, p99;
        unsigned queries, hits, checked, differences;
};

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 64) & ~(size_t)63);
}

#define HUGE_PAGE ((size_t)2 << 20)

/* In huge pages where they are to be had, as the appliance's shards are. */
static void *shard_of(size_t size)
{
        size_t whole = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
        void *p = aligned_alloc(HUGE_PAGE, whole);
        if (p)
                madvise(p, whole, MADV_HUGEPAGE);
        return p;
}

/* The best hits above `floor`; `all`: by comparing every name. */
static void search(const struct lf_shard *shard, const struct name *q, float floor, bool all, void *probe,
                   void *scratch, struct lf_topk *top)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        uint8_t wire[LF_PERSON_RECORD_MAX];
        size_t n = 0;
        struct lf_defect defect;
        lf_topk_init(top, LF_TOPK_MAX, nextafterf(floor, 0));
        if (lf_person_put(wire, sizeof wire, &n, LF_PERSON_NAME, q->text, q->n) < 0 ||
            engine->prepare(wire, n, probe, &defect) < 0)
                return;
        for (uint32_t b = 0; b < shard->blocks; b++) {
                if (all)
                        lf_person_scan_all(shard, b, probe, top);
                else
                        engine->scan(shard, b, (const void *const[]){probe}, (struct lf_topk *const[]){top},
                                     1, scratch);
        }
        lf_topk_sort(top);
}

/* 1: something reached the threshold. */
static unsigned ask(const struct lf_shard *shard, const struct name *q, void *probe, void *scratch)
{
        struct lf_topk top;
        search(shard, q, THRESHOLD, false, probe, scratch, &top);
        return top.n > 0;
}

static bool same(const struct lf_topk *a, const struct lf_topk *b)
{
        bool equal = a->n == b->n;
        for (uint32_t i = 0; equal && i < a->n; i++)
                equal = a->hit[i].record == b->hit[i].record && a->hit[i].row == b->hit[i].row &&
                        a->hit[i].score == b->hit[i].score;
        return equal;
}

static void check(const struct lf_shard *shard, const struct name *query, unsigned n, void *probe,
                  void *scratch, struct figures *ret)
{
        for (; ret->checked < n; ret->checked++) {
                float floor = ret->checked % 2 ? THRESHOLD : 0.35f + 0.01f * (float)(ret->checked / 2 % 61);
                struct lf_topk all, some;
                search(shard, &query[ret->checked], floor, true, probe, scratch, &all);
                search(shard, &query[ret->checked], floor, false, probe, scratch, &some);
                ret->differences += !same(&all, &some);
        }
}

static int measure(const struct lf_shard *shard, const struct list *l, unsigned checks, struct figures *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct name *query = malloc(QUERIES * sizeof *query);
        float *took = malloc(QUERIES * sizeof *took);
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        int r = query && took && probe && scratch ? 0 : -ENOMEM;
        if (r == 0) {
                struct lf_random random = lf_random_seed(SEED);
                for (unsigned i = 0; i < QUERIES; i++)
                        make_query(&random, l, i % 3, &query[i]);
                for (unsigned i = 0; i < WARM; i++)
                        ask(shard, &query[i], probe, scratch);
                *ret = (struct figures){0};
                double cpu = now_us(CLOCK_THREAD_CPUTIME_ID), start = now_us(CLOCK_MONOTONIC), before = start;
                for (; ret->queries < QUERIES && before - start < LONGEST_US; ret->queries++) {
                        ret->hits += ask(shard, &query[ret->queries], probe, scratch);
                        double after = now_us(CLOCK_MONOTONIC);
                        took[ret->queries] = (float)(after - before);
                        before = after;
                }
                ret->per_second = ret->queries * 1e6 / (before - start);
                ret->per_cpu_second = ret->queries * 1e6 / (now_us(CLOCK_THREAD_CPUTIME_ID) - cpu);
                qsort(took, ret->queries, sizeof *took, by_time);
                ret->p50 = took[ret->queries / 2];
                ret->p99 = took[ret->queries - 1 - ret->queries / 100];
                check(shard, query, checks, probe, scratch, ret);
        }
        free(query);
        free(took);
        free(probe);
        free(scratch);
        return r;
}

static void report(const struct figures *f, const struct lf_shard *shard, bool json)
{
        json_t *j = json_object();
        json_object_set_new(j, "queries_per_second", json_real(f->per_second));
        json_object_set_new(j, "queries_per_cpu_second", json_real(f->per_cpu_second));
        json_object_set_new(j, "p50_us", json_real((double)f->p50));
        json_object_set_new(j, "p99_us", json_real((double)f->p99));
        json_object_set_new(j, "records", json_integer(shard->records));
        json_object_set_new(j, "names", json_integer(shard->rows));
        json_object_set_new(j, "queries", json_integer(f->queries));
        json_object_set_new(j, "hits", json_integer(f->hits));
        if (f->checked > 0) {
                json_object_set_new(j, "checked", json_integer(f->checked));
                json_object_set_new(j, "differences", json_integer(f->differences));
        }
        json_object_set_new(j, "threshold", json_real(0.78));
        json_object_set_new(j, "isa", json_string(lf_isa_name(lf_engines_isa())));
        json_dumpf(j, stdout, JSON_INDENT(json ? 2 : 4) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static int run(const char *sdn, const char *alt, unsigned checks, bool json)
{
        struct list l = {0};
        struct lf_import_error e = {0};
        struct lf_shard_info info = {0};
        struct figures f = {0};
        size_t size = 0;
        struct lf_shard *shard = NULL;
        int r = lf_engines_init();
        if (r == 0) {
                r = lf_import_sdn(sdn, alt, keep, &l, &e);
                if (r < 0 && e.file)
                        lf_log_error("%s:%u:%u: %s", e.file, e.line, e.column, e.text);
        }
        if (r == 0 && l.names == 0) {
                lf_log_error("%s: no persons", sdn);
                r = -ENOENT;
        }
        if (r == 0)
                r = lf_shard_size(LF_MODALITY_PERSON, l.record, l.n, &size);
        if (r == 0 && !(shard = shard_of(size)))
                r = -ENOMEM;
        if (r == 0)
                r = lf_shard_build(LF_MODALITY_PERSON, &info, l.record, l.n, shard, size, NULL);
        if (r == 0)
                r = measure(shard, &l, checks, &f);
        if (r == 0)
                report(&f, shard, json);
        else
                lf_log_error("%s", strerror(-r));
        free(shard);
        list_free(&l);
        return r < 0 || f.differences > 0 ? 1 : 0;
}

int lf_bench_person(int argc, char **argv)
{
        const char *sdn = NULL, *alt = NULL;
        bool json = false;
        unsigned long checks = 0;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--help")) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (!strcmp(argv[i], "--json"))
                        json = true;
                else if (!strcmp(argv[i], "--list") && i + 1 < argc)
                        sdn = argv[++i];
                else if (!strcmp(argv[i], "--aliases") && i + 1 < argc)
                        alt = argv[++i];
                else if (!strcmp(argv[i], "--check") && i + 1 < argc &&
                         (checks = strtoul(argv[i + 1], NULL, 10)) > 0 && checks <= QUERIES)
                        i++;
                else
                        sdn = NULL, i = argc;
        }
        if (!sdn) {
                fputs(usage, stderr);
                return 2;
        }
        return run(sdn, alt, (unsigned)checks, json);
}
