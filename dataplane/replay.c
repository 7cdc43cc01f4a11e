#include "dataplane/replay.h"

#include <errno.h>

int lf_replay_accept(struct lf_replay_slot *slot, uint32_t turn, uint64_t counter)
{
        _Atomic uint64_t *seen = &slot->seen[counter % LF_REPLAY_WINDOW];
        uint64_t value = (uint64_t)turn << 40 | counter,
                 old = atomic_load_explicit(seen, memory_order_relaxed);
        do {
                if (old >> 40 > turn)
                        return -ESTALE;
                if (old >= value)
                        return -EALREADY;
        } while (!atomic_compare_exchange_weak_explicit(seen, &old, value, memory_order_acq_rel,
                                                        memory_order_relaxed));
        return 0;
}
