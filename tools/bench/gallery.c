#include "tools/bench/gallery.h"

#include "base/log.h"
#include "tools/bench/cpu.h"

#include <emmintrin.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TOP     16
#define THREADS 64
#define ROUNDS  5

static uint64_t available(void)
{
        char line[128];
        unsigned long long kib = 0;
        FILE *f = fopen("/proc/meminfo", "re");
        while (f && fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %llu kB", &kib) != 1)
                ;
        if (f)
                fclose(f);
        return kib * 1024;
}

int lf_bench_fits(uint64_t need)
{
        uint64_t have = available();
        if (need <= have)
                return 0;
        lf_log_error("a gallery of %llu MiB does not fit: %llu MiB of memory are available",
                     (unsigned long long)need >> 20, (unsigned long long)have >> 20);
        return -ENOMEM;
}

/* Parts of the memory side by side, cache line by cache line. One stream of addresses keeps too few lines
 * under way to fill the bus; which number does depends on the machine. */
static const unsigned patterns[] = {1, 2, 4, 8, 16};

static uint64_t read_all(const void *memory, size_t size, unsigned streams)
{
        const size_t part = size / streams / 64 * 64;
        __m128i sum = _mm_setzero_si128(), other = sum;
        for (size_t i = 0; i < part; i += 64)
                for (unsigned k = 0; k < streams; k++) {
                        const __m128i *p = (const __m128i *)((const char *)memory + k * part + i);
                        sum = _mm_add_epi64(sum, _mm_add_epi64(_mm_load_si128(p), _mm_load_si128(p + 1)));
                        other =
                            _mm_add_epi64(other, _mm_add_epi64(_mm_load_si128(p + 2), _mm_load_si128(p + 3)));
                }
        return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(sum, other));
}

/* What one thread does, and the CPU time that it took. */
struct work {
        void (*run)(struct work *w);
        unsigned cpu; /* which of those that the program may use; NONE: wherever it is */
        double seconds;
        int error;
};
#define NONE UINT_MAX

static void keep_to(unsigned cpu)
{
        cpu_set_t may, only;
        if (sched_getaffinity(0, sizeof may, &may) < 0)
                return;
        CPU_ZERO(&only);
        for (unsigned i = 0, n = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET(i, &may) && n++ == cpu % (unsigned)CPU_COUNT(&may))
                        CPU_SET(i, &only);
        pthread_setaffinity_np(pthread_self(), sizeof only, &only);
}

static void *work(void *arg)
{
        struct work *w = arg;
        if (w->cpu != NONE)
                keep_to(w->cpu);
        w->run(w);
        return NULL;
}

/* One piece of work where the caller is; several in threads, each on a core of its own. */
static int run_all(struct work *const *w, unsigned n, double *ret_longest)
{
        pthread_t thread[THREADS];
        unsigned started = 0;
        int r = 0;
        w[0]->cpu = NONE;
        if (n == 1)
                work(w[0]);
        for (; n > 1 && r == 0 && started < n; started += r == 0) {
                w[started]->cpu = started;
                r = -pthread_create(&thread[started], NULL, work, w[started]);
        }
        for (unsigned i = 0; i < started; i++)
                pthread_join(thread[i], NULL);
        *ret_longest = 0;
        for (unsigned i = 0; r == 0 && i < n; i++) {
                *ret_longest = fmax(*ret_longest, w[i]->seconds);
                r = w[i]->error;
        }
        return r;
}

struct reading {
        struct work work;
        const void *memory;
        size_t size;
        unsigned streams;
        uint64_t sum;
};

static void read_part(struct work *w)
{
        struct reading *r = (struct reading *)w;
        double start = lf_bench_cpu_seconds();
        r->sum = read_all(r->memory, r->size, r->streams);
        w->seconds = lf_bench_cpu_seconds() - start;
}

/* Bytes a second, by the slowest thread's CPU time. */
static int read_rate(const struct lf_bench_gallery *g, unsigned threads, double *ret)
{
        struct reading part[THREADS];
        struct work *all[THREADS];
        double longest;
        const size_t size = g->size / threads / 4096 * 4096;
        for (unsigned i = 0; i < threads; i++) {
                part[i] = (struct reading){.work.run = read_part,
                                           .memory = (const char *)g->shard + i * size,
                                           .size = size,
                                           .streams = g->streams};
                all[i] = &part[i].work;
        }
        int r = run_all(all, threads, &longest);
        if (r == 0)
                *ret = (double)size * threads / longest;
        return r;
}

/* The number of streams that reads fastest. */
static int choose_streams(struct lf_bench_gallery *g)
{
        double best = 0;
        unsigned streams = 1;
        for (unsigned round = 0; round < 2; round++)
                for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++) {
                        double rate;
                        g->streams = patterns[i];
                        int r = read_rate(g, 1, &rate);
                        if (r < 0)
                                return r;
                        if (rate > best) {
                                best = rate;
                                streams = patterns[i];
                        }
                }
        g->streams = streams;
        return 0;
}

int lf_bench_gallery(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                     unsigned row_bytes, struct lf_bench_gallery *ret)
{
        struct lf_bench_gallery g = {0};
        int r = lf_shard_size(modality, records, n, &g.size);
        if (r < 0)
                return r;
        r = lf_bench_fits(g.size);
        if (r < 0)
                return r;
        void *p = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return -errno;
        madvise(p, g.size, MADV_HUGEPAGE);
        g.shard = p;
        g.row_bytes = row_bytes;
        struct lf_shard_info info = {.generation = 1};
        r = lf_shard_build(modality, &info, records, n, p, g.size, NULL);
        if (r == 0)
                r = lf_shard_check(p, g.size);
        if (r == 0)
                r = choose_streams(&g);
        if (r < 0) {
                lf_bench_gallery_free(&g);
                return r;
        }
        *ret = g;
        return 0;
}

