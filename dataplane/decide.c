#include "dataplane/path.h"

#include <math.h>
#include <string.h>

/* Candidates so far, the least likely to be false first. */
struct ranking {
        unsigned n;
        float fmr[LSP_CANDIDATES_MAX];
        struct lf_best best[LSP_CANDIDATES_MAX];
};

static void rank(struct ranking *r, const struct lf_best *b, float fmr)
{
        unsigned at = r->n;
        while (at > 0 && fmr < r->fmr[at - 1])
                at--;
        if (at == LSP_CANDIDATES_MAX)
                return;
        if (r->n < LSP_CANDIDATES_MAX)
                r->n++;
        for (unsigned i = r->n - 1; i > at; i--) {
                r->fmr[i] = r->fmr[i - 1];
                r->best[i] = r->best[i - 1];
        }
        r->fmr[at] = fmr;
        r->best[at] = *b;
}

/* A hit is a candidate when impostors reach its score no more often than the dataset's threshold says. */
static void rank_dataset(struct ranking *r, const struct lf_wanted *w, const struct lf_result *result)
{
        const struct lf_engine *engine = lf_engine_for(w->modality);
        unsigned taken = 0;
        for (uint32_t i = 0; i < result->n && taken < w->candidates; i++) {
                float fmr = engine->score_log10_fmr(result->best[i].hit.score);
                if (fmr <= w->threshold) {
                        rank(r, &result->best[i], fmr);
                        taken++;
                }
        }
}

static int8_t decade(float fmr)
{
        float f = floorf(fmr);
        return f < INT8_MIN ? INT8_MIN : (int8_t)f;
}

static void fill(struct lf_query *q, const struct ranking *r)
{
        struct lsp_answer *a = &q->answer;
        a->candidates = (uint8_t)r->n;
        for (unsigned i = 0; i < r->n; i++) {
                const struct lf_best *b = &r->best[i];
                const struct lf_shard_record *record = &lf_shard_records(b->shard)[b->hit.record];
                struct lsp_candidate *c = &a->candidate[i];
                q->candidate[i] = *b;
                memcpy(c->reference, record->reference, sizeof c->reference);
                c->dataset = b->shard->dataset;
                c->modalities = (uint8_t)(1u << b->shard->modality);
                c->decade = decade(r->fmr[i]);
                c->record_flags = (uint8_t)record->flags;
        }
}

void lf_decide(struct lf_io *io, struct lf_query *q)
{
        if (q->late || io->now > q->deadline) {
                q->drop = LF_DROP_deadline;
                lf_candidate_back(io, q);
                lf_mark(io, LF_STAGE_decide, 1);
                lf_audit_submit(io, q);
                return;
        }
        struct ranking r = {0};
        for (unsigned w = 0; w < q->wanted_n; w++)
                rank_dataset(&r, &q->wanted[w], &q->result[w]);
        if (lf_audit_degraded(io->dp) || lf_read(&io->dp->counters->control_connected) == 0)
                q->answer.flags |= LSP_FLAG_DEGRADED;
        q->answer.verdict = r.n > 0 ? LSP_CANDIDATE : LSP_CLEAR;
        if (r.n == 0)
                lf_candidate_back(io, q);
        fill(q, &r);
        lf_mark(io, LF_STAGE_decide, 1);
        if (r.n > 0)
                lf_explain(io, q);
        else
                lf_audit_submit(io, q);
}
/* Exits: candidates, to explain. CLEAR, to audit. Dropped by name: deadline. */
