/* An ordinary UDP socket per queue: no NIC, no root. The kernel steers a flow to one queue (SO_REUSEPORT). */
#include "dataplane/ports/driver.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <rte_jhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (4 << 20)
/* What the kernel gives at once: datagrams of one sender that followed one another. Not a power of two apart:
 * the beginnings would share a few places of the cache. */
#define MESSAGE_ROOM (UINT16_MAX + 1 + 1216)

/* In lf_return_path.bytes: to whom, and from which of our addresses when the socket has no single one. */
struct route {
        struct sockaddr_in6 to;
        struct in6_pktinfo from; /* address zero: let the kernel choose */
};
_Static_assert(sizeof(struct route) <= sizeof((struct lf_return_path){0}.bytes),
               "a route fits a return path");

struct queue {
        int fd;
        unsigned spare; /* buffers in `buffer` that wait for a datagram */
        struct rte_mbuf *buffer[LF_BURST];
        unsigned got, next, at; /* messages in `room`; the one that is being taken apart, and where in it */
        int each;               /* the size of its datagrams */
        uint8_t *room;          /* LF_BURST times MESSAGE_ROOM */
        struct route route[LF_BURST];
        struct iovec iov[LF_BURST];
        struct mmsghdr message[LF_BURST];
        uint8_t control[LF_BURST][CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))]
            __attribute__((aligned(8)));
} __attribute__((aligned(64)));

static bool any_address(const struct in6_addr *a)
{
        return IN6_IS_ADDR_UNSPECIFIED(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr32[3] == 0);
}

static int set_options(int fd, const struct sockaddr_in6 *address)
{
        int off = 0, on = 1, size = RECEIVE_BUFFER;
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
                return -errno;
        if (any_address(&address->sin6_addr) &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) < 0)
                return -errno;
        /* What the kernel grants: all of it to root, net.core.rmem_max otherwise. */
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
                setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on); /* without it each datagram is a message */
        return 0;
}

/* The first socket is bound before it may share, so that a port in use is found out; later ones share with
 * it. */
static int open_socket(const struct sockaddr_in6 *address, bool first, bool share)
{
        int on = 1;
        int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        int r = set_options(fd, address);
        if (r == 0 && !first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
                r = -errno;
        if (r == 0 && bind(fd, (const struct sockaddr *)address, sizeof *address) < 0)
                r = -errno;
        if (r == 0 && first && share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
                r = -errno;
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

static void close_queues(struct queue *queues, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                close(queues[i].fd);
                free(queues[i].room);
                if (queues[i].spare)
                        rte_pktmbuf_free_bulk(queues[i].buffer, queues[i].spare);
        }
        free(queues);
}

static int open_queues(struct lf_port *port, const struct sockaddr_in6 *address)
{
        struct queue *queues = aligned_alloc(64, port->queues * sizeof *queues);
        if (!queues)
                return -ENOMEM;
        memset(queues, 0, port->queues * sizeof *queues);
        for (unsigned i = 0; i < port->queues; i++) {
                queues[i].room = malloc((size_t)LF_BURST * MESSAGE_ROOM);
                int fd = queues[i].room ? open_socket(address, i == 0, port->queues > 1) : -ENOMEM;
                if (fd < 0) {
                        free(queues[i].room);
                        close_queues(queues, i);
                        return fd;
                }
                queues[i].fd = fd;
        }
        port->state = queues;
        return 0;
}

static int udp_open(struct lf_port *port, const struct lf_handover_options *options, char why[256])
{
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port->udp_port)};
        memcpy(&address.sin6_addr, options->address, sizeof address.sin6_addr);
        int r = open_queues(port, &address);
        if (r == -EADDRINUSE)
                snprintf(why, 256, "UDP port %u is in use: stop what holds it (ss -ulpn) or choose another",
                         port->udp_port);
        else if (r < 0)
                snprintf(why, 256, "UDP port %u: %s; is the address one of this machine's?", port->udp_port,
                         strerror(-r));
        if (r < 0)
                return r;
        r = lf_port_make_pool(port, options, LF_BURST, 0, why);
        if (r < 0)
                close_queues(port->state, port->queues);
        else
                snprintf(port->describe, sizeof port->describe, "udp port %u, %u queue%s", port->udp_port,
                         port->queues, port->queues == 1 ? "" : "s");
        return r;
}

