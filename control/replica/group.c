#include "control/replica/group.h"

#include "control/replica/memory.h"
#include "matcher/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Payloads that stand opened at once, at most: a gallery of any size is built in shards of so much of them,
 * one after the other, so that it is never held twice. */
#define INPUT_MAX (64u << 20)

/* Older headers lack it (linux/fcntl.h, since 5.1). */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
/* linux/memfd.h, which does not go together with sys/mman.h everywhere. */
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

/* Kernels read galleries from end to end: with pages of 2 MiB that is as fast as memory is. */
#define HUGE_PAGE ((size_t)2 << 20)

static int map_file(unsigned flags, size_t size, int *ret_fd, void **ret_map)
{
        int fd = memfd_create("landfall-shard", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
        if (fd < 0)
                return -errno;
        void *map = MAP_FAILED;
        int e = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
        if (e == 0 && (map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
                e = -errno;
        if (e < 0) {
                close(fd);
                return e;
        }
        *ret_fd = fd;
        *ret_map = map;
        return 0;
}

/* Huge pages from the system's pool, as long as it has some; else ordinary memory, for which the system may
 * be set to use huge pages, too (/sys/kernel/mm/transparent_hugepage/shmem_enabled: advise). */
static int shard_memory(size_t size, struct lf_generation_shard *ret)
{
        struct lf_generation_shard s = {.size = size, .mapped = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1)};
        int e = size < HUGE_PAGE ? -ENOMEM : map_file(MFD_HUGETLB | MFD_HUGE_2MB, s.mapped, &s.fd, &s.map);
        if (e < 0) {
                s.mapped = size;
                e = map_file(0, size, &s.fd, &s.map);
                if (e < 0)
                        return e;
                madvise(s.map, size, MADV_HUGEPAGE);
        }
        /* The mapping above stays writable, so that it can be wiped; nobody else ever gets one. */
        if (fcntl(s.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
                e = -errno;
                munmap(s.map, s.mapped);
                close(s.fd);
                return e;
        }
        madvise(s.map, s.mapped, MADV_DONTDUMP);
        *ret = s;
        return 0;
}

static void wipe_shard(struct lf_generation_shard *s)
{
        explicit_bzero(s->map, s->size);
        munmap(s->map, s->mapped);
        close(s->fd);
}

/* Records of one shard with their payloads opened, one behind the other. */
struct input {
        struct lf_source_record *source;
        uint8_t *payloads;
        size_t n, size;
};

static void drop_input(struct input *in)
{
        if (in->payloads)
                OPENSSL_cleanse(in->payloads, in->size);
        free(in->payloads);
        free(in->source);
}

static int open_input(struct lf_feed_reader *feed, const struct lf_feed_record *const *records, size_t n,
                      struct input *ret, char *why)
{
        struct input in = {.source = calloc(n, sizeof *in.source), .n = n};
        for (size_t i = 0; i < n; i++)
                in.size += records[i]->size;
        in.payloads = malloc(in.size);
        int e = in.source && in.payloads ? 0 : -ENOMEM;
        size_t at = 0;
        for (size_t i = 0; e == 0 && i < n; i++) {
                struct lf_source_record *to = &in.source[i];
                memcpy(to->reference, records[i]->leaf.record, sizeof to->reference);
                to->expiry = records[i]->leaf.expiry;
                to->flags = records[i]->leaf.flags;
                to->wire = in.payloads + at;
                to->size = records[i]->size;
                e = lf_feed_reader_payload(feed, records[i], in.payloads + at, why);
                at += to->size;
        }
        if (e < 0)
                drop_input(&in);
        else
                *ret = in;
        return e;
}

/* No more than the memory that is left; `g` grows by the shard. */
static int add_shard(const struct lf_group_options *o, const struct lf_shard_info *info,
                     const struct input *in, struct lf_generation *g, uint64_t *unreadable, char *why)
{
        struct lf_generation_shard shard;
        size_t size;
        int e = lf_shard_size(o->dataset->modality, in->source, in->n, &size);
        if (e == 0 && size > o->memory - lf_generation_size(g)) {
                char have[32];
                snprintf(why, LF_FEED_WHY, "the galleries need more than the %s that there are",
                         lf_memory_text(o->memory, have));
                e = -ENOMEM;
        }
        if (e < 0)
                return e;
        struct lf_defect *defects = calloc(in->n, sizeof *defects);
        struct lf_generation_shard *more = realloc(g->shard, (g->shards + 1) * sizeof *more);
        if (more)
                g->shard = more;
        e = defects && more ? shard_memory(size, &shard) : -ENOMEM;
        if (e == 0) {
                e = lf_shard_build(o->dataset->modality, info, in->source, in->n, shard.map, size, defects);
                if (e < 0)
                        wipe_shard(&shard);
        }
        if (e == 0) {
                g->shard[g->shards++] = shard;
                for (size_t i = 0; i < in->n; i++)
                        *unreadable += defects[i].code != LF_DEFECT_NONE;
        }
        free(defects);
        return e;
}

static bool searchable(const struct lf_group_options *o, const struct lf_feed_record *r)
{
        return r->open && r->leaf.modality == o->dataset->modality && r->leaf.category < 32 &&
               (o->dataset->categories & 1u << r->leaf.category) &&
               (r->leaf.expiry == 0 || r->leaf.expiry > o->now);
}

/* By category, then by reference: shards are slices of that order, so that a record is found by its
 * reference. */
static int in_order(const void *a, const void *b)
{
        const struct lf_feed_leaf *x = &(*(const struct lf_feed_record *const *)a)->leaf,
                                  *y = &(*(const struct lf_feed_record *const *)b)->leaf;
        return x->category != y->category ? (x->category > y->category) - (x->category < y->category)
                                          : memcmp(x->record, y->record, sizeof x->record);
}

/* The searchable records in order; the caller frees. NULL: no memory. */
static const struct lf_feed_record **select_records(const struct lf_group_options *o, size_t *ret_n)
{
        size_t all, n = 0;
        const struct lf_feed_record *records = lf_feed_reader_records(o->feed, &all);
        for (size_t i = 0; i < all; i++)
                n += searchable(o, &records[i]);
        const struct lf_feed_record **ret = malloc((n + 1) * sizeof *ret);
        if (!ret)
                return NULL;
        *ret_n = 0;
        for (size_t i = 0; i < all; i++)
                if (searchable(o, &records[i]))
                        ret[(*ret_n)++] = &records[i];
        qsort(ret, n, sizeof *ret, in_order);
        return ret;
}

/* How many shards the records of one category make: none with too much input, and as many for each core, but
 * where a search in a half is more than half the work. */
static size_t shards_of(const struct lf_group_options *o, const struct lf_feed_record *const *records,
                        size_t n)
{
        const struct lf_engine *engine = lf_engine_for(o->dataset->modality);
        unsigned per_group = engine && engine->indexed ? 1 : o->per_group;
        uint64_t input = 0;
        for (size_t i = 0; i < n; i++)
                input += records[i]->size;
        uint64_t most = (uint64_t)INPUT_MAX * per_group;
        return per_group * (size_t)((input + most - 1) / most);
}

static int build_category(const struct lf_group_options *o, const struct lf_feed_record *const *records,
                          size_t n, struct lf_generation *g, uint64_t *unreadable, char *why)
{
        size_t shards = shards_of(o, records, n);
        int e = 0;
        for (size_t s = 0; e == 0 && s < shards; s++) {
                size_t first = n * s / shards, end = n * (s + 1) / shards;
                struct lf_shard_info info = {
                    .generation = o->number,
                    .dataset = o->dataset->number,
                    .category = records[0]->leaf.category,
                    .index = (uint32_t)s,
                    .person = {.scoring = o->dataset->scoring, .birth_years = o->dataset->birth_years}};
                struct input in;
                if (first == end)
                        continue;
                e = open_input(o->feed, records + first, end - first, &in, why);
                if (e == 0) {
                        e = add_shard(o, &info, &in, g, unreadable, why);
                        drop_input(&in);
                }
        }
        return e;
}

/* Records from `first` on that are of its category. */
static size_t category_from(const struct lf_feed_record *const *records, size_t n, size_t first)
{
        size_t end = first;
        while (end < n && records[end]->leaf.category == records[first]->leaf.category)
                end++;
        return end - first;
}

int lf_group_build(const struct lf_group_options *o, struct lf_generation *g, uint64_t *ret_left_out,
                   char *why)
{
        size_t all, n;
        uint64_t unreadable = 0;
        lf_feed_reader_records(o->feed, &all);
        const struct lf_feed_record **records = select_records(o, &n);
        int e = records ? 0 : -ENOMEM;
        for (size_t first = 0, m; e == 0 && first < n; first += m) {
                m = category_from(records, n, first);
                e = build_category(o, records + first, m, g, &unreadable, why);
        }
        if (e == 0) {
                g->records += n - unreadable;
                *ret_left_out = all - n + unreadable;
        }
        free(records);
        return e;
}

/* The size of a shard of so many of them, evenly spread. */
static int size_of_some(const struct lf_group_options *o, const struct lf_feed_record *const *records,
                        size_t n, size_t some, uint64_t *ret_size, uint64_t *ret_input, char *why)
{
        const struct lf_feed_record **spread = malloc(some * sizeof *spread);
        struct input in;
        size_t size = 0;
        if (!spread)
                return -ENOMEM;
        for (size_t i = 0; i < some; i++)
                spread[i] = records[n * i / some];
        int e = open_input(o->feed, spread, some, &in, why);
        free(spread);
        if (e < 0)
                return e;
        e = lf_shard_size(o->dataset->modality, in.source, in.n, &size);
        *ret_size = size;
        *ret_input = in.size;
        drop_input(&in);
        return e;
}

/* From two samples: what a shard takes at any rate, and what it takes for each byte of input. */
#define SAMPLE 512
static int need_of_category(const struct lf_group_options *o, const struct lf_feed_record *const *records,
                            size_t n, uint64_t *ret, char *why)
{
        uint64_t size[2], input[2], total = 0;
        int e = size_of_some(o, records, n, n < 2 * SAMPLE ? n : SAMPLE, &size[0], &input[0], why);
        if (e < 0 || n < 2 * SAMPLE) {
                *ret = e < 0 ? 0 : size[0];
                return e;
        }
        e = size_of_some(o, records, n, 2 * SAMPLE, &size[1], &input[1], why);
        if (e < 0)
                return e;
        for (size_t i = 0; i < n; i++)
                total += records[i]->size;
        double each = input[1] > input[0] && size[1] > size[0]
                          ? (double)(size[1] - size[0]) / (double)(input[1] - input[0])
                          : 0;
        *ret = size[1] + (uint64_t)(each * (double)(total - input[1]));
        return 0;
}

int lf_group_need(const struct lf_group_options *o, uint64_t *ret, char *why)
{
        size_t n;
        uint64_t need = 0;
        const struct lf_feed_record **records = select_records(o, &n);
        int e = records ? 0 : -ENOMEM;
        for (size_t first = 0, m; e == 0 && first < n; first += m) {
                uint64_t one = 0;
                m = category_from(records, n, first);
                e = need_of_category(o, records + first, m, &one, why);
                need += one;
        }
        free(records);
        if (e == 0)
                *ret = need;
        return e;
}

uint64_t lf_generation_size(const struct lf_generation *g)
{
        uint64_t size = 0;
        for (unsigned i = 0; i < g->shards; i++)
                size += g->shard[i].size;
        return size;
}

void lf_generation_wipe_destroy(struct lf_generation *g)
{
        if (!g)
                return;
        for (unsigned i = 0; i < g->shards; i++)
                wipe_shard(&g->shard[i]);
        free(g->shard);
        free(g);
}
