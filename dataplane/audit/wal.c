/* The open log: filling commits, sending them, and knowing what is durable. Recovery is in wal_scan.c and
 * wal_repair.c. */
#include "dataplane/audit/wal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/audit/disk.h"
#include "dataplane/audit/wal_repair.h"
#include "dataplane/audit/wal_scan.h"

#define COMMIT_SLOTS (LF_WAL_COMMIT_SIZE / LF_WAL_RECORD_SIZE)
#define BUFFERS      (LF_WAL_COMMITS + 1) /* one more, being filled */
#define CLOSE_WAIT   30

/* Commits are numbered; number % BUFFERS is the buffer. freed <= settled <= filling; the commits between are
 * in flight, and those below `settled` durable. */
struct commit {
        uint64_t position; /* of its first slot */
        unsigned slots;    /* records in it */
        unsigned room;     /* most that it may hold */
        uint64_t end;      /* index after its last entry */
        uint64_t sent_us;  /* when it was given to the disks, on the monotonic clock */
        unsigned pending;  /* bit per mirror: has not completed */
        unsigned done;     /* bit per mirror: completed without error */
};

struct lf_wal {
        struct lf_disk *disk;
        bool lent; /* the disk is a test's */
        struct lf_wal_source source;
        struct lf_wal_keys *keys;
        unsigned failed_mirrors; /* bit per mirror */
        bool failed;
        int error; /* of the last failure */
        unsigned close_wait;
        struct lf_wal_pace pace;
        bool full;
        bool wanted; /* submit was asked for while all commits were in flight */

        uint64_t index;
        uint64_t durable;
        uint64_t consumed;
        uint64_t position;
        uint8_t chain[16];
        uint8_t salt[16];
        uint64_t ends[LF_WAL_MAX_SEGMENTS]; /* index after each segment's last entry */

        uint64_t freed, settled, filling;
        struct commit commit[BUFFERS];
        uint8_t *buffer[BUFFERS];
        uint8_t *memory;
};

static struct commit *commit_of(struct lf_wal *w, uint64_t number)
{
        return &w->commit[number % BUFFERS];
}

static void fail_mirror(struct lf_wal *w, unsigned mirror, int error)
{
        w->error = error;
        w->failed_mirrors |= 1u << mirror;
        if (w->failed_mirrors == (1u << w->source.mirrors) - 1)
                w->failed = true;
}

static uint64_t microseconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- Appending ---- */

/* Begins a commit at the next position, in this segment or, when it is free, the next. A segment is begun
 * only when all before it is durable: recovery relies on that to tell a torn reuse from damage. */
static int begin_commit(struct lf_wal *w)
{
        unsigned segment = lf_wal_segment_of(&w->source, w->position);
        uint64_t slots = lf_wal_segment_slots(&w->source), in_segment = w->position % slots;
        if (in_segment == 0) {
                if (w->ends[segment] > w->consumed) {
                        w->full = true;
                        return -ENOSPC;
                }
                if (w->settled < w->filling)
                        return -EAGAIN;
                w->ends[segment] = w->index;
        }
        uint64_t left = slots - in_segment;
        *commit_of(w, w->filling) = (struct commit){
            .position = w->position, .room = left < COMMIT_SLOTS ? (unsigned)left : COMMIT_SLOTS};
        return 0;
}

static int put_record(struct lf_wal *w, uint8_t kind, const struct lf_entry *entry,
                      const struct lf_entry_opening *opening)
{
        struct commit *c = commit_of(w, w->filling);
        void *slot = w->buffer[w->filling % BUFFERS] + (size_t)c->slots * LF_WAL_RECORD_SIZE;
        struct lf_wal_record r = {
            .magic = LF_WAL_RECORD_MAGIC,
            .length = LF_WAL_RECORD_SIZE,
            .version = LF_WAL_RECORD_VERSION,
            .kind = kind,
            .index = w->index,
            .durable = w->durable,
            .position = w->position,
        };
        memcpy(r.salt, w->salt, sizeof r.salt);
        memcpy(r.previous, w->chain, sizeof r.previous);
        if (entry)
                r.entry = *entry;
        int rc = lf_wal_record_seal(w->keys, &r, opening);
        if (rc < 0)
                return rc;
        memcpy(slot, &r, sizeof r);
        memcpy(w->chain, r.chain, sizeof w->chain);
        w->position++;
        c->slots++;
        if (kind == LF_WAL_RECORD_ENTRY)
                w->index++;
        c->end = w->index;
        w->ends[lf_wal_segment_of(&w->source, c->position)] = w->index;
        return 0;
}

