#include "dataplane/path.h"

#include <string.h>

/* The heap of answers whose time has not come, soonest first. It has room for every context. */
static void heap_push(struct lf_io *io, struct lf_held h)
{
        uint32_t i = io->held_n++;
        for (; i > 0 && h.release < io->held[(i - 1) / 2].release; i = (i - 1) / 2)
                io->held[i] = io->held[(i - 1) / 2];
        io->held[i] = h;
}

static struct lf_query *heap_pop(struct lf_io *io)
{
        struct lf_query *q = io->held[0].query;
        struct lf_held last = io->held[--io->held_n];
        uint32_t i = 0;
        for (uint32_t child; (child = 2 * i + 1) < io->held_n; i = child) {
                if (child + 1 < io->held_n && io->held[child + 1].release < io->held[child].release)
                        child++;
                if (last.release <= io->held[child].release)
                        break;
                io->held[i] = io->held[child];
        }
        io->held[i] = last;
        return q;
}

/* The first multiple of the quantum after arrival that is still to come. */
void lf_hold(struct lf_io *io, struct lf_query *q)
{
        uint64_t now = lf_now(), release = now;
        if (q->quantum > 0) {
                uint64_t passed = now > q->arrival ? now - q->arrival : 0;
                release = q->arrival + (passed / q->quantum + 1) * q->quantum;
        }
        heap_push(io, (struct lf_held){.release = release, .query = q});
}

static void finish(struct lf_io *io, unsigned i, bool sent)
{
        struct lf_query *q = io->out_query[i];
        if (sent)
                lf_count(&io->k->sent, 1);
        if (!q)
                return;
        if (!sent)
                q->drop = LF_DROP_tx_failed;
        lf_query_finish(io, q);
}

void lf_tx_flush(struct lf_io *io)
{
        unsigned n = io->out_n, sent = n > 0 ? lf_port_tx(io->dp->port, io->index, io->out, n) : 0;
        io->out_n = 0;
        for (unsigned i = 0; i < n; i++)
                finish(io, i, i < sent);
        if (n > 0)
                lf_mark(io, LF_STAGE_tx, sent);
}

static void push(struct lf_io *io, struct rte_mbuf *m, struct lf_query *q)
{
        io->out[io->out_n] = m;
        io->out_query[io->out_n] = q;
        if (++io->out_n == LF_BURST)
                lf_tx_flush(io);
}

void lf_tx_notice(struct lf_io *io, struct rte_mbuf *m)
{
        push(io, m, NULL);
}

unsigned lf_release(struct lf_io *io)
{
        unsigned n = 0;
        for (; io->held_n > 0 && io->held[0].release <= lf_now(); n++) {
                struct lf_query *q = heap_pop(io);
                uint8_t *payload;
                struct rte_mbuf *m =
                    lf_port_reply(io->dp->port, io->index, &q->back, LSP_ANSWER_DATAGRAM, &payload);
                if (!m) {
                        q->drop = LF_DROP_tx_failed;
                        lf_query_finish(io, q);
                        continue;
                }
                memcpy(payload, q->sealed, LSP_ANSWER_DATAGRAM);
                push(io, m, q);
        }
        if (n > 0)
                lf_mark(io, LF_STAGE_tx, 0);
        return n;
}
/* Exits: answered. Dropped by name: tx_failed. */
