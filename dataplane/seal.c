#include "dataplane/path.h"

#include <string.h>

static void seal(struct lf_io *io, struct lf_query *q)
{
        struct lsp_header h = {
            .version = LSP_VERSION,
            .type = LSP_ANSWER,
            .parts = 1,
            .total = LSP_ANSWER_SIZE,
            .nonce = (uint64_t)io->index << 48 | ++io->nonce,
            .time = io->real_ns / 1000,
        };
        memcpy(h.query_id, q->query_id, sizeof h.query_id);
        memcpy(h.boot, io->dp->boot, sizeof h.boot);
        memcpy(q->sealed, &h, sizeof h);
        lf_session_seal(q->session, &h, &q->answer, sizeof q->answer, q->sealed + sizeof h);
}

static void count_answer(struct lf_core_counters *k, const struct lsp_answer *a)
{
        lf_count(&k->verdict[a->verdict], 1);
        if (a->verdict == LSP_REFUSED || a->verdict == LSP_RETRY)
                lf_count(&k->detail[a->detail], 1);
}

unsigned lf_seal(struct lf_io *io)
{
        unsigned n = 0;
        for (struct lf_query *q; (q = lf_audit_next(io)); n++) {
                struct lf_resend_slot *kept = &io->dp->resend[q->slot];
                if (q->drop != LF_DROP_COUNT) {
                        lf_quota_back(io, q);
                        lf_resend_forget(kept, q->claim);
                        lf_query_finish(io, q);
                        continue;
                }
                seal(io, q);
                count_answer(io->k, &q->answer);
                lf_resend_keep(kept, q->claim, q->sealed);
                lf_query_wipe(io, q);
                lf_generation_unpin(q->generation, io->index);
                q->generation = NULL;
                lf_mark(io, LF_STAGE_seal, 1);
                lf_hold(io, q);
        }
        return n;
}
/* Exits: a sealed answer, to tx. Ended by name: what decide or audit dropped. */
