/* The site authority: what init makes, what enrolment gives, what revocation leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/audit/vault.h"
#include "control/site/pki.h"
#include "control/site/site.h"
#include "control/tlog/note.h"
#include "dataplane/lsp_cert.h"

static char top[] = "/tmp/landfall-site-XXXXXX";
static char paths[8][256];
static unsigned path_at;

/* top/name; good for a few calls. */
static const char *at(const char *name)
{
        char *p = paths[path_at++ % 8];
        snprintf(p, sizeof paths[0], "%s/%s", top, name);
        return p;
}

static int make_top(void **state)
{
        return mkdtemp(top) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static int remove_top(void **state)
{
        return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static mode_t mode_of(const char *path)
{
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        return st.st_mode & 07777;
}

static void put(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static struct lf_site *open_site(const char *name)
{
        struct lf_site *s = NULL;
        assert_int_equal(lf_site_open(at(name), &s), 0);
        return s;
}

static void verify(const char *certificate, const char *ca, int purpose)
{
        X509 *x = NULL, *authority = NULL;
        assert_int_equal(lf_pki_certificate_read(certificate, &x), 0);
        assert_int_equal(lf_pki_certificate_read(ca, &authority), 0);
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        X509_STORE_add_cert(store, authority);
        assert_int_equal(X509_STORE_CTX_init(ctx, store, x, NULL), 1);
        X509_STORE_CTX_set_purpose(ctx, purpose);
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
        assert_int_equal(X509_verify_cert(ctx), 1);
        X509_STORE_CTX_free(ctx);
        X509_STORE_free(store);
        X509_free(x);
        X509_free(authority);
}

static void init_makes_everything_once(void **state)
{
        struct lf_site_init_options o = {
            .name = "dover", .address = {"gate.example", "192.0.2.7", "2001:db8::7"}, .addresses = 3};
        static const char *const secrets[] = {"ca.key",       "server.key",    "root.key",     "wal.key",
                                              "audit.signer", "vault.share-a", "vault.share-b"};
        uint8_t a[32], b[32], appliance[16];
        struct lf_note_signer signer;
        assert_int_equal(lf_site_init(at("one"), &o), 0);
        assert_int_equal(mode_of(at("one")), 0700);
        assert_int_equal(mode_of(at("one/lanes")), 0700);
        for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++) {
                char name[64];
                snprintf(name, sizeof name, "one/%s", secrets[i]);
                assert_int_equal(mode_of(at(name)), 0600);
        }
        assert_int_equal(lf_site_init(at("one"), &o), -EEXIST);
        struct lf_site *s = open_site("one");
        assert_string_equal(lf_site_name(s), "dover");
        assert_int_equal(lf_site_secret(s, LF_SITE_ROOT_KEY, a), 0);
        assert_int_equal(lf_site_secret(s, LF_SITE_WAL_KEY, b), 0);
        assert_memory_not_equal(a, b, 32);
        assert_int_equal(lf_vault_key_read(at("one/vault.share-a"), at("one/vault.share-b"), a), 0);
        assert_int_equal(lf_note_signer_read(at("one/audit.signer"), &signer), 0);
        assert_int_equal(lf_note_verifier_read(at("one/audit.verifier"), &signer.verifier), 0);

        verify(at("one/server.pem"), at("one/ca.pem"), X509_PURPOSE_SSL_SERVER);
        X509 *x = NULL;
        assert_int_equal(lf_pki_certificate_read(at("one/server.pem"), &x), 0);
        assert_int_equal(lsp_cert_appliance(x, appliance), 0);
        assert_memory_equal(appliance, lf_site_appliance(s), 16);
        assert_int_equal(X509_check_host(x, "gate.example", 0, 0, NULL), 1);
        assert_int_equal(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
        assert_int_equal(X509_check_ip_asc(x, "2001:db8::7", 0), 1);
        X509_free(x);
        lf_site_close(s);
}

static void what_cannot_be_is_refused_and_leaves_nothing(void **state)
{
        struct lf_site_init_options o = {.name = "Dover Port"};
        assert_int_equal(lf_site_init(at("bad"), &o), -EINVAL);
        o.name = "dover";
        o.addresses = 1;
        o.address[0] = "a,b";
        assert_int_equal(lf_site_init(at("bad"), &o), -EINVAL);
        o.addresses = 0;
        o.passphrase_file = at("no-such-file");
        assert_int_equal(lf_site_init(at("bad"), &o), -ENOENT);
        assert_int_equal(access(at("bad"), F_OK), -1);
        assert_int_equal(lf_site_init(at("missing/deep"), &(struct lf_site_init_options){.name = "x"}),
                         -ENOENT);
        struct lf_site *s = NULL;
        assert_int_equal(lf_site_open(at("bad"), &s), -ENOENT);
        assert_int_equal(chmod(at("one/root.key"), 0644), 0);
        assert_int_equal(lf_site_open(at("one"), &s), -EPERM);
        assert_int_equal(chmod(at("one/root.key"), 0600), 0);
}

static struct lf_site_enrol_options lane(const char *name, const char *bundle)
{
        return (struct lf_site_enrol_options){.name = name, .bundle = bundle, .address = "127.0.0.1"};
}

static void lanes_get_numbers_for_ever(void **state)
{
        struct lf_site *s = open_site("one"), *watcher = open_site("one");
        static struct lf_site_lane lanes[LF_SITE_LANES_MAX];
        struct lf_site_lane l, m;
        unsigned n = 99;
        assert_true(lf_site_changed(watcher));
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_int_equal(n, 0);
        struct lf_site_enrol_options o = lane("gate-1", at("b1"));
        assert_int_equal(lf_site_enrol(s, &o, &l), 0);
        assert_int_equal(l.number, 1);
        assert_true(l.active);
        assert_int_equal(mode_of(at("b1")), 0700);
        assert_int_equal(mode_of(at("b1/lane.key")), 0600);
        verify(at("b1/lane.pem"), at("one/ca.pem"), X509_PURPOSE_SSL_CLIENT);
        X509 *x = NULL;
        uint32_t number = 0;
        uint8_t digest[32];
        assert_int_equal(lf_pki_certificate_read(at("b1/lane.pem"), &x), 0);
        assert_int_equal(lsp_cert_lane(x, &number), 0);
        assert_int_equal(number, 1);
        assert_int_equal(lf_pki_fingerprint(x, digest), 0);
        assert_memory_equal(digest, l.certificate, 32);
        X509_free(x);

        assert_true(lf_site_changed(watcher));
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(lanes[0].name, "gate-1");
        assert_memory_equal(lanes[0].certificate, digest, 32);

        o = lane("gate-1", at("b2"));
        assert_int_equal(lf_site_enrol(s, &o, &m), -EEXIST);
        assert_int_equal(access(at("b2"), F_OK), -1);
        o = lane("gate-2", at("b1"));
        assert_int_equal(lf_site_enrol(s, &o, &m), -EEXIST);
        o = lane("../gate", at("b2"));
        assert_int_equal(lf_site_enrol(s, &o, &m), -EINVAL);

        assert_int_equal(lf_site_revoke(s, "gate-1", &m), 0);
        assert_int_equal(m.number, 1);
        assert_int_equal(lf_site_revoke(s, "gate-1", &m), -ENOENT);
        assert_true(lf_site_changed(watcher));
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_int_equal(n, 1);
        assert_false(lanes[0].active);
        assert_true(lanes[0].revoked >= lanes[0].enrolled);

        /* The name may come back; the number does not. */
        o = lane("gate-1", at("b3"));
        assert_int_equal(lf_site_enrol(s, &o, &m), 0);
        assert_int_equal(m.number, 2);
        /* A bundle that cannot be made costs its number, and the lane is not active. */
        o = lane("gate-3", at("no/such/place"));
        assert_int_equal(lf_site_enrol(s, &o, &m), -ENOENT);
        o = lane("gate-3", at("b4"));
        assert_int_equal(lf_site_enrol(s, &o, &m), 0);
        assert_int_equal(m.number, 4);
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_int_equal(n, 4);
        assert_true(lanes[1].active && !lanes[2].active && lanes[3].active);
        lf_site_close(s);
        lf_site_close(watcher);
}

static void a_quiet_registry_is_told_from_a_changed_one(void **state)
{
        struct lf_site *s = open_site("one"), *watcher = open_site("one");
        static struct lf_site_lane lanes[LF_SITE_LANES_MAX];
        struct lf_site_lane l;
        unsigned n;
        /* The registry's time of change lies back far enough to be told from another. */
        const struct timespec times[2] = {{.tv_sec = time(NULL) - 60}, {.tv_sec = time(NULL) - 60}};
        assert_int_equal(utimensat(AT_FDCWD, at("one/lanes"), times, 0), 0);
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_false(lf_site_changed(watcher));
        struct lf_site_enrol_options o = lane("gate-9", at("b9"));
        assert_int_equal(lf_site_enrol(s, &o, &l), 0);
        assert_true(lf_site_changed(watcher));
        /* A change that follows the reading within one tick of the clock is not missed either. */
        assert_int_equal(lf_site_lanes(watcher, lanes, &n), 0);
        assert_int_equal(lf_site_revoke(s, "gate-9", &l), 0);
        assert_true(lf_site_changed(watcher));
        lf_site_close(s);
        lf_site_close(watcher);
}

static void a_damaged_registry_is_said_to_be_so(void **state)
{
        struct lf_site *s = open_site("one");
        static struct lf_site_lane lanes[LF_SITE_LANES_MAX];
        unsigned n = 77;
        static const char *const damage[] = {
            "", "{", "{\"lane\": 900}",
            "{\"lane\": 5, \"name\": \"x\", \"state\": \"perhaps\", \"enrolled\": 1, \"revoked\": 0, "
            "\"expiry\": 2, \"certificate_sha256\": \"00\"}"};
        for (unsigned i = 0; i < sizeof damage / sizeof *damage; i++) {
                put(at("one/lanes/0900.json"), damage[i]);
                assert_int_equal(lf_site_lanes(s, lanes, &n), -EBADMSG);
                assert_int_equal(n, 77);
        }
        unlink(at("one/lanes/0900.json"));
        assert_int_equal(lf_site_lanes(s, lanes, &n), 0);
        lf_site_close(s);
}

static void the_authority_can_be_under_a_passphrase(void **state)
{
        put(at("pass"), "correct horse\n");
        put(at("wrong"), "battery staple\n");
        struct lf_site_init_options o = {.name = "calais", .passphrase_file = at("pass")};
        struct lf_site_lane l;
        assert_int_equal(lf_site_init(at("two"), &o), 0);
        struct lf_site *s = open_site("two");
        struct lf_site_enrol_options e = lane("gate-1", at("p1"));
        assert_int_equal(lf_site_enrol(s, &e, &l), -EACCES);
        e.passphrase_file = at("wrong");
        assert_int_equal(lf_site_enrol(s, &e, &l), -EACCES);
        e.passphrase_file = at("pass");
        assert_int_equal(lf_site_enrol(s, &e, &l), 0);
        assert_int_equal(l.number, 1);
        lf_site_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(init_makes_everything_once),
            cmocka_unit_test(what_cannot_be_is_refused_and_leaves_nothing),
            cmocka_unit_test(lanes_get_numbers_for_ever),
            cmocka_unit_test(a_quiet_registry_is_told_from_a_changed_one),
            cmocka_unit_test(a_damaged_registry_is_said_to_be_so),
            cmocka_unit_test(the_authority_can_be_under_a_passphrase),
        };
        return cmocka_run_group_tests(tests, make_top, remove_top);
}
