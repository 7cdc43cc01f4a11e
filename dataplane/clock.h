/* Time on the cores: the TSC, anchored to the machine's real time at start and slewed to it.
 *
 * The main thread updates it several times a second; every core reads it without a lock. Real time follows
 * steps of the machine's clock. Legal time (expiry, warrants, retention) follows the TSC: it stands still
 * instead of running backwards, and of the steps forward it takes a minute in all, those before the start
 * that control did not follow included. What is beyond stays out until two people have approved it. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LF_CLOCK_STEP_NS    20000000ll    /* a larger error is a step, a smaller one is slewed away */
#define LF_CLOCK_FORWARD_NS 60000000000ll /* of steps forward, what legal time takes without approval */

struct lf_clock {
        _Atomic uint32_t sequence; /* odd while the main thread writes */
        _Atomic uint64_t tsc, ns;  /* the anchor: time without the steps */
        _Atomic uint64_t rate;     /* nanoseconds for a cycle, times 2^32 */
        _Atomic uint64_t floor;    /* legal time is never below */
        _Atomic int64_t offset;    /* the sum of all steps */
        _Atomic int64_t allowed;   /* of which legal time takes so much */
        uint64_t nominal, base;    /* rates: as it was given, as it was measured */
        uint64_t since_real, since_tsc;
};

/* tsc_hz within a thousandth, legal_floor (nanoseconds since 1970) legal time now, as control knows it; 0:
 * unknown, the clock is taken for right. Main thread, before the cores start. */
void lf_clock_init(struct lf_clock *c, uint64_t tsc_hz, uint64_t tsc, uint64_t real_ns, uint64_t legal_floor);
/* A reading of both clocks, taken together. True: the machine's clock has stepped. Main thread. */
bool lf_clock_update(struct lf_clock *c, uint64_t tsc, uint64_t real_ns);
/* Two people said that it was `legal_ns`: legal time goes forward to the clock, which must be within a minute
 * of that. 1: it did, or with `ask` would; 0: it was there already. -ERANGE. Main thread. */
int lf_clock_approve(struct lf_clock *c, uint64_t tsc, uint64_t legal_ns, bool ask);

/* Nanoseconds since 1970 at a reading of the TSC. Any core. */
uint64_t lf_clock_real(const struct lf_clock *c, uint64_t tsc);
uint64_t lf_clock_legal(const struct lf_clock *c, uint64_t tsc);
