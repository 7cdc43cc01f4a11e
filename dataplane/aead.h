/* AES-256-GCM for the query path: Intel's multi-buffer library, a tenth of what OpenSSL's EVP interface takes
 * for a datagram. What needs no such speed (control, the client library) has dataplane/lsp_seal.h.
 *
 * A key is plain memory, its owner's to place and to prefetch. Nothing here allocates but lf_aead_init. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_AEAD_KEY_SIZE   32
#define LF_AEAD_NONCE_SIZE 12
#define LF_AEAD_TAG_SIZE   16

/* A key, expanded. One core at a time writes it. */
struct lf_aead {
        _Alignas(64) uint8_t expanded[1024];
};

/* Once before all else; again, it does nothing. -ENOSYS: not on this machine. -ENOMEM. */
int lf_aead_init(void);
void lf_aead_set_key(struct lf_aead *a, const uint8_t key[LF_AEAD_KEY_SIZE]);
/* Nothing of the key stays; until it gets another, nothing may be sealed or opened with it. */
void lf_aead_wipe(struct lf_aead *a);

/* Writes size bytes of ciphertext to `box` and the tag behind them. box may be plain. */
void lf_aead_seal(const struct lf_aead *a, const uint8_t nonce[LF_AEAD_NONCE_SIZE], const void *ad,
                  size_t ad_size, const void *plain, size_t size, uint8_t *box);
/* Opens size bytes of ciphertext and the tag behind them into `plain`, which may be box. False: forged; then
 * `plain` has been zeroed. */
bool lf_aead_open(const struct lf_aead *a, const uint8_t nonce[LF_AEAD_NONCE_SIZE], const void *ad,
                  size_t ad_size, const uint8_t *box, size_t size, void *plain);