static void udp_close(struct lf_port *port)
{
        close_queues(port->state, port->queues);
}

/* Which of our addresses a message came to, and the size of its datagrams: all but the last have it. */
static void read_control(struct msghdr *h, struct in6_pktinfo *ret_from, int *ret_each)
{
        memset(ret_from, 0, sizeof *ret_from);
        for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
                if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
                        memcpy(ret_from, CMSG_DATA(c), sizeof *ret_from);
                else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
                        memcpy(ret_each, CMSG_DATA(c), sizeof *ret_each);
        /* Which way out is the routing table's matter, but for addresses that mean nothing without a link. */
        if (!IN6_IS_ADDR_LINKLOCAL(&ret_from->ipi6_addr))
                ret_from->ipi6_ifindex = 0;
}

static uint8_t *room_of(const struct queue *q, unsigned message)
{
        return q->room + (size_t)message * MESSAGE_ROOM;
}

/* As many messages as there may be datagrams: most have one. */
static bool receive(struct queue *q)
{
        for (unsigned i = 0; i < LF_BURST; i++) {
                q->iov[i] = (struct iovec){room_of(q, i), UINT16_MAX};
                q->message[i].msg_hdr = (struct msghdr){.msg_name = &q->route[i].to,
                                                        .msg_namelen = sizeof q->route[i].to,
                                                        .msg_iov = &q->iov[i],
                                                        .msg_iovlen = 1,
                                                        .msg_control = q->control[i],
                                                        .msg_controllen = sizeof q->control[i]};
        }
        int got = recvmmsg(q->fd, q->message, LF_BURST, MSG_DONTWAIT, NULL);
        q->got = got > 0 ? (unsigned)got : 0;
        q->next = 0;
        q->at = 0;
        return got > 0;
}

/* The next datagram of what was received. False: it is none of ours. */
static bool take(struct queue *q, struct rte_mbuf *m, struct lf_datagram *ret)
{
        unsigned i = q->next;
        struct route *route = &q->route[i];
        unsigned size = q->message[i].msg_len, at = q->at;
        if (at == 0) {
                q->each = (int)size;
                read_control(&q->message[i].msg_hdr, &route->from, &q->each);
        }
        size = q->each > 0 && size - at > (unsigned)q->each ? (unsigned)q->each : size - at;
        q->at += size;
        if (q->at >= q->message[i].msg_len) {
                q->next++;
                q->at = 0;
        }
        /* Longer than any datagram of ours, or from a port that cannot be answered. */
        if (size > rte_pktmbuf_tailroom(m) || route->to.sin6_port == 0)
                return false;
        ret->mbuf = m;
        ret->size = (uint16_t)size;
        ret->payload = (uint8_t *)rte_pktmbuf_append(m, ret->size);
        memcpy(ret->payload, room_of(q, i) + at, size);
        ret->back = (struct lf_return_path){.length = sizeof *route};
        memcpy(ret->back.bytes, route, sizeof *route);
        uint32_t port = route->to.sin6_port;
        ret->back.flow = rte_jhash(&route->to.sin6_addr, sizeof route->to.sin6_addr, port);
        return true;
}

static unsigned udp_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                       uint64_t drops[3])
{
        struct queue *q = &((struct queue *)port->state)[queue];
        unsigned kept = 0;
        if (q->spare < LF_BURST &&
            !rte_pktmbuf_alloc_bulk(port->pool, q->buffer + q->spare, LF_BURST - q->spare))
                q->spare = LF_BURST;
        if (q->next == q->got && !receive(q))
                return 0;
        while (kept < n && q->spare > 0 && q->next < q->got) {
                if (take(q, q->buffer[q->spare - 1], &ret[kept])) {
                        q->spare--;
                        kept++;
                } else {
                        drops[1]++;
                }
        }
        return kept;
}

