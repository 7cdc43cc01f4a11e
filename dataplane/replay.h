/* The replay window of a session: which of its counters were seen, shared by all cores without a lock.
 *
 * A slot remembers, for each counter modulo 64, the highest one accepted, together with the turn of the
 * session that holds the slot. A counter is accepted only by raising that value, so no datagram is accepted
 * twice, on whichever cores its copies arrive; a datagram that comes 64 counters late or more is refused. A
 * new session in the slot has a higher turn and so finds the window empty. */
#pragma once

#include "base/prefetch.h"

#include <stdatomic.h>
#include <stdint.h>

#define LF_REPLAY_WINDOW      64
#define LF_REPLAY_COUNTER_MAX (1ull << 40) /* counters are 1 .. 2^40-1 */

struct lf_replay_slot {
        _Alignas(64) _Atomic uint64_t seen[LF_REPLAY_WINDOW]; /* turn << 40 | counter; 0: nothing */
};

/* Asks the cache for what accepting this counter reads and writes. */
static inline void lf_replay_prefetch(const struct lf_replay_slot *slot, uint64_t counter)
{
        lf_prefetch_write(&slot->seen[counter % LF_REPLAY_WINDOW], sizeof slot->seen[0]);
}

/* Only for an authenticated datagram. -EALREADY: seen before, or too late to tell. -ESTALE: the slot was
 * given to a later session. Any core. */
int lf_replay_accept(struct lf_replay_slot *slot, uint32_t turn, uint64_t counter);
