/* Sealing and checking one record. OpenSSL 3.0's EVP interface copies and allocates for every HMAC; SHA-256
 * below it, deprecated but there, does not. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dataplane/audit/wal_record.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dataplane/aead.h"
#include "dataplane/hkdf.h"

struct lf_wal_keys {
        uint8_t key[LF_WAL_KEY_SIZE];
        uint8_t salt[16]; /* that `gcm` is keyed for */
        bool keyed;
        struct lf_aead gcm;
        SHA256_CTX inner, outer; /* of the chain's HMAC, the key's block taken in */
};

static int key_gcm(struct lf_wal_keys *k, const uint8_t salt[16])
{
        if (k->keyed && memcmp(k->salt, salt, 16) == 0)
                return 0;
        uint8_t key[32];
        int rc = lf_hkdf(k->key, sizeof k->key, salt, 16, "landfall wal opening", key);
        if (rc == 0)
                lf_aead_set_key(&k->gcm, key);
        OPENSSL_cleanse(key, sizeof key);
        if (rc < 0)
                return rc;
        memcpy(k->salt, salt, 16);
        k->keyed = true;
        return 0;
}

/* HMAC (RFC 2104), its two digests begun. */
static int key_chain(struct lf_wal_keys *k)
{
        uint8_t key[64] = {0}, pad[64];
        int rc = lf_hkdf(k->key, sizeof k->key, "", 0, "landfall wal chain", key);
        for (unsigned i = 0; i < sizeof pad; i++)
                pad[i] = key[i] ^ 0x36;
        SHA256_Init(&k->inner);
        SHA256_Update(&k->inner, pad, sizeof pad);
        for (unsigned i = 0; i < sizeof pad; i++)
                pad[i] = key[i] ^ 0x5c;
        SHA256_Init(&k->outer);
        SHA256_Update(&k->outer, pad, sizeof pad);
        OPENSSL_cleanse(key, sizeof key);
        OPENSSL_cleanse(pad, sizeof pad);
        return rc;
}

int lf_wal_keys_new(const uint8_t key[LF_WAL_KEY_SIZE], const uint8_t salt[16], struct lf_wal_keys **ret)
{
        struct lf_wal_keys *k = aligned_alloc(_Alignof(struct lf_wal_keys), sizeof *k);
        if (!k)
                return -ENOMEM;
        memset(k, 0, sizeof *k);
        memcpy(k->key, key, sizeof k->key);
        int rc = lf_aead_init();
        if (rc == 0)
                rc = key_chain(k);
        if (rc == 0 && salt)
                rc = key_gcm(k, salt);
        if (rc < 0) {
                lf_wal_keys_free(k);
                return rc;
        }
        *ret = k;
        return 0;
}

void lf_wal_keys_free(struct lf_wal_keys *k)
{
        if (!k)
                return;
        OPENSSL_cleanse(k, sizeof *k);
        free(k);
}

static void nonce_of(const struct lf_wal_record *r, uint8_t nonce[12])
{
        memset(nonce, 0, 4);
        memcpy(nonce + 4, &r->index, 8);
}

static void chain_of(const struct lf_wal_keys *k, const struct lf_wal_record *r, uint8_t chain[16])
{
        uint8_t full[32];
        SHA256_CTX c = k->inner;
        SHA256_Update(&c, r, offsetof(struct lf_wal_record, chain));
        SHA256_Final(full, &c);
        c = k->outer;
        SHA256_Update(&c, full, sizeof full);
        SHA256_Final(full, &c);
        OPENSSL_cleanse(&c, sizeof c);
        memcpy(chain, full, 16);
}

static uint32_t crc_of(const struct lf_wal_record *r)
{
        return crc32_iscsi((unsigned char *)(uintptr_t)r, offsetof(struct lf_wal_record, crc), 0xffffffffu);
}

static int seal_opening(struct lf_wal_keys *k, struct lf_wal_record *r,
                        const struct lf_entry_opening *opening)
{
        uint8_t nonce[LF_AEAD_NONCE_SIZE];
        nonce_of(r, nonce);
        int rc = key_gcm(k, r->salt);
        if (rc == 0)
                lf_aead_seal(&k->gcm, nonce, NULL, 0, opening, sizeof *opening, r->sealed);
        return rc;
}

int lf_wal_record_seal(struct lf_wal_keys *k, struct lf_wal_record *r, const struct lf_entry_opening *opening)
{
        if (opening) {
                int rc = seal_opening(k, r, opening);
                if (rc < 0)
                        return rc;
        }
        chain_of(k, r, r->chain);
        r->crc = crc_of(r);
        return 0;
}

bool lf_wal_record_whole(const struct lf_wal_record *r)
{
        return r->magic == LF_WAL_RECORD_MAGIC && r->length == LF_WAL_RECORD_SIZE &&
               r->version == LF_WAL_RECORD_VERSION &&
               (r->kind == LF_WAL_RECORD_ENTRY || r->kind == LF_WAL_RECORD_MARK) && r->crc == crc_of(r);
}

bool lf_wal_record_authentic(struct lf_wal_keys *k, const struct lf_wal_record *r)
{
        uint8_t chain[16];
        chain_of(k, r, chain);
        return CRYPTO_memcmp(chain, r->chain, 16) == 0;
}

int lf_wal_record_open(struct lf_wal_keys *k, const struct lf_wal_record *r, struct lf_entry_opening *ret)
{
        uint8_t nonce[LF_AEAD_NONCE_SIZE];
        nonce_of(r, nonce);
        int rc = key_gcm(k, r->salt);
        if (rc < 0)
                return rc;
        return lf_aead_open(&k->gcm, nonce, NULL, 0, r->sealed, sizeof r->sealed, ret) ? 0 : -EBADMSG;
}
