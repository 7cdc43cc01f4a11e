#include "dataplane/audit_thread.h"

#include "base/prefetch.h"
#include "dataplane/audit/leaf.h"
#include "dataplane/audit/wal.h"
#include "dataplane/topology.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOTES        64
#define BATCH        256
#define REAP_US      200
#define NAP_US       100  /* while queries come in */
#define DOZE_US      1000 /* after a while without */
#define DOZE_AFTER   200
#define STOP_WAIT_US 3000000

struct note {
        struct lf_entry entry;
        struct lf_entry_opening opening;
};

struct lf_audit {
        pthread_t thread;
        bool running;
        _Atomic bool stop;
        _Atomic uint64_t leave_by; /* CLOCK_MONOTONIC, us, once it is to stop: a disk may never complete */
        struct lf_ring notes;      /* from the main thread */
        void *notes_slot[NOTES];
        struct note note[NOTES];
        uint32_t next_note;
        struct note *held; /* a note that the log had no room for: nothing may overtake it */
        struct lf_query *batch[BATCH];
        _Alignas(64) _Atomic uint64_t durable;
        _Atomic uint64_t consumed;
        _Atomic uint32_t state; /* enum lf_wal_state */
        _Atomic uint64_t appended, commits, commit_us, commit_longest_us;
        _Atomic int32_t error; /* errno of the disk that failed last */
        _Atomic uint32_t segments_free;
};

void lf_audit_carve(struct lf_dataplane *dp, struct lf_arena *arena)
{
        dp->audit = lf_arena_take(arena, sizeof *dp->audit);
        for (unsigned i = 0; i < dp->ios; i++) {
                void **slots = lf_arena_take(arena, dp->contexts * sizeof *slots);
                struct lf_query **waiting = lf_arena_take(arena, dp->contexts * sizeof *waiting);
                if (!arena->memory)
                        continue;
                lf_ring_init(&dp->io[i].audit.ring, slots, dp->contexts);
                dp->io[i].audit.waiting = waiting;
        }
        if (arena->memory)
                lf_ring_init(&dp->audit->notes, dp->audit->notes_slot, NOTES);
}

uint64_t lf_audit_durable(const struct lf_audit *a)
{
        return atomic_load_explicit((_Atomic uint64_t *)&a->durable, memory_order_acquire);
}

static enum lf_wal_state state_of(const struct lf_audit *a)
{
        return (enum lf_wal_state)atomic_load_explicit((_Atomic uint32_t *)&a->state, memory_order_acquire);
}

bool lf_audit_failed(const struct lf_audit *a)
{
        return state_of(a) == LF_WAL_FAILED;
}

bool lf_audit_degraded(const struct lf_dataplane *dp)
{
        return state_of(dp->audit) != LF_WAL_OK;
}

static uint64_t microseconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* What the cores may see of the log. `durable` first: a log that has failed lets nothing more become durable.
 */
static void publish(struct lf_dataplane *dp)
{
        struct lf_audit *a = dp->audit;
        atomic_store_explicit(&a->durable, lf_wal_durable(dp->wal), memory_order_release);
        atomic_store_explicit(&a->state, lf_wal_state(dp->wal), memory_order_release);
        atomic_store_explicit(&a->appended, lf_wal_entries(dp->wal), memory_order_relaxed);
        struct lf_wal_pace pace = lf_wal_pace(dp->wal);
        atomic_store_explicit(&a->commits, pace.commits, memory_order_relaxed);
        atomic_store_explicit(&a->commit_us, pace.last_us, memory_order_relaxed);
        atomic_store_explicit(&a->commit_longest_us, pace.longest_us, memory_order_relaxed);
        atomic_store_explicit(&a->segments_free, lf_wal_segments_free(dp->wal), memory_order_relaxed);
        atomic_store_explicit(&a->error, lf_wal_error(dp->wal), memory_order_relaxed);
}

