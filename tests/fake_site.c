#include "tests/fake_site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ftw.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/site/pki.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_cert.h"

static void put_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static void put_certificate(const char *path, X509 *x)
{
        char *text = NULL;
        assert_int_equal(lf_pki_certificate_text(x, &text), 0);
        put_file(path, text);
        free(text);
}

void fake_site_issue(struct fake_site *s, const char *alternative, const char *usage, const char *certificate,
                     const char *key)
{
        const struct lf_pki_subject subject = {.organization = "fake",
                                               .common_name = "test",
                                               .alternative = alternative,
                                               .usage = usage,
                                               .days = 2};
        X509 *x = NULL;
        EVP_PKEY *k = NULL;
        char *text = NULL;
        assert_int_equal(lf_pki_issue(s->ca, s->ca_key, &subject, &x, &k), 0);
        put_certificate(certificate, x);
        assert_int_equal(lf_pki_key_text(k, NULL, &text), 0);
        put_file(key, text);
        free(text);
        X509_free(x);
        EVP_PKEY_free(k);
}

void fake_site_make(struct fake_site *s)
{
        char id[33], alternative[100];
        memset(s, 0, sizeof *s);
        snprintf(s->dir, sizeof s->dir, "/tmp/landfall-fake-XXXXXX");
        assert_non_null(mkdtemp(s->dir));
        assert_int_equal(RAND_bytes(s->appliance, sizeof s->appliance), 1);
        assert_int_equal(lf_pki_authority("fake", &s->ca, &s->ca_key), 0);
        snprintf(s->ca_file, sizeof s->ca_file, "%s/ca.pem", s->dir);
        snprintf(s->certificate_file, sizeof s->certificate_file, "%s/server.pem", s->dir);
        snprintf(s->key_file, sizeof s->key_file, "%s/server.key", s->dir);
        put_certificate(s->ca_file, s->ca);
        lsp_hex_write(s->appliance, 16, id);
        snprintf(alternative, sizeof alternative, "URI:%s%s", LSP_URI_APPLIANCE, id);
        fake_site_issue(s, alternative, "serverAuth", s->certificate_file, s->key_file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

void fake_site_remove(struct fake_site *s)
{
        nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        X509_free(s->ca);
        EVP_PKEY_free(s->ca_key);
}

void fake_site_bundle(struct fake_site *s, uint32_t lane, uint16_t port, char *path)
{
        char certificate[200], key[200], conf[200], text[512], id[33], alternative[64];
        snprintf(path, 128, "%s/lane-%u-%u", s->dir, (unsigned)lane, (unsigned)port);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(certificate, sizeof certificate, "%s/lane.pem", path);
        snprintf(key, sizeof key, "%s/lane.key", path);
        snprintf(conf, sizeof conf, "%s/lane.conf", path);
        snprintf(alternative, sizeof alternative, "URI:%s%u", LSP_URI_LANE, (unsigned)lane);
        fake_site_issue(s, alternative, "clientAuth", certificate, key);
        lsp_hex_write(s->appliance, 16, id);
        snprintf(text, sizeof text,
                 "# a lane\nlane = %u\nname=test \nappliance = %s\naddress = 127.0.0.1\nport = %u\n"
                 "certificate = lane.pem\nkey = lane.key\nca = %s\n",
                 (unsigned)lane, id, (unsigned)port, s->ca_file);
        put_file(conf, text);
}