/* The commit being filled is ready for one more record. */
static int ready(struct lf_wal *w)
{
        if (w->failed)
                return -EIO;
        struct commit *c = commit_of(w, w->filling);
        if (c->slots == 0)
                return begin_commit(w);
        return c->slots < c->room ? 0 : -EAGAIN;
}

static int send_commit(struct lf_wal *w)
{
        struct commit *c = commit_of(w, w->filling);
        if (c->slots == 0)
                return 0;
        if (w->filling - w->freed >= LF_WAL_COMMITS) {
                w->wanted = true;
                return 0;
        }
        unsigned slots = (c->slots + LF_WAL_BLOCK_SLOTS - 1) / LF_WAL_BLOCK_SLOTS * LF_WAL_BLOCK_SLOTS;
        unsigned buffer = w->filling % BUFFERS;
        memset(w->buffer[buffer] + (size_t)c->slots * LF_WAL_RECORD_SIZE, 0,
               (size_t)(slots - c->slots) * LF_WAL_RECORD_SIZE);
        w->position = c->position + slots;
        for (unsigned m = 0; m < w->source.mirrors; m++) {
                if (w->failed_mirrors & 1u << m)
                        continue;
                unsigned file = m * w->source.segments + lf_wal_segment_of(&w->source, c->position);
                int rc =
                    w->disk->ops->commit(w->disk, file, lf_wal_offset_of(&w->source, c->position), buffer,
                                         (size_t)slots * LF_WAL_RECORD_SIZE, buffer * LF_WAL_MIRRORS + m);
                if (rc < 0)
                        fail_mirror(w, m, -rc);
                else
                        c->pending |= 1u << m;
        }
        c->sent_us = microseconds();
        w->filling++;
        w->wanted = false;
        commit_of(w, w->filling)->slots = 0;
        return w->failed ? -EIO : 0;
}

int lf_wal_append(struct lf_wal *w, const struct lf_entry *entry, const struct lf_entry_opening *opening,
                  uint64_t *ret_index)
{
        int rc = ready(w);
        if (rc < 0)
                return rc;
        uint64_t index = w->index;
        if (put_record(w, LF_WAL_RECORD_ENTRY, entry, opening) < 0) {
                w->failed = true;
                return -EIO;
        }
        struct commit *c = commit_of(w, w->filling);
        if (c->slots == c->room)
                send_commit(w); /* a failure shows in the next call; this entry just never becomes durable */
        *ret_index = index;
        return 0;
}

int lf_wal_submit(struct lf_wal *w)
{
        return w->failed ? -EIO : send_commit(w);
}

/* ---- Completions ---- */

static void settle(struct lf_wal *w, const struct commit *c)
{
        uint64_t us = microseconds() - c->sent_us;
        w->durable = c->end;
        w->pace.commits++;
        w->pace.last_us = us;
        if (us > w->pace.longest_us)
                w->pace.longest_us = us;
}

/* Durable is the contiguous prefix of commits that every mirror still in use has completed. A buffer is free
 * once nothing is under way from it, on failed mirrors too. */
static void advance(struct lf_wal *w)
{
        unsigned healthy = ((1u << w->source.mirrors) - 1) & ~w->failed_mirrors;
        while (!w->failed && w->settled < w->filling && (commit_of(w, w->settled)->done & healthy) == healthy)
                settle(w, commit_of(w, w->settled++));
        while (w->freed < w->filling && (w->freed < w->settled || w->failed) &&
               commit_of(w, w->freed)->pending == 0)
                w->freed++;
}

