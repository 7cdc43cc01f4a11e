#include "dataplane/path.h"

#include <math.h>

_Static_assert(LSP_REASONS_MAX == LF_EXPLANATION_MAX, "every reason has a place in the answer");

/* Of several modalities, what each adds or takes away, in tenths of a decade. How many reasons. */
static unsigned put_shares(const float share[LF_MODALITY_COUNT], struct lsp_reason *ret)
{
        unsigned n = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                if (share[m] == 0)
                        continue;
                float tenths = fminf(fabsf(share[m]) * 10 + 0.5f, UINT8_MAX);
                uint8_t code =
                    share[m] < 0 ? LF_MATCH_REASON_MODALITY_AGAINST : LF_MATCH_REASON_MODALITY_SHARE;
                ret[n++] = (struct lsp_reason){code, (uint8_t)m, (uint8_t)tenths, 0};
        }
        return n > 1 ? n : 0;
}

/* The modality, of those in `left` (bits), that says most for the candidate. */
static unsigned strongest(const float share[LF_MODALITY_COUNT], uint8_t left)
{
        unsigned best = (unsigned)__builtin_ctz(left);
        for (unsigned m = best + 1; m < LF_MODALITY_COUNT; m++)
                if (left >> m & 1 && share[m] > share[best])
                        best = m;
        return best;
}

/* What each modality saw, the strongest first, as far as there is room. */
static void put_reasons(struct lf_io *io, const struct lf_query *q, unsigned i, struct lsp_candidate *c)
{
        uint8_t left = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                left |= (uint8_t)((q->candidate[i][m].shard != NULL) << m);
        while (left) {
                unsigned m = strongest(q->share[i], left);
                const struct lf_best *b = &q->candidate[i][m];
                struct lf_explanation why = {0};
                left &= (uint8_t) ~(1u << m);
                lf_engine_for(m)->explain(b->shard, q->probe[m].prepared, &b->hit, io->scratch, &why);
                for (unsigned r = 0; r < why.n && c->reasons < LSP_REASONS_MAX; r++)
                        c->reason[c->reasons++] = (struct lsp_reason){why.reason[r].code, why.reason[r].a,
                                                                      why.reason[r].b, why.reason[r].c};
        }
}

void lf_explain(struct lf_io *io, struct lf_query *q)
{
        for (unsigned i = 0; i < q->answer.candidates; i++) {
                struct lsp_candidate *c = &q->answer.candidate[i];
                c->reasons = (uint8_t)put_shares(q->share[i], c->reason);
                put_reasons(io, q, i, c);
        }
        lf_mark(io, LF_STAGE_explain, 1);
        lf_audit_submit(io, q);
}
/* Exits: to audit. */
