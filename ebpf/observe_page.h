/* The page that landfall-observe exports, from its writer's side. */
#pragma once

#include <stdint.h>

#include "ebpf/abi.h"

/* Makes RUN_DIR/observe anew (mode 0644) and maps it; a page that readers have mapped is left to them. *ret
 * has its header filled in and is the caller's until lf_page_close. Returns what the kernel said on failure.
 */
int lf_page_create(const char *run_dir, struct lf_observe_page **ret);

/* Between the two the page changes; begin ... end nest not. `end` stamps updated_ns. */
void lf_page_begin(struct lf_observe_page *page);
void lf_page_end(struct lf_observe_page *page);

/* Says that the writer has ended (pid 0) and unmaps. The file stays. NULL is allowed. */
void lf_page_close(struct lf_observe_page *page);

/* CLOCK_REALTIME. */
uint64_t lf_page_clock(void);

/* What a core's period began with. */
struct lf_page_period {
        uint64_t start_ns; /* CLOCK_REALTIME; 0: not begun */
        struct lf_observe_tally tally;
};

#define LF_PAGE_PERIOD_NS 2000000000ull

/* Closes the core's period if it has lasted LF_PAGE_PERIOD_NS: fills core->recent from the difference of
 * tallies, and what the core is now waiting for, and begins the next. */
void lf_page_judge(struct lf_observe_core *core, struct lf_page_period *period, uint64_t now_ns);

/* The kind of a cause. */
enum lf_cause_kind lf_cause_kind(uint32_t cause);
