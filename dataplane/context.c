#include "dataplane/path.h"

#include "base/prefetch.h"

#include <string.h>

struct lf_query *lf_query_take(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                               const struct lf_return_path *back)
{
        /* A lane that cannot send for someone who stands waiting leaves room for those who can. */
        bool live = io->law->policy.lane[s->lane].priorities >> LSP_PRIORITY_LIVE & 1;
        if (io->free_n <= (live ? 0 : LF_LIVE_RESERVE))
                return NULL;
        struct lf_query *q = io->free[--io->free_n];
        if (io->free_n > 0) /* the next one's: the audit thread read it last */
                lf_prefetch_write(io->free[io->free_n - 1], offsetof(struct lf_query, sealed));
        q->back = *back;
        q->session = s;
        s->users++;
        q->session_id = s->id;
        q->lane = s->lane;
        q->slot = s->slot;
        memcpy(q->query_id, h->query_id, sizeof q->query_id);
        q->arrival = io->now;
        q->deadline = UINT64_MAX;
        q->received_us = io->real_ns / 1000;
        q->legal_ns = io->legal_ns;
        q->quantum = (uint64_t)io->law->policy.quantum_us * io->dp->tsc_hz / 1000000;
        q->size = h->total;
        q->parts = h->parts;
        q->have = 0;
        q->next = NULL;
        q->request = (struct lf_purpose_request){.lane = s->lane, .now = io->legal_ns / 1000000000};
        q->desk = io->desk[--io->desk_n];
        q->plain = q->desk->plain;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                q->probe[m] = (struct lf_probe){.prepared = q->desk->prepared[m]};
        q->token_given = false;
        q->decision = NULL;
        q->reserved = false;
        q->warrant_used = false;
        q->wanted_n = 0;
        memset(q->place, 0xff, sizeof q->place);
        q->generation = NULL;
        q->pending = 0;
        q->late = false;
        q->drop = LF_DROP_COUNT;
        q->resend = false;
        q->claim = LF_RESEND_NO_CLAIM;
        q->answer = (struct lsp_answer){.received = q->received_us, .ruleset = io->law->policy.ruleset};
        return q;
}

void lf_query_leave_desk(struct lf_io *io, struct lf_query *q)
{
        if (!q->desk)
                return;
        explicit_bzero(q->plain, q->size);
        q->plain = NULL;
        q->size = 0;
        q->decision = NULL;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                if (q->probe[m].ready)
                        explicit_bzero(q->probe[m].prepared, lf_engine_for(m)->probe_size);
                q->probe[m] = (struct lf_probe){0};
        }
        io->desk[io->desk_n++] = q->desk;
        q->desk = NULL;
}

void lf_query_wipe(struct lf_io *io, struct lf_query *q)
{
        lf_query_leave_desk(io, q);
        explicit_bzero(q->hash, sizeof q->hash);
        explicit_bzero(&q->opening, sizeof q->opening);
        explicit_bzero(&q->answer, sizeof q->answer);
}

void lf_query_give_back(struct lf_io *io, struct lf_query *q)
{
        lf_query_wipe(io, q);
        lf_generation_unpin(q->generation, io->index);
        q->generation = NULL;
        q->session->users--;
        q->session = NULL;
        io->free[io->free_n++] = q;
}

static unsigned log2_us(uint64_t cycles, uint64_t hz)
{
        uint64_t us = (uint64_t)((unsigned __int128)cycles * 1000000 / hz);
        unsigned bucket = us ? 63 - (unsigned)__builtin_clzll(us) : 0;
        return bucket < LF_GAP_BUCKETS ? bucket : LF_GAP_BUCKETS - 1;
}

void lf_query_finish(struct lf_io *io, struct lf_query *q)
{
        if (!q->resend) {
                if (q->drop == LF_DROP_COUNT) {
                        lf_count(&io->k->answered, 1);
                        lf_count(&io->k->latency_histogram[log2_us(lf_now() - q->arrival, io->dp->tsc_hz)],
                                 1);
                } else
                        lf_drop(io->k, q->drop);
                lf_count(&io->k->in_flight, (uint64_t)-1);
        }
        lf_query_give_back(io, q);
}
