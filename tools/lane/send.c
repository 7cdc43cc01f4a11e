#include "tools/lane/lane_internal.h"

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#define PAD_HEAD 4 /* a TLV's type and length */

uint32_t lf_padded_size(uint32_t size)
{
        uint32_t last = size % LSP_PART_MAX;
        if (size > 0 && last == 0)
                return size;
        if (last >= LSP_PART_MIN)
                return size;
        uint32_t padding = LSP_PART_MIN - last;
        return size + (padding < PAD_HEAD ? PAD_HEAD : padding);
}

static bool send_together(const struct lf_outbox *o)
{
        uint16_t size = (uint16_t)o->size;
        _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof size)] = {0};
        struct iovec v = {(void *)o->bytes, o->n * o->size};
        struct msghdr h = {
            .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(c), &size, sizeof size);
        return sendmsg(o->fd, &h, MSG_NOSIGNAL) == (ssize_t)v.iov_len;
}

void lf_lane_flush(struct lf_lane *lane)
{
        struct lf_outbox *o = &lane->out;
        if (o->n > 1 && send_together(o)) /* else one by one: the path may have a small MTU */
                lane->stats.datagrams_sent += o->n;
        else
                for (unsigned i = 0; i < o->n; i++)
                        lane->stats.datagrams_sent +=
                            send(o->fd, o->bytes + i * o->size, o->size, MSG_NOSIGNAL) == (ssize_t)o->size;
        o->n = 0;
}

void lf_lane_gather(struct lf_lane *lane, bool gather)
{
        lane->gathers = gather;
        if (!gather)
                lf_lane_flush(lane);
}

/* Where a datagram of this size to this socket stands until it is sent. */
static uint8_t *place(struct lf_lane *lane, int fd, size_t size)
{
        struct lf_outbox *o = &lane->out;
        if (o->n == LF_OUTBOX || o->fd != fd || o->size != size)
                lf_lane_flush(lane);
        o->fd = fd;
        o->size = size;
        return o->bytes + o->n * size;
}

/* One part: header and cookie in the clear, its piece of the plaintext in the box. */
static int seal_part(struct lf_lane *lane, struct lf_peer *to, const struct lf_pending *p, unsigned part,
                     unsigned parts)
{
        struct lf_session *s = &to->session;
        struct lsp_query_header q = {
            .h =
                {
                    .version = LSP_VERSION,
                    .type = LSP_QUERY,
                    .part = (uint8_t)part,
                    .parts = (uint8_t)parts,
                    .total = p->size,
                    .nonce = ++s->nonce,
                    .time = lf_lane_clock_us(lane),
                },
        };
        memcpy(q.h.query_id, p->result.query_id, sizeof q.h.query_id);
        memcpy(q.h.boot, s->boot, sizeof q.h.boot);
        memcpy(q.cookie, s->cookie, sizeof q.cookie);
        uint32_t offset = part * LSP_PART_MAX;
        uint32_t size = p->size - offset < LSP_PART_MAX ? p->size - offset : LSP_PART_MAX;
        uint8_t nonce[12], *datagram = place(lane, to->fd, sizeof q + size + LSP_TAG_SIZE);
        memcpy(datagram, &q, sizeof q);
        lsp_nonce(q.h.nonce, nonce);
        const struct lsp_ad ad = {datagram, sizeof q};
        int r = lsp_seal(s->to_appliance, nonce, &ad, 1, p->plain + offset, size, datagram + sizeof q);
        if (r < 0)
                return r;
        lane->last = datagram;
        lane->last_size = lane->out.size;
        lane->out.n++;
        return 0;
}

int lf_pending_send(struct lf_lane *lane, struct lf_pending *p, unsigned peer)
{
        unsigned parts = (p->size + LSP_PART_MAX - 1) / LSP_PART_MAX;
        int r = 0;
        for (unsigned i = 0; i < parts && r == 0; i++)
                r = seal_part(lane, &lane->peer[peer], p, i, parts);
        if (!lane->gathers)
                lf_lane_flush(lane);
        if (r < 0)
                return r;
        p->peer = (uint8_t)peer;
        p->sent_ms = lf_lane_now_us() / 1000;
        if (p->result.sent < UINT8_MAX)
                p->result.sent++;
        return 0;
}
