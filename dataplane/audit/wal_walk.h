/* Reading the log in order, over one or two mirrors: what recovery, control and the verifier share.
 *
 * The keys are optional: without them the CRC, the place, the index and the link to the record before are
 * checked; with them the chain's HMAC too. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dataplane/audit/wal_record.h"

/* The segments, wherever they are. `read` fetches all of `size` bytes (multiples of 4096) or returns -errno;
 * it may zero the buffer and return 0 for a mirror that cannot be read. */
struct lf_wal_source {
        unsigned mirrors;
        unsigned segments;
        uint64_t segment_size;
        int (*read)(void *context, unsigned mirror, unsigned segment, uint64_t offset, void *buffer,
                    size_t size);
        void *context;
};

static inline uint64_t lf_wal_segment_slots(const struct lf_wal_source *s)
{
        return s->segment_size / LF_WAL_RECORD_SIZE;
}

static inline uint64_t lf_wal_total_slots(const struct lf_wal_source *s)
{
        return lf_wal_segment_slots(s) * s->segments;
}

/* Where a position lies. */
static inline unsigned lf_wal_segment_of(const struct lf_wal_source *s, uint64_t position)
{
        return (unsigned)(position / lf_wal_segment_slots(s) % s->segments);
}

static inline uint64_t lf_wal_offset_of(const struct lf_wal_source *s, uint64_t position)
{
        return position % lf_wal_segment_slots(s) * LF_WAL_RECORD_SIZE;
}

struct lf_wal_walk {
        const struct lf_wal_source *source;
        struct lf_wal_keys *keys; /* NULL: none */
        bool marks;               /* marks are returned too, not passed over */
        uint64_t position;        /* next slot */
        uint64_t index;           /* next entry */
        uint8_t chain[16];        /* of the last record */
        bool chained;             /* there was a last record */
        bool forged;              /* a whole record in the right place does not fit the key */
        bool damaged;             /* bytes that are neither a record nor padding: where the walk stopped */
        uint8_t *chunk[LF_WAL_MIRRORS];
        uint64_t chunk_at; /* position of its first slot; UINT64_MAX: none */
};

/* -ENOMEM. */
int lf_wal_walk_init(struct lf_wal_walk *walk, const struct lf_wal_source *source, struct lf_wal_keys *keys);
void lf_wal_walk_done(struct lf_wal_walk *walk);

/* Begins at a position (a block's first slot) that should hold `index`. */
void lf_wal_walk_seek(struct lf_wal_walk *walk, uint64_t position, uint64_t index);

/* The next entry record: 1, and ret_record is borrowed until the next call. 0: the next slot holds none,
 * `position` is that slot. Called again, it looks again. Else -errno of read. Padding, and marks unless
 * `marks` is set, are passed over. */
int lf_wal_walk_next(struct lf_wal_walk *walk, const struct lf_wal_record **ret_record);

bool lf_wal_all_zero(const void *data, size_t n);
