#include "tools/bench/generator.h"

#include "dataplane/eal.h"
#include "dataplane/ports/port.h"

#include <errno.h>
#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define DEVICE       "net_memif0"
#define RING         1024
#define BUFFERS      8191
#define CACHE        256
#define SAMPLE       64 /* one answer in so many is opened and timed */
#define LATENCIES    65536
#define LINK_WAIT_MS 5000
#define STALL_MS     3000 /* without an answer: what is in flight is lost */
#define SPINS        32
#define NAP_NS       10000

struct lf_generator {
        struct lf_traffic *traffic;
        uint16_t port;
        struct rte_mempool *pool;
        uint8_t (*frame)[LF_TRAFFIC_FRAME];
        uint32_t room;
        uint64_t first, frames; /* the prepared queries: number of the first, and how many */
        uint64_t hz;

        /* one run */
        uint32_t window;
        bool bounce;
        uint64_t limit, next, done, last; /* TSC; frames sent; come back or given up; TSC of the last */
        uint64_t start, busy, idle;
        uint32_t latencies;
        uint64_t sent_at[RING]; /* TSC, of the sampled ones in flight */
        uint32_t latency_us[LATENCIES];
        struct lf_peer_result *result;
};

static int open_port(struct lf_generator *g, const char *socket, char why[256])
{
        char args[200];
        struct rte_eth_conf conf = {0};
        snprintf(args, sizeof args, "role=client,id=0,socket=%s,socket-abstract=no,rsize=10,bsize=2048",
                 socket);
        g->pool =
            rte_pktmbuf_pool_create("load", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
        snprintf(why, 256, "the load's end of the memif could not be opened");
        if (!g->pool)
                return -ENOMEM;
        int r = rte_vdev_init(DEVICE, args);
        if (r == 0)
                r = rte_eth_dev_get_port_by_name(DEVICE, &g->port);
        if (r == 0)
                r = rte_eth_dev_configure(g->port, 1, 1, &conf);
        if (r == 0)
                r = rte_eth_rx_queue_setup(g->port, 0, RING, (unsigned)SOCKET_ID_ANY, NULL, g->pool);
        if (r == 0)
                r = rte_eth_tx_queue_setup(g->port, 0, RING, (unsigned)SOCKET_ID_ANY, NULL);
        return r ? r : rte_eth_dev_start(g->port);
}

static int start_eal(const struct lf_peer_start *s, char why[256])
{
        struct lf_handover_options o = {
            .port_kind = LF_PORT_MEMIF,
            .contexts = BUFFERS,
            .cores = 1,
            .core = {{.cpu = (uint16_t)s->cpu, .roles = LF_ROLE_IO}},
            .housekeeping_cpu = 0xffff,
        };
        return lf_eal_start(&o, s->run_dir, why);
}

int lf_generator_create(const struct lf_peer_start *s, struct lf_generator **ret, char why[256])
{
        struct lf_generator *g = calloc(1, sizeof *g);
        snprintf(why, 256, "out of memory for %u queries", s->frames);
        if (!g)
                return -ENOMEM;
        g->room = s->frames;
        g->frame = mmap(NULL, (size_t)g->room * sizeof *g->frame, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int r = g->frame == MAP_FAILED ? -ENOMEM : lf_traffic_create(&s->traffic, &g->traffic);
        if (r == 0)
                r = start_eal(s, why);
        if (r == 0)
                r = open_port(g, s->socket, why);
        g->hz = rte_get_tsc_hz();
        if (r < 0) {
                lf_generator_destroy(g);
                return r;
        }
        *ret = g;
        return 0;
}

void lf_generator_destroy(struct lf_generator *g)
{
        if (!g)
                return;
        if (g->pool) {
                rte_eth_dev_stop(g->port);
                rte_vdev_uninit(DEVICE);
                rte_mempool_free(g->pool);
        }
        if (g->frame != MAP_FAILED)
                munmap(g->frame, (size_t)g->room * sizeof *g->frame);
        lf_traffic_destroy(g->traffic);
        free(g);
}

int lf_generator_prepare(struct lf_generator *g, uint64_t frames)
{
        struct timespec t;
        int r = frames == 0 || frames > g->room ? -EINVAL : 0;
        clock_gettime(CLOCK_REALTIME, &t);
        uint64_t now_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        g->first += g->frames;
        for (g->frames = 0; r == 0 && g->frames < frames; g->frames++)
                lf_traffic_seal(g->traffic, g->first + g->frames, now_us, g->frame[g->frames]);
        return r;
}

static uint64_t *sent_at(struct lf_generator *g, uint64_t i)
{
        return &g->sent_at[i / SAMPLE % (sizeof g->sent_at / sizeof g->sent_at[0])];
}

/* As many as the window and the ring take. */
static unsigned send_burst(struct lf_generator *g)
{
        struct rte_mbuf *m[LF_BURST];
        uint64_t room = g->window - (g->next - g->done);
        uint64_t left = g->bounce ? LF_BURST : g->frames - g->next;
        unsigned n = room < left ? (unsigned)(room < LF_BURST ? room : LF_BURST)
                                 : (unsigned)(left < LF_BURST ? left : LF_BURST);
        uint64_t now = rte_rdtsc();
        if (n == 0 || now > g->limit || rte_pktmbuf_alloc_bulk(g->pool, m, n) < 0)
                return 0;
        for (unsigned i = 0; i < n; i++) {
                uint64_t at = g->next + i;
                memcpy(rte_pktmbuf_append(m[i], LF_TRAFFIC_FRAME), g->frame[at % g->frames],
                       LF_TRAFFIC_FRAME);
                if (at % SAMPLE == 0)
                        *sent_at(g, at) = now;
        }
        unsigned sent = rte_eth_tx_burst(g->port, 0, m, (uint16_t)n);
        rte_pktmbuf_free_bulk(m + sent, n - sent);
        g->next += sent;
        return sent;
}

static void take_answer(struct lf_generator *g, const uint8_t *frame, size_t size)
{
        struct lf_peer_result *r = g->result;
        uint64_t number;
        if (g->bounce) {
                r->answered++;
                return;
        }
        if (!lf_traffic_answer(frame, size, &number) || number < g->first || number - g->first >= g->next) {
                r->other++;
                return;
        }
        r->answered++;
        uint64_t i = number - g->first;
        if (i % SAMPLE != 0)
                return;
        if (g->latencies < LATENCIES)
                g->latency_us[g->latencies++] = (uint32_t)((g->last - *sent_at(g, i)) * 1000000 / g->hz);
        r->opened++;
        r->wrong += !lf_traffic_clear(g->traffic, number, frame);
}

static unsigned receive_burst(struct lf_generator *g)
{
        struct rte_mbuf *m[LF_BURST];
        unsigned n = rte_eth_rx_burst(g->port, 0, m, LF_BURST);
        if (n > 0)
                g->last = rte_rdtsc();
        for (unsigned i = 0; i < n; i++)
                take_answer(g, rte_pktmbuf_mtod(m[i], const uint8_t *), m[i]->data_len);
        rte_pktmbuf_free_bulk(m, n);
        g->done = g->next - g->done > n ? g->done + n : g->next; /* what was given up may come after all */
        return n;
}

/* What has not come back by now will not. */
static void give_up(struct lf_generator *g, uint64_t now)
{
        if (g->next > g->done && now - g->last > STALL_MS * g->hz / 1000) {
                g->result->lost += g->next - g->done;
                g->done = g->next;
                g->last = now;
        }
}

/* The core may be shared with landfalld's audit thread: who has nothing to do makes room. */
static void back_off(unsigned idle)
{
        if (idle < SPINS)
                __builtin_ia32_pause();
        else
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

static int run(void *arg)
{
        struct lf_generator *g = arg;
        unsigned idle = 0;
        prctl(PR_SET_TIMERSLACK, 1);
        uint64_t start = g->start = g->last = rte_rdtsc();
        for (;;) {
                unsigned work = send_burst(g) + receive_burst(g);
                uint64_t end = rte_rdtsc();
                *(work ? &g->busy : &g->idle) += end - start;
                start = end;
                if (g->done == g->next && (end > g->limit || (!g->bounce && g->next == g->frames)))
                        return 0;
                idle = work ? 0 : idle + 1;
                if (!work) {
                        give_up(g, end);
                        back_off(idle);
                        end = rte_rdtsc();
                        g->idle += end - start;
                        start = end;
                }
        }
}

static int compare(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

static int wait_for_link(const struct lf_generator *g)
{
        struct rte_eth_link link = {0};
        for (unsigned i = 0; i < LINK_WAIT_MS; i++) {
                rte_eth_link_get_nowait(g->port, &link);
                if (link.link_status == RTE_ETH_LINK_UP)
                        return 0;
                usleep(1000);
        }
        return -ETIMEDOUT;
}

static int go(struct lf_generator *g, uint32_t window, uint64_t ms, bool bounce, struct lf_peer_result *ret)
{
        if (g->frames == 0 || window == 0)
                return -EINVAL;
        int r = wait_for_link(g);
        if (r < 0)
                return r;
        g->window = window;
        g->bounce = bounce;
        g->limit = rte_rdtsc() + ms * g->hz / 1000;
        g->next = g->done = g->busy = g->idle = 0;
        g->latencies = 0;
        g->result = ret;
        r = rte_eal_remote_launch(run, g, LF_EAL_LCORE(0));
        if (r < 0)
                return r;
        rte_eal_wait_lcore(LF_EAL_LCORE(0));
        ret->sent = g->next;
        ret->burst = LF_BURST;
        ret->ns = (uint64_t)((double)(g->last - g->start) * 1e9 / (double)g->hz);
        ret->busy = (double)g->busy / (double)(g->busy + g->idle);
        qsort(g->latency_us, g->latencies, sizeof g->latency_us[0], compare);
        if (g->latencies > 0) {
                ret->p50_us = g->latency_us[g->latencies / 2];
                ret->p99_us = g->latency_us[g->latencies * 99 / 100];
        }
        return 0;
}

int lf_generator_ask(struct lf_generator *g, uint32_t window, uint64_t ms, struct lf_peer_result *ret)
{
        return go(g, window, ms, false, ret);
}

int lf_generator_bounce(struct lf_generator *g, uint64_t ms, struct lf_peer_result *ret)
{
        return go(g, RING, ms, true, ret);
}