/* What goes to one place, as one message to the kernel. */
struct sending {
        struct route route;
        uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))]
            __attribute__((aligned(8)));
};

static void put_control(struct msghdr *h, int level, int type, const void *value, size_t size)
{
        struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)h->msg_control + h->msg_controllen);
        c->cmsg_level = level;
        c->cmsg_type = type;
        c->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(c), value, size);
        h->msg_controllen += CMSG_SPACE(size);
}

static void finish(struct sending *s, struct msghdr *h)
{
        const struct in6_pktinfo *from = &s->route.from;
        uint16_t size = (uint16_t)h->msg_iov->iov_len;
        memset(s->control, 0, sizeof s->control);
        h->msg_control = s->control;
        if (!IN6_IS_ADDR_UNSPECIFIED(&from->ipi6_addr))
                put_control(h, IPPROTO_IPV6, IPV6_PKTINFO, from, sizeof *from);
        if (h->msg_iovlen > 1)
                put_control(h, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
}

/* A reply's buffer is its route and then the payload (lf_port_reply). Replies of one size that follow one
 * another to one place may be one message, which the kernel takes apart. Returns the number of messages. */
static unsigned prepare(struct rte_mbuf **replies, unsigned n, bool together, struct iovec *iov,
                        struct sending *s, struct mmsghdr *message)
{
        unsigned messages = 0;
        for (unsigned i = 0; i < n; i++) {
                uint8_t *p = rte_pktmbuf_mtod(replies[i], uint8_t *);
                iov[i] = (struct iovec){p + sizeof s->route, replies[i]->data_len - sizeof s->route};
                if (together && i > 0 && iov[i].iov_len > 0 && iov[i].iov_len == iov[i - 1].iov_len &&
                    memcmp(p, &s[messages - 1].route, sizeof s->route) == 0) {
                        message[messages - 1].msg_hdr.msg_iovlen++;
                        continue;
                }
                memcpy(&s[messages].route, p, sizeof s->route);
                message[messages].msg_hdr = (struct msghdr){.msg_name = &s[messages].route.to,
                                                            .msg_namelen = sizeof s->route.to,
                                                            .msg_iov = &iov[i],
                                                            .msg_iovlen = 1};
                messages++;
        }
        for (unsigned i = 0; i < messages; i++)
                finish(&s[i], &message[i].msg_hdr);
        return messages;
}

/* At most one burst. A destination that the kernel refuses is left out; a full socket buffer ends it. Where
 * several replies cannot be one message, as on a path of a small MTU, these go one by one. */
static unsigned send_burst(struct queue *q, struct rte_mbuf **replies, unsigned n, bool together)
{
        struct sending sending[LF_BURST];
        struct iovec iov[LF_BURST];
        struct mmsghdr message[LF_BURST];
        unsigned at = 0, sent = 0, messages = prepare(replies, n, together, iov, sending, message);
        while (at < messages) {
                const struct msghdr *h = &message[at].msg_hdr;
                int r = sendmmsg(q->fd, message + at, messages - at, MSG_DONTWAIT);
                if (r > 0) {
                        for (int i = 0; i < r; i++)
                                sent += (unsigned)message[at + (unsigned)i].msg_hdr.msg_iovlen;
                        at += (unsigned)r;
                } else if (errno == EAGAIN || errno == ENOBUFS) {
                        break;
                } else if (h->msg_iovlen > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
                        sent += send_burst(q, replies + (h->msg_iov - iov), (unsigned)h->msg_iovlen, false);
                        at++;
                } else if (errno != EINTR) {
                        at++;
                }
        }
        return sent;
}

static unsigned udp_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n)
{
        struct queue *q = &((struct queue *)port->state)[queue];
        unsigned sent = 0;
        for (unsigned i = 0; i < n; i += LF_BURST)
                sent += send_burst(q, replies + i, n - i < LF_BURST ? n - i : LF_BURST, true);
        if (n)
                rte_pktmbuf_free_bulk(replies, n);
        return sent;
}

const struct lf_port_driver lf_port_udp = {.open = udp_open, .close = udp_close, .rx = udp_rx, .tx = udp_tx};
