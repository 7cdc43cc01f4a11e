/* Gallery generations: pinned by queries, published by the main thread, let go when nothing refers to them.
 *
 * A query pins the current generation from steer to seal; only its io core counts the pin. A generation that
 * has been replaced is retired once every core has begun a turn since (so none can still pin it) and its pins
 * are gone. */
#pragma once

#include "base/epoch.h"
#include "dataplane/dataplane.h"
#include "matcher/shard.h"

struct lf_generation {
        uint64_t id; /* 0: the place is free */
        uint32_t shards;
        bool replaced;
        uint64_t replaced_epoch;
        const struct lf_shard *shard[LF_SHARDS_MAX];
        bool present[LF_DATASETS_MAX]; /* says something of this dataset */
        /* match cores that own a shard of it; of an indexed modality: not 0 where there is one */
        uint64_t cores[LF_DATASETS_MAX][LF_CATEGORIES_MAX];
        struct {
                _Alignas(64) _Atomic uint64_t n; /* written by its io core */
        } pins[LF_CORES_MAX];
};

struct lf_generations {
        _Atomic(struct lf_generation *) current;
        struct lf_generation place[LF_GENERATIONS_MAX];
};

/* Main thread: finds a place for shards that were checked; errors as lf_dataplane_publish. Shard i belongs
 * to match core i % match_cores, unless it is indexed. Then publish it, or let it go by setting its id to 0.
 */
int lf_generation_prepare(struct lf_generations *g, unsigned match_cores, uint64_t id,
                          const void *const *images, size_t n, struct lf_generation **ret);
void lf_generation_publish(struct lf_generations *g, struct lf_epoch *epoch, struct lf_generation *new);
bool lf_generation_retired(struct lf_generations *g, const struct lf_epoch *epoch, uint64_t *ret_id);
unsigned lf_generations_held(const struct lf_generations *g);

/* An io core. NULL: none is published yet. */
static inline struct lf_generation *lf_generation_pin(struct lf_generations *g, unsigned io)
{
        struct lf_generation *now = atomic_load(&g->current);
        if (now)
                atomic_store_explicit(&now->pins[io].n,
                                      atomic_load_explicit(&now->pins[io].n, memory_order_relaxed) + 1,
                                      memory_order_relaxed);
        return now;
}

static inline void lf_generation_unpin(struct lf_generation *g, unsigned io)
{
        if (g)
                atomic_store_explicit(&g->pins[io].n,
                                      atomic_load_explicit(&g->pins[io].n, memory_order_relaxed) - 1,
                                      memory_order_release);
}
