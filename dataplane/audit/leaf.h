/* Hashes of an audit entry. Any thread may call; nothing is allocated. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/audit/entry.h"

/* The leaf hash of RFC 6962, section 2.1: SHA-256(0x00 || entry). The lane's receipt. */
void lf_entry_leaf_hash(const struct lf_entry *entry, uint8_t ret_hash[32]);

/* A commitment: HMAC-SHA256(opening key, content). */
void lf_entry_commit(const uint8_t key[32], const void *content, size_t size, uint8_t ret_commitment[32]);
