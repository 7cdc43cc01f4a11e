/* SHA-256 on the path: allocates nothing. Any core. */
#pragma once

#include "dataplane/audit/entry.h"

#include <stddef.h>
#include <stdint.h>

/* SHA-256 of a, then b. */
void lf_digest(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t ret[32]);
/* What lf_entry_leaf_hash and lf_entry_commit of audit/leaf.h give. */
void lf_digest_leaf(const struct lf_entry *entry, uint8_t ret[32]);
void lf_digest_commit(const uint8_t key[32], const void *content, size_t size, uint8_t ret[32]);

/* Secrets, one after another, from 32 random bytes: those given before cannot be computed from what is left.
 * A ratchet belongs to one core. */
void lf_digest_ratchet(uint8_t ratchet[32], uint8_t ret_secret[32]);
