/* The cores, their roles, and the rings between them.
 *
 *            io core i                                   match core j
 *   port -> rx, open, purpose, steer  --  work[i][j] -->  inbox, scan
 *   port <- tx, seal, explain, decide, merge <-- done[i][j] --
 *                    |  `-- any[i][class] --> whichever match core gets to it
 *                    audit[i]  -->  audit thread (sleeps)  -->  write-ahead log
 *
 * Each ring has one producer and as many entries as tasks of the io core's contexts can be in it, so that no
 * push fails; and one consumer, but for those of which any match core takes. A core may have both roles; then
 * a ring begins and ends on it. All memory comes from two arenas, mapped at start. */
#pragma once

#include "base/arena.h"
#include "base/epoch.h"
#include "base/ring.h"
#include "dataplane/audit.h"
#include "dataplane/clock.h"
#include "dataplane/dataplane.h"
#include "dataplane/digest.h"
#include "dataplane/generation.h"
#include "dataplane/query.h"
#include "dataplane/quota.h"
#include "dataplane/replay.h"
#include "dataplane/resend.h"
#include "dataplane/session.h"

#include <rte_cycles.h>

#define LF_ASSEMBLY_BUCKETS 256
#define LF_LIVE_RESERVE     8 /* contexts of an io core that only queries of the class LIVE may have */

/* The policy in force and what goes with it; replaced as a whole. */
struct lf_law {
        struct lf_policy policy;
        uint16_t warrant_place[LF_WARRANTS_MAX]; /* in struct lf_limits */
};

/* An answer whose time has not come. */
struct lf_held {
        uint64_t release;
        struct lf_query *query;
};

struct lf_io {
        struct lf_dataplane *dp;
        struct lf_core_counters *k;
        unsigned index;           /* among io cores: its port queue, and its part of the answers' nonces */
        const struct lf_law *law; /* of this turn; NULL: none yet */
        uint64_t now, legal_ns, real_ns; /* of this turn */
        uint64_t mark;                   /* where the stage that runs began */
        uint64_t nonce;
        bool closed; /* its queries were answered or given up, for good */

        struct lf_query *query; /* all contexts */
        struct lf_query **free; /* a stack */
        uint32_t free_n;
        struct lf_desk **desk; /* a stack, of as many */
        uint32_t desk_n;
        struct lf_query *assembly[LF_ASSEMBLY_BUCKETS];
        uint32_t assemblies, next_bucket; /* under way; the next to be looked at for those that are too old */

        struct lf_sessions sessions;
        uint64_t notice_second;
        uint32_t old_boots; /* opened in that second */
        uint8_t *ratchet;   /* of the entries' keys: 32 bytes, locked */
        void *scratch;      /* of the engines, for explain */

        struct lf_audit_io audit;
        struct lf_held *held; /* a heap, soonest first */
        uint32_t held_n;
        struct rte_mbuf *out[LF_BURST];
        struct lf_query *out_query[LF_BURST]; /* NULL: a notice */
        uint32_t out_n;
};

#define LF_SCAN_BATCH   32  /* queries that one pass over a block serves */
#define LF_SCAN_AT_ONCE 8   /* of them, before the clock is looked at */
#define LF_SCAN_TURN_US 100 /* what a class behind LIVE may take before who is more urgent is looked for */

/* One circular pass over a generation's shards, for the tasks of one priority class that this core has. */
struct lf_sweep {
        uint64_t generation; /* id: a place that was given to another begins anew */
        uint32_t shard, block;
        uint32_t turn; /* how many members have a block in one turn; 0: not measured yet */
        uint32_t members;
        struct lf_task *member[LF_SCAN_BATCH];
        struct lf_task *waiting, **waiting_end;
};

struct lf_match {
        struct lf_dataplane *dp;
        struct lf_core_counters *k;
        unsigned index; /* among match cores: it owns the shards i with i % match_cores == index, but for
                           indexed ones */
        struct lf_sweep sweep[LSP_PRIORITY_COUNT][LF_GENERATIONS_MAX];
        uint32_t waiting;                      /* tasks in all sweeps */
        uint32_t of_class[LSP_PRIORITY_COUNT]; /* of them */
        unsigned next_io[LSP_PRIORITY_COUNT];  /* whose tasks for any core are next to be taken */
        uint64_t next_look;                    /* TSC: when those that wait are looked over for late ones */
        void *scratch;
};

struct lf_core {
        struct lf_dataplane *dp;
        struct lf_core_counters *k;
        unsigned index;         /* of options->core[] */
        struct lf_io *io;       /* NULL: not its role */
        struct lf_match *match; /* NULL: not its role */
};

struct lf_dataplane {
        struct lf_port *port;
        struct lf_counters *counters;
        struct lf_wal *wal;
        uint8_t boot[LSP_BOOT_SIZE];
        uint64_t tsc_hz;
        uint32_t contexts, sessions;
        uint16_t housekeeping_cpu;
        unsigned cores, ios, matches;
        struct lf_core *core;
        struct lf_io *io;
        struct lf_match *match;
        struct lf_ring *work, *done; /* [io][match] */
        struct lf_ring *any;         /* [io][class] */
        struct lf_arena arena, locked;

        struct lf_clock clock;
        struct lf_epoch epoch; /* of the cores */
        struct lf_generations *generations;
        _Atomic(struct lf_law *) law;
        struct lf_law *law_place; /* two */
        uint64_t law_epoch;
        _Atomic(struct lf_cookie_keys *) keys;
        struct lf_cookie_keys *keys_place; /* two, locked */
        uint64_t keys_epoch;
        struct lf_limits *limits;
        struct lf_replay_slot *replay;
        struct lf_resend_slot *resend;
        struct lf_audit *audit;

        _Atomic bool stopping;
        _Atomic uint32_t ios_running;
};

/* Carves everything out of the arenas (measuring when they have no memory yet) and ties the rings. */
void lf_topology_carve(struct lf_dataplane *dp, const struct lf_handover_options *options);
/* -EINVAL: the options do not make a topology. */
int lf_topology_check(const struct lf_handover_options *options, unsigned port_queues);

static inline struct lf_ring *lf_work_ring(struct lf_dataplane *dp, unsigned io, unsigned match)
{
        return &dp->work[io * dp->matches + match];
}

static inline struct lf_ring *lf_done_ring(struct lf_dataplane *dp, unsigned io, unsigned match)
{
        return &dp->done[io * dp->matches + match];
}

static inline struct lf_ring *lf_any_ring(struct lf_dataplane *dp, unsigned io, unsigned class)
{
        return &dp->any[io * LSP_PRIORITY_COUNT + class];
}

static inline uint64_t lf_now(void)
{
        return rte_rdtsc();
}

/* An io core's work is a sequence of stages: what passed since the last mark was this stage's, for n queries.
 */
static inline void lf_mark(struct lf_io *io, enum lf_stage stage, unsigned n)
{
        uint64_t now = lf_now();
        lf_count(&io->k->stage_count[stage], n);
        lf_count(&io->k->stage_cycles[stage], now - io->mark);
        io->mark = now;
}

static inline void lf_drop(struct lf_core_counters *k, enum lf_drop drop)
{
        lf_count(&k->drop[drop], 1);
}
