/* Both views of each core joined: what `landfall disturb` shows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ebpf/abi.h"

struct lf_disturb_core {
        uint32_t core, cpu, tid;
        double seconds; /* what the figures cover */
        bool measured;  /* the core's own gaps are known */
        bool observed;  /* the BPF programs watch it */
        uint64_t gap_count, gap_ns;
        uint64_t gap_longest_ns; /* since start, also in a window */
        uint64_t gap_histogram[LF_OBSERVE_BUCKETS];
        uint64_t taken_ns, given_ns;
        uint64_t unexplained_ns; /* gap_ns less taken_ns, never below 0; 0 unless both are known */
        struct lf_observe_tally tally;
};

struct lf_disturb_view {
        bool has_counters, has_page, is_alive;
        uint32_t events;
        uint32_t missing_count;
        struct lf_observe_missing missing[LF_OBSERVE_MISSING];
        uint32_t count;
        struct lf_disturb_core core[LF_OBSERVE_CORES];
};

/* What there is now, since the start of watching (of a core that is not watched: of landfalld). Leaves out
 * what cannot be read: an empty view is no error. -ENOMEM only. */
int lf_disturb_look(const char *run_dir, struct lf_disturb_view *ret);

/* Turns `view` into what came since `before`. A core that is new or began anew stays as it is. */
void lf_disturb_subtract(struct lf_disturb_view *view, const struct lf_disturb_view *before);