static bool waited_enough(const struct lf_audit *audit)
{
        struct lf_audit *a = (struct lf_audit *)audit;
        return atomic_load_explicit(&a->stop, memory_order_acquire) &&
               microseconds() > atomic_load(&a->leave_by);
}

/* Appends, making room by taking completions. -ENOSPC, -EIO. */
static int append(struct lf_dataplane *dp, const struct lf_entry *entry,
                  const struct lf_entry_opening *opening, uint64_t *ret_index)
{
        for (;;) {
                int r = lf_wal_append(dp->wal, entry, opening, ret_index);
                if (r != -EAGAIN)
                        return r;
                if (waited_enough(dp->audit))
                        return -EIO;
                r = lf_wal_reap(dp->wal, REAP_US);
                publish(dp);
                if (r < 0)
                        return r;
        }
}

/* Notes of the main thread. False: the log has no room for one. */
static bool append_notes(struct lf_dataplane *dp, unsigned *inout_work)
{
        struct lf_audit *a = dp->audit;
        for (;;) {
                if (!a->held)
                        a->held = lf_ring_pop(&a->notes);
                if (!a->held)
                        return true;
                uint64_t index;
                int r = append(dp, &a->held->entry, &a->held->opening, &index);
                if (r == -ENOSPC)
                        return false;
                OPENSSL_cleanse(&a->held->opening, sizeof a->held->opening);
                a->held = NULL;
                ++*inout_work;
        }
}

static void append_query(struct lf_dataplane *dp, struct lf_query *q, bool room)
{
        uint64_t index = LF_INDEX_FULL;
        if (room) {
                int r = append(dp, &q->entry, &q->opening, &index);
                if (r < 0)
                        index = r == -ENOSPC ? LF_INDEX_FULL : LF_INDEX_FAILED;
        } else if (lf_wal_state(dp->wal) == LF_WAL_FAILED)
                index = LF_INDEX_FAILED;
        atomic_store_explicit(&q->index, index, memory_order_release);
}

static unsigned take(struct lf_dataplane *dp)
{
        struct lf_audit *a = dp->audit;
        unsigned n = 0, more;
        do {
                more = 0;
                for (unsigned i = 0; i < dp->ios && n < BATCH; i++) {
                        struct lf_query *q = lf_ring_pop(&dp->io[i].audit.ring);
                        if (q)
                                a->batch[n++] = q, more++;
                }
        } while (more && n < BATCH);
        return n;
}

/* One round. Notes are looked for after the queries were taken: a query that was decided under a new policy
 * finds the policy's note before it. */
static unsigned round_of(struct lf_dataplane *dp)
{
        struct lf_audit *a = dp->audit;
        unsigned work = take(dp), queries = work;
        lf_wal_consumed(dp->wal, atomic_load_explicit(&a->consumed, memory_order_relaxed));
        bool room = append_notes(dp, &work);
        for (unsigned i = 0; i < queries; i++) {
                if (i + 1 < queries)
                        lf_prefetch(&a->batch[i + 1]->entry,
                                    sizeof(struct lf_entry) + sizeof(struct lf_entry_opening));
                append_query(dp, a->batch[i], room);
        }
        if (lf_wal_submit(dp->wal) == 0)
                lf_wal_reap(dp->wal, lf_wal_in_flight(dp->wal) && queries < BATCH ? REAP_US : 0);
        publish(dp);
        return lf_wal_state(dp->wal) == LF_WAL_FAILED ? work : work + lf_wal_in_flight(dp->wal);
}

/* At the end it waits for the disk, but not for ever: what is not durable was not answered. */
static void *audit_main(void *arg)
{
        struct lf_dataplane *dp = arg;
        unsigned idle = 0;
        pthread_setname_np(pthread_self(), "lf-audit");
        for (;;) {
                bool stop = atomic_load(&dp->audit->stop);
                idle = round_of(dp) ? 0 : idle + 1;
                if (stop && (idle > 0 || waited_enough(dp->audit)))
                        return NULL;
                if (idle > 0) {
                        long us = idle < DOZE_AFTER ? NAP_US : DOZE_US;
                        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = us * 1000}, NULL);
                }
        }
}

