#include "dataplane/clock.h"

#include <errno.h>

/* Corrections are spread over a second, and are at most this part of it. */
#define SLEW_MAX_NS 2000000ll
/* The TSC's rate is measured over this much of it, and believed within a thousandth of what is known of it.
 */
#define MEASURE_NS    1000000000ull
#define RATE_MAX_PART 1000
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

/* What the cores read, as a whole. */
struct view {
        uint64_t tsc, ns, rate, floor;
        int64_t offset, allowed;
};

static uint64_t real_of(const struct view *v, uint64_t tsc)
{
        return advance(tsc, v->tsc, v->ns, v->rate) + (uint64_t)v->offset;
}

static uint64_t legal_of(const struct view *v, uint64_t tsc)
{
        int64_t offset = v->offset < v->allowed ? v->offset : v->allowed;
        uint64_t ns = advance(tsc, v->tsc, v->ns, v->rate) + (uint64_t)offset;
        return ns > v->floor ? ns : v->floor;
}

static struct view load(const struct lf_clock *clock)
{
        struct lf_clock *c = (struct lf_clock *)clock;
        return (struct view){.tsc = atomic_load(&c->tsc),
                             .ns = atomic_load(&c->ns),
                             .rate = atomic_load(&c->rate),
                             .floor = atomic_load(&c->floor),
                             .offset = atomic_load(&c->offset),
                             .allowed = atomic_load(&c->allowed)};
}

static void publish(struct lf_clock *c, const struct view *v)
{
        atomic_fetch_add(&c->sequence, 1);
        atomic_store(&c->tsc, v->tsc);
        atomic_store(&c->ns, v->ns);
        atomic_store(&c->rate, v->rate);
        atomic_store(&c->floor, v->floor);
        atomic_store(&c->offset, v->offset);
        atomic_store(&c->allowed, v->allowed);
        atomic_fetch_add(&c->sequence, 1);
}

void lf_clock_init(struct lf_clock *c, uint64_t tsc_hz, uint64_t tsc, uint64_t real_ns, uint64_t legal_floor)
{
        uint64_t nominal = (uint64_t)(((unsigned __int128)1000000000 << 32) / tsc_hz);
        *c = (struct lf_clock){.nominal = nominal, .base = nominal, .since_real = real_ns, .since_tsc = tsc};
        struct view v = {
            .tsc = tsc, .ns = real_ns, .rate = nominal, .floor = legal_floor, .allowed = LF_CLOCK_FORWARD_NS};
        if (legal_floor && real_ns > legal_floor) {
                v.ns = legal_floor;
                v.offset = (int64_t)(real_ns - legal_floor);
        }
        publish(c, &v);
}

/* The rate between two readings that lie far enough apart, if it can be true. */
static void measure(struct lf_clock *c, uint64_t tsc, uint64_t real_ns)
{
        uint64_t cycles = tsc - c->since_tsc;
        if (tsc < c->since_tsc || scale(cycles, c->nominal) < MEASURE_NS)
                return;
        if (real_ns > c->since_real) {
                uint64_t rate = (uint64_t)(((unsigned __int128)(real_ns - c->since_real) << 32) / cycles);
                uint64_t off = rate > c->nominal ? rate - c->nominal : c->nominal - rate;
                if (off <= c->nominal / RATE_MAX_PART)
                        c->base = rate;
        }
        c->since_tsc = tsc;
        c->since_real = real_ns;
}

static void step(struct lf_clock *c, struct view *v, uint64_t tsc, uint64_t real_ns, int64_t error)
{
        if (error < 0)
                v->floor = legal_of(v, tsc) + STEP_MARGIN_NS;
        v->ns = advance(tsc, v->tsc, v->ns, v->rate);
        v->tsc = tsc;
        v->rate = c->base = c->nominal;
        v->offset += error;
        c->since_tsc = tsc;
        c->since_real = real_ns;
}

bool lf_clock_update(struct lf_clock *c, uint64_t tsc, uint64_t real_ns)
{
        struct view v = load(c);
        int64_t error = (int64_t)(real_ns - real_of(&v, tsc));
        bool stepped = error > LF_CLOCK_STEP_NS || error < -LF_CLOCK_STEP_NS;
        if (stepped) {
                step(c, &v, tsc, real_ns, error);
        } else {
                measure(c, tsc, real_ns);
                int64_t bend = error > SLEW_MAX_NS    ? SLEW_MAX_NS
                               : error < -SLEW_MAX_NS ? -SLEW_MAX_NS
                                                      : error;
                v.ns = advance(tsc, v.tsc, v.ns, v.rate);
                v.tsc = tsc;
                v.rate = c->base + (uint64_t)((__int128)(int64_t)c->base * bend / 1000000000);
        }
        publish(c, &v);
        return stepped;
}

int lf_clock_approve(struct lf_clock *c, uint64_t tsc, uint64_t legal_ns, bool ask)
{
        struct view v = load(c);
        uint64_t real = real_of(&v, tsc), off = real > legal_ns ? real - legal_ns : legal_ns - real;
        if (v.offset <= v.allowed)
                return 0;
        if (off > LF_CLOCK_FORWARD_NS)
                return -ERANGE;
        if (ask)
                return 1;
        v.allowed = v.offset + LF_CLOCK_FORWARD_NS;
        publish(c, &v);
        return 1;
}

static struct view read_clock(const struct lf_clock *clock)
{
        struct lf_clock *c = (struct lf_clock *)clock;
        struct view v;
        uint32_t before;
        do {
                before = atomic_load(&c->sequence);
                v = load(c);
        } while (before & 1 || before != atomic_load(&c->sequence));
        return v;
}

uint64_t lf_clock_real(const struct lf_clock *c, uint64_t tsc)
{
        struct view v = read_clock(c);
        return real_of(&v, tsc);
}

uint64_t lf_clock_legal(const struct lf_clock *c, uint64_t tsc)
{
        struct view v = read_clock(c);
        return legal_of(&v, tsc);
}
