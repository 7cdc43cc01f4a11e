#include "dataplane/path.h"

#include <string.h>

#define NOTICES_A_SECOND 4 /* to one session, by one core */

bool lf_notice_allowed(struct lf_io *io, struct lf_session *s)
{
        uint64_t second = io->real_ns / 1000000000;
        if (s->notice_second != second) {
                s->notice_second = second;
                s->notices = 0;
        }
        return s->notices < NOTICES_A_SECOND;
}

static void send(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                 const struct lf_return_path *back, enum lsp_type type)
{
        struct lsp_header n = {
            .version = LSP_VERSION,
            .type = (uint8_t)type,
            .parts = 1,
            .nonce = (uint64_t)io->index << 48 | ++io->nonce,
            .time = io->real_ns / 1000,
        };
        memcpy(n.query_id, h->query_id, sizeof n.query_id);
        memcpy(n.boot, io->dp->boot, sizeof n.boot);
        uint8_t *payload;
        struct rte_mbuf *m = lf_port_reply(io->dp->port, io->index, back, LSP_NOTICE_DATAGRAM, &payload);
        if (!m)
                return;
        memcpy(payload, &n, sizeof n);
        lf_session_seal(s, &n, payload, 0, payload + sizeof n);
        lf_tx_notice(io, m);
        lf_count(&io->k->notices, 1);
}

void lf_notice(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
               const struct lf_return_path *back, enum lsp_type type, enum lf_drop drop)
{
        if (!lf_notice_allowed(io, s)) {
                lf_drop(io->k, LF_DROP_notice_limit);
                return;
        }
        s->notices++;
        lf_drop(io->k, drop);
        send(io, s, h, back, type);
}
