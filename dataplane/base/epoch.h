/* When may what was replaced be reused? Once every core has begun a turn of its loop after the replacement.
 *
 * A reader core calls lf_epoch_enter at the start of each turn and keeps no pointer to a replaceable thing
 * beyond the turn. The writer (one thread) stores the new pointer, calls lf_epoch_advance, and reuses the old
 * thing when lf_epoch_passed says so. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LF_EPOCH_READERS_MAX 64
#define LF_EPOCH_OFFLINE     UINT64_MAX

struct lf_epoch {
        _Atomic uint64_t now;
        uint32_t readers;
        struct {
                _Alignas(64) _Atomic uint64_t seen;
        } reader[LF_EPOCH_READERS_MAX];
};

/* All readers are offline: they hold nothing. */
static inline void lf_epoch_init(struct lf_epoch *e, uint32_t readers)
{
        atomic_init(&e->now, 1);
        e->readers = readers;
        for (uint32_t i = 0; i < readers; i++)
                atomic_init(&e->reader[i].seen, LF_EPOCH_OFFLINE);
}

/* Reader: sequentially consistent, so that a writer who does not see it here is seen by all that follows. */
static inline void lf_epoch_enter(struct lf_epoch *e, uint32_t reader)
{
        uint64_t now = atomic_load(&e->now);
        if (atomic_load_explicit(&e->reader[reader].seen, memory_order_relaxed) != now)
                atomic_store(&e->reader[reader].seen, now);
}

static inline void lf_epoch_leave(struct lf_epoch *e, uint32_t reader)
{
        atomic_store(&e->reader[reader].seen, LF_EPOCH_OFFLINE);
}

/* Writer, after storing the new pointer (sequentially consistent). */
static inline uint64_t lf_epoch_advance(struct lf_epoch *e)
{
        return atomic_fetch_add(&e->now, 1) + 1;
}

static inline bool lf_epoch_passed(const struct lf_epoch *e, uint64_t epoch)
{
        for (uint32_t i = 0; i < e->readers; i++)
                if (atomic_load((_Atomic uint64_t *)&e->reader[i].seen) < epoch)
                        return false;
        return true;
}
