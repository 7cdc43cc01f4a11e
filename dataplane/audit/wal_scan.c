/* First every slot is looked at by itself: the newest record tells where the log stands in its lap over the
 * segments, and the greatest `durable` that any record states tells what must be there. Then the log is
 * walked from its oldest record. Where the walk stops, the log ends, unless something is known to have been
 * durable beyond. */
#include "dataplane/audit/wal_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct survey {
        bool any;
        uint64_t durable; /* greatest that a record states */
        uint64_t newest;  /* greatest position */
        struct segment {
                bool any;          /* a whole record is in it */
                bool begins;       /* its first slot holds one, */
                uint64_t position; /* at this position, */
                uint64_t index;    /* with this index */
                uint64_t lowest;   /* index of any whole record in it */
        } segment[LF_WAL_MAX_SEGMENTS];
};

static void note(struct survey *v, unsigned segment, const struct lf_wal_record *r)
{
        struct segment *g = &v->segment[segment];
        if (r->durable > v->durable)
                v->durable = r->durable;
        if (!v->any || r->position > v->newest)
                v->newest = r->position;
        if (!g->any || r->index < g->lowest)
                g->lowest = r->index;
        v->any = g->any = true;
}

static int survey_segment(const struct lf_wal_source *s, unsigned mirror, unsigned segment, uint8_t *chunk,
                          struct survey *v)
{
        uint64_t first = segment * lf_wal_segment_slots(s);
        for (uint64_t at = 0; at < s->segment_size; at += LF_WAL_COMMIT_SIZE) {
                size_t n = s->segment_size - at < LF_WAL_COMMIT_SIZE ? (size_t)(s->segment_size - at)
                                                                     : LF_WAL_COMMIT_SIZE;
                int rc = s->read(s->context, mirror, segment, at, chunk, n);
                if (rc < 0)
                        return rc;
                for (size_t i = 0; i < n; i += LF_WAL_RECORD_SIZE) {
                        const struct lf_wal_record *r = (const void *)(chunk + i);
                        uint64_t slot = first + (at + i) / LF_WAL_RECORD_SIZE;
                        if (!lf_wal_record_whole(r) || r->position % lf_wal_total_slots(s) != slot)
                                continue;
                        note(v, segment, r);
                        struct segment *g = &v->segment[segment];
                        if (slot == first && (!g->begins || r->position > g->position)) {
                                g->begins = true;
                                g->position = r->position;
                                g->index = r->index;
                        }
                }
        }
        return 0;
}

static int survey(const struct lf_wal_source *s, struct survey *v)
{
        void *chunk;
        if (posix_memalign(&chunk, 4096, LF_WAL_COMMIT_SIZE))
                return -ENOMEM;
        int rc = 0;
        for (unsigned m = 0; m < s->mirrors && rc == 0; m++)
                for (unsigned g = 0; g < s->segments && rc == 0; g++)
                        rc = survey_segment(s, m, g, chunk, v);
        free(chunk);
        return rc;
}

static int damage(const struct lf_wal_source *s, struct lf_wal_scan *scan, uint64_t index, uint64_t position,
                  const char *reason)
{
        scan->found.index = index;
        scan->found.segment = lf_wal_segment_of(s, position);
        scan->found.offset = lf_wal_offset_of(s, position);
        scan->found.reason = reason;
        return -EBADMSG;
}

static bool begins_at(const struct lf_wal_source *s, const struct survey *v, uint64_t position)
{
        const struct segment *g = &v->segment[lf_wal_segment_of(s, position)];
        return g->begins && g->position == position;
}

static int walk(const struct lf_wal_source *s, struct lf_wal_keys *keys, uint64_t start, uint64_t index,
                struct lf_wal_scan *scan, struct lf_wal_walk *w)
{
        const struct lf_wal_record *r;
        lf_wal_walk_seek(w, start, index);
        scan->found.first = index;
        scan->start = scan->end = start;
        for (;;) {
                int rc = lf_wal_walk_next(w, &r);
                if (w->chained) /* a mark may have been passed even when no entry followed */
                        memcpy(scan->chain, w->chain, sizeof scan->chain);
                if (rc <= 0) {
                        scan->found.entries = w->index;
                        scan->end = w->position;
                        return rc;
                }
        }
}

