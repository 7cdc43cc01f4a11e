/* Keys and certificates of a site: ECDSA on P-256, X.509 v3. Internal to control/site and its tests. Any
 * thread. Everything returned is the caller's to free. */
#pragma once

#include <openssl/x509.h>
#include <stdint.h>

#define LF_PKI_CA_DAYS     7300
#define LF_PKI_SERVER_DAYS 1825

/* A new authority: key and self-signed certificate, path length 0. -EIO. */
int lf_pki_authority(const char *name, X509 **ret_certificate, EVP_PKEY **ret_key);

struct lf_pki_subject {
        const char *organization;
        const char *common_name;
        const char *alternative; /* subjectAltName as OpenSSL's configuration writes it: "URI:…,DNS:…" */
        const char *usage;       /* "serverAuth" or "clientAuth" */
        unsigned days;
};
/* A new key and its certificate, valid from a day ago, so that a slow clock does not matter. -EIO. */
int lf_pki_issue(X509 *authority, EVP_PKEY *authority_key, const struct lf_pki_subject *subject,
                 X509 **ret_certificate, EVP_PKEY **ret_key);

/* PEM text. `passphrase` NULL: not encrypted; else PKCS #8 under scrypt and AES-256-CBC. ret_text: malloc'ed,
 * terminated; wipe keys. -EIO. */
int lf_pki_certificate_text(X509 *certificate, char **ret_text);
int lf_pki_key_text(EVP_PKEY *key, const char *passphrase, char **ret_text);

/* Read PEM files. -EBADMSG: not PEM. -EACCES: encrypted, and the passphrase is missing or wrong. Else errno.
 */
int lf_pki_certificate_read(const char *path, X509 **ret);
int lf_pki_key_read(const char *path, const char *passphrase, EVP_PKEY **ret);

/* SHA-256 of the certificate's DER. -EIO. */
int lf_pki_fingerprint(const X509 *certificate, uint8_t ret_fingerprint[32]);
