/* OpenSSL 3.0's EVP interface allocates for every digest; the one below it, deprecated but there, does not.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dataplane/digest.h"

#include <openssl/sha.h>
#include <string.h>

void lf_digest(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t ret[32])
{
        SHA256_CTX c;
        SHA256_Init(&c);
        SHA256_Update(&c, a, a_size);
        SHA256_Update(&c, b, b_size);
        SHA256_Final(ret, &c); /* wipes what it held of the content */
}

void lf_digest_leaf(const struct lf_entry *entry, uint8_t ret[32])
{
        lf_digest("", 1, entry, sizeof *entry, ret);
}

void lf_digest_commit(const uint8_t key[32], const void *content, size_t size, uint8_t ret[32])
{
        uint8_t inner_pad[64], outer_pad[64], inner[32];
        memset(inner_pad, 0x36, sizeof inner_pad);
        memset(outer_pad, 0x5c, sizeof outer_pad);
        for (unsigned i = 0; i < 32; i++) {
                inner_pad[i] ^= key[i];
                outer_pad[i] ^= key[i];
        }
        lf_digest(inner_pad, sizeof inner_pad, content, size, inner);
        lf_digest(outer_pad, sizeof outer_pad, inner, sizeof inner, ret);
        explicit_bzero(inner_pad, sizeof inner_pad);
        explicit_bzero(outer_pad, sizeof outer_pad);
}

void lf_digest_ratchet(uint8_t ratchet[32], uint8_t ret_secret[32])
{
        lf_digest(ratchet, 32, "out", 3, ret_secret);
        lf_digest(ratchet, 32, "next", 4, ratchet);
}