static const char *why(const struct lf_wal_walk *w)
{
        if (w->forged)
                return "the record does not fit the key";
        return w->damaged ? "the record is damaged" : "the record is missing";
}

/* What is missing at a position where a segment should go on: one before the next index that the segment
 * still has. */
static uint64_t lost_before(const struct lf_wal_source *s, const struct survey *v, uint64_t position)
{
        const struct segment *g = &v->segment[lf_wal_segment_of(s, position)];
        return g->any && g->lowest ? g->lowest - 1 : 0;
}

/* The oldest segment is the one after the newest in turn. It may be torn only when its reuse had just begun.
 * The writer begins a segment when everything before is durable, so the newest segment then ends exactly at
 * its last slot, and only the commits in flight are touched; what the torn segment held was consumed. The log
 * begins one later. */
static int walk_from_oldest(const struct lf_wal_source *s, struct lf_wal_keys *keys, const struct survey *v,
                            struct lf_wal_scan *scan, struct lf_wal_walk *w)
{
        uint64_t slots = lf_wal_segment_slots(s), newest = v->newest / slots;
        uint64_t oldest = newest >= s->segments ? newest - s->segments + 1 : 0;
        uint64_t stop = oldest * slots, index = lost_before(s, v, stop);
        int rc;
        const char *reason = "the segment's first record is damaged";
        if (begins_at(s, v, stop)) {
                rc = walk(s, keys, stop, v->segment[oldest % s->segments].index, scan, w);
                if (rc < 0 || newest == oldest || scan->end >= (oldest + 1) * slots)
                        return rc;
                stop = scan->end;
                index = scan->found.entries;
                reason = why(w);
        }
        if (newest > oldest &&
            stop - oldest * slots <= LF_WAL_COMMITS * (LF_WAL_COMMIT_SIZE / LF_WAL_RECORD_SIZE) &&
            begins_at(s, v, (oldest + 1) * slots)) {
                rc = walk(s, keys, (oldest + 1) * slots, v->segment[(oldest + 1) % s->segments].index, scan,
                          w);
                if (rc < 0 || scan->end == (oldest + s->segments) * slots)
                        return rc;
        }
        return damage(s, scan, index, stop, reason);
}

static int walk_all(const struct lf_wal_source *s, struct lf_wal_keys *keys, uint64_t expected,
                    const struct survey *v, struct lf_wal_scan *scan, struct lf_wal_walk *w)
{
        if (v->newest / lf_wal_segment_slots(s) == 0 && !begins_at(s, v, 0) && v->durable == 0 &&
            expected == 0)
                return 0; /* the very first commit, torn: nothing was ever durable */
        int rc = walk_from_oldest(s, keys, v, scan, w);
        if (rc < 0)
                return rc;
        if (w->forged || v->durable > scan->found.entries || expected > scan->found.entries)
                return damage(s, scan, scan->found.entries, scan->end, why(w));
        if (expected && expected < scan->found.first)
                return damage(s, scan, expected, scan->start,
                              "entries before the oldest segment are missing");
        return 0;
}

int lf_wal_scan(const struct lf_wal_source *source, struct lf_wal_keys *keys, uint64_t expected,
                struct lf_wal_scan *ret)
{
        memset(ret, 0, sizeof *ret);
        struct survey *v = calloc(1, sizeof *v);
        if (!v)
                return -ENOMEM;
        struct lf_wal_walk w;
        int rc = lf_wal_walk_init(&w, source, keys);
        if (rc < 0) {
                free(v);
                return rc;
        }
        rc = survey(source, v);
        if (rc == 0 && !v->any && expected)
                rc = damage(source, ret, expected, 0, "the segments are blank");
        else if (rc == 0 && v->any)
                rc = walk_all(source, keys, expected, v, ret, &w);
        if (rc == 0 || rc == -EBADMSG) {
                ret->stray = v->any && v->newest + 1 > ret->end ? v->newest + 1 : ret->end;
                ret->found.cut = ret->stray - ret->end;
        }
        lf_wal_walk_done(&w);
        free(v);
        return rc;
}
