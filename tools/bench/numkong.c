#include "tools/bench/numkong.h"

#include "base/log.h"
#include "tools/bench/cpu.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Rows of one call: the products of a few hundred probes stay in the second-level cache. Of 1,024, 4,096 and
 * all rows it is the number at which the library was fastest. */
#define BLOCK 1024

struct lf_numkong {
        void *library;
        size_t (*size)(size_t n, size_t k);
        void (*pack)(const int8_t *b, size_t n, size_t k, size_t stride, void *packed);
        void (*multiply)(const int8_t *a, const void *packed, int32_t *c, size_t m, size_t n, size_t k,
                         size_t a_stride, size_t c_stride);
        unsigned dims;
        uint32_t blocks;
        size_t each; /* bytes of a packed block */
        uint8_t *packed;
        int8_t *probe;
        int32_t *product;
};

#define PROBES_MAX 256
#define TURNS      15

static int load(struct lf_numkong *k, const char *path)
{
        uint64_t (*capabilities)(void);
        int (*configure)(uint64_t);
        k->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        if (!k->library) {
                lf_log_error("%s", dlerror());
                return -ENOENT;
        }
        *(void **)&k->size = dlsym(k->library, "nk_dots_packed_size_i8");
        *(void **)&k->pack = dlsym(k->library, "nk_dots_pack_i8");
        *(void **)&k->multiply = dlsym(k->library, "nk_dots_packed_i8");
        *(void **)&capabilities = dlsym(k->library, "nk_capabilities");
        *(void **)&configure = dlsym(k->library, "nk_configure_thread");
        if (!k->size || !k->pack || !k->multiply || !capabilities || !configure) {
                lf_log_error("%s: no packed int8 product of NumKong 7.8", path);
                return -ENOENT;
        }
        configure(capabilities());
        return 0;
}

static int fill(struct lf_numkong *k, const int8_t *values, size_t of_values)
{
        const size_t block = (size_t)BLOCK * k->dims;
        int8_t *rows = malloc(block);
        k->each = (k->size(BLOCK, k->dims) + 63) & ~(size_t)63;
        k->packed =
            mmap(NULL, k->each * k->blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (k->packed == MAP_FAILED)
                k->packed = NULL;
        k->probe = aligned_alloc(64, PROBES_MAX * (size_t)k->dims);
        k->product = aligned_alloc(64, sizeof *k->product * PROBES_MAX * BLOCK);
        if (!rows || !k->packed || !k->probe || !k->product) {
                free(rows);
                return -ENOMEM;
        }
        madvise(k->packed, k->each * k->blocks, MADV_HUGEPAGE);
        memcpy(k->probe, values, PROBES_MAX * (size_t)k->dims);
        for (uint32_t b = 0; b < k->blocks; b++) {
                for (size_t i = 0; i < block; i++)
                        rows[i] = values[(b * block + i) % of_values];
                k->pack(rows, BLOCK, k->dims, k->dims, k->packed + b * k->each);
        }
        free(rows);
        return 0;
}

int lf_numkong_open(const char *path, const int8_t *values, size_t of_values, uint32_t rows, unsigned dims,
                    struct lf_numkong **ret)
{
        struct lf_numkong *k = calloc(1, sizeof *k);
        if (!k)
                return -ENOMEM;
        k->dims = dims;
        k->blocks = rows < BLOCK ? 1 : rows / BLOCK;
        int r = load(k, path);
        if (r == 0)
                r = fill(k, values, of_values);
        if (r < 0) {
                lf_numkong_close(k);
                return r;
        }
        *ret = k;
        return 0;
}

static double multiply_all(const struct lf_numkong *k, unsigned probes)
{
        double start = lf_bench_cpu_seconds();
        for (uint32_t b = 0; b < k->blocks; b++)
                k->multiply(k->probe, k->packed + b * k->each, k->product, probes, BLOCK, k->dims, k->dims,
                            sizeof *k->product * BLOCK);
        return (double)k->blocks * BLOCK * probes / (lf_bench_cpu_seconds() - start);
}

int lf_numkong_compare(struct lf_numkong *k, const struct lf_bench_gallery *g, const struct lf_bench_query *q,
                       const char *name, bool table, json_t *rows)
{
        double theirs[TURNS], share[TURNS], ours;
        for (unsigned i = 0; i < TURNS; i++) {
                int r = lf_bench_search_once(g, q, 1, &ours);
                if (r < 0)
                        return r;
                theirs[i] = multiply_all(k, q->probes);
                share[i] = ours / theirs[i];
        }
        double rate = lf_bench_median(theirs, TURNS, NULL), times = lf_bench_median(share, TURNS, NULL);
        if (table)
                printf("%-34s %7u %12.2f   ours is %.2f times as fast, with the best 16\n", name, q->probes,
                       rate / 1e6, times);
        json_t *j = json_object();
        json_object_set_new(j, "probes", json_integer(q->probes));
        json_object_set_new(j, "products_per_second", json_real(rate));
        json_object_set_new(j, "ours_against_it", json_real(times));
        json_object_set_new(rows, name, j);
        return 0;
}

void lf_numkong_close(struct lf_numkong *k)
{
        if (k->packed)
                munmap(k->packed, k->each * k->blocks);
        free(k->probe);
        free(k->product);
        if (k->library)
                dlclose(k->library);
        free(k);
}
