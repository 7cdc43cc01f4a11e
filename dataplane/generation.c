#include "dataplane/generation.h"

#include <errno.h>
#include <string.h>

int lf_dataplane_check_shard(const void *image, size_t size)
{
        int r = lf_shard_check(image, size);
        if (r < 0)
                return r;
        const struct lf_shard *s = image;
        const struct lf_shard_record *record = lf_shard_records(s);
        for (uint32_t i = 1; i < s->records; i++)
                if (memcmp(record[i].reference, record[i - 1].reference, sizeof record[i].reference) < 0)
                        return -EBADMSG; /* lf_shard_find would miss some */
        return s->dataset < LF_DATASETS_MAX && s->category < LF_CATEGORIES_MAX ? 0 : -EBADMSG;
}

int lf_generation_prepare(struct lf_generations *g, unsigned match_cores, uint64_t id,
                          const void *const *images, size_t n, struct lf_generation **ret)
{
        struct lf_generation *old = atomic_load(&g->current), *new = NULL;
        if (n > LF_SHARDS_MAX || id == 0 || (old && id <= old->id))
                return -EINVAL;
        for (unsigned i = 0; i < LF_GENERATIONS_MAX && !new; i++)
                if (g->place[i].id == 0)
                        new = &g->place[i];
        if (!new)
                return -EBUSY;
        memset(new, 0, sizeof *new);
        new->id = id;
        new->shards = (uint32_t)n;
        for (size_t i = 0; i < n; i++) {
                const struct lf_shard *s = images[i];
                new->shard[i] = s;
                new->present[s->dataset] = true;
                new->cores[s->dataset][s->category] |= 1ull << (i % match_cores);
        }
        *ret = new;
        return 0;
}

void lf_generation_publish(struct lf_generations *g, struct lf_epoch *epoch, struct lf_generation *new)
{
        struct lf_generation *old = atomic_load(&g->current);
        atomic_store(&g->current, new);
        uint64_t now = lf_epoch_advance(epoch);
        if (old) {
                old->replaced = true;
                old->replaced_epoch = now;
        }
}

static uint64_t pins(const struct lf_generation *g)
{
        uint64_t sum = 0;
        for (unsigned i = 0; i < LF_CORES_MAX; i++)
                sum += atomic_load_explicit((_Atomic uint64_t *)&g->pins[i].n, memory_order_acquire);
        return sum;
}

bool lf_generation_retired(struct lf_generations *g, const struct lf_epoch *epoch, uint64_t *ret_id)
{
        for (unsigned i = 0; i < LF_GENERATIONS_MAX; i++) {
                struct lf_generation *old = &g->place[i];
                if (old->id == 0 || !old->replaced || !lf_epoch_passed(epoch, old->replaced_epoch) ||
                    pins(old) > 0)
                        continue;
                *ret_id = old->id;
                old->id = 0;
                return true;
        }
        return false;
}

unsigned lf_generations_held(const struct lf_generations *g)
{
        unsigned held = 0;
        for (unsigned i = 0; i < LF_GENERATIONS_MAX; i++)
                held += g->place[i].id != 0;
        return held;
}
