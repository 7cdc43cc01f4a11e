/* Enrolment: the number is taken in the registry first, then the bundle is made; so a number that has been in
 * any certificate is never given again. */
#include "control/site/site_internal.h"

#include "control/site/file.h"
#include "control/site/name.h"
#include "control/site/pki.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAYS_DEFAULT 365
#define DAYS_MAX     3650

/* The number for a new lane of that name. */
static int next_number(struct lf_site *s, const char *name, uint32_t *ret_number)
{
        struct lf_site_lane *lanes = calloc(LF_SITE_LANES_MAX, sizeof *lanes);
        unsigned n = 0;
        if (!lanes)
                return -ENOMEM;
        int r = lf_site_lanes(s, lanes, &n);
        for (unsigned i = 0; r == 0 && i < n; i++)
                if (lanes[i].active && strcmp(lanes[i].name, name) == 0)
                        r = -EEXIST;
        uint32_t number = r == 0 && n > 0 ? lanes[n - 1].number + 1 : 1;
        free(lanes);
        if (r == 0 && number > LF_SITE_LANES_MAX)
                r = -ENOSPC;
        if (r == 0)
                *ret_number = number;
        return r;
}

static int issue(struct lf_site *s, const char *passphrase, unsigned days, uint32_t number, X509 **ret,
                 EVP_PKEY **ret_key)
{
        char path[PATH_MAX], common_name[32], alternative[64];
        X509 *ca = NULL;
        EVP_PKEY *ca_key = NULL;
        int r = lf_site_path(s, LF_SITE_CA, path, sizeof path);
        if (r == 0)
                r = lf_pki_certificate_read(path, &ca);
        if (r == 0)
                r = lf_site_path(s, LF_SITE_CA_KEY, path, sizeof path);
        if (r == 0)
                r = lf_pki_key_read(path, passphrase, &ca_key);
        snprintf(common_name, sizeof common_name, "lane %u", (unsigned)number);
        snprintf(alternative, sizeof alternative, "URI:%s%u", LSP_URI_LANE, (unsigned)number);
        const struct lf_pki_subject subject = {
            .organization = s->name,
            .common_name = common_name,
            .alternative = alternative,
            .usage = "clientAuth",
            .days = days,
        };
        if (r == 0)
                r = lf_pki_issue(ca, ca_key, &subject, ret, ret_key);
        X509_free(ca);
        EVP_PKEY_free(ca_key);
        return r;
}

static int write_conf(int dir, struct lf_site *s, const struct lf_site_enrol_options *o, uint32_t number)
{
        char text[1024], id[33];
        lsp_hex_write(s->appliance, 16, id);
        int n = snprintf(text, sizeof text,
                         "# Landfall lane bundle: who this lane is and where its appliance answers.\n"
                         "# Files are relative to this directory. Keep lane.key to yourself.\n"
                         "lane = %u\n"
                         "name = %s\n"
                         "appliance = %s\n"
                         "address = %s\n"
                         "port = %u\n"
                         "certificate = lane.pem\n"
                         "key = lane.key\n"
                         "ca = ca.pem\n"
                         "# standby = another lane's bundle, issued by the standby appliance's site\n",
                         (unsigned)number, o->name, id, o->address, o->port ? o->port : LSP_KE_PORT);
        return lf_site_file_new(dir, "lane.conf", 0644, text, (size_t)n);
}

static int write_bundle(const char *path, struct lf_site *s, const struct lf_site_enrol_options *o,
                        uint32_t number, X509 *certificate, EVP_PKEY *key)
{
        char ca[8192], *key_text = NULL, *text = NULL;
        int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        int r = lf_pki_key_text(key, NULL, &key_text);
        if (r == 0)
                r = lf_site_file_new(dir, "lane.key", 0600, key_text, strlen(key_text));
        if (r == 0)
                r = lf_pki_certificate_text(certificate, &text);
        if (r == 0)
                r = lf_site_file_new(dir, "lane.pem", 0644, text, strlen(text));
        if (r == 0)
                r = lf_site_file_read(s->dir, LF_SITE_CA, ca, sizeof ca);
        if (r == 0)
                r = lf_site_file_new(dir, "ca.pem", 0644, ca, strlen(ca));
        if (r == 0)
                r = write_conf(dir, s, o, number);
        if (r == 0 && fsync(dir) < 0)
                r = -errno;
        close(dir);
        if (key_text)
                OPENSSL_cleanse(key_text, strlen(key_text));
        free(key_text);
        free(text);
        return r;
}

static int make_bundle(struct lf_site *s, const struct lf_site_enrol_options *o, uint32_t number,
                       X509 *certificate, EVP_PKEY *key)
{
        if (mkdir(o->bundle, 0700) < 0)
                return -errno;
        int r = write_bundle(o->bundle, s, o, number, certificate, key);
        if (r < 0)
                lf_site_file_remove_tree(o->bundle);
        return r;
}

/* With the lock held: certificate, registry, bundle; a bundle that fails leaves a revoked number. */
static int enrol(struct lf_site *s, const struct lf_site_enrol_options *o, const char *passphrase,
                 struct lf_site_lane *ret)
{
        struct lf_site_lane lane = {.active = true, .enrolled = (uint64_t)time(NULL)};
        unsigned days = o->days ? o->days : DAYS_DEFAULT;
        X509 *certificate = NULL;
        EVP_PKEY *key = NULL;
        int r = next_number(s, o->name, &lane.number);
        if (r == 0)
                r = issue(s, passphrase, days, lane.number, &certificate, &key);
        if (r == 0)
                r = lf_pki_fingerprint(certificate, lane.certificate);
        if (r == 0) {
                lane.expiry = lane.enrolled + days * 86400ull;
                snprintf(lane.name, sizeof lane.name, "%s", o->name);
                r = lf_site_lane_write(s, &lane, true);
        }
        if (r == 0) {
                r = make_bundle(s, o, lane.number, certificate, key);
                if (r < 0) {
                        lane.active = false;
                        lane.revoked = lane.enrolled;
                        lf_site_lane_write(s, &lane, false);
                } else {
                        *ret = lane;
                }
        }
        X509_free(certificate);
        EVP_PKEY_free(key);
        return r;
}

int lf_site_enrol(struct lf_site *s, const struct lf_site_enrol_options *o, struct lf_site_lane *ret_lane)
{
        char passphrase[256] = "";
        if (!lf_name_good(o->name) || lf_address_kind(o->address) == LF_ADDRESS_NONE || o->days > DAYS_MAX)
                return -EINVAL;
        if (access(o->bundle, F_OK) == 0)
                return -EEXIST;
        int r = 0;
        if (o->passphrase_file)
                r = lf_site_file_line(o->passphrase_file, passphrase, sizeof passphrase);
        if (r == 0) {
                int lock = lf_site_lock(s);
                r = lock < 0 ? lock : enrol(s, o, o->passphrase_file ? passphrase : NULL, ret_lane);
                if (lock >= 0)
                        close(lock);
                s->settled = false;
        }
        OPENSSL_cleanse(passphrase, sizeof passphrase);
        return r;
}
