#include "control/link/link_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 2000
#define BUSY_MS        200 /* until a generation is offered again */

static void arm(struct lf_link *link, unsigned ms)
{
        struct timeval t = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
        event_add(link->retry, &t);
}

static void disconnect(struct lf_link *link, int error)
{
        if (link->readable)
                event_free(link->readable);
        if (link->writable)
                event_free(link->writable);
        link->readable = link->writable = NULL;
        if (link->fd >= 0)
                close(link->fd);
        link->fd = -1;
        /* a refusal's own text stays: it says more */
        if (error != -ECANCELED)
                snprintf(
                    link->state.error, sizeof link->state.error,
                    error == -EPROTO ? "%.60s speaks another version of the handover"
                    : error == -EPERM
                        ? "%.60s belongs to a user that is neither root, ours nor dataplane_user"
                    : error == -EACCES
                        ? "%.60s is for another user: start landfalld with --control-user, as control_user is"
                        : "no landfalld behind %.60s: %s",
                    link->address.sun_path, strerror(-error));
        link->state.connected = link->state.configured = false;
        memset(link->sequence_of, 0, sizeof link->sequence_of);
        arm(link, link->backoff_ms);
        link->backoff_ms = link->backoff_ms * 2 < BACKOFF_MAX_MS ? link->backoff_ms * 2 : BACKOFF_MAX_MS;
}

void link_need(struct lf_link *link, unsigned need)
{
        link->need |= need;
        int r = link_flush(link);
        if (r < 0)
                disconnect(link, r);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        struct lf_link *link = arg;
        int r = link_receive(link);
        if (r == 0)
                r = link_flush(link);
        if (r < 0) {
                disconnect(link, r);
                return;
        }
        if (link->state.configured)
                link->backoff_ms = BACKOFF_MIN_MS;
        const struct held *newest = link_newest(link);
        if (newest && newest->state == HELD_NEW && !(link->need & NEED_GENERATION))
                arm(link, BUSY_MS);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
        struct lf_link *link = arg;
        int r = link_flush(link);
        if (r < 0)
                disconnect(link, r);
}

/* Whoever stands behind the socket gets the cookie keys: it must be root, ourselves or landfalld's user. */
static int check_peer(const struct lf_link *link)
{
        struct ucred peer;
        socklen_t size = sizeof peer;
        if (getsockopt(link->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        return peer.uid == 0 || peer.uid == geteuid() || peer.uid == link->options.dataplane_uid ? 0 : -EPERM;
}

static int try_connect(struct lf_link *link)
{
        link->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (link->fd < 0)
                return -errno;
        if (connect(link->fd, (struct sockaddr *)&link->address, sizeof link->address) < 0)
                return -errno;
        int r = check_peer(link);
        if (r < 0)
                return r;
        link->readable = event_new(link->base, link->fd, EV_READ | EV_PERSIST, on_readable, link);
        link->writable = event_new(link->base, link->fd, EV_WRITE, on_writable, link);
        if (!link->readable || !link->writable || event_add(link->readable, NULL) < 0)
                return -ENOMEM;
        link->state.connects++;
        return 0;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
        struct lf_link *link = arg;
        const struct held *newest = link_newest(link);
        if (newest && newest->state == HELD_NEW)
                link->need |= NEED_GENERATION;
        int r = link->fd < 0 ? try_connect(link) : link_flush(link);
        if (r < 0)
                disconnect(link, r);
}

int lf_link_create(struct event_base *base, const struct lf_link_options *options, struct lf_link **ret)
{
        struct lf_link *link = calloc(1, sizeof *link);
        if (!link)
                return -ENOMEM;
        link->options = *options;
        link->base = base;
        link->fd = link->policy = -1;
        link->backoff_ms = BACKOFF_MIN_MS;
        link->address.sun_family = AF_UNIX;
        int n = snprintf(link->address.sun_path, sizeof link->address.sun_path, "%s/" LF_HANDOVER_SOCKET,
                         options->run_dir);
        int r = n >= (int)sizeof link->address.sun_path ? -ENAMETOOLONG : 0;
        link->retry = evtimer_new(base, on_retry, link);
        if (r == 0 && !link->retry)
                r = -ENOMEM;
        if (r < 0) {
                lf_link_destroy(link);
                return r;
        }
        arm(link, 0);
        *ret = link;
        return 0;
}

void lf_link_destroy(struct lf_link *link)
{
        if (!link)
                return;
        if (link->readable)
                event_free(link->readable);
        if (link->writable)
                event_free(link->writable);
        if (link->retry)
                event_free(link->retry);
        if (link->fd >= 0)
                close(link->fd);
        if (link->policy >= 0)
                close(link->policy);
        for (unsigned i = 0; i < link->n; i++)
                link_release(&link->held[i]);
        free(link);
}

void lf_link_keys_changed(struct lf_link *link)
{
        link_need(link, NEED_KEYS);
}

void lf_link_set_policy(struct lf_link *link, int fd)
{
        if (link->policy >= 0)
                close(link->policy);
        link->policy = fd;
        link_need(link, NEED_POLICY);
}

void lf_link_consumed(struct lf_link *link, uint64_t entries)
{
        link->consumed = entries;
        link_need(link, NEED_CONSUMED);
}

void lf_link_set_clock(struct lf_link *link, const struct lf_handover_clock *clock)
{
        link->clock = *clock;
        link_need(link, NEED_CLOCK);
}

void lf_link_get_state(const struct lf_link *link, struct lf_link_state *ret)
{
        *ret = link->state;
        ret->generations = link->n;
}
