#include "dataplane/audit/wal_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK       LF_WAL_COMMIT_SIZE
#define CHUNK_SLOTS (CHUNK / LF_WAL_RECORD_SIZE)

int lf_wal_walk_init(struct lf_wal_walk *w, const struct lf_wal_source *source, struct lf_wal_keys *keys)
{
        *w = (struct lf_wal_walk){.source = source, .keys = keys, .chunk_at = UINT64_MAX};
        for (unsigned m = 0; m < source->mirrors; m++)
                if (posix_memalign((void **)&w->chunk[m], 4096, CHUNK)) {
                        w->chunk[m] = NULL;
                        lf_wal_walk_done(w);
                        return -ENOMEM;
                }
        return 0;
}

void lf_wal_walk_done(struct lf_wal_walk *w)
{
        for (unsigned m = 0; m < LF_WAL_MIRRORS; m++)
                free(w->chunk[m]);
        memset(w->chunk, 0, sizeof w->chunk);
}

void lf_wal_walk_seek(struct lf_wal_walk *w, uint64_t position, uint64_t index)
{
        w->position = position;
        w->index = index;
        w->chained = w->forged = w->damaged = false;
        w->chunk_at = UINT64_MAX;
}

/* Loads the chunk that holds a position; chunks are cut from each segment's start, the last may be short. */
static int load(struct lf_wal_walk *w, uint64_t position)
{
        const struct lf_wal_source *s = w->source;
        uint64_t in_segment = position % lf_wal_segment_slots(s);
        uint64_t at = position - in_segment % CHUNK_SLOTS;
        if (w->chunk_at == at)
                return 0;
        w->chunk_at = UINT64_MAX;
        uint64_t offset = lf_wal_offset_of(s, at);
        size_t size = s->segment_size - offset < CHUNK ? (size_t)(s->segment_size - offset) : CHUNK;
        for (unsigned m = 0; m < s->mirrors; m++) {
                int rc = s->read(s->context, m, lf_wal_segment_of(s, at), offset, w->chunk[m], size);
                if (rc < 0)
                        return rc;
        }
        w->chunk_at = at;
        return 0;
}

static const struct lf_wal_record *slot_of(const struct lf_wal_walk *w, unsigned mirror, uint64_t position)
{
        return (const void *)(w->chunk[mirror] + (position - w->chunk_at) * LF_WAL_RECORD_SIZE);
}

static bool fits(struct lf_wal_walk *w, const struct lf_wal_record *r, uint64_t position)
{
        if (!lf_wal_record_whole(r) || r->position != position || r->index != w->index)
                return false;
        if (w->keys && !lf_wal_record_authentic(w->keys, r)) {
                w->forged = true;
                return false;
        }
        return !w->chained || memcmp(r->previous, w->chain, sizeof w->chain) == 0;
}

/* The record at a position on whichever mirror has it, or NULL. */
static const struct lf_wal_record *find(struct lf_wal_walk *w, uint64_t position)
{
        for (unsigned m = 0; m < w->source->mirrors; m++) {
                const struct lf_wal_record *r = slot_of(w, m, position);
                if (fits(w, r, position))
                        return r;
        }
        return NULL;
}

bool lf_wal_all_zero(const void *data, size_t n)
{
        const uint8_t *p = data;
        return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Is the rest of the block zero, on any mirror? */
static bool padding(const struct lf_wal_walk *w, uint64_t position)
{
        size_t n = (LF_WAL_BLOCK_SLOTS - position % LF_WAL_BLOCK_SLOTS) * LF_WAL_RECORD_SIZE;
        for (unsigned m = 0; m < w->source->mirrors; m++)
                if (lf_wal_all_zero(slot_of(w, m, position), n))
                        return true;
        return false;
}

static int look(struct lf_wal_walk *w, const struct lf_wal_record **ret)
{
        uint64_t position = w->position;
        int rc = load(w, position);
        if (rc < 0)
                return rc;
        const struct lf_wal_record *r = find(w, position);
        if (!r && position % LF_WAL_BLOCK_SLOTS != 0 && padding(w, position)) {
                position += LF_WAL_BLOCK_SLOTS - position % LF_WAL_BLOCK_SLOTS;
                rc = load(w, position);
                if (rc < 0)
                        return rc;
                r = find(w, position);
        }
        if (!r) {
                w->damaged = !lf_wal_all_zero(slot_of(w, 0, position), LF_WAL_RECORD_SIZE);
                w->position = position;
                return 0;
        }
        w->position = position + 1;
        memcpy(w->chain, r->chain, sizeof w->chain);
        w->chained = true;
        if (r->kind == LF_WAL_RECORD_ENTRY)
                w->index++;
        *ret = r;
        return 1;
}

int lf_wal_walk_next(struct lf_wal_walk *w, const struct lf_wal_record **ret_record)
{
        const struct lf_wal_record *r;
        bool fresh = w->chunk_at == UINT64_MAX;
        for (;;) {
                int rc = look(w, &r);
                if (rc < 0)
                        return rc;
                if (rc == 0 && fresh)
                        return 0;
                if (rc == 0) { /* what was loaded may be old: once more from the disk */
                        w->chunk_at = UINT64_MAX;
                        fresh = true;
                        continue;
                }
                if (r->kind == LF_WAL_RECORD_ENTRY || w->marks) {
                        *ret_record = r;
                        return 1;
                }
        }
}
