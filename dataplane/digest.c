#include "dataplane/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

struct lf_digest {
        EVP_MD *sha256;
        EVP_MD_CTX *ctx;
        uint8_t ratchet[32];
};

int lf_digest_create(struct lf_digest **ret)
{
        struct lf_digest *d = calloc(1, sizeof *d);
        if (!d)
                return -ENOMEM;
        d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        d->ctx = EVP_MD_CTX_new();
        if (!d->sha256 || !d->ctx || EVP_DigestInit_ex2(d->ctx, d->sha256, NULL) != 1 ||
            RAND_bytes(d->ratchet, sizeof d->ratchet) != 1) {
                lf_digest_destroy(d);
                return -EIO;
        }
        *ret = d;
        return 0;
}

void lf_digest_destroy(struct lf_digest *d)
{
        if (!d)
                return;
        EVP_MD_CTX_free(d->ctx);
        EVP_MD_free(d->sha256);
        OPENSSL_cleanse(d, sizeof *d);
        free(d);
}

/* Digests of memory cannot fail once the object is made; if one does, OpenSSL is broken and no receipt or
 * commitment may leave. */
static void must(int ok)
{
        if (ok != 1)
                abort();
}

void lf_digest(struct lf_digest *d, const void *a, size_t a_size, const void *b, size_t b_size,
               uint8_t ret[32])
{
        must(EVP_DigestInit_ex2(d->ctx, NULL, NULL));
        must(EVP_DigestUpdate(d->ctx, a, a_size));
        must(EVP_DigestUpdate(d->ctx, b, b_size));
        must(EVP_DigestFinal_ex(d->ctx, ret, NULL));
}

void lf_digest_leaf(struct lf_digest *d, const struct lf_entry *entry, uint8_t ret[32])
{
        lf_digest(d, "", 1, entry, sizeof *entry, ret);
}

void lf_digest_commit(struct lf_digest *d, const uint8_t key[32], const void *content, size_t size,
                      uint8_t ret[32])
{
        uint8_t inner_pad[64], outer_pad[64], inner[32];
        memset(inner_pad, 0x36, sizeof inner_pad);
        memset(outer_pad, 0x5c, sizeof outer_pad);
        for (unsigned i = 0; i < 32; i++) {
                inner_pad[i] ^= key[i];
                outer_pad[i] ^= key[i];
        }
        lf_digest(d, inner_pad, sizeof inner_pad, content, size, inner);
        lf_digest(d, outer_pad, sizeof outer_pad, inner, sizeof inner, ret);
        OPENSSL_cleanse(inner_pad, sizeof inner_pad);
        OPENSSL_cleanse(outer_pad, sizeof outer_pad);
}

void lf_digest_secret(struct lf_digest *d, uint8_t ret[32])
{
        lf_digest(d, d->ratchet, sizeof d->ratchet, "out", 3, ret);
        lf_digest(d, d->ratchet, sizeof d->ratchet, "next", 4, d->ratchet);
}
