#include "dataplane/path.h"

_Static_assert(LSP_REASONS_MAX == LF_EXPLANATION_MAX, "every reason has a place in the answer");

void lf_explain(struct lf_io *io, struct lf_query *q)
{
        for (unsigned i = 0; i < q->answer.candidates; i++) {
                const struct lf_best *b = &q->candidate[i];
                struct lsp_candidate *c = &q->answer.candidate[i];
                struct lf_explanation why = {0};
                lf_engine_for(b->shard->modality)
                    ->explain(b->shard, q->probe[b->shard->modality].prepared, &b->hit, io->scratch, &why);
                c->reasons = why.n < LSP_REASONS_MAX ? why.n : LSP_REASONS_MAX;
                for (unsigned r = 0; r < c->reasons; r++)
                        c->reason[r] = (struct lsp_reason){why.reason[r].code, why.reason[r].a,
                                                           why.reason[r].b, why.reason[r].c};
        }
        lf_mark(io, LF_STAGE_explain, 1);
        lf_audit_submit(io, q);
}
/* Exits: to audit. */
