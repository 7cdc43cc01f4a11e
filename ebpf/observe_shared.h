/* What observe.bpf.c and observe_watch.c share beyond the exported page. */
#pragma once

#include "ebpf/abi.h"

#define LF_OBSERVE_CPUS   1024
#define LF_OBSERVE_LOOKUP 256 /* a power of two */
#define LF_OBSERVE_PROBES 8

/* A table of watched threads, open addressing: thread t lies within PROBES places after t % LOOKUP. */
struct lf_observe_thread {
        __u32 tid;
        __u32 slot;
};

enum lf_observe_mode { LF_RUNS, LF_PREEMPTED, LF_YIELDED, LF_SLEEPS, LF_WOKEN };

/* A watched thread that is off its CPU. */
struct lf_observe_absence {
        __u32 mode; /* enum lf_observe_mode */
        __u32 cpu;
        __u64 since_ns;
        __u64 segment_ns; /* when the task that now runs in its place began */
        __u64 lost_ns;    /* to tasks that are done */
        __u64 longest_ns;
        char longest[LF_OBSERVE_NAME];
};

#define LF_OBSERVE_DEPTH 4 /* interrupts within interrupts */

struct lf_observe_cpu {
        __u64 waiting; /* bit s: the watched thread of slot s waits for this CPU */
        __u64 interrupt_end_ns;
        __u32 depth;
        __u32 running_tid; /* what runs now, while somebody waits */
        char running[LF_OBSERVE_NAME];
        struct {
                __u64 start_ns;
                __u64 nested_ns;
        } frame[LF_OBSERVE_DEPTH];
};
