#include "dataplane/path.h"
#include "dataplane/subject.h"

#include <math.h>
#include <string.h>

/* Candidates so far, the least likely to be false first. */
struct ranking {
        unsigned n;
        struct lf_subject subject[LSP_CANDIDATES_MAX];
};

static void rank(struct ranking *r, const struct lf_subject *s)
{
        unsigned at = r->n;
        while (at > 0 && s->log10_fmr < r->subject[at - 1].log10_fmr)
                at--;
        if (at == LSP_CANDIDATES_MAX)
                return;
        if (r->n < LSP_CANDIDATES_MAX)
                r->n++;
        for (unsigned i = r->n - 1; i > at; i--)
                r->subject[i] = r->subject[i - 1];
        r->subject[at] = *s;
}

/* How many of the subjects that precede it stand for the same dataset. */
static unsigned before(const struct lf_subject *all, unsigned n, const struct lf_subject *s)
{
        unsigned ahead = 0;
        for (unsigned i = 0; i < n; i++)
                ahead +=
                    &all[i] != s && all[i].candidate && all[i].place == s->place &&
                    (all[i].log10_fmr < s->log10_fmr || (all[i].log10_fmr == s->log10_fmr && &all[i] < s));
        return ahead;
}

/* A record is a candidate when strangers reach its score no more often than its dataset's threshold says, or
 * its scores together no more often than the strictest of their datasets says. A modality that speaks against
 * it does not take that away: a person decides. */
static void rank_all(struct lf_query *q, void *scratch, struct ranking *r)
{
        struct lf_subject all[LF_SUBJECTS_MAX];
        unsigned n = lf_subjects(q, scratch, all);
        for (unsigned i = 0; i < n; i++)
                if (all[i].candidate && before(all, n, &all[i]) < q->wanted[all[i].place].candidates)
                        rank(r, &all[i]);
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
                const struct lf_subject *s = &r->subject[i];
                const struct lf_best *b = &s->best[s->lead];
                uint8_t against = lf_subject_against(s);
                const struct lf_shard_record *record = &lf_shard_records(b->shard)[b->hit.record];
                struct lsp_candidate *c = &a->candidate[i];
                memcpy(q->candidate[i], s->best, sizeof q->candidate[i]);
                for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                        q->share[i][m] = s->modalities >> m & 1 ? s->llr[m] : 0;
                memcpy(c->reference, record->reference, sizeof c->reference);
                c->dataset = b->shard->dataset;
                c->modalities = lf_subject_agreed(s);
                if (against)
                        a->flags |= LSP_FLAG_CONTRADICTION;
                c->decade = decade(s->log10_fmr);
                c->record_flags = (uint8_t)record->flags;
        }
}

void lf_decide(struct lf_io *io, struct lf_query *q)
{
        if (q->late || io->now > q->deadline) {
                q->drop = LF_DROP_deadline;
                lf_mark(io, LF_STAGE_decide, 1);
                lf_audit_submit(io, q);
                return;
        }
        struct ranking r = {0};
        rank_all(q, io->scratch, &r);
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
