#include "dataplane/path.h"

static bool closer(const struct lf_best *a, const struct lf_best *b)
{
        if (a->hit.score != b->hit.score)
                return a->hit.score > b->hit.score;
        /* The same order whichever core was first. */
        if (a->shard != b->shard)
                return a->shard->category != b->shard->category ? a->shard->category < b->shard->category
                                                                : a->shard->index < b->shard->index;
        return a->hit.record < b->hit.record;
}

bool lf_result_push(struct lf_result *r, const struct lf_best *b)
{
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->best[i].shard != b->shard || r->best[i].hit.record != b->hit.record)
                        continue;
                if (!closer(b, &r->best[i]))
                        return false;
                for (; i + 1 < r->n; i++)
                        r->best[i] = r->best[i + 1];
                r->n--;
        }
        uint32_t at = r->n;
        while (at > 0 && closer(b, &r->best[at - 1]))
                at--;
        if (at == LSP_CANDIDATES_MAX)
                return false;
        if (r->n < LSP_CANDIDATES_MAX)
                r->n++;
        for (uint32_t i = r->n - 1; i > at; i--)
                r->best[i] = r->best[i - 1];
        r->best[at] = *b;
        return true;
}

unsigned lf_merge(struct lf_io *io)
{
        unsigned n = 0;
        for (unsigned m = 0; m < io->dp->matches; m++)
                for (struct lf_task *t; (t = lf_ring_pop(lf_done_ring(io->dp, io->index, m))); n++) {
                        struct lf_query *q = t->query;
                        q->late |= t->late;
                        for (unsigned w = 0; w < q->wanted_n; w++)
                                for (uint32_t i = 0; i < t->result[w].n; i++)
                                        lf_result_push(&q->result[w], &t->result[w].best[i]);
                        lf_mark(io, LF_STAGE_merge, 1);
                        if (--q->pending == 0)
                                lf_decide(io, q);
                }
        return n;
}
/* Exits: a query whose tasks are all back, to decide. */
