#include "dataplane/audit/wal_repair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct repair {
        struct lf_disk *disk;
        const struct lf_wal_source *source;
        struct lf_wal_scan *scan;
        unsigned *failed;
        bool dirty[LF_WAL_MIRRORS][LF_WAL_MAX_SEGMENTS];
        uint8_t *wanted;
        uint8_t *there;
};

static unsigned file_of(const struct repair *r, unsigned mirror, unsigned segment)
{
        return mirror * r->source->segments + segment;
}

/* Brings the block that begins at a position to `wanted`, on every mirror. */
static int settle(struct repair *r, uint64_t position)
{
        const struct lf_wal_source *s = r->source;
        unsigned segment = lf_wal_segment_of(s, position);
        uint64_t offset = lf_wal_offset_of(s, position);
        for (unsigned m = 0; m < s->mirrors; m++) {
                if (*r->failed & 1u << m)
                        continue;
                int rc = s->read(s->context, m, segment, offset, r->there, LF_WAL_BLOCK);
                if (rc < 0)
                        return rc;
                if (memcmp(r->there, r->wanted, LF_WAL_BLOCK) == 0)
                        continue;
                if (r->disk->ops->write(r->disk, file_of(r, m, segment), offset, r->wanted, LF_WAL_BLOCK) < 0)
                        *r->failed |= 1u << m;
                r->dirty[m][segment] = true;
                if (position < r->scan->end)
                        r->scan->found.repaired++;
        }
        return 0;
}

/* Walks the log, settling each block once its records are known. With one mirror there is nothing to copy
 * from: only the last block may need its torn rest wiped. */
static int settle_log(struct repair *r, struct lf_wal_keys *keys, uint64_t *ends)
{
        const struct lf_wal_scan *scan = r->scan;
        const struct lf_wal_record *record;
        struct lf_wal_walk w;
        int rc = lf_wal_walk_init(&w, r->source, keys);
        if (rc < 0)
                return rc;
        uint64_t last = scan->end ? (scan->end - 1) / LF_WAL_BLOCK_SLOTS * LF_WAL_BLOCK_SLOTS : 0;
        uint64_t block = scan->start;
        lf_wal_walk_seek(&w, scan->start, scan->found.first);
        w.marks = true;
        memset(r->wanted, 0, LF_WAL_BLOCK);
        while ((rc = lf_wal_walk_next(&w, &record)) > 0) {
                uint64_t at = record->position - record->position % LF_WAL_BLOCK_SLOTS;
                if (at != block) {
                        if (r->source->mirrors > 1)
                                rc = settle(r, block);
                        if (rc < 0)
                                break;
                        block = at;
                        memset(r->wanted, 0, LF_WAL_BLOCK);
                }
                memcpy(r->wanted + record->position % LF_WAL_BLOCK_SLOTS * LF_WAL_RECORD_SIZE, record,
                       LF_WAL_RECORD_SIZE);
                ends[lf_wal_segment_of(r->source, at)] = w.index;
        }
        if (rc == 0 && scan->end > scan->start)
                rc = settle(r, block);
        for (uint64_t p = block + LF_WAL_BLOCK_SLOTS; rc == 0 && p <= last; p += LF_WAL_BLOCK_SLOTS) {
                memset(r->wanted, 0, LF_WAL_BLOCK);
                rc = settle(r, p);
        }
        lf_wal_walk_done(&w);
        return rc;
}

static int wipe_stray(struct repair *r)
{
        uint64_t p = (r->scan->end + LF_WAL_BLOCK_SLOTS - 1) / LF_WAL_BLOCK_SLOTS * LF_WAL_BLOCK_SLOTS;
        memset(r->wanted, 0, LF_WAL_BLOCK);
        for (; p < r->scan->stray; p += LF_WAL_BLOCK_SLOTS) {
                int rc = settle(r, p);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

static void sync_dirty(struct repair *r)
{
        for (unsigned m = 0; m < r->source->mirrors; m++)
                for (unsigned g = 0; g < r->source->segments; g++)
                        if (r->dirty[m][g] && !(*r->failed & 1u << m) &&
                            r->disk->ops->sync(r->disk, file_of(r, m, g)) < 0)
                                *r->failed |= 1u << m;
}

int lf_wal_repair(struct lf_disk *disk, const struct lf_wal_source *source, struct lf_wal_keys *keys,
                  struct lf_wal_scan *scan, unsigned *failed, uint64_t *ret_ends)
{
        void *blocks;
        if (posix_memalign(&blocks, 4096, 2 * LF_WAL_BLOCK))
                return -ENOMEM;
        struct repair r = {.disk = disk,
                           .source = source,
                           .scan = scan,
                           .failed = failed,
                           .wanted = blocks,
                           .there = (uint8_t *)blocks + LF_WAL_BLOCK};
        for (unsigned g = 0; g < source->segments; g++)
                ret_ends[g] = scan->found.first;
        int rc = settle_log(&r, keys, ret_ends);
        if (rc == 0)
                rc = wipe_stray(&r);
        if (rc == 0)
                sync_dirty(&r);
        if (rc == 0 && *failed == (1u << source->mirrors) - 1)
                rc = -EIO;
        free(blocks);
        return rc;
}
