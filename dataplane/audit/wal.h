/* The write-ahead log of audit entries: an entry is durable once `lf_wal_durable` has passed its index.
 *
 * Fixed segment files (DIR/0000.seg ...), pre-written with zeros, opened with O_DIRECT and reused in turn
 * once control has made tiles of what they hold. One thread calls everything here; no call is safe from two.
 * All memory, files and the io_uring are acquired in lf_wal_open, which may block for seconds; afterwards a
 * call makes no other system call than io_uring_enter, allocates nothing of its own and blocks only in
 * lf_wal_reap, for at most `wait_us`.
 *
 * Indices are numbers of entries, from 0, and are the leaf indices of the transparency log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/audit/entry.h"

#define LF_WAL_KEY_SIZE     32
#define LF_WAL_MAX_SEGMENTS 256
#define LF_WAL_MIRRORS      2
#define LF_WAL_COMMIT_SIZE  65536 /* bytes of the largest group commit: 128 entries */
#define LF_WAL_COMMITS      4     /* group commits in flight */
#define LF_WAL_MIN_SEGMENT  (LF_WAL_COMMIT_SIZE)

struct lf_wal;
struct lf_disk;

struct lf_wal_options {
        const char *directory[LF_WAL_MIRRORS]; /* exists; the second may be NULL: no mirror */
        uint64_t segment_size;                 /* bytes, a multiple of LF_WAL_COMMIT_SIZE */
        unsigned segments;                     /* 2..LF_WAL_MAX_SEGMENTS */
        uint8_t key[LF_WAL_KEY_SIZE]; /* keys the chain and seals the openings; copied, wiped in close */
        uint64_t expected;            /* entries that are in control's tiles; 0: not known */
        unsigned close_wait;          /* seconds that close waits for the disks; 0: 30 */
        struct lf_disk *disk; /* NULL: io_uring on the directories. Else a test's own, lent until close */
};

/* What recovery found; filled when open succeeds, and when it fails with -EBADMSG. */
struct lf_wal_recovery {
        uint64_t first;    /* oldest index the segments still hold; == entries: none */
        uint64_t entries;  /* number of entries: the next index */
        uint64_t cut;      /* records beyond the cut that were wiped; they were never durable */
        unsigned repaired; /* 4 KiB blocks copied from one mirror to the other */

        /* The first damaged record, only with -EBADMSG. */
        uint64_t index;
        unsigned segment;
        uint64_t offset;    /* in the segment file, bytes */
        const char *reason; /* static text */
};

enum lf_wal_state {
        LF_WAL_OK,
        LF_WAL_DEGRADED, /* one of two mirrors failed; entries become durable on the other */
        LF_WAL_FULL,     /* no segment is free: control is behind. Ends with lf_wal_consumed */
        LF_WAL_FAILED,   /* no disk is left. Stays until the process ends: nothing becomes durable any more */
};

/* Opens the log, creating missing segments, and recovers it: cuts at the last whole record, wipes what lies
 * beyond, repairs a lagging mirror. ret_recovery may be NULL.
 * -EBADMSG: a record is missing or damaged before the cut, or below `expected`, or the key is wrong: nothing
 * was changed. -EINVAL: options out of range, or segments exist with another size or count. -EBUSY: another
 * process has the log open. Else the errno of open, read, write or io_uring: also when one of two
 * directories cannot be opened (take it out of the options to go on without it). */
int lf_wal_open(const struct lf_wal_options *options, struct lf_wal **ret,
                struct lf_wal_recovery *ret_recovery);

/* Copies the entry and its opening into the commit being filled, which is submitted once it is full.
 * -EAGAIN: reap first: LF_WAL_COMMITS commits are in flight, or a new segment waits for them. -ENOSPC: full.
 * -EIO: failed. */
int lf_wal_append(struct lf_wal *wal, const struct lf_entry *entry, const struct lf_entry_opening *opening,
                  uint64_t *ret_index);

/* Sends the commit being filled, padded to 4 KiB, on its way. 0 also when there is nothing to send; -EIO:
 * failed. */
int lf_wal_submit(struct lf_wal *wal);

/* Takes completions, waiting at most wait_us for the first when any commit is in flight (0: does not wait).
 * -EIO: failed. */
int lf_wal_reap(struct lf_wal *wal, unsigned wait_us);

/* A descriptor that polls readable when a completion waits; owned by the log. -1: a test's disk. */
int lf_wal_fd(const struct lf_wal *wal);

/* Entries with index < this are on stable storage, on every mirror in use. Never shrinks. */
uint64_t lf_wal_durable(const struct lf_wal *wal);

/* The next index, and how many commits are on their way. */
uint64_t lf_wal_entries(const struct lf_wal *wal);
unsigned lf_wal_in_flight(const struct lf_wal *wal);

/* Control has durable tiles of all entries < index: segments that hold only such are free for reuse.
 * -EINVAL: beyond durable; ignored. A smaller index than before is no error and changes nothing. */
int lf_wal_consumed(struct lf_wal *wal, uint64_t index);

enum lf_wal_state lf_wal_state(const struct lf_wal *wal);
/* Commits that became durable since the log was opened, and how long they were under way: what a slow disk
 * shows in. */
struct lf_wal_pace {
        uint64_t commits;
        uint64_t last_us, longest_us;
};
struct lf_wal_pace lf_wal_pace(const struct lf_wal *wal);
/* The errno (positive) of the last disk that failed; 0: none has. */
int lf_wal_error(const struct lf_wal *wal);
/* Segments that can be begun, the one that is being written not counted. */
unsigned lf_wal_segments_free(const struct lf_wal *wal);

/* "ok", "degraded", "full", "failed". */
const char *lf_wal_state_text(enum lf_wal_state state);

/* Submits what is left, waits for it, writes a closing mark (so that damage to the last entries shows as
 * damage, not as a torn write), wipes the keys and frees everything. NULL is fine. -EIO: not all entries
 * became durable. */
int lf_wal_close(struct lf_wal *wal);
