#include "control/replica/group.h"

#include "matcher/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Older headers lack it (linux/fcntl.h, since 5.1). */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static int shard_memory(size_t size, struct lf_generation_shard *ret)
{
        int fd = memfd_create("landfall-shard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        void *map = MAP_FAILED;
        int e = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
        if (e == 0 && (map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
                e = -errno;
        /* The mapping above stays writable, so that it can be wiped; nobody else ever gets one. */
        if (e == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
                e = -errno;
        if (e < 0) {
                if (map != MAP_FAILED)
                        munmap(map, size);
                close(fd);
                return e;
        }
        madvise(map, size, MADV_DONTDUMP);
        *ret = (struct lf_generation_shard){.fd = fd, .map = map, .size = size};
        return 0;
}

static void wipe_shard(struct lf_generation_shard *s)
{
        explicit_bzero(s->map, s->size);
        munmap(s->map, s->size);
        close(s->fd);
}

static int build_shard(const struct lf_replica_dataset *dataset, const struct lf_shard_info *info,
                       const struct lf_source_record *source, size_t n, struct lf_generation *g,
                       uint64_t *unreadable)
{
        struct lf_generation_shard shard;
        size_t size;
        int e = lf_shard_size(dataset->modality, source, n, &size);
        if (e < 0)
                return e;
        struct lf_defect *defects = calloc(n, sizeof *defects);
        struct lf_generation_shard *more = realloc(g->shard, (g->shards + 1) * sizeof *more);
        if (more)
                g->shard = more;
        e = defects && more ? shard_memory(size, &shard) : -ENOMEM;
        if (e == 0) {
                e = lf_shard_build(dataset->modality, info, source, n, shard.map, size, defects);
                if (e < 0)
                        wipe_shard(&shard);
        }
        if (e == 0) {
                g->shard[g->shards++] = shard;
                for (size_t i = 0; i < n; i++)
                        *unreadable += defects[i].code != LF_DEFECT_NONE;
        }
        free(defects);
        return e;
}

static bool searchable(const struct lf_replica_dataset *d, const struct lf_feed_record *r, uint64_t now)
{
        return r->payload && r->leaf.modality == d->modality && r->leaf.category < 32 &&
               (d->categories & 1u << r->leaf.category) && (r->leaf.expiry == 0 || r->leaf.expiry > now);
}

/* One category: its records dealt round to the shards, so that all are about equally long. */
static int build_category(const struct lf_replica_dataset *d, const struct lf_feed_record *records, size_t n,
                          uint16_t category, uint64_t number, unsigned per_group, uint64_t now,
                          struct lf_generation *g, uint64_t *unreadable)
{
        struct lf_source_record *source = calloc(n, sizeof *source);
        if (!source)
                return -ENOMEM;
        size_t total = 0;
        int e = 0;
        for (unsigned s = 0; e == 0 && s < per_group; s++) {
                size_t m = 0, place = 0;
                for (size_t i = 0; i < n; i++) {
                        const struct lf_feed_record *r = &records[i];
                        if (!searchable(d, r, now) || r->leaf.category != category ||
                            place++ % per_group != s)
                                continue;
                        struct lf_source_record *to = &source[m++];
                        memcpy(to->reference, r->leaf.record, sizeof to->reference);
                        to->expiry = r->leaf.expiry;
                        to->flags = r->leaf.flags;
                        to->wire = r->payload;
                        to->size = r->size;
                }
                if (m == 0)
                        break;
                struct lf_shard_info info = {
                    .generation = number, .dataset = d->number, .category = category, .index = s};
                e = build_shard(d, &info, source, m, g, unreadable);
                total += m;
        }
        if (e == 0)
                g->records += total;
        free(source);
        return e;
}

int lf_group_build(const struct lf_replica_dataset *dataset, const struct lf_feed_record *records, size_t n,
                   uint64_t number, unsigned per_group, uint64_t now, struct lf_generation *g,
                   uint64_t *ret_left_out)
{
        uint32_t present = 0;
        uint64_t usable = 0, unreadable = 0;
        for (size_t i = 0; i < n; i++)
                if (searchable(dataset, &records[i], now)) {
                        present |= 1u << records[i].leaf.category;
                        usable++;
                }
        int e = 0;
        for (uint16_t c = 0; e == 0 && c < 32; c++)
                if (present & 1u << c)
                        e = build_category(dataset, records, n, c, number, per_group, now, g, &unreadable);
        g->records -= e == 0 ? unreadable : 0;
        *ret_left_out = n - usable + unreadable;
        return e;
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
