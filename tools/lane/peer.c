/* An appliance as the lane sees it: its socket, its sessions, and the exchanges that renew them. */
#include "tools/lane/lane_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (4 << 20) /* asked for; the kernel gives what it allows */

static int connect_udp(struct lf_lane *lane, struct lf_peer *p, const struct lf_exchange *e)
{
        if (p->fd >= 0 && p->address_size == e->dataplane_size &&
            memcmp(&p->address, &e->dataplane, p->address_size) == 0)
                return 0;
        int fd = socket(e->dataplane.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        int buffer = RECEIVE_BUFFER, on = 1;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on); /* without it each datagram is a message */
        struct epoll_event event = {.events = EPOLLIN};
        if (connect(fd, (const struct sockaddr *)&e->dataplane, e->dataplane_size) < 0 ||
            epoll_ctl(lane->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
                int r = -errno;
                close(fd);
                return r;
        }
        if (p->fd >= 0)
                close(p->fd);
        p->fd = fd;
        p->address = e->dataplane;
        p->address_size = e->dataplane_size;
        return 0;
}

int lf_peer_install(struct lf_lane *lane, struct lf_peer *p, const struct lf_exchange *e)
{
        struct lf_session fresh;
        int r = connect_udp(lane, p, e);
        if (r == 0)
                r = lf_session_open(e, &fresh);
        if (r < 0)
                return r;
        lf_session_close(&p->previous);
        p->previous = p->session;
        p->session = fresh;
        OPENSSL_cleanse(&fresh, sizeof fresh);
        uint64_t now = lf_lane_now_us() / 1000, began = e->time / 1000000;
        uint64_t life_ms = e->expiry > began ? (e->expiry - began) * 1000 : 0;
        uint64_t renew_ms = life_ms / 2 < LF_RENEW_MS ? life_ms / 2 : LF_RENEW_MS;
        p->renew_ms = now + renew_ms - renew_ms / 10 * (e->session % 64) / 64; /* not all lanes at once */
        p->expiry_ms = now + life_ms;
        /* What has been waiting for this session goes out at once. */
        unsigned self = (unsigned)(p - lane->peer);
        for (uint32_t i = 0; i < lane->size; i++) {
                struct lf_pending *q = &lane->pending[i];
                if (q->state == LF_PENDING_WAITING && (q->result.sent == 0 || (p->down && q->peer == self)))
                        q->due_ms = now;
        }
        p->down = false;
        return 0;
}

static void *exchange_thread(void *arg)
{
        struct lf_job *job = arg;
        uint64_t one = 1;
        job->error = lf_exchange(job->bundle, job->time, &job->result);
        atomic_store_explicit(&job->done, true, memory_order_release);
        if (write(job->wake, &one, sizeof one) < 0)
                return NULL; /* the counter is full: it wakes as it is */
        return NULL;
}

void lf_peer_start_exchange(struct lf_lane *lane, struct lf_peer *p)
{
        sigset_t all, before;
        p->job.bundle = &p->bundle;
        p->job.time = lf_lane_clock_us(lane);
        p->job.wake = lane->wake;
        atomic_store(&p->job.done, false);
        if (p->gap_ms < LF_EXCHANGE_GAP)
                p->gap_ms = LF_EXCHANGE_GAP;
        p->next_exchange_ms = lf_lane_now_us() / 1000 + p->gap_ms;
        lane->stats.exchanges++;
        sigfillset(&all); /* a peer that goes away must not end the program by SIGPIPE */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        p->job.running = pthread_create(&p->job.thread, NULL, exchange_thread, &p->job) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (!p->job.running)
                lane->stats.exchanges_failed++;
}

static void end_exchange(struct lf_lane *lane, struct lf_peer *p)
{
        pthread_join(p->job.thread, NULL);
        p->job.running = false;
        if (p->job.error == 0)
                p->job.error = lf_peer_install(lane, p, &p->job.result);
        if (p->job.error < 0) {
                lane->stats.exchanges_failed++;
                p->gap_ms = p->gap_ms * 2 < LF_EXCHANGE_GAP_MAX ? p->gap_ms * 2 : LF_EXCHANGE_GAP_MAX;
        } else {
                p->gap_ms = LF_EXCHANGE_GAP;
        }
        OPENSSL_cleanse(&p->job.result, sizeof p->job.result);
}

void lf_peers_step(struct lf_lane *lane, uint64_t now_ms)
{
        for (unsigned i = 0; i < lane->peers; i++) {
                struct lf_peer *p = &lane->peer[i];
                if (p->job.running && atomic_load_explicit(&p->job.done, memory_order_acquire))
                        end_exchange(lane, p);
                if (p->session.live && now_ms >= p->expiry_ms)
                        lf_session_close(&p->session);
                bool wanted = !p->session.live || p->down || now_ms >= p->renew_ms;
                if (wanted && !p->job.running && now_ms >= p->next_exchange_ms)
                        lf_peer_start_exchange(lane, p);
        }
}

void lf_peer_close(struct lf_peer *p)
{
        if (p->job.running)
                pthread_join(p->job.thread, NULL);
        lf_session_close(&p->session);
        lf_session_close(&p->previous);
        if (p->fd >= 0)
                close(p->fd);
        OPENSSL_cleanse(p, sizeof *p);
        p->fd = -1;
}
