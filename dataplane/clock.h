/* Time on the cores: the TSC, anchored to the machine's real time at start and slewed to it.
 *
 * The main thread updates it several times a second; every core reads it without a lock. Real time follows
 * steps of the machine's clock; legal time (expiry, warrants, retention) stands still instead of running
 * backwards. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LF_CLOCK_STEP_NS 1000000000ll /* a larger error is a step, a smaller one is slewed away */

struct lf_clock {
        _Atomic uint32_t sequence; /* odd while the main thread writes */
        _Atomic uint64_t tsc, ns;  /* the anchor */
        _Atomic uint64_t rate;     /* nanoseconds for a cycle, times 2^32 */
        _Atomic uint64_t floor;    /* legal time is never below */
        uint64_t last_real, last_tsc;
};

/* tsc_hz as far as it is known; it is measured afterwards. Main thread, before the cores start. */
void lf_clock_init(struct lf_clock *c, uint64_t tsc_hz, uint64_t tsc, uint64_t real_ns);
/* A reading of both clocks, taken together. True: the machine's clock has stepped. Main thread. */
bool lf_clock_update(struct lf_clock *c, uint64_t tsc, uint64_t real_ns);

/* Nanoseconds since 1970 at a reading of the TSC. Any core. */
uint64_t lf_clock_real(const struct lf_clock *c, uint64_t tsc);
uint64_t lf_clock_legal(const struct lf_clock *c, uint64_t tsc);
