#include "matcher/shard.h"

void lf_topk_init(struct lf_topk *t, uint32_t k, float floor)
{
        t->k = k < 1 ? 1 : k > LF_TOPK_MAX ? LF_TOPK_MAX : k;
        t->n = 0;
        t->floor = floor;
        t->shard = NULL;
        t->now = 0;
}

void lf_topk_pass_over_expired(struct lf_topk *t, const struct lf_shard *shard, uint64_t now)
{
        t->shard = shard;
        t->now = now;
}

bool lf_topk_admits(const struct lf_topk *t, uint32_t record)
{
        return !t->shard || lf_shard_alive(t->shard, record, t->now);
}

static bool closer(const struct lf_hit *a, const struct lf_hit *b)
{
        if (a->score != b->score)
                return a->score > b->score;
        if (a->record != b->record)
                return a->record < b->record;
        return a->row < b->row;
}

static uint32_t worst(const struct lf_topk *t)
{
        uint32_t w = 0;
        for (uint32_t i = 1; i < t->n; i++)
                if (closer(&t->hit[w], &t->hit[i]))
                        w = i;
        return w;
}

void lf_topk_push(struct lf_topk *t, uint32_t record, uint32_t row, float score)
{
        /* Equality is let through: among equal scores the order of records decides, not that of the scan. */
        if (!(score >= t->floor) || (t->n < t->k && score == t->floor) || !lf_topk_admits(t, record))
                return;
        struct lf_hit hit = {.record = record, .row = row, .score = score};
        for (uint32_t i = 0; i < t->n; i++) {
                if (t->hit[i].record != record)
                        continue;
                if (closer(&hit, &t->hit[i]))
                        t->hit[i] = hit;
                goto raise;
        }
        if (t->n < t->k) {
                t->hit[t->n++] = hit;
        } else {
                uint32_t w = worst(t);
                if (!closer(&hit, &t->hit[w]))
                        return;
                t->hit[w] = hit;
        }
raise:
        if (t->n == t->k)
                t->floor = t->hit[worst(t)].score;
}

void lf_topk_sort(struct lf_topk *t)
{
        for (uint32_t i = 1; i < t->n; i++) {
                struct lf_hit h = t->hit[i];
                uint32_t j = i;
                for (; j > 0 && closer(&h, &t->hit[j - 1]); j--)
                        t->hit[j] = t->hit[j - 1];
                t->hit[j] = h;
        }
}
