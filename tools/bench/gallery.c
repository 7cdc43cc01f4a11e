#include "tools/bench/gallery.h"

#include "base/log.h"

#include <emmintrin.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define TOP     16
#define THREADS 64

static double cpu_seconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

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

/* Two streams of cache lines, as wide as any machine has. */
static uint64_t read_all(const void *memory, size_t size)
{
        const __m128i *a = memory, *b = a + size / 32;
        __m128i sum = _mm_setzero_si128();
        for (size_t i = 0; i + 8 <= size / 32; i += 4) {
                _mm_prefetch((const char *)(a + i) + 2048, _MM_HINT_T0);
                _mm_prefetch((const char *)(b + i) + 2048, _MM_HINT_T0);
                for (unsigned k = 0; k < 4; k++)
                        sum = _mm_add_epi64(
                            sum, _mm_add_epi64(_mm_load_si128(a + i + k), _mm_load_si128(b + i + k)));
        }
        return (uint64_t)_mm_cvtsi128_si64(sum);
}

static double read_rate(const struct lf_bench_gallery *g)
{
        double best = 0;
        volatile uint64_t sink = 0;
        for (unsigned i = 0; i < 2 * LF_BENCH_REPEATS; i++) {
                double start = cpu_seconds();
                sink = sink + read_all(g->shard, g->size & ~(size_t)127);
                double rate = (double)g->size / (cpu_seconds() - start);
                best = fmax(best, rate);
        }
        return best;
}

int lf_bench_gallery(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                     struct lf_bench_gallery *ret)
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
        struct lf_shard_info info = {.generation = 1};
        r = lf_shard_build(modality, &info, records, n, p, g.size, NULL);
        if (r == 0)
                r = lf_shard_check(p, g.size);
        if (r < 0) {
                lf_bench_gallery_free(&g);
                return r;
        }
        g.read_bytes = read_rate(&g);
        *ret = g;
        return 0;
}

void lf_bench_gallery_free(struct lf_bench_gallery *g)
{
        munmap(g->shard, g->size);
}

struct part {
        const struct lf_bench_gallery *g;
        const void *const *probes;
        unsigned n;
        uint32_t first, end; /* blocks */
        double seconds;
        int error;
};

static void *search_part(void *arg)
{
        struct part *p = arg;
        const struct lf_engine *engine = lf_engine_for((enum lf_modality)p->g->shard->modality);
        void *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~(size_t)63);
        struct lf_topk *top = calloc(p->n, sizeof *top), **tops = calloc(p->n, sizeof *tops);
        p->error = scratch && top && tops ? 0 : -ENOMEM;
        if (p->error == 0) {
                memset(scratch, 0, engine->scratch_size);
                for (unsigned i = 0; i < p->n; i++) {
                        lf_topk_init(&top[i], TOP, -INFINITY);
                        tops[i] = &top[i];
                }
                double start = cpu_seconds();
                for (uint32_t b = p->first; b < p->end; b++)
                        engine->scan(p->g->shard, b, p->probes, tops, p->n, scratch);
                for (unsigned i = 0; i < p->n; i++)
                        lf_topk_sort(&top[i]);
                p->seconds = cpu_seconds() - start;
        }
        free(scratch);
        free(top);
        free(tops);
        return NULL;
}

static int search_once(const struct lf_bench_gallery *g, const void *const *probes, unsigned n,
                       unsigned threads, double *ret_seconds)
{
        struct part part[THREADS];
        pthread_t thread[THREADS];
        double longest = 0;
        unsigned started = 0;
        int r = 0;
        for (; r == 0 && started < threads; started++) {
                uint64_t blocks = g->shard->blocks;
                part[started] = (struct part){.g = g,
                                              .probes = probes,
                                              .n = n,
                                              .first = (uint32_t)(blocks * started / threads),
                                              .end = (uint32_t)(blocks * (started + 1) / threads)};
                r = -pthread_create(&thread[started], NULL, search_part, &part[started]);
        }
        if (r < 0)
                started--;
        for (unsigned i = 0; i < started; i++) {
                pthread_join(thread[i], NULL);
                longest = fmax(longest, part[i].seconds);
                r = r < 0 ? r : part[i].error;
        }
        *ret_seconds = longest;
        return r;
}

int lf_bench_search(const struct lf_bench_gallery *g, const void *const *probes, unsigned n, unsigned threads,
                    struct lf_bench_rate *ret)
{
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++) {
                double seconds;
                int r = search_once(g, probes, n, threads, &seconds);
                if (r < 0)
                        return r;
                ret->each[i] = (double)g->shard->rows * n / seconds;
        }
        lf_bench_settle(ret);
        return 0;
}

void lf_bench_row(json_t *rows, const char *name, unsigned probes, const struct lf_bench_rate *rate,
                  double limit, bool table)
{
        if (table)
                printf("%-34s %7u %12.2f %8.1f%% %9.2f\n", name, probes, rate->median / 1e6,
                       100 * rate->spread, rate->median / limit);
        json_t *j = json_object();
        json_object_set_new(j, "probes", json_integer(probes));
        json_object_set_new(j, "comparisons_per_second", json_real(rate->median));
        json_object_set_new(j, "spread", json_real(rate->spread));
        json_object_set_new(j, "of_limit", json_real(rate->median / limit));
        json_object_set_new(rows, name, j);
}
