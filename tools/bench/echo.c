#include "tools/bench/echo.h"

#include "dataplane/counters.h"
#include "dataplane/eal.h"
#include "dataplane/ports/port.h"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define SPINS 64

static struct {
        struct lf_port *port;
        lf_counter frames, busy, idle;
        _Atomic bool stop;
        uint64_t seen_frames, seen_busy, seen_idle;
} echo;

static unsigned turn(void)
{
        struct lf_datagram d[LF_BURST];
        struct rte_mbuf *replies[LF_BURST];
        uint64_t drops[3] = {0};
        unsigned n = lf_port_rx(echo.port, 0, d, LF_BURST, drops), made = 0;
        for (unsigned i = 0; i < n; i++) {
                uint8_t *payload;
                replies[made] = lf_port_reply(echo.port, 0, &d[i].back, LSP_ANSWER_DATAGRAM, &payload);
                if (replies[made]) {
                        memcpy(payload, d[i].payload, LSP_ANSWER_DATAGRAM);
                        made++;
                }
                rte_pktmbuf_free(d[i].mbuf);
        }
        if (made > 0)
                lf_count(&echo.frames, lf_port_tx(echo.port, 0, replies, made));
        return n;
}

static int run(void *arg)
{
        uint64_t start = rte_rdtsc();
        unsigned idle = 0;
        while (!atomic_load_explicit(&echo.stop, memory_order_relaxed)) {
                unsigned n = turn();
                if (n == 0 && ++idle > SPINS)
                        sched_yield();
                uint64_t end = rte_rdtsc();
                lf_count(n > 0 ? &echo.busy : &echo.idle, end - start);
                if (n > 0)
                        idle = 0;
                start = end;
        }
        return 0;
}

int lf_echo_start(const struct lf_peer_start *start, char why[256])
{
        struct lf_handover_options o = {
            .port_kind = LF_PORT_MEMIF,
            .memif_server = 1,
            .udp_port = LF_TRAFFIC_UDP_PORT,
            .contexts = start->contexts,
            .cores = 1,
            .core = {{.cpu = (uint16_t)start->cpu, .roles = LF_ROLE_IO}},
            .housekeeping_cpu = 0xffff,
        };
        snprintf(o.interface, sizeof o.interface, "%s", start->socket);
        int r = lf_eal_start(&o, start->run_dir, why);
        if (r == 0)
                r = lf_port_open(&o, &echo.port, why);
        return r < 0 ? r : rte_eal_remote_launch(run, NULL, LF_EAL_LCORE(0));
}

void lf_echo_read(struct lf_peer_result *ret)
{
        uint64_t frames = lf_read(&echo.frames), busy = lf_read(&echo.busy), idle = lf_read(&echo.idle);
        uint64_t cycles = busy - echo.seen_busy + idle - echo.seen_idle;
        ret->answered = frames - echo.seen_frames;
        ret->ns = (uint64_t)((double)cycles * 1e9 / (double)rte_get_tsc_hz());
        ret->busy = cycles ? (double)(busy - echo.seen_busy) / (double)cycles : 0;
        echo.seen_frames = frames;
        echo.seen_busy = busy;
        echo.seen_idle = idle;
}

void lf_echo_stop(void)
{
        atomic_store(&echo.stop, true);
        rte_eal_mp_wait_lcore();
        lf_port_close(echo.port);
}
