#include "dataplane/path.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

/* An idle core turns its loop a few times, then yields its CPU, then naps for longer and longer. */
#define SPINS       64
#define YIELDS      256
#define NAP_MIN_US  20
#define NAP_MAX_US  200
#define GAP_NS      20000 /* an idle turn that took longer was disturbed */
#define STOP_WAIT_S 1

static unsigned io_turn(struct lf_io *io)
{
        struct lf_dataplane *dp = io->dp;
        io->now = io->mark = lf_now();
        io->law = atomic_load(&dp->law);
        io->real_ns = lf_clock_real(&dp->clock, io->now);
        uint64_t legal = lf_clock_legal(&dp->clock, io->now);
        if (legal > io->legal_ns)
                io->legal_ns = legal;
        const struct lf_cookie_keys *keys = atomic_load(&dp->keys);
        if (keys)
                lf_sessions_keys(&io->sessions, keys);
        unsigned work = lf_merge(io);
        io->mark = lf_now();
        work += lf_seal(io);
        io->mark = lf_now();
        work += lf_release(io);
        io->mark = lf_now();
        bool stopping = atomic_load_explicit(&dp->stopping, memory_order_relaxed);
        if (!stopping)
                work += lf_rx(io);
        lf_assembly_expire(io, stopping);
        io->mark = lf_now();
        lf_tx_flush(io);
        return work;
}

unsigned lf_core_turn(struct lf_core *c)
{
        unsigned work = 0;
        lf_epoch_enter(&c->dp->epoch, c->index);
        if (c->io && !c->io->closed)
                work += io_turn(c->io);
        if (c->match) {
                work += lf_inbox(c->match);
                work += lf_scan(c->match);
        }
        return work;
}

static void count_gap(struct lf_core *c, uint64_t cycles)
{
        uint64_t ns = (uint64_t)((unsigned __int128)cycles * 1000000000 / c->dp->tsc_hz);
        if (ns < GAP_NS)
                return;
        unsigned bucket = 63 - (unsigned)__builtin_clzll(ns);
        lf_count(&c->k->gap_count, 1);
        lf_count(&c->k->gap_cycles, cycles);
        lf_count(&c->k->gap_histogram[bucket < LF_GAP_BUCKETS ? bucket : LF_GAP_BUCKETS - 1], 1);
        if (cycles > lf_read(&c->k->gap_max_cycles))
                lf_set(&c->k->gap_max_cycles, cycles);
}

/* Until the next answer is to leave, or what the back-off allows. */
static void nap(const struct lf_core *c, uint64_t us)
{
        if (c->io && c->io->held_n > 0) {
                uint64_t release = c->io->held[0].release, now = lf_now();
                uint64_t left = release > now ? (release - now) / (c->dp->tsc_hz / 1000000) : 0;
                us = left < us ? left : us;
        }
        if (us > 0)
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = (long)us * 1000}, NULL);
}

static void back_off(struct lf_core *c, unsigned idle)
{
        if (idle < SPINS) {
                __builtin_ia32_pause();
                return;
        }
        lf_count(&c->k->naps, 1);
        if (idle < SPINS + YIELDS) {
                sched_yield();
                return;
        }
        uint64_t us = NAP_MIN_US + (idle - SPINS - YIELDS);
        nap(c, us < NAP_MAX_US ? us : NAP_MAX_US);
}

/* A stopping core goes on until its queries are answered, for a second at most, and match cores until no io
 * core can want them any more. */
static bool finished(struct lf_core *c, uint64_t *inout_since, bool *inout_io_done)
{
        if (!atomic_load_explicit(&c->dp->stopping, memory_order_relaxed))
                return false;
        if (*inout_since == 0)
                *inout_since = lf_now();
        uint64_t in_flight = lf_read(&c->k->in_flight);
        bool patient = lf_now() - *inout_since < STOP_WAIT_S * c->dp->tsc_hz;
        if (c->io && !*inout_io_done && ((in_flight == 0 && c->io->held_n == 0) || !patient)) {
                lf_count(&c->k->drop[LF_DROP_shutdown], in_flight);
                lf_set(&c->k->in_flight, 0);
                c->io->closed = true; /* what comes back now was counted */
                *inout_io_done = true;
                atomic_fetch_sub(&c->dp->ios_running, 1);
        }
        return atomic_load(&c->dp->ios_running) == 0 || (!patient && *inout_io_done);
}

int lf_dataplane_core_main(void *core)
{
        struct lf_core *c = core;
        uint64_t since = 0, start = lf_now();
        bool io_done = false;
        unsigned idle = 0;
        c->k->tid = (uint32_t)gettid();
        while (!finished(c, &since, &io_done)) {
                unsigned work = lf_core_turn(c);
                uint64_t end = lf_now();
                if (work > 0) {
                        lf_count(&c->k->busy_cycles, end - start);
                        idle = 0;
                        start = end;
                        continue;
                }
                count_gap(c, end - start);
                back_off(c, idle++);
                uint64_t next = lf_now();
                lf_count(&c->k->idle_cycles, next - start);
                start = next;
        }
        lf_epoch_leave(&c->dp->epoch, c->index);
        return 0;
}
