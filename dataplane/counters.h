/* Counters: a page in the run directory (LF_COUNTERS_FILE) that landfalld writes and anyone may map
 * read-only.
 *
 * Each core writes only its own block, each line of it with relaxed stores; readers take what they see. The
 * page outlives landfalld, so that its last state can be read after a crash; `pid` and `updated_ns` say
 * whether it is alive. Cycles are TSC cycles (tsc_hz). */
#pragma once

#include "dataplane/handover.h"
#include "dataplane/lsp.h"
#include "matcher/engine.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LF_COUNTERS_FILE  "counters"
#define LF_COUNTERS_MAGIC 0x53544e434c4c464cull /* "LFLLCNTS" */
#define LF_COUNTERS_ABI   2

enum lf_drop_kind { LF_DROP_FRAME, LF_DROP_SILENT, LF_DROP_NOTICE, LF_DROP_PARTS, LF_DROP_QUERY };

enum lf_drop {
#define LF_DROP(name, kind, text) LF_DROP_##name,
#include "dataplane/reason.def"
#undef LF_DROP
        LF_DROP_COUNT
};

/* The stages, in the order of the path. */
enum lf_stage {
#define LF_STAGE(name, text) LF_STAGE_##name,
#include "dataplane/stage.def"
#undef LF_STAGE
        LF_STAGE_COUNT
};

typedef _Atomic uint64_t lf_counter;

/* The only writer of a counter is its core. */
static inline void lf_count(lf_counter *c, uint64_t n)
{
        atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void lf_set(lf_counter *c, uint64_t v)
{
        atomic_store_explicit(c, v, memory_order_relaxed);
}

static inline uint64_t lf_read(const lf_counter *c)
{
        return atomic_load_explicit((lf_counter *)c, memory_order_relaxed);
}

#define LF_GAP_BUCKETS 32 /* log2 of nanoseconds */

struct lf_core_counters {
        /* what the core is: written once, before `pid` of the page is set */
        _Alignas(64) uint32_t present;
        uint32_t cpu;
        uint32_t roles;
        uint32_t tid; /* kernel thread id */
        /* datagrams: received = absorbed + opened + resends + drops of kind SILENT and NOTICE */
        _Alignas(64) lf_counter received;
        lf_counter absorbed;
        lf_counter opened;
        lf_counter resends;
        /* queries: opened = answered + drops of kind QUERY + in_flight */
        lf_counter answered;
        lf_counter in_flight;
        lf_counter notices;                                 /* sealed REBOOT, CLOCK and BUSY that were sent */
        lf_counter sent;                                    /* datagrams that the port took */
        _Alignas(64) lf_counter verdict[LSP_VERDICT_COUNT]; /* by enum lsp_verdict */
        _Alignas(64) lf_counter drop[LF_DROP_COUNT];
        _Alignas(64) lf_counter detail[64]; /* REFUSED and RETRY by enum lsp_detail */
        /* work: queries that passed the stage on this core, and the cycles it took */
        _Alignas(64) lf_counter stage_count[LF_STAGE_COUNT];
        _Alignas(64) lf_counter stage_cycles[LF_STAGE_COUNT];
        /* scans: blocks and comparisons (probe, row) by modality: "no gallery was touched" is seen here */
        _Alignas(64) lf_counter scan_blocks[LF_MODALITY_COUNT];
        lf_counter scan_pairs[LF_MODALITY_COUNT];
        /* the polling loop */
        _Alignas(64) lf_counter busy_cycles; /* in turns of the loop that found work */
        lf_counter idle_cycles;
        lf_counter naps;        /* times the core yielded or slept because there was nothing to do */
        lf_counter inbox_depth; /* tasks that wait for the core; those for any core count at each */
        lf_counter audit_depth; /* queries that wait for their entry to be durable */
        /* gaps that the core saw between two readings of the TSC that should be close together, while it was
         * not napping */
        _Alignas(64) lf_counter gap_count;
        lf_counter gap_cycles;
        lf_counter gap_max_cycles;
        _Alignas(64) lf_counter gap_histogram[LF_GAP_BUCKETS];
        /* time from arrival to release to the port, log2 of microseconds */
        _Alignas(64) lf_counter latency_histogram[LF_GAP_BUCKETS];
};

enum lf_audit_state { LF_AUDIT_OK = 0, LF_AUDIT_DEGRADED = 1, LF_AUDIT_FULL = 2, LF_AUDIT_FAILED = 3 };

struct lf_counters {
        uint64_t magic;
        uint16_t abi;
        uint16_t cores;
        uint32_t size;
        uint8_t boot[16];
        uint64_t tsc_hz;
        _Atomic uint32_t pid; /* 0: not running (a clean stop) */
        uint32_t port_kind;
        uint64_t started_ns; /* CLOCK_REALTIME */
        uint64_t
            memory_locked; /* 1: nothing of landfalld is swapped out; 0: only the keys as they came are not */
        lf_counter updated_ns; /* CLOCK_REALTIME; housekeeping, several times a second */
        _Alignas(64) lf_counter generation;
        lf_counter generations_held; /* not yet retired, the current one included */
        lf_counter ruleset;
        lf_counter shards;
        lf_counter records;
        lf_counter clock_steps;
        lf_counter legal_ns; /* legal time at updated_ns */
        lf_counter control_connected;
        lf_counter control_seen_ns;          /* CLOCK_REALTIME of its last message */
        _Alignas(64) lf_counter audit_state; /* enum lf_audit_state */
        lf_counter audit_errno;              /* of the last failure; 0: none */
        lf_counter audit_appended;           /* entries with an index */
        lf_counter audit_durable;
        lf_counter audit_commits;
        lf_counter audit_segments_free;
        lf_counter audit_consumed;
        lf_counter audit_commit_us;         /* how long the last commit was under way */
        lf_counter audit_commit_longest_us; /* the longest since the start */
        char isa[32];                       /* the instruction set that the engines chose */
        char interface[64];                 /* the port, in words */
        struct lf_core_counters core[LF_CORES_MAX];
};

/* Readers: maps RUN_DIR/counters read-only. -ENOENT: never started. -EPROTO: another version. */
int lf_counters_map(const char *run_dir, const struct lf_counters **ret);
void lf_counters_unmap(const struct lf_counters *c);
/* Sum over all cores of the counter at this place in struct lf_core_counters. */
uint64_t lf_counters_sum(const struct lf_counters *c, const lf_counter *of_core_0);
/* The names, kinds and texts of the lists. */
const char *lf_drop_name(enum lf_drop drop);
const char *lf_drop_text(enum lf_drop drop);
enum lf_drop_kind lf_drop_kind(enum lf_drop drop);
const char *lf_stage_name(enum lf_stage stage);
const char *lsp_detail_text(uint16_t detail);
const char *lsp_detail_name(uint16_t detail);
/* True while both balances hold. They are exact when the dataplane is at rest; under load the counters of
 * a page read in passing may differ by what is between two of them. `ret_text` says by how much. */
bool lf_counters_balance(const struct lf_counters *c, char *ret_text, uint32_t size);
