/* What a core could do at most: an echo over the same port, and the cipher. */
#include "tools/bench/helper.h"
#include "tools/bench/packet.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define FRAMES 50000

void lf_bench_settle(struct lf_bench_rate *r)
{
        double s[LF_BENCH_REPEATS];
        memcpy(s, r->each, sizeof s);
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++)
                for (unsigned j = i + 1; j < LF_BENCH_REPEATS; j++)
                        if (s[j] < s[i]) {
                                double t = s[i];
                                s[i] = s[j];
                                s[j] = t;
                        }
        r->median = s[LF_BENCH_REPEATS / 2];
        r->spread = r->median > 0 ? (s[LF_BENCH_REPEATS - 1] - s[0]) / r->median : 0;
}

int lf_bench_open_seal(struct lf_bench_packet *b)
{
        struct lf_bench_rate ns = {0};
        cpu_set_t ours, one;
        int r = sched_getaffinity(0, sizeof ours, &ours) < 0 ? -errno : 0;
        CPU_ZERO(&one);
        CPU_SET(b->cpu, &one);
        if (r == 0 && sched_setaffinity(0, sizeof one, &one) < 0)
                r = -errno;
        for (unsigned i = 0; r == 0 && i < LF_BENCH_REPEATS; i++)
                r = lf_traffic_open_seal(&b->traffic, b->seconds / 2, &ns.each[i]);
        sched_setaffinity(0, sizeof ours, &ours);
        lf_bench_settle(&ns);
        b->open_seal_ns = ns.median;
        return r < 0 ? lf_bench_say(r, "AES-256-GCM") : 0;
}

static int bounce_once(struct lf_helper *echo, struct lf_helper *load, uint64_t ms,
                       struct lf_peer_result *ret_sent, struct lf_peer_result *ret_back)
{
        const struct lf_peer_command read = {.order = LF_PEER_READ};
        int r = lf_helper_order(echo, NULL, read, ret_back);
        if (r == 0)
                r = lf_helper_order(load, NULL, (struct lf_peer_command){.order = LF_PEER_BOUNCE, .ms = ms},
                                    ret_sent);
        return r < 0 ? r : lf_helper_order(echo, NULL, read, ret_back);
}

static int bounce(struct lf_helper *echo, struct lf_helper *load, struct lf_bench_packet *b)
{
        struct lf_peer_result sent, back;
        struct lf_bench_rate limit;
        uint64_t ms = (uint64_t)(b->seconds * 1000) + 1;
        int r = lf_helper_order(load, NULL,
                                (struct lf_peer_command){.order = LF_PEER_PREPARE, .frames = FRAMES}, &sent);
        if (r == 0)
                r = bounce_once(echo, load, ms, &sent, &back); /* warm-up */
        for (unsigned i = 0; r == 0 && i < LF_BENCH_REPEATS; i++) {
                r = bounce_once(echo, load, ms, &sent, &back);
                if (r == 0 && (back.answered == 0 || sent.answered == 0))
                        r = lf_bench_say(-ENODATA, "no frame came back from the echo");
                if (r < 0)
                        break;
                b->echo.each[i] = (double)sent.answered * 1e9 / (double)sent.ns;
                b->echo_busy += back.busy / LF_BENCH_REPEATS;
                limit.each[i] = (double)back.answered * 1e9 / ((double)back.ns * back.busy);
        }
        if (r < 0)
                return r;
        lf_bench_settle(&limit);
        lf_bench_settle(&b->echo);
        b->echo_limit = limit.median;
        b->burst = sent.burst;
        return 0;
}

int lf_bench_echo(const struct lf_site_dirs *d, struct lf_bench_packet *b)
{
        struct lf_helper echo = {.socket = -1}, load = {.socket = -1};
        struct lf_peer_start start = {
            .role = LF_PEER_ECHO, .cpu = b->cpu, .contexts = LF_SITE_CONTEXTS, .traffic = b->traffic};
        snprintf(start.socket, sizeof start.socket, "%s/echo.sock", d->top);
        int r = lf_helper_start(&echo, d, &start);
        start.role = LF_PEER_LOAD;
        start.cpu = b->load_cpu;
        start.frames = FRAMES;
        if (r == 0)
                r = lf_helper_start(&load, d, &start);
        if (r == 0)
                r = bounce(&echo, &load, b);
        lf_helper_stop(&load);
        lf_helper_stop(&echo);
        return r;
}
