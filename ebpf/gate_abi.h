/* What the gate's program and the process that attaches it share: plain types only. */
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

_Static_assert(sizeof(struct lf_gate_queue) == 64, "one cache line");
