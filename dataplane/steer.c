#include "dataplane/path.h"

#include <stdlib.h>

/* Only probes that a granted dataset can be compared with. False: one of them is malformed; the answer is
 * RETRY. */
static bool prepare(struct lf_query *q)
{
        for (unsigned i = 0; i < q->wanted_n; i++) {
                struct lf_probe *p = &q->probe[q->wanted[i].modality];
                if (p->ready)
                        continue;
                struct lf_defect defect = {0};
                p->ready = true;
                if (lf_engine_for(q->wanted[i].modality)->prepare(p->wire, p->size, p->prepared, &defect) ==
                    0)
                        continue;
                q->answer.verdict = LSP_RETRY;
                q->answer.detail = LSP_DETAIL_PROBE;
                q->answer.defect = defect.code;
                q->answer.defect_tlv = p->tlv;
                q->answer.defect_offset = defect.offset;
                return false;
        }
        return true;
}

/* Probes of a model that no shard of a dataset is of cannot be searched: the answer is RETRY. Where only some
 * shards are of another, part of the gallery is unavailable. */
static bool comparable(struct lf_query *q)
{
        for (unsigned i = 0; i < q->wanted_n; i++) {
                const struct lf_wanted *w = &q->wanted[i];
                const struct lf_engine *engine = lf_engine_for(w->modality);
                const struct lf_probe *p = &q->probe[w->modality];
                unsigned shards = 0, fit = 0;
                for (uint32_t s = 0; engine->comparable && s < q->generation->shards; s++) {
                        const struct lf_shard *shard = q->generation->shard[s];
                        if (shard->dataset != w->dataset || shard->modality != w->modality ||
                            shard->rows == 0 || !(w->categories >> shard->category & 1))
                                continue;
                        shards++;
                        fit += engine->comparable(shard, p->prepared);
                }
                if (fit < shards)
                        q->answer.flags |= LSP_FLAG_PARTIAL;
                if (fit > 0 || shards == 0)
                        continue;
                q->answer.flags &= (uint16_t)~LSP_FLAG_PARTIAL;
                q->answer.verdict = LSP_RETRY;
                q->answer.detail = LSP_DETAIL_PROBE;
                q->answer.defect = LF_DEFECT_MODEL;
                q->answer.defect_tlv = p->tlv;
                q->answer.defect_offset = 0;
                return false;
        }
        return true;
}

/* The match cores that own a shard of what the query may see, and whether there is one that any core may look
 * at. */
static uint64_t owners(struct lf_query *q, bool *ret_any)
{
        uint64_t cores = 0;
        *ret_any = false;
        for (unsigned i = 0; i < q->wanted_n; i++) {
                const struct lf_wanted *w = &q->wanted[i];
                if (!q->generation->present[w->dataset])
                        q->answer.flags |= LSP_FLAG_PARTIAL;
                uint64_t own = 0;
                for (uint32_t left = w->categories; left; left &= left - 1)
                        own |= q->generation->cores[w->dataset][__builtin_ctz(left)];
                if (lf_engine_for(w->modality)->indexed)
                        *ret_any |= own != 0;
                else
                        cores |= own;
        }
        return cores;
}

void lf_steer(struct lf_io *io, struct lf_query *q)
{
        q->generation = lf_generation_pin(io->dp->generations, io->index);
        if (!q->generation) {
                lf_mark(io, LF_STAGE_steer, 1);
                lf_refuse(io, q, LSP_DETAIL_NO_GALLERY);
                return;
        }
        q->answer.generation = q->generation->id;
        if (!prepare(q) || !comparable(q)) {
                lf_quota_back(io, q);
                q->wanted_n = 0; /* the log names no dataset */
                lf_mark(io, LF_STAGE_steer, 1);
                lf_audit_submit(io, q);
                return;
        }
        bool any;
        uint64_t cores = owners(q, &any);
        for (unsigned i = 0; i < q->wanted_n; i++)
                q->result[i].n = 0;
        q->pending = (uint32_t)__builtin_popcountll(cores) + any;
        for (uint64_t left = cores; left; left &= left - 1) {
                unsigned m = (unsigned)__builtin_ctzll(left);
                if (lf_ring_push(lf_work_ring(io->dp, io->index, m), q->task[m]) < 0)
                        abort(); /* the ring has room for every context */
        }
        if (any &&
            lf_ring_push(lf_any_ring(io->dp, io->index, q->request.priority), q->task[io->dp->matches]) < 0)
                abort(); /* so has this */
        lf_mark(io, LF_STAGE_steer, 1);
        if (q->pending == 0)
                lf_decide(io, q);
}
/* Exits: tasks, to the match cores' inboxes and to that of all; without any, to decide. RETRY, to audit. */
