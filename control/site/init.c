/* Making a site: everything is made in a directory beside the place, which is then renamed into it. */
#include "control/site/site.h"

#include "control/audit/vault.h"
#include "control/file/file.h"
#include "control/site/file.h"
#include "control/site/name.h"
#include "control/site/pki.h"
#include "control/tlog/note.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int write_key(int dir, const char *name, EVP_PKEY *key, const char *passphrase)
{
        char *text = NULL;
        int r = lf_pki_key_text(key, passphrase, &text);
        if (r < 0)
                return r;
        r = lf_site_file_new(dir, name, 0600, text, strlen(text));
        OPENSSL_cleanse(text, strlen(text));
        free(text);
        return r;
}

static int write_certificate(int dir, const char *name, X509 *certificate)
{
        char *text = NULL;
        int r = lf_pki_certificate_text(certificate, &text);
        if (r == 0)
                r = lf_site_file_new(dir, name, 0644, text, strlen(text));
        free(text);
        return r;
}

/* "URI:…,DNS:…,IP:…" for the server certificate. */
static int alternative_names(const struct lf_site_init_options *o, const uint8_t appliance[16], char *text,
                             size_t size)
{
        char id[33];
        lsp_hex_write(appliance, 16, id);
        size_t n = (size_t)snprintf(text, size, "URI:%s%s", LSP_URI_APPLIANCE, id);
        for (unsigned i = 0; i < o->addresses; i++) {
                enum lf_address_kind kind = lf_address_kind(o->address[i]);
                if (kind == LF_ADDRESS_NONE)
                        return -EINVAL;
                n += (size_t)snprintf(text + n, size - n, ",%s:%s", kind == LF_ADDRESS_IP ? "IP" : "DNS",
                                      o->address[i]);
                if (n >= size)
                        return -EINVAL;
        }
        return 0;
}

static int make_certificates(int dir, const struct lf_site_init_options *o, const char *passphrase,
                             const uint8_t appliance[16])
{
        char alternative[LF_SITE_ADDRESSES * 260 + 100];
        int r = alternative_names(o, appliance, alternative, sizeof alternative);
        if (r < 0)
                return r;
        X509 *ca = NULL, *server = NULL;
        EVP_PKEY *ca_key = NULL, *server_key = NULL;
        const struct lf_pki_subject subject = {
            .organization = o->name,
            .common_name = "Landfall appliance",
            .alternative = alternative,
            .usage = "serverAuth",
            .days = LF_PKI_SERVER_DAYS,
        };
        r = lf_pki_authority(o->name, &ca, &ca_key);
        if (r == 0)
                r = lf_pki_issue(ca, ca_key, &subject, &server, &server_key);
        if (r == 0)
                r = write_certificate(dir, LF_SITE_CA, ca);
        if (r == 0)
                r = write_key(dir, LF_SITE_CA_KEY, ca_key, passphrase);
        if (r == 0)
                r = write_certificate(dir, LF_SITE_SERVER, server);
        if (r == 0)
                r = write_key(dir, LF_SITE_SERVER_KEY, server_key, NULL);
        X509_free(ca);
        X509_free(server);
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(server_key);
        return r;
}

static int make_audit_keys(const char *path, const uint8_t appliance[16])
{
        char name[64], id[33], signer_path[PATH_MAX], verifier_path[PATH_MAX];
        lsp_hex_write(appliance, 16, id);
        snprintf(name, sizeof name, "landfall/%s", id);
        if ((size_t)snprintf(signer_path, PATH_MAX, "%s/%s", path, LF_SITE_SIGNER) >= PATH_MAX ||
            (size_t)snprintf(verifier_path, PATH_MAX, "%s/%s", path, LF_SITE_VERIFIER) >= PATH_MAX)
                return -ENAMETOOLONG;
        struct lf_note_signer signer;
        int r = lf_note_signer_generate(name, &signer);
        if (r < 0)
                return r;
        r = lf_note_signer_write(&signer, signer_path);
        if (r == 0)
                r = lf_note_verifier_write(&signer.verifier, verifier_path);
        OPENSSL_cleanse(&signer, sizeof signer);
        return r;
}

static int make_vault_shares(const char *path)
{
        char a[PATH_MAX], b[PATH_MAX];
        if ((size_t)snprintf(a, PATH_MAX, "%s/%s", path, LF_SITE_SHARE_A) >= PATH_MAX ||
            (size_t)snprintf(b, PATH_MAX, "%s/%s", path, LF_SITE_SHARE_B) >= PATH_MAX)
                return -ENAMETOOLONG;
        return lf_vault_key_create(a, b);
}

static int write_description(int dir, const char *name, const uint8_t appliance[16])
{
        char id[33];
        lsp_hex_write(appliance, 16, id);
        json_t *j = json_pack("{s:i, s:s, s:s, s:I}", "version", 1, "name", name, "appliance", id, "made",
                              (json_int_t)time(NULL));
        char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
        int r = text ? lf_site_file_new(dir, "site.json", 0644, text, strlen(text)) : -ENOMEM;
        free(text);
        json_decref(j);
        return r;
}

static int make_all(const char *path, const struct lf_site_init_options *o, const char *passphrase)
{
        uint8_t appliance[16];
        if (RAND_bytes(appliance, sizeof appliance) != 1)
                return -EIO;
        int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        int r = make_certificates(dir, o, passphrase, appliance);
        if (r == 0)
                r = lf_site_file_random(dir, LF_SITE_ROOT_KEY);
        if (r == 0)
                r = lf_site_file_random(dir, LF_SITE_WAL_KEY);
        if (r == 0)
                r = make_audit_keys(path, appliance);
        if (r == 0)
                r = make_vault_shares(path);
        if (r == 0 && mkdirat(dir, "lanes", 0700) < 0)
                r = -errno;
        if (r == 0)
                r = write_description(dir, o->name, appliance);
        if (r == 0 && fsync(dir) < 0)
                r = -errno;
        close(dir);
        return r;
}

/* Gives the finished directory its name, durably. */
static int put_in_place(const char *made, const char *dir)
{
        if (renameat2(AT_FDCWD, made, AT_FDCWD, dir, RENAME_NOREPLACE) < 0)
                return -errno;
        return lf_file_sync_parent(AT_FDCWD, made); /* the same as that of dir, however it is written */
}

int lf_site_init(const char *dir, const struct lf_site_init_options *o)
{
        char made[PATH_MAX], passphrase[256] = "";
        size_t n = strlen(dir);
        while (n > 1 && dir[n - 1] == '/')
                n--;
        if (!lf_name_good(o->name) || o->addresses > LF_SITE_ADDRESSES || n == 0)
                return -EINVAL;
        if ((size_t)snprintf(made, sizeof made, "%.*s.XXXXXX", (int)n, dir) >= sizeof made)
                return -ENAMETOOLONG;
        if (access(dir, F_OK) == 0)
                return -EEXIST;
        int r = 0;
        if (o->passphrase_file)
                r = lf_site_file_line(o->passphrase_file, passphrase, sizeof passphrase);
        if (r == 0 && !mkdtemp(made))
                r = -errno;
        else if (r == 0) {
                r = make_all(made, o, o->passphrase_file ? passphrase : NULL);
                if (r == 0)
                        r = put_in_place(made, dir);
                if (r < 0)
                        lf_site_file_remove_tree(made);
        }
        OPENSSL_cleanse(passphrase, sizeof passphrase);
        return r;
}