int lf_wal_reap(struct lf_wal *w, unsigned wait_us)
{
        struct lf_disk_completion c[2 * BUFFERS];
        int n = 0;
        if (w->freed < w->filling)
                n = w->disk->ops->reap(w->disk, c, 2 * BUFFERS, wait_us);
        if (n < 0)
                w->failed = true;
        for (int i = 0; i < n; i++) {
                unsigned mirror = c[i].tag % LF_WAL_MIRRORS;
                struct commit *k = &w->commit[c[i].tag / LF_WAL_MIRRORS];
                k->pending &= ~(1u << mirror);
                if (c[i].result == 0)
                        k->done |= 1u << mirror;
                else
                        fail_mirror(w, mirror, -c[i].result);
        }
        advance(w);
        if (w->wanted && !w->failed)
                send_commit(w);
        return w->failed ? -EIO : 0;
}

/* ---- State ---- */

int lf_wal_fd(const struct lf_wal *w)
{
        return w->disk->fd;
}

uint64_t lf_wal_durable(const struct lf_wal *w)
{
        return w->durable;
}

uint64_t lf_wal_entries(const struct lf_wal *w)
{
        return w->index;
}

unsigned lf_wal_in_flight(const struct lf_wal *w)
{
        return (unsigned)(w->filling - w->freed);
}

struct lf_wal_pace lf_wal_pace(const struct lf_wal *w)
{
        return w->pace;
}

int lf_wal_error(const struct lf_wal *w)
{
        return w->error;
}

unsigned lf_wal_segments_free(const struct lf_wal *w)
{
        unsigned current = lf_wal_segment_of(&w->source, w->position), n = 0;
        for (unsigned s = 0; s < w->source.segments; s++)
                n += s != current && w->ends[s] <= w->consumed;
        return n;
}

int lf_wal_consumed(struct lf_wal *w, uint64_t index)
{
        if (index > w->durable)
                return -EINVAL;
        if (index > w->consumed)
                w->consumed = index;
        if (w->full && w->ends[lf_wal_segment_of(&w->source, w->position)] <= w->consumed)
                w->full = false;
        return 0;
}

enum lf_wal_state lf_wal_state(const struct lf_wal *w)
{
        if (w->failed)
                return LF_WAL_FAILED;
        if (w->full)
                return LF_WAL_FULL;
        return w->failed_mirrors ? LF_WAL_DEGRADED : LF_WAL_OK;
}

const char *lf_wal_state_text(enum lf_wal_state state)
{
        static const char *const text[] = {"ok", "degraded", "full", "failed"};
        return (unsigned)state < 4 ? text[state] : "unknown";
}

/* ---- Opening and closing ---- */

/* Recovery's reads: a mirror that cannot be read counts as blank, and as failed; with none left the error
 * stands. */
static int read_mirror(void *context, unsigned mirror, unsigned segment, uint64_t offset, void *buffer,
                       size_t size)
{
        struct lf_wal *w = context;
        int rc = 0;
        if (!(w->failed_mirrors & 1u << mirror))
                rc = w->disk->ops->read(w->disk, mirror * w->source.segments + segment, offset, buffer, size);
        if (rc < 0)
                fail_mirror(w, mirror, -rc);
        if (w->failed)
                return rc < 0 ? rc : -EIO;
        if (w->failed_mirrors & 1u << mirror)
                memset(buffer, 0, size);
        return 0;
}

static int check_options(const struct lf_wal_options *o)
{
        if (!o->directory[0] && !o->disk)
                return -EINVAL;
        if (o->segments < 2 || o->segments > LF_WAL_MAX_SEGMENTS)
                return -EINVAL;
        if (o->segment_size == 0 || o->segment_size % LF_WAL_COMMIT_SIZE ||
            o->segment_size > INT64_MAX / 1024)
                return -EINVAL;
        return 0;
}

