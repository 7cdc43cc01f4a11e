#include "tools/lane/lane_internal.h"

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
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

/* One part: header and cookie in the clear, its piece of the plaintext in the box. Returns the length. */
static int seal_part(struct lf_lane *lane, struct lf_session *s, const struct lf_pending *p, unsigned part,
                     unsigned parts, uint8_t datagram[LSP_DATAGRAM_MAX])
{
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
        memcpy(datagram, &q, sizeof q);
        uint32_t offset = part * LSP_PART_MAX;
        uint32_t size = p->size - offset < LSP_PART_MAX ? p->size - offset : LSP_PART_MAX;
        uint8_t nonce[12];
        lsp_nonce(q.h.nonce, nonce);
        const struct lsp_ad ad = {datagram, sizeof q};
        int r = lsp_seal(s->to_appliance, nonce, &ad, 1, p->plain + offset, size, datagram + sizeof q);
        return r < 0 ? r : (int)(sizeof q + size + LSP_TAG_SIZE);
}

int lf_pending_send(struct lf_lane *lane, struct lf_pending *p, unsigned peer)
{
        struct lf_peer *to = &lane->peer[peer];
        unsigned parts = (p->size + LSP_PART_MAX - 1) / LSP_PART_MAX;
        for (unsigned i = 0; i < parts; i++) {
                int n = seal_part(lane, &to->session, p, i, parts, lane->last);
                if (n < 0)
                        return n;
                lane->last_size = (size_t)n;
                if (send(to->fd, lane->last, (size_t)n, MSG_NOSIGNAL) == n)
                        lane->stats.datagrams_sent++;
        }
        p->peer = (uint8_t)peer;
        p->sent_ms = lf_lane_now_us() / 1000;
        if (p->result.sent < UINT8_MAX)
                p->result.sent++;
        return 0;
}
