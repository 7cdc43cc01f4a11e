#include "tools/eval/identification.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/fingerprint.h"
#include "tools/eval/rates.h"

struct search {
        const struct lf_impressions *all;
        const struct lf_engine *engine;
        struct lf_shard *shard;
        struct lf_finger_probe *probe;
        struct lf_finger_core *core;
        uint32_t *row;                   /* of each impression; UINT32_MAX: cannot be compared */
        struct lf_scores mate, stranger; /* the best of each search */
        size_t right, lost;
};

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

static int build(struct search *s)
{
        size_t n = s->all->n, size;
        struct lf_source_record *record = calloc(n, sizeof *record);
        if (!record)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                record[i].wire = s->all->item[i].wire;
                record[i].size = s->all->item[i].size;
        }
        struct lf_shard_info info = {0};
        int r = lf_shard_size(LF_MODALITY_FINGERPRINT, record, n, &size);
        s->shard = r == 0 ? aligned(size) : NULL;
        s->probe = aligned(s->engine->probe_size);
        s->core = aligned(sizeof *s->core);
        s->row = calloc(n, sizeof *s->row);
        if (r == 0 && (!s->shard || !s->probe || !s->core || !s->row))
                r = -ENOMEM;
        if (r == 0)
                r = lf_shard_build(LF_MODALITY_FINGERPRINT, &info, record, n, s->shard, size, NULL);
        free(record);
        if (r < 0)
                return r;
        memset(s->core, 0, sizeof *s->core);
        for (size_t i = 0; i < n; i++)
                s->row[i] = UINT32_MAX;
        for (uint32_t i = 0; i < s->shard->rows; i++)
                s->row[lf_finger_rows(s->shard)[i].record] = i;
        return 0;
}

static bool mates(const struct search *s, size_t i, size_t k)
{
        return i != k && s->all->item[i].finger == s->all->item[k].finger;
}

/* Scans block by block: what a block's scan returns is what its first stage kept. */
static int search_one(struct search *s, size_t i, bool *found, struct lf_identification *ret)
{
        float mate = -1, stranger = -1;
        const void *probe = s->probe;
        memset(found, 0, s->all->n);
        for (uint32_t block = 0; block < s->shard->blocks; block++) {
                struct lf_topk top, *tops = &top;
                lf_topk_init(&top, LF_TOPK_MAX, -1);
                s->engine->scan(s->shard, block, &probe, &tops, 1, s->core);
                for (uint32_t h = 0; h < top.n; h++) {
                        size_t k = top.hit[h].record;
                        found[k] = true;
                        float *best = mates(s, i, k) ? &mate : k != i ? &stranger : NULL;
                        if (best && top.hit[h].score > *best)
                                *best = top.hit[h].score;
                }
        }
        s->right += mate > stranger;
        ret->searches++;
        int r = lf_scores_add(&s->mate, mate);
        return r < 0 ? r : lf_scores_add(&s->stranger, stranger);
}

static void count_lost(struct search *s, size_t i, const bool *found, float accept,
                       struct lf_identification *ret)
{
        for (size_t k = 0; k < s->all->n; k++) {
                struct lf_finger_match m;
                if (!mates(s, i, k) || s->row[k] == UINT32_MAX ||
                    lf_finger_closest(s->shard, s->probe, s->row[k], s->core, &m) < 0 || m.score <= accept)
                        continue;
                ret->mates++;
                s->lost += !found[k];
        }
}

static int search_all(struct search *s, float accept, struct lf_identification *ret)
{
        bool *found = calloc(s->all->n, sizeof *found);
        int r = found ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < s->all->n; i++) {
                struct lf_defect defect;
                if (s->engine->prepare(s->all->item[i].wire, s->all->item[i].size, s->probe, &defect) < 0) {
                        ret->searches++;
                        r = lf_scores_add(&s->mate, -1);
                        continue;
                }
                r = search_one(s, i, found, ret);
                if (r == 0)
                        count_lost(s, i, found, accept, ret);
        }
        free(found);
        return r;
}

int lf_identify(const struct lf_impressions *all, float accept, struct lf_identification *ret)
{
        struct search s = {.all = all, .engine = lf_engine_for(LF_MODALITY_FINGERPRINT)};
        *ret = (struct lf_identification){0};
        int r = build(&s);
        if (r == 0)
                r = search_all(&s, accept, ret);
        if (r == 0 && s.stranger.n > 0 && s.core->compared > 0) {
                lf_rates_of(&s.mate, &s.stranger); /* sorts */
                ret->fnir_1e2 = lf_fnmr_at(&s.mate, &s.stranger, 1e-2);
                ret->rank1 = (double)s.right / (double)ret->searches;
                ret->first_stage_loss = ret->mates ? (double)s.lost / (double)ret->mates : 0;
                ret->first_stage_kept = (double)s.core->kept / (double)s.core->compared;
        }
        free(s.mate.score);
        free(s.stranger.score);
        free(s.shard);
        free(s.probe);
        free(s.core);
        free(s.row);
        return r;
}
