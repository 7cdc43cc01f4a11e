/* Keys and boxes of LSP/1, for control (cookies, tokens) and the client library; the dataplane takes the
 * keys' derivation from here and has boxes of its own (dataplane/aead.h).
 *
 * Needs only OpenSSL. An AEAD object belongs to one thread at a time. After lsp_aead_set_key, sealing and
 * opening allocate nothing. */
#pragma once

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

struct lsp_aead; /* one AES-256-GCM key in one direction */

/* All the memory it ever needs; without a key, it seals and opens with none that anyone knows. -ENOMEM. */
int lsp_aead_create(struct lsp_aead **ret);
/* The same for one direction: only to seal, or only to open. */
int lsp_aead_create_sealer(struct lsp_aead **ret);
int lsp_aead_create_opener(struct lsp_aead **ret);
/* Wipes the key. NULL is fine. */
void lsp_aead_destroy(struct lsp_aead *a);
/* -EIO when OpenSSL refuses. */
int lsp_aead_set_key(struct lsp_aead *a, const uint8_t key[32]);

/* One piece of additional data; the pieces are taken as if they stood behind one another. */
struct lsp_ad {
        const void *data;
        size_t size;
};

/* Writes size bytes of ciphertext to `box` and the 16-byte tag behind them. box may be plain. -EIO. */
int lsp_seal(struct lsp_aead *a, const uint8_t nonce[12], const struct lsp_ad *ad, unsigned ads,
             const void *plain, size_t size, uint8_t *box);
/* Opens size bytes of ciphertext and the tag behind them into `plain`, which may be box. -EBADMSG: forged;
 * then `plain` has been zeroed. */
int lsp_open(struct lsp_aead *a, const uint8_t nonce[12], const struct lsp_ad *ad, unsigned ads,
             const uint8_t *box, size_t size, void *plain);

/* The AEAD nonce for a header's nonce: four zero bytes, then big-endian. */
void lsp_nonce(uint64_t header_nonce, uint8_t ret_nonce[12]);

/* The key that both ends of a key exchange get from its TLS (LSP_EXPORTER_LABEL); needs libssl. -EIO. */
int lsp_export_key(SSL *ssl, const uint8_t appliance[16], uint8_t ret_key[32]);
/* HKDF-SHA256(secret = exported, salt = boot, info) -> 32 bytes. Allocates inside OpenSSL: not once a
 * datagram. -EIO. */
int lsp_derive(const uint8_t exported[32], const uint8_t boot[16], const char *info, uint8_t ret_key[32]);
