/* The keyring: record keys of one feed, sealed for one appliance.
 *
 * Header (in clear, additional data), then one AES-256-GCM box of struct lf_keyring_key. The box key is
 * HKDF-SHA256(X25519(ephemeral, appliance), salt = ephemeral public || appliance public,
 * info = "landfall keyring 1"); the nonce is zero because the key is used once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LF_KEYRING_MAGIC 0x474e524b4c464cull /* "LFLKRNG" */

struct lf_keyring_header {
        uint64_t magic;
        uint32_t version; /* 1 */
        uint32_t keys;
        uint64_t issued, expires; /* seconds since 1970 */
        uint8_t ephemeral[32];
        uint8_t appliance[32]; /* the public key that it is for */
};
_Static_assert(sizeof(struct lf_keyring_header) == 96, "keyring header layout");

struct lf_keyring_key {
        uint64_t index; /* of the leaf whose payload it opens */
        uint8_t key[32];
};
_Static_assert(sizeof(struct lf_keyring_key) == 40, "keyring key layout");

/* The appliance's X25519 key pair, derived from its secret (a file of at least 32 bytes). */
int lf_keyring_appliance(const char *secret_path, uint8_t ret_private[32], uint8_t ret_public[32]);

/* Replaces the file at `path`, durably. */
int lf_keyring_write(const char *path, const uint8_t appliance_public[32], uint64_t issued, uint64_t expires,
                     const struct lf_keyring_key *keys, uint32_t n);
/* Keys in rising order of index; ret_keys is to be freed with lf_keyring_free. -EBADMSG: damaged, or for
 * another appliance. -EKEYEXPIRED: past its time at `now`. ret_expires: when that will be. */
int lf_keyring_read(const char *path, const uint8_t appliance_private[32], const uint8_t appliance_public[32],
                    uint64_t now, struct lf_keyring_key **ret_keys, uint32_t *ret_n, uint64_t *ret_expires);
/* Wipes. NULL is fine. */
void lf_keyring_free(struct lf_keyring_key *keys, uint32_t n);