int lf_audit_start(struct lf_dataplane *dp)
{
        publish(dp);
        int r = lf_audit_note(dp, LF_ENTRY_START, 0, 0);
        if (r == 0)
                r = -pthread_create(&dp->audit->thread, NULL, audit_main, dp);
        if (r < 0)
                return r;
        dp->audit->running = true;
        if (dp->housekeeping_cpu != UINT16_MAX) {
                cpu_set_t set;
                CPU_ZERO(&set);
                CPU_SET(dp->housekeeping_cpu, &set);
                pthread_setaffinity_np(dp->audit->thread, sizeof set, &set);
        }
        return 0;
}

void lf_audit_stop(struct lf_dataplane *dp)
{
        if (!dp->audit || !dp->audit->running)
                return;
        atomic_store(&dp->audit->leave_by, microseconds() + STOP_WAIT_US);
        atomic_store(&dp->audit->stop, true);
        pthread_join(dp->audit->thread, NULL);
        dp->audit->running = false;
}

int lf_audit_note(struct lf_dataplane *dp, enum lf_entry_kind kind, uint64_t generation, uint32_t ruleset)
{
        struct lf_audit *a = dp->audit;
        /* One of the ring's places may be held back by the thread. */
        if (lf_ring_depth(&a->notes) >= NOTES - 1)
                return -EAGAIN;
        struct note *n = &a->note[a->next_note++ % NOTES];
        *n = (struct note){.entry = {
                               .magic = LF_ENTRY_MAGIC,
                               .version = LF_ENTRY_VERSION,
                               .kind = (uint8_t)kind,
                               .time = lf_clock_legal(&dp->clock, lf_now()),
                               .generation = generation,
                               .ruleset = ruleset,
                           }};
        memcpy(n->entry.query_id, dp->boot, sizeof n->entry.query_id);
        if (RAND_bytes(n->opening.key, sizeof n->opening.key) != 1)
                return -EIO;
        lf_entry_commit(n->opening.key, n->opening.probe_hash, sizeof n->opening.probe_hash,
                        n->entry.probe_commitment);
        lf_entry_commit(n->opening.key, n->opening.reference, 0, n->entry.candidate_commitment);
        return lf_ring_push(&a->notes, n) < 0 ? -EAGAIN : 0;
}

void lf_audit_consumed(struct lf_dataplane *dp, uint64_t entries)
{
        atomic_store_explicit(&dp->audit->consumed, entries, memory_order_relaxed);
}

void lf_audit_housekeep(struct lf_dataplane *dp)
{
        static const enum lf_audit_state states[] = {
            [LF_WAL_OK] = LF_AUDIT_OK,
            [LF_WAL_DEGRADED] = LF_AUDIT_DEGRADED,
            [LF_WAL_FULL] = LF_AUDIT_FULL,
            [LF_WAL_FAILED] = LF_AUDIT_FAILED,
        };
        struct lf_audit *a = dp->audit;
        struct lf_counters *c = dp->counters;
        lf_set(&c->audit_state, states[state_of(a)]);
        lf_set(&c->audit_errno, (uint64_t)atomic_load_explicit(&a->error, memory_order_relaxed));
        lf_set(&c->audit_segments_free, atomic_load_explicit(&a->segments_free, memory_order_relaxed));
        lf_set(&c->audit_appended, atomic_load_explicit(&a->appended, memory_order_relaxed));
        lf_set(&c->audit_durable, lf_audit_durable(a));
        lf_set(&c->audit_commits, atomic_load_explicit(&a->commits, memory_order_relaxed));
        lf_set(&c->audit_commit_us, atomic_load_explicit(&a->commit_us, memory_order_relaxed));
        lf_set(&c->audit_commit_longest_us,
               atomic_load_explicit(&a->commit_longest_us, memory_order_relaxed));
        lf_set(&c->audit_consumed, atomic_load_explicit(&a->consumed, memory_order_relaxed));
}
