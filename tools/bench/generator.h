/* The lanes' end of a bench's memif. Queries are sealed before they are sent, so that sending costs their
 * core a copy. The main thread calls; sending and receiving run on a core of their own. */
#pragma once

#include "tools/bench/peer.h"

struct lf_generator;
/* Once in a process. -errno, with `why` (256 bytes). */
int lf_generator_create(const struct lf_peer_start *start, struct lf_generator **ret, char why[256]);
void lf_generator_destroy(struct lf_generator *g);

/* Seals the next `frames` queries. -EINVAL: more than there is room for. -EIO. */
int lf_generator_prepare(struct lf_generator *g, uint64_t frames);
/* Sends what was prepared, once. -ETIMEDOUT: no link within five seconds. */
int lf_generator_ask(struct lf_generator *g, uint32_t window, uint64_t ms, struct lf_peer_result *ret);
/* Sends what was prepared over and over, as fast as the ring takes it. */
int lf_generator_bounce(struct lf_generator *g, uint64_t ms, struct lf_peer_result *ret);
