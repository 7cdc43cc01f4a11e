/* The sealed payload of a leaf: AES-256-GCM under the record's own key, used for this one leaf; the nonce is
 * zero. Additional data: the leaf's magic .. modality, which a mirror could otherwise exchange. */
#pragma once

#include "control/feed/feed.h"

#define LF_FEED_SEAL_EXTRA 16 /* the tag */

/* `box` has room for size + LF_FEED_SEAL_EXTRA. */
int lf_feed_seal(const struct lf_feed_leaf *leaf, const uint8_t key[32], const void *payload, size_t size,
                 uint8_t *box);
/* `box_size` includes the tag. -EBADMSG. */
int lf_feed_unseal(const struct lf_feed_leaf *leaf, const uint8_t key[32], const uint8_t *box,
                   size_t box_size, void *payload);
