/* What BPF programs and processes share: plain types, read by all.
 *
 * The gate's counters, and the page that landfall-observe exports as RUN_DIR/observe: what interrupted each
 * watched core and for how long. */
#pragma once

#include <linux/types.h>

/* Receive queues of one interface that the gate can cover. */
#define LF_GATE_QUEUES_MAX 64

/* Packets of one receive queue, by what became of them; they add up to all that the queue received. */
struct lf_gate_queue {
        __u64
            redirected;  /* to Landfall's socket (the kernel may still drop there: see the port's counters) */
        __u64 passed;    /* to the kernel */
        __u64 fragments; /* dropped: first IP fragments to Landfall's port */
        __u64 uncovered; /* dropped: to Landfall's port, but the queue has no socket */
        __u64 unused[4]; /* one cache line a queue */
};

#define LF_OBSERVE_FILE     "observe"
#define LF_OBSERVE_MAGIC    0x56524553424f464cull /* "LFOBSERV" */
#define LF_OBSERVE_ABI      1
#define LF_OBSERVE_CORES    64
#define LF_OBSERVE_BUCKETS  32 /* log2 of nanoseconds; the last holds all that is longer */
#define LF_OBSERVE_CULPRITS 64
#define LF_OBSERVE_NAME     16
#define LF_OBSERVE_MISSING  24

/* Why a core did not run: name, kind, key in JSON, text.
 * TAKEN: the core wanted to run. GIVEN: it had yielded or slept, and another task delayed its return.
 * OWN: not a disturbance. */
#define LF_CAUSES(X)                                                                                         \
        X(TASK, TAKEN, "task", "preempted by another task")                                                  \
        X(HARDIRQ, TAKEN, "hardirq", "device interrupt")                                                     \
        X(SOFTIRQ, TAKEN, "softirq", "deferred interrupt work")                                              \
        X(IPI, TAKEN, "ipi", "interrupt from another CPU")                                                   \
        X(TIMER, TAKEN, "timer", "the CPU's timer")                                                          \
        X(OTHER, TAKEN, "other", "another interrupt vector")                                                 \
        X(YIELD, GIVEN, "yield", "the core yielded, another task ran")                                       \
        X(LATE, GIVEN, "late", "the core woke, another task still ran")                                      \
        X(CALL, OWN, "call", "deferred work inside the core's own system call")                              \
        X(SLEPT, OWN, "slept", "the core slept of its own accord")

enum lf_cause {
#define LF_CAUSE(name, kind, key, text) LF_CAUSE_##name,
        LF_CAUSES(LF_CAUSE)
#undef LF_CAUSE
            LF_CAUSE_COUNT
};

enum lf_cause_kind { LF_CAUSE_TAKEN, LF_CAUSE_GIVEN, LF_CAUSE_OWN };

/* All interruptions of a core by one cause. Times are exclusive: an interrupt within an interrupt counts
 * once. */
struct lf_observe_stat {
        __u64 count;
        __u64 total_ns;
        __u64 max_ns;
        __u64 histogram[LF_OBSERVE_BUCKETS];
        char longest[LF_OBSERVE_NAME]; /* the culprit of max_ns */
        char last[LF_OBSERVE_NAME];    /* the latest culprit */
};

/* One culprit: a task (id: its thread id), an interrupt (its number), a softirq, a vector. Unused: count 0.
 */
struct lf_observe_culprit {
        __u32 cause;
        __u32 id;
        char name[LF_OBSERVE_NAME];
        __u64 count;
        __u64 total_ns;
        __u64 max_ns;
};

/* Counted by the BPF programs while the thread is watched. */
struct lf_observe_tally {
        struct lf_observe_stat cause[LF_CAUSE_COUNT];
        struct lf_observe_culprit culprit[LF_OBSERVE_CULPRITS];
        __u64 unlisted; /* interruptions of culprits that found no place, or lost it to a longer one */
};

/* The last complete period: what `landfall status` judges. window_ns 0: there has been none yet. */
struct lf_observe_recent {
        __u64 window_ns;
        __u64 taken_ns;
        __u64 given_ns;
        struct lf_observe_culprit worst; /* of both kinds, with what it took in the period */
};

struct lf_observe_core {
        __u32 tid;               /* 0: no thread is watched in this place */
        __u32 cpu;               /* where it ran last */
        __u64 since_ns;          /* CLOCK_REALTIME when watching began */
        __u64 gap_count_before;  /* the core's own counts then: struct lf_core_counters gap_count */
        __u64 gap_cycles_before; /* and gap_cycles */
        __u64 absent_ns;         /* for how long it has now been waiting for its CPU; in no figure yet */
        char absent_for[LF_OBSERVE_NAME]; /* the task that runs instead */
        struct lf_observe_recent recent;
        struct lf_observe_tally tally;
};

enum lf_observe_code {
        LF_OBSERVE_EVENT_ABSENT = 1, /* this kernel has no such event */
        LF_OBSERVE_EVENT_REFUSED,    /* the kernel refused to attach to it */
        LF_OBSERVE_NO_PERMISSION,    /* BPF programs could not be loaded at all */
        LF_OBSERVE_PID_NAMESPACE,    /* thread ids mean something else here */
        LF_OBSERVE_NO_THREADS,       /* there is nothing to watch: landfalld does not run */
};

struct lf_observe_missing {
        __u32 code;    /* enum lf_observe_code */
        __u32 error;   /* errno, 0: none */
        char what[56]; /* the event, or a sentence */
};

/* The file. `sequence` is odd while the page is being written: copy, and copy again if it was odd or moved.
 */
struct lf_observe_page {
        __u64 magic;
        __u32 abi;
        __u32 size;
        __u32 pid; /* 0: landfall-observe has ended */
        __u32 sequence;
        __u64 started_ns; /* CLOCK_REALTIME, both */
        __u64 updated_ns;
        __u32 events; /* attached */
        __u32 missing_count;
        struct lf_observe_missing missing[LF_OBSERVE_MISSING];
        struct lf_observe_core core[LF_OBSERVE_CORES]; /* in the order of landfalld's cores */
};
