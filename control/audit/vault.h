/* The vault: openings of the audit entries' commitments, sealed under a key of which two people hold one
 * share each.
 *
 * A file holds the openings of 256 entries: NNNNNNNNNNNNNNNN.vlt, its number in hex. A complete one is
 * replaced as a whole or erased as a whole; erasing it makes its commitments unopenable for ever, while the
 * log still verifies. */
#pragma once

#include <stdint.h>

#include "dataplane/audit/entry.h"

#define LF_VAULT_KEY   32
#define LF_VAULT_GROUP 256

/* Two new share files (64 hex digits and a newline, mode 0600), which together make a random key. -EEXIST:
 * one is there already. */
int lf_vault_key_create(const char *share_a, const char *share_b);

/* The key: the two shares, XORed. -EBADMSG: not a share. */
int lf_vault_key_read(const char *share_a, const char *share_b, uint8_t ret_key[LF_VAULT_KEY]);

/* Seals the first n (1..256) openings of group `group` into its file in `directory`, durably; replaces the
 * file. */
int lf_vault_write(const char *directory, const uint8_t key[LF_VAULT_KEY], uint64_t group,
                   const struct lf_entry_opening *openings, unsigned n);

/* Opens one group. ret_openings holds 256. -ENOENT: erased or never written. -EBADMSG: wrong key or damaged.
 */
int lf_vault_read(const char *directory, const uint8_t key[LF_VAULT_KEY], uint64_t group,
                  struct lf_entry_opening *ret_openings, unsigned *ret_n);

/* Erases one group's file. -ENOENT: there is none. */
int lf_vault_erase(const char *directory, uint64_t group);
