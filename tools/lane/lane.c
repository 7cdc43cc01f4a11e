#include "tools/lane/lane_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire's structs are used as they are");

uint64_t lf_lane_now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t lf_lane_clock_us(const struct lf_lane *lane)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        return now + (uint64_t)lane->clock_fault_us + (uint64_t)lane->clock_offset_us;
}

int lf_lane_new(unsigned in_flight, struct lf_lane **ret)
{
        struct lf_lane *lane = calloc(1, sizeof *lane);
        if (!lane)
                return -ENOMEM;
        lane->size = in_flight;
        lane->done_first = lane->done_last = LF_NONE;
        for (unsigned i = 0; i < LF_PEERS; i++)
                lane->peer[i].fd = -1;
        lane->pending = calloc(in_flight, sizeof *lane->pending);
        lane->free = calloc(in_flight, sizeof *lane->free);
        lane->epoll = epoll_create1(EPOLL_CLOEXEC);
        lane->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN};
        if (!lane->pending || !lane->free || lane->epoll < 0 || lane->wake < 0 ||
            epoll_ctl(lane->epoll, EPOLL_CTL_ADD, lane->wake, &event) < 0) {
                lf_lane_close(lane);
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < in_flight; i++)
                lane->free[i] = in_flight - 1 - i;
        lane->n_free = in_flight;
        *ret = lane;
        return 0;
}

/* The first exchange with each appliance, all at once; one that succeeds is enough. */
static int first_exchanges(struct lf_lane *lane)
{
        for (unsigned i = 0; i < lane->peers; i++)
                lf_peer_start_exchange(lane, &lane->peer[i]);
        for (unsigned i = 0; i < lane->peers; i++) {
                struct lf_job *job = &lane->peer[i].job;
                struct pollfd p = {.fd = lane->wake, .events = POLLIN};
                while (job->running && !atomic_load_explicit(&job->done, memory_order_acquire)) {
                        uint64_t n;
                        poll(&p, 1, 100);
                        if (read(lane->wake, &n, sizeof n) < 0 && errno != EAGAIN)
                                return -errno;
                }
                if (!job->running)
                        lane->peer[i].job.error = -EAGAIN;
        }
        lf_peers_step(lane, 0);
        for (unsigned i = 0; i < lane->peers; i++)
                if (lane->peer[i].session.live)
                        return 0;
        return lane->peer[0].job.error;
}

static int read_bundles(struct lf_lane *lane, const struct lf_lane_options *o)
{
        int r = lf_bundle_read(o->bundle, &lane->peer[0].bundle, NULL);
        if (r < 0)
                return r;
        lane->peers = 1;
        char beside[2 * PATH_MAX];
        const char *standby = o->standby ? o->standby : lane->peer[0].bundle.standby;
        if (!*standby)
                return 0;
        snprintf(beside, sizeof beside, "%s", standby);
        r = lf_bundle_read(beside, &lane->peer[1].bundle, NULL);
        if (r == 0)
                lane->peers = 2;
        return r;
}

int lf_lane_open(const struct lf_lane_options *o, struct lf_lane **ret)
{
        struct lf_lane *lane = NULL;
        unsigned in_flight = o->in_flight ? o->in_flight : LF_IN_FLIGHT;
        if (in_flight > LF_IN_FLIGHT_MAX)
                return -EINVAL;
        int r = lf_lane_new(in_flight, &lane);
        if (r == 0)
                r = read_bundles(lane, o);
        if (r == 0)
                r = first_exchanges(lane);
        if (r < 0)
                lf_lane_close(lane);
        else
                *ret = lane;
        return r;
}

void lf_lane_close(struct lf_lane *lane)
{
        if (!lane)
                return;
        for (unsigned i = 0; i < LF_PEERS; i++)
                lf_peer_close(&lane->peer[i]);
        for (uint32_t i = 0; lane->pending && lane->free && i < lane->size; i++) {
                lane->n_free = 0;
                lf_pending_clear(lane, &lane->pending[i]);
        }
        free(lane->pending);
        free(lane->free);
        if (lane->epoll >= 0)
                close(lane->epoll);
        if (lane->wake >= 0)
                close(lane->wake);
        OPENSSL_cleanse(lane, sizeof *lane);
        free(lane);
}

int lf_lane_fd(const struct lf_lane *lane)
{
        return lane->epoll;
}

int lf_lane_timeout_ms(const struct lf_lane *lane)
{
        if (lane->out.n > 0)
                return 0;
        return lane->n_free < lane->size ? LF_TIMER_SLACK_MS * 2 : 500;
}

/* Datagrams that followed one another, as one message of the kernel: all but the last are `ret_each` long. */
static ssize_t receive(int fd, void *bytes, size_t room, size_t *ret_each)
{
        int each = 0;
        _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof each)];
        struct iovec v = {bytes, room};
        struct msghdr h = {
            .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);
        struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&h) : NULL;
        if (c && c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
                memcpy(&each, CMSG_DATA(c), sizeof each);
        *ret_each = each > 0 ? (size_t)each : SIZE_MAX;
        return n;
}

static void drain(struct lf_lane *lane, unsigned peer)
{
        uint8_t *bytes = lane->in;
        size_t each;
        while (lane->peer[peer].fd >= 0) {
                ssize_t n = receive(lane->peer[peer].fd, bytes, sizeof lane->in, &each);
                for (size_t left = n > 0 ? (size_t)n : 0, size; left > 0; left -= size) {
                        size = left < each ? left : each;
                        lf_lane_receive(lane, peer, bytes + (size_t)n - left, size);
                }
                if (n >= 0 || errno == EINTR)
                        continue;
                if (errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH)
                        return; /* a port or host that is not there counts as silence */
        }
}

void lf_lane_process(struct lf_lane *lane)
{
        uint64_t n;
        lf_lane_flush(lane);
        while (read(lane->wake, &n, sizeof n) > 0)
                ;
        for (unsigned i = 0; i < lane->peers; i++)
                drain(lane, i);
        uint64_t now = lf_lane_now_us() / 1000;
        lf_peers_step(lane, now);
        lf_pending_timers(lane, now);
}

int lf_lane_ask(struct lf_lane *lane, const struct lf_lane_query *query, struct lf_lane_result *ret_result)
{
        if (lane->n_free < lane->size)
                return -EBUSY;
        int r = lf_lane_submit(lane, query, NULL, NULL);
        if (r < 0)
                return r;
        struct lf_lane_result result;
        while (lf_lane_collect(lane, &result) == -EAGAIN) {
                struct pollfd p = {.fd = lane->epoll, .events = POLLIN};
                poll(&p, 1, lf_lane_timeout_ms(lane));
                lf_lane_process(lane);
        }
        *ret_result = result;
        return result.error;
}

uint32_t lf_lane_number(const struct lf_lane *lane)
{
        return lane->peer[0].bundle.lane;
}

int64_t lf_lane_clock_offset(const struct lf_lane *lane)
{
        return lane->clock_offset_us;
}

struct lf_lane_stats lf_lane_stats(const struct lf_lane *lane)
{
        return lane->stats;
}
