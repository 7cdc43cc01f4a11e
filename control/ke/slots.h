/* Who holds which replay slot.
 *
 * A session takes a slot for as long as its cookie lives. A lane holds at most LF_SLOTS_PER_LANE; a further
 * session takes over its oldest, so that renewing needs no new slot and queries under way can end under the
 * session that they began. A slot's turn and the session numbers only rise, across restarts of control too:
 * what may have been given out is reserved in a file before it is given out. If that file is lost, both go on
 * from the clock: sessions from the microsecond, turns from the minute, which overtake any that were given
 * out at a lower rate than one session a microsecond and one turn a slot a minute.
 *
 * One thread at a time. */
#pragma once

#include <stdint.h>

#define LF_SLOTS_MAX      65536
#define LF_SLOTS_PER_LANE 4
#define LF_SLOT_TURN_MAX  ((1u << 24) - 1)

struct lf_slots;

/* n slots, remembered in `file` (made when missing, mode 0600). `now_us`: microseconds since 1970. -EINVAL:
 * n. -EBADMSG: the file is damaged. Else errno. */
int lf_slots_create(const char *file, uint32_t n, uint64_t now_us, struct lf_slots **ret);
/* NULL is fine. */
void lf_slots_destroy(struct lf_slots *slots);

struct lf_slot_grant {
        uint64_t session;
        uint32_t slot, slot_turn;
};

/* A slot for a new session of `lane`, whose cookie ends at `expiry` (seconds; `now` too). -ENOSPC: none is
 * free. Else errno of the file; then nothing was given out. */
int lf_slots_take(struct lf_slots *slots, uint32_t lane, uint64_t now, uint64_t expiry,
                  struct lf_slot_grant *ret);
