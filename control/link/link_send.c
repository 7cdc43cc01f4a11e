#include "control/link/link_internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/socket.h>

#define TOO_EARLY        1
#define SHARDS_A_MESSAGE 16
_Static_assert(SHARDS_A_MESSAGE <= LF_HANDOVER_FDS_MAX, "landfalld takes as many");

/* One message with its descriptors. -EAGAIN: the socket is full. */
static int send_message(struct lf_link *link, void *message, size_t size, uint16_t type, const int *fds,
                        unsigned n)
{
        struct lf_handover_head *head = message;
        *head = (struct lf_handover_head){.magic = LF_HANDOVER_MAGIC,
                                          .abi = LF_HANDOVER_ABI,
                                          .type = type,
                                          .size = (uint32_t)size,
                                          .sequence = link->sequence + 1};
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(LF_HANDOVER_FDS_MAX * sizeof(int))];
        } control;
        struct iovec iov = {.iov_base = message, .iov_len = size};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
        if (n) {
                memset(&control, 0, sizeof control);
                m.msg_control = &control;
                m.msg_controllen = CMSG_SPACE(n * sizeof(int));
                struct cmsghdr *c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(n * sizeof(int));
                memcpy(CMSG_DATA(c), fds, n * sizeof(int));
        }
        ssize_t sent;
        do
                sent = sendmsg(link->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
                return errno == ENOBUFS || errno == ETOOMANYREFS ? -EAGAIN : -errno;
        link->sequence++;
        link->sequence_of[type] = link->sequence;
        return 0;
}

static int send_options(struct lf_link *link)
{
        struct lf_handover_options o = {0};
        if (link->options.fill_options(link->options.arg, &o) < 0)
                return TOO_EARLY;
        int r = send_message(link, &o, sizeof o, LF_HANDOVER_OPTIONS, NULL, 0);
        OPENSSL_cleanse(&o, sizeof o);
        return r;
}

static int send_keys(struct lf_link *link)
{
        struct lf_handover_cookie_keys k = {0};
        link->options.fill_keys(link->options.arg, &k);
        int r = send_message(link, &k, sizeof k, LF_HANDOVER_COOKIE_KEYS, NULL, 0);
        OPENSSL_cleanse(&k, sizeof k);
        return r;
}

static int send_policy(struct lf_link *link)
{
        struct lf_handover_head head;
        return send_message(link, &head, sizeof head, LF_HANDOVER_POLICY, &link->policy, 1);
}

static int send_consumed(struct lf_link *link)
{
        struct lf_handover_consumed c = {.entries = link->consumed};
        return send_message(link, &c, sizeof c, LF_HANDOVER_CONSUMED, NULL, 0);
}

static int send_clock(struct lf_link *link)
{
        struct lf_handover_clock c = link->clock;
        return send_message(link, &c, sizeof c, LF_HANDOVER_CLOCK, NULL, 0);
}

/* A few shards, and the next few when these were checked: what else must be sent overtakes the rest. Of a
 * generation that was refused on the way only the end is sent. */
static int send_generation(struct lf_link *link)
{
        struct held *newest = link_newest(link);
        if (!newest || newest->state != HELD_NEW)
                return 0;
        if (link->part_under_way)
                return TOO_EARLY;
        const struct lf_generation *g = newest->generation;
        int fds[SHARDS_A_MESSAGE];
        unsigned n = 0;
        while (n < SHARDS_A_MESSAGE && link->shards_sent + n < g->shards) {
                fds[n] = g->shard[link->shards_sent + n].fd;
                n++;
        }
        struct lf_handover_generation m = {
            .generation = g->number, .shards = n, .more = link->shards_sent + n < g->shards};
        int r = send_message(link, &m, sizeof m, LF_HANDOVER_GENERATION, fds, n);
        if (r < 0)
                return r;
        link->shards_sent += n;
        link->part_under_way = m.more;
        if (m.more)
                return TOO_EARLY;
        newest->state = HELD_SENT;
        link->shards_sent = 0;
        return 0;
}

static const struct {
        unsigned need;
        int (*send)(struct lf_link *link);
} orders[] = {
    {NEED_OPTIONS, send_options}, /* alone until it has taken effect */
    {NEED_KEYS, send_keys},         {NEED_POLICY, send_policy},         {NEED_CLOCK, send_clock},
    {NEED_CONSUMED, send_consumed}, {NEED_GENERATION, send_generation},
};

int link_flush(struct lf_link *link)
{
        if (!link->state.connected)
                return 0;
        for (unsigned i = 0; i < sizeof orders / sizeof orders[0]; i++) {
                if (!(link->need & orders[i].need) ||
                    (!link->state.configured && orders[i].need != NEED_OPTIONS) ||
                    (orders[i].need == NEED_POLICY && link->policy < 0))
                        continue;
                int r = orders[i].send(link);
                if (r == -EAGAIN) {
                        event_add(link->writable, NULL);
                        return 0;
                }
                if (r < 0)
                        return r;
                if (r == TOO_EARLY)
                        continue;
                link->need &= ~orders[i].need;
        }
        return 0;
}