void lf_bench_gallery_free(struct lf_bench_gallery *g)
{
        munmap(g->shard, g->size);
}

struct part {
        struct work work;
        const struct lf_bench_gallery *g;
        const void *const *probes;
        unsigned n;
        uint32_t first, end; /* blocks */
};

static void search_part(struct work *w)
{
        struct part *p = (struct part *)w;
        const struct lf_engine *engine = lf_engine_for((enum lf_modality)p->g->shard->modality);
        void *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~(size_t)63);
        struct lf_topk *top = calloc(p->n, sizeof *top), **tops = calloc(p->n, sizeof *tops);
        w->error = scratch && top && tops ? 0 : -ENOMEM;
        if (w->error == 0) {
                memset(scratch, 0, engine->scratch_size);
                for (unsigned i = 0; i < p->n; i++) {
                        lf_topk_init(&top[i], TOP, -INFINITY);
                        tops[i] = &top[i];
                }
                double start = lf_bench_cpu_seconds();
                for (uint32_t b = p->first; b < p->end; b++)
                        engine->scan(p->g->shard, b, p->probes, tops, p->n, scratch);
                for (unsigned i = 0; i < p->n; i++)
                        lf_topk_sort(&top[i]);
                w->seconds = lf_bench_cpu_seconds() - start;
        }
        free(scratch);
        free(top);
        free(tops);
}

int lf_bench_search_once(const struct lf_bench_gallery *g, const struct lf_bench_query *q, unsigned threads,
                         double *ret)
{
        struct part part[THREADS];
        struct work *all[THREADS];
        double longest;
        uint64_t blocks = (g->shard->blocks + q->part - 1) / q->part;
        for (unsigned i = 0; i < threads; i++) {
                part[i] = (struct part){.work.run = search_part,
                                        .g = g,
                                        .probes = q->probe,
                                        .n = q->probes,
                                        .first = (uint32_t)(blocks * i / threads),
                                        .end = (uint32_t)(blocks * (i + 1) / threads)};
                all[i] = &part[i].work;
        }
        int r = run_all(all, threads, &longest);
        if (r == 0)
                *ret = (double)g->shard->rows * (double)blocks / g->shard->blocks * q->probes / longest;
        return r;
}

static int ascending(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

double lf_bench_median(double *v, unsigned n, double *ret_spread)
{
        qsort(v, n, sizeof *v, ascending);
        if (ret_spread)
                *ret_spread = (v[n - 1] - v[0]) / v[n / 2];
        return v[n / 2];
}

int lf_bench_search(const struct lf_bench_gallery *g, const struct lf_bench_query *q,
                    struct lf_bench_scan *ret)
{
        double rate[ROUNDS], read[ROUNDS], share[ROUNDS], gain[ROUNDS], wider[ROUNDS];
        int r = 0;
        for (unsigned i = 0; r == 0 && i < ROUNDS; i++) {
                double alone = 0, narrow = 0;
                if (q->threads > 1) {
                        r = read_rate(g, 1, &narrow);
                        r = r < 0 ? r : lf_bench_search_once(g, q, 1, &alone);
                }
                r = r < 0 ? r : read_rate(g, q->threads, &read[i]);
                r = r < 0 ? r : lf_bench_search_once(g, q, q->threads, &rate[i]);
                share[i] = rate[i] / (read[i] / g->row_bytes);
                gain[i] = alone > 0 ? rate[i] / alone : 1;
                wider[i] = narrow > 0 ? read[i] / narrow : 1;
        }
        if (r < 0)
                return r;
        *ret = (struct lf_bench_scan){.read_bytes = lf_bench_median(read, ROUNDS, NULL),
                                      .of_limit = lf_bench_median(share, ROUNDS, NULL),
                                      .against_one = lf_bench_median(gain, ROUNDS, NULL),
                                      .read_against_one = lf_bench_median(wider, ROUNDS, NULL)};
        ret->rate = lf_bench_median(rate, ROUNDS, &ret->spread);
        return 0;
}

void lf_bench_row(json_t *rows, const char *name, const struct lf_bench_query *q,
                  const struct lf_bench_scan *s, bool table)
{
        if (table)
                printf("%-34s %7u %12.2f %8.1f%% %8.1f %9.2f\n", name, q->probes, s->rate / 1e6,
                       100 * s->spread, s->read_bytes / 1e9, s->of_limit);
        json_t *j = json_object();
        json_object_set_new(j, "probes", json_integer(q->probes));
        json_object_set_new(j, "cores", json_integer(q->threads));
        json_object_set_new(j, "comparisons_per_second", json_real(s->rate));
        json_object_set_new(j, "spread", json_real(s->spread));
        json_object_set_new(j, "read_bandwidth_gb_s", json_real(s->read_bytes / 1e9));
        json_object_set_new(j, "of_limit", json_real(s->of_limit));
        json_object_set_new(j, "isa", json_string(lf_isa_name(lf_engines_isa())));
        if (q->threads > 1) {
                if (table)
                        printf("%34s against one core: %.2f times, where reading is %.2f times as fast\n", "",
                               s->against_one, s->read_against_one);
                json_object_set_new(j, "against_one_core", json_real(s->against_one));
                json_object_set_new(j, "read_against_one_core", json_real(s->read_against_one));
        }
        json_object_set_new(rows, name, j);
}
