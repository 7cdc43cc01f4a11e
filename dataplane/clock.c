#include "dataplane/clock.h"

/* Corrections are spread over a second, and are at most this part of it. */
#define SLEW_MAX_NS 2000000ll
/* Cores may have read the old anchor a little later than the main thread did. */
#define STEP_MARGIN_NS 1000000ull

static uint64_t scale(uint64_t cycles, uint64_t rate)
{
        return (uint64_t)((unsigned __int128)cycles * rate >> 32);
}

static uint64_t advance(uint64_t tsc, uint64_t anchor, uint64_t ns, uint64_t rate)
{
        /* A reading taken just before the anchor moved lies behind it. */
        return tsc >= anchor ? ns + scale(tsc - anchor, rate) : ns - scale(anchor - tsc, rate);
}

static void publish(struct lf_clock *c, uint64_t tsc, uint64_t ns, uint64_t rate, uint64_t floor)
{
        atomic_fetch_add(&c->sequence, 1);
        atomic_store(&c->tsc, tsc);
        atomic_store(&c->ns, ns);
        atomic_store(&c->rate, rate);
        atomic_store(&c->floor, floor);
        atomic_fetch_add(&c->sequence, 1);
}

void lf_clock_init(struct lf_clock *c, uint64_t tsc_hz, uint64_t tsc, uint64_t real_ns)
{
        *c = (struct lf_clock){.last_real = real_ns, .last_tsc = tsc};
        publish(c, tsc, real_ns, (uint64_t)(((unsigned __int128)1000000000 << 32) / tsc_hz), 0);
}

bool lf_clock_update(struct lf_clock *c, uint64_t tsc, uint64_t real_ns)
{
        uint64_t rate = atomic_load(&c->rate), floor = atomic_load(&c->floor);
        uint64_t ours = advance(tsc, atomic_load(&c->tsc), atomic_load(&c->ns), rate);
        int64_t error = (int64_t)(real_ns - ours);
        uint64_t cycles = tsc - c->last_tsc, passed = real_ns - c->last_real;
        bool step = error > LF_CLOCK_STEP_NS || error < -LF_CLOCK_STEP_NS;
        c->last_tsc = tsc;
        c->last_real = real_ns;
        if (step) {
                if (error < 0 && ours + STEP_MARGIN_NS > floor)
                        floor = ours + STEP_MARGIN_NS;
                publish(c, tsc, real_ns, rate, floor);
                return true;
        }
        /* The rate is measured over each interval that is long enough, and then bent towards real time. */
        if (cycles > 0 && passed > 10000000) {
                uint64_t measured = (uint64_t)(((unsigned __int128)passed << 32) / cycles);
                int64_t bend = error > SLEW_MAX_NS    ? SLEW_MAX_NS
                               : error < -SLEW_MAX_NS ? -SLEW_MAX_NS
                                                      : error;
                rate = measured + (uint64_t)((__int128)(int64_t)measured * bend / 1000000000);
        }
        publish(c, tsc, ours, rate, floor);
        return false;
}

static uint64_t read_clock(const struct lf_clock *clock, uint64_t tsc, uint64_t *ret_floor)
{
        struct lf_clock *c = (struct lf_clock *)clock;
        uint32_t before;
        uint64_t ns;
        do {
                before = atomic_load(&c->sequence);
                ns = advance(tsc, atomic_load(&c->tsc), atomic_load(&c->ns), atomic_load(&c->rate));
                *ret_floor = atomic_load(&c->floor);
        } while (before & 1 || before != atomic_load(&c->sequence));
        return ns;
}

uint64_t lf_clock_real(const struct lf_clock *c, uint64_t tsc)
{
        uint64_t floor;
        return read_clock(c, tsc, &floor);
}

uint64_t lf_clock_legal(const struct lf_clock *c, uint64_t tsc)
{
        uint64_t floor, ns = read_clock(c, tsc, &floor);
        return ns > floor ? ns : floor;
}
