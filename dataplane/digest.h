/* SHA-256 on the path: objects made at start, nothing allocated afterwards. An object belongs to one core. */
#pragma once

#include "dataplane/audit/entry.h"

#include <stddef.h>
#include <stdint.h>

struct lf_digest;

/* -ENOMEM, -EIO: OpenSSL. */
int lf_digest_create(struct lf_digest **ret);
void lf_digest_destroy(struct lf_digest *d);

/* SHA-256 of a, then b. */
void lf_digest(struct lf_digest *d, const void *a, size_t a_size, const void *b, size_t b_size,
               uint8_t ret[32]);
/* What lf_entry_leaf_hash and lf_entry_commit of audit/leaf.h give, without their allocations. */
void lf_digest_leaf(struct lf_digest *d, const struct lf_entry *entry, uint8_t ret[32]);
void lf_digest_commit(struct lf_digest *d, const uint8_t key[32], const void *content, size_t size,
                      uint8_t ret[32]);
/* 32 secret bytes, from a ratchet seeded at creation: the ones given before cannot be computed from its
 * state. */
void lf_digest_secret(struct lf_digest *d, uint8_t ret[32]);
