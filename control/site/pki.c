#include "control/site/pki.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 16 random bytes, positive: RFC 5280, section 4.1.2.2. */
static int set_serial(X509 *x)
{
        uint8_t bytes[16];
        if (RAND_bytes(bytes, sizeof bytes) != 1)
                return -EIO;
        bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
        BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
        int r = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) ? 0 : -EIO;
        BN_free(n);
        return r;
}

static int set_name(X509 *x, const char *organization, const char *common_name)
{
        X509_NAME *n = X509_get_subject_name(x);
        return X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, (const uint8_t *)organization, -1, -1, 0) ==
                           1 &&
                       X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1,
                                                  -1, 0) == 1
                   ? 0
                   : -EIO;
}

static int add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX ctx;
        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        int r = e && X509_add_ext(x, e, -1) == 1 ? 0 : -EIO;
        X509_EXTENSION_free(e);
        return r;
}

/* A certificate with everything but extensions and signature. */
static int begin(const char *organization, const char *common_name, unsigned days, EVP_PKEY *key, X509 **ret)
{
        X509 *x = X509_new();
        if (!x || X509_set_version(x, X509_VERSION_3) != 1 || set_serial(x) < 0 ||
            set_name(x, organization, common_name) < 0 || X509_set_pubkey(x, key) != 1 ||
            !X509_gmtime_adj(X509_getm_notBefore(x), -86400L) ||
            !X509_time_adj_ex(X509_getm_notAfter(x), (int)days, 0, NULL)) {
                X509_free(x);
                return -EIO;
        }
        *ret = x;
        return 0;
}

int lf_pki_authority(const char *name, X509 **ret_certificate, EVP_PKEY **ret_key)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = NULL;
        if (!key || begin(name, "Landfall site authority", LF_PKI_CA_DAYS, key, &x) < 0 ||
            X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
            add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") < 0 ||
            add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") < 0 ||
            add_extension(x, x, NID_subject_key_identifier, "hash") < 0 || !X509_sign(x, key, EVP_sha256())) {
                X509_free(x);
                EVP_PKEY_free(key);
                return -EIO;
        }
        *ret_certificate = x;
        *ret_key = key;
        return 0;
}

int lf_pki_issue(X509 *authority, EVP_PKEY *authority_key, const struct lf_pki_subject *subject,
                 X509 **ret_certificate, EVP_PKEY **ret_key)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = NULL;
        if (!key || begin(subject->organization, subject->common_name, subject->days, key, &x) < 0 ||
            X509_set_issuer_name(x, X509_get_subject_name(authority)) != 1 ||
            add_extension(x, authority, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
            add_extension(x, authority, NID_key_usage, "critical,digitalSignature") < 0 ||
            add_extension(x, authority, NID_ext_key_usage, subject->usage) < 0 ||
            add_extension(x, authority, NID_subject_key_identifier, "hash") < 0 ||
            add_extension(x, authority, NID_authority_key_identifier, "keyid:always") < 0 ||
            add_extension(x, authority, NID_subject_alt_name, subject->alternative) < 0 ||
            !X509_sign(x, authority_key, EVP_sha256())) {
                X509_free(x);
                EVP_PKEY_free(key);
                return -EIO;
        }
        *ret_certificate = x;
        *ret_key = key;
        return 0;
}

/* What was written to `bio`, as a string; the bio is freed with its memory wiped. */
static int text_of(BIO *bio, bool written, char **ret_text)
{
        char *data = NULL;
        long n = bio ? BIO_get_mem_data(bio, &data) : 0;
        char *text = written && n > 0 ? strndup(data, (size_t)n) : NULL;
        if (n > 0)
                OPENSSL_cleanse(data, (size_t)n);
        BIO_free(bio);
        if (!text)
                return -EIO;
        *ret_text = text;
        return 0;
}

int lf_pki_certificate_text(X509 *certificate, char **ret_text)
{
        BIO *bio = BIO_new(BIO_s_mem());
        return text_of(bio, bio && PEM_write_bio_X509(bio, certificate) == 1, ret_text);
}

/* The key under scrypt (N = 2^14, r = 8, p = 1) and AES-256-CBC. */
static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *plain, const char *passphrase)
{
        X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 16384, 8, 1);
        X509_SIG *sealed = pbe ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, pbe) : NULL;
        if (!sealed)
                X509_ALGOR_free(pbe);
        bool written = sealed && PEM_write_bio_PKCS8(bio, sealed) == 1;
        X509_SIG_free(sealed);
        return written;
}

int lf_pki_key_text(EVP_PKEY *key, const char *passphrase, char **ret_text)
{
        BIO *bio = BIO_new(BIO_s_mem());
        PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
        bool written = bio && plain &&
                       (passphrase ? write_encrypted(bio, plain, passphrase)
                                   : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) == 1);
        PKCS8_PRIV_KEY_INFO_free(plain);
        return text_of(bio, written, ret_text);
}

int lf_pki_certificate_read(const char *path, X509 **ret)
{
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
        fclose(f);
        ERR_clear_error();
        if (!x)
                return -EBADMSG;
        *ret = x;
        return 0;
}

struct asked {
        const char *passphrase;
        bool was;
};

static int give_passphrase(char *buf, int size, int writing, void *arg)
{
        struct asked *asked = arg;
        size_t n = asked->passphrase ? strlen(asked->passphrase) : 0;
        asked->was = true;
        if (n == 0 || n > (size_t)size)
                return -1;
        memcpy(buf, asked->passphrase, n);
        return (int)n;
}

int lf_pki_key_read(const char *path, const char *passphrase, EVP_PKEY **ret)
{
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        struct asked asked = {.passphrase = passphrase};
        EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, give_passphrase, &asked);
        fclose(f);
        ERR_clear_error();
        if (!key)
                return asked.was ? -EACCES : -EBADMSG;
        *ret = key;
        return 0;
}

int lf_pki_fingerprint(const X509 *certificate, uint8_t ret_fingerprint[32])
{
        unsigned n = 32;
        return X509_digest(certificate, EVP_sha256(), ret_fingerprint, &n) == 1 ? 0 : -EIO;
}
