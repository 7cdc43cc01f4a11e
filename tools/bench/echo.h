/* A plain echo in landfalld's place: the same port, opened from the same options, on the same core. */
#pragma once

#include "tools/bench/peer.h"

/* The main thread; once in a process. -errno, with `why` (256 bytes). */
int lf_echo_start(const struct lf_peer_start *start, char why[256]);
/* What it did since the last call: `answered`, `busy`, `ns`. */
void lf_echo_read(struct lf_peer_result *ret);
void lf_echo_stop(void);
