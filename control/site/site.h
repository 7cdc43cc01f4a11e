/* The site authority: one appliance's identity, its secrets and the registry of its lanes, in one directory.
 *
 *   DIR/site.json                 name, appliance id, when it was made
 *   DIR/ca.pem, ca.key            the authority that signs the appliance's and the lanes' certificates
 *   DIR/server.pem, server.key    the appliance's certificate for the key exchange
 *   DIR/root.key, wal.key         32 random bytes each, as hex
 *   DIR/audit.signer, .verifier   the audit log's note key
 *   DIR/vault.share-a, -b         two shares of the vault's key: to be given to two people
 *   DIR/lanes/NNNN.json           one file for each lane that was ever enrolled
 *
 * Directories are 0700, secrets 0600, everything is written durably and nothing is ever overwritten but a
 * lane's file, whole, when the lane is revoked. Lane numbers are 1..1023 and never given to another.
 * Functions block on files. A struct lf_site belongs to one thread at a time; several processes may use one
 * directory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_SITE_NAME_MAX                                                                                     \
        64 /* bytes of a site's or lane's name, with its zero: [a-z0-9._-], not led by '.'                   \
            */

#define LF_SITE_CA         "ca.pem"
#define LF_SITE_CA_KEY     "ca.key"
#define LF_SITE_SERVER     "server.pem"
#define LF_SITE_SERVER_KEY "server.key"
#define LF_SITE_ROOT_KEY   "root.key"
#define LF_SITE_WAL_KEY    "wal.key"
#define LF_SITE_SIGNER     "audit.signer"
#define LF_SITE_VERIFIER   "audit.verifier"
#define LF_SITE_SHARE_A    "vault.share-a"
#define LF_SITE_SHARE_B    "vault.share-b"
#define LF_SITE_ADDRESSES  16

struct lf_site_init_options {
        const char *name;
        const char *passphrase_file; /* the authority's key is encrypted under its first line; NULL: plain */
        const char *address[LF_SITE_ADDRESSES]; /* DNS names and IP addresses for the server certificate */
        unsigned addresses;
};

/* Makes the site. -EEXIST: `dir` exists. -EINVAL: a name or address that cannot be. -EIO: OpenSSL refused.
 * Else errno. On failure nothing stands at `dir`. */
int lf_site_init(const char *dir, const struct lf_site_init_options *options);

struct lf_site;
/* -EBADMSG: site.json is not what init wrote. -EPERM: the directory or a key can be read by others. Else
 * errno. */
int lf_site_open(const char *dir, struct lf_site **ret);
/* NULL is fine. */
void lf_site_close(struct lf_site *site);

/* Borrowed until close. */
const char *lf_site_name(const struct lf_site *site);
const uint8_t *lf_site_appliance(const struct lf_site *site); /* 16 bytes */

/* DIR/file into `ret_path`. -ENAMETOOLONG. */
int lf_site_path(const struct lf_site *site, const char *file, char *ret_path, size_t size);
/* Reads LF_SITE_ROOT_KEY or LF_SITE_WAL_KEY. -EBADMSG: not 64 hex digits. Wipe it after use. */
int lf_site_secret(const struct lf_site *site, const char *file, uint8_t ret_secret[32]);

struct lf_site_lane {
        uint32_t number;
        bool active;                 /* false: revoked */
        char name[LF_SITE_NAME_MAX]; /* one active lane has it; revoked ones may have had it */
        uint64_t enrolled, revoked;  /* seconds since 1970; revoked 0: is not */
        uint64_t expiry;             /* of its certificate */
        uint8_t certificate[32];     /* SHA-256 of its certificate */
};

#define LF_SITE_LANES_MAX 1023

/* All lanes that were ever enrolled, by number; `ret_lanes` has room for LF_SITE_LANES_MAX. -EBADMSG: a
 * lane's file cannot be read as one; then nothing is returned: keep what was known and say so. Else errno. */
int lf_site_lanes(struct lf_site *site, struct lf_site_lane *ret_lanes, unsigned *ret_n);

/* Whether the registry may have changed since the last lf_site_lanes: one stat, to be asked several times a
 * second. May say true once too often, never too seldom. True when it cannot be told. */
bool lf_site_changed(struct lf_site *site);

struct lf_site_enrol_options {
        const char *name;
        const char *bundle;          /* directory to make: certificate, key, ca.pem and lane.conf */
        const char *address;         /* of control, as the lane reaches it */
        uint16_t port;               /* of control's key exchange; 0: LSP_KE_PORT */
        unsigned days;               /* the certificate's life; 0: 365 */
        const char *passphrase_file; /* as given to init */
};

/* Gives the lane the next number and makes its bundle. -EEXIST: an active lane has the name, or the bundle
 * exists. -ENOSPC: no number is left. -EINVAL: name, address or days. -EACCES: wrong or missing passphrase.
 * On failure no bundle stands, and at most the number is lost. */
int lf_site_enrol(struct lf_site *site, const struct lf_site_enrol_options *options,
                  struct lf_site_lane *ret_lane);

/* Revokes the active lane of that name; durable when it returns. -ENOENT: there is none. */
int lf_site_revoke(struct lf_site *site, const char *name, struct lf_site_lane *ret_lane);
