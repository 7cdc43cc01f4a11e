/* Numbers that must never go back, whatever restarts: the ruleset's, the generation's and legal time. Kept in
 * one file, durable before a number is used. One thread. */
#pragma once

#include <stdint.h>

struct lf_state;

/* Reads the file, or begins anew when there is none. -EBADMSG: it is damaged. -ENOMEM, else errno. */
int lf_state_open(const char *path, struct lf_state **ret);
/* Gives back what was reserved. NULL is fine. */
void lf_state_close(struct lf_state *state);

/* The ruleset's number of a policy with this digest: the same for the same law, else one more than any
 * before. On failure nothing changes. */
int lf_state_ruleset(struct lf_state *state, const uint8_t digest[32], uint32_t *ret);

/* A new generation number: above all that were given out, and above `above`. */
int lf_state_generation(struct lf_state *state, uint64_t above, uint64_t *ret);

/* Legal time, seconds since 1970: the clock's, or where the clock went back, the latest that was ever given
 * out. Reserves LF_STATE_RESERVE_S at a time in the file; if that fails legal time stands still. */
#define LF_STATE_RESERVE_S 10
uint64_t lf_state_legal_time(struct lf_state *state, uint64_t clock);
/* The latest that was given out; 0: none. */
uint64_t lf_state_last(const struct lf_state *state);

/* What legal time was when the machine's uptime was 0, for one start of the machine (any number but 0 that
 * tells it from others); 0: not known. On failure the old one stays. */
uint64_t lf_state_clock(const struct lf_state *state, uint64_t machine_start);
int lf_state_set_clock(struct lf_state *state, uint64_t machine_start, uint64_t began);