static int recover(struct lf_wal *w, uint64_t expected, struct lf_wal_recovery *ret_recovery)
{
        struct lf_wal_scan scan;
        int rc = lf_wal_scan(&w->source, w->keys, expected, &scan);
        if (rc == 0)
                rc = lf_wal_repair(w->disk, &w->source, w->keys, &scan, &w->failed_mirrors, w->ends);
        if ((rc == 0 || rc == -EBADMSG) && ret_recovery)
                *ret_recovery = scan.found;
        if (rc < 0)
                return rc;
        w->index = w->durable = scan.found.entries;
        w->consumed = expected;
        w->position = (scan.end + LF_WAL_BLOCK_SLOTS - 1) / LF_WAL_BLOCK_SLOTS * LF_WAL_BLOCK_SLOTS;
        memcpy(w->chain, scan.chain, sizeof w->chain);
        return 0;
}

static int acquire(struct lf_wal *w, const struct lf_wal_options *o)
{
        if (RAND_bytes(w->salt, sizeof w->salt) != 1)
                return -EIO;
        if (posix_memalign((void **)&w->memory, 4096, (size_t)BUFFERS * LF_WAL_COMMIT_SIZE)) {
                w->memory = NULL;
                return -ENOMEM;
        }
        memset(w->memory, 0, (size_t)BUFFERS * LF_WAL_COMMIT_SIZE);
        for (unsigned i = 0; i < BUFFERS; i++)
                w->buffer[i] = w->memory + (size_t)i * LF_WAL_COMMIT_SIZE;
        int rc = lf_wal_keys_new(o->key, w->salt, &w->keys);
        if (rc == 0 && !w->disk)
                rc = lf_disk_uring_open(o, &w->disk);
        return rc;
}

static void release(struct lf_wal *w)
{
        if (w->disk && !w->lent)
                w->disk->ops->close(w->disk);
        lf_wal_keys_free(w->keys);
        free(w->memory);
        free(w);
}

int lf_wal_open(const struct lf_wal_options *o, struct lf_wal **ret, struct lf_wal_recovery *ret_recovery)
{
        int rc = check_options(o);
        if (rc < 0)
                return rc;
        struct lf_wal *w = calloc(1, sizeof *w);
        if (!w)
                return -ENOMEM;
        w->disk = o->disk;
        w->lent = o->disk != NULL;
        w->close_wait = o->close_wait ? o->close_wait : CLOSE_WAIT;
        w->source = (struct lf_wal_source){.mirrors = o->directory[1] ? 2 : 1,
                                           .segments = o->segments,
                                           .segment_size = o->segment_size,
                                           .read = read_mirror,
                                           .context = w};
        rc = acquire(w, o);
        if (rc == 0)
                rc = recover(w, o->expected, ret_recovery);
        if (rc == 0)
                rc = w->disk->ops->prepare(w->disk, (void *const *)w->buffer, BUFFERS);
        if (rc < 0) {
                release(w);
                return rc;
        }
        *ret = w;
        return 0;
}

static void drain(struct lf_wal *w)
{
        struct timespec start, now;
        clock_gettime(CLOCK_MONOTONIC, &start);
        do {
                lf_wal_reap(w, 100000);
                clock_gettime(CLOCK_MONOTONIC, &now);
        } while (!w->failed && (w->freed < w->filling || w->wanted) &&
                 now.tv_sec - start.tv_sec < w->close_wait);
}

int lf_wal_close(struct lf_wal *w)
{
        if (!w)
                return 0;
        lf_wal_submit(w);
        drain(w);
        bool all = !w->failed && w->durable == w->index;
        if (all && w->index > 0 && ready(w) == 0 && put_record(w, LF_WAL_RECORD_MARK, NULL, NULL) == 0) {
                send_commit(w);
                drain(w);
        }
        release(w);
        return all ? 0 : -EIO;
}
