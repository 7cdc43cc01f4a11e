#include "tools/eval/comparisons.h"

#include <errno.h>
#include <stdlib.h>

#include "matcher/shard.h"

struct lf_trial_side {
        void *probe; /* NULL: cannot be compared */
        struct lf_shard *shard;
};

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

static const struct lf_engine *engine(void)
{
        return lf_engine_for(LF_MODALITY_FINGERPRINT);
}

static int prepare(const struct lf_impression *i, struct lf_trial_side *ret)
{
        struct lf_source_record record = {.wire = i->wire, .size = i->size};
        struct lf_shard_info info = {0};
        size_t size;
        int r = lf_shard_size(LF_MODALITY_FINGERPRINT, &record, 1, &size);
        if (r < 0)
                return r;
        ret->shard = aligned(size);
        ret->probe = aligned(engine()->probe_size);
        if (!ret->shard || !ret->probe)
                return -ENOMEM;
        r = lf_shard_build(LF_MODALITY_FINGERPRINT, &info, &record, 1, ret->shard, size, NULL);
        if (r < 0)
                return r;
        struct lf_defect defect;
        if (engine()->prepare(i->wire, i->size, ret->probe, &defect) < 0) {
                free(ret->probe);
                ret->probe = NULL;
        }
        return 0;
}

int lf_trial_prepare(const struct lf_impressions *all, struct lf_trial *ret)
{
        *ret = (struct lf_trial){.all = all, .side = calloc(all->n, sizeof *ret->side)};
        ret->scratch = aligned(engine()->scratch_size);
        int r = ret->side && ret->scratch ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < all->n; i++)
                r = prepare(&all->item[i], &ret->side[i]);
        return r;
}

void lf_trial_free(struct lf_trial *t)
{
        for (size_t i = 0; t->side && i < t->all->n; i++) {
                free(t->side[i].probe);
                free(t->side[i].shard);
        }
        free(t->side);
        free(t->scratch);
}

size_t lf_trial_failures(const struct lf_trial *t, unsigned folder)
{
        size_t n = 0;
        for (size_t i = 0; i < t->all->n; i++)
                n += lf_folder_of(t->all->item[i].finger) == folder && !t->side[i].probe;
        return n;
}

static float compare(const struct lf_trial_side *a, const struct lf_trial_side *b, void *scratch)
{
        if (!a->probe)
                return LF_NO_MATCH;
        struct lf_topk top, *tops = &top;
        const void *probe = a->probe;
        lf_topk_init(&top, 1, LF_NO_MATCH);
        for (uint32_t block = 0; block < b->shard->blocks; block++)
                engine()->scan(b->shard, block, &probe, &tops, 1, scratch);
        return top.n ? top.hit[0].score : LF_NO_MATCH;
}

static bool chosen(uint32_t folders, unsigned finger)
{
        unsigned folder = lf_folder_of(finger);
        return folder >= 32 || folders >> folder & 1;
}

/* Walks over the pairs; compares them when there is a list. Returns how many there are. */
static size_t walk(const struct lf_trial *t, uint32_t folders, size_t stride, size_t *ret_across,
                   struct lf_comparison *list)
{
        const struct lf_impression *item = t->all->item;
        size_t n = 0, across = 0;
        for (size_t i = 0; i < t->all->n; i++) {
                for (size_t k = i + 1; chosen(folders, item[i].finger) && k < t->all->n; k++) {
                        if (!chosen(folders, item[k].finger))
                                continue;
                        struct lf_comparison c = {.a = item[i].finger, .b = item[k].finger};
                        if (lf_is_across(&c) && ++across % stride)
                                continue;
                        if (list) {
                                c.score = compare(&t->side[i], &t->side[k], t->scratch);
                                list[n] = c;
                        }
                        n++;
                }
        }
        *ret_across = across;
        return n;
}

int lf_trial_run(const struct lf_trial *t, uint32_t folders, size_t across, struct lf_comparisons *ret)
{
        size_t there;
        walk(t, folders, 1, &there, NULL);
        size_t stride = there > across ? across ? (there - 1) / across + 1 : there + 1 : 1;
        size_t n = walk(t, folders, stride, &there, NULL);
        ret->item = calloc(n ? n : 1, sizeof *ret->item);
        if (!ret->item)
                return -ENOMEM;
        ret->n = walk(t, folders, stride, &there, ret->item);
        return 0;
}
