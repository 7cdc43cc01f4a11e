/* The key exchange over real TLS on loopback: who gets keys, and who is shown the door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "control/ke/ke.h"
#include "tests/fake_site.h"
#include "tools/lane/exchange.h"

#define LANE         17
#define REVOKED_LANE 18

static struct fake_site site, stranger;
static struct event_base *base;
static struct lf_cookie_keys *keys;
static struct lf_ke_server *server;
static uint16_t port;
static pthread_t thread;
static char good_bundle[128];
static int stop_pipe[2];
static struct event *stop_event;

static enum lsp_ke_status admit(void *arg, uint32_t lane, const uint8_t certificate[32],
                                struct lf_ke_grant *ret)
{
        if (lane != LANE)
                return LSP_KE_REVOKED;
        *ret = (struct lf_ke_grant){.session = 99, .slot = 3, .slot_turn = 7, .port = 4242};
        ret->expiry = (uint64_t)time(NULL) + 3600;
        memset(ret->boot, 0xb0, sizeof ret->boot);
        return LSP_KE_OK;
}

static void *run(void *arg)
{
        event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
        return NULL;
}

static void stop(evutil_socket_t fd, short what, void *arg)
{
        uint8_t c;
        assert_int_equal(read((int)fd, &c, 1), 1);
        event_base_loopbreak(base);
}

/* The server is looked at and changed only while its loop stands still. */
static void pause_server(void)
{
        assert_int_equal(write(stop_pipe[1], "", 1), 1);
        pthread_join(thread, NULL);
}

static void resume_server(void)
{
        assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
}

static struct lf_ke_stats stats(void)
{
        pause_server();
        struct lf_ke_stats s = lf_ke_server_stats(server);
        resume_server();
        return s;
}

static int start(void **state)
{
        signal(SIGPIPE, SIG_IGN);
        fake_site_make(&site);
        fake_site_make(&stranger);
        base = event_base_new();
        assert_int_equal(pipe(stop_pipe), 0);
        stop_event = event_new(base, stop_pipe[0], EV_READ | EV_PERSIST, stop, NULL);
        event_add(stop_event, NULL);
        assert_int_equal(lf_cookie_keys_create((uint64_t)time(NULL), &keys), 0);
        struct lf_ke_options o = {
            .address = "127.0.0.1",
            .certificate = site.certificate_file,
            .key = site.key_file,
            .ca = site.ca_file,
            .keys = keys,
            .admit = admit,
        };
        memcpy(o.appliance, site.appliance, sizeof o.appliance);
        assert_int_equal(lf_ke_server_create(base, &o, &server), 0);
        port = lf_ke_server_port(server);
        fake_site_bundle(&site, LANE, port, good_bundle);
        resume_server();
        return 0;
}

static int finish(void **state)
{
        pause_server();
        lf_ke_server_destroy(server);
        lf_cookie_keys_destroy(keys);
        event_free(stop_event);
        event_base_free(base);
        fake_site_remove(&site);
        fake_site_remove(&stranger);
        return 0;
}

static void a_lane_gets_keys_that_the_cookie_holds(void **state)
{
        struct lf_bundle b;
        struct lf_exchange e, f;
        struct lsp_cookie cookie;
        struct lsp_cookie_plain plain;
        assert_int_equal(lf_bundle_read(good_bundle, &b, NULL), 0);
        assert_int_equal(lf_exchange(&b, 1, &e), 0);
        assert_int_equal(lf_exchange(&b, 1, &f), 0);
        assert_memory_not_equal(e.exported, f.exported, sizeof e.exported);
        memcpy(&cookie, e.cookie, sizeof cookie);
        assert_int_equal(lf_cookie_open(keys, &cookie, &plain), 0);
        assert_memory_equal(plain.key, e.exported, sizeof plain.key);
        assert_int_equal(plain.lane, LANE);
        assert_int_equal(plain.session, 99);
        assert_int_equal(plain.slot, 3);
        assert_int_equal(plain.slot_turn, 7);
        assert_int_equal(plain.expiry, e.expiry);
        assert_int_equal(e.session, 99);
        assert_memory_equal(e.appliance, site.appliance, 16);
        assert_int_equal(e.boot[0], 0xb0);
        const struct sockaddr_in *to = (const struct sockaddr_in *)&e.dataplane;
        assert_int_equal(to->sin_port, htons(4242));
        assert_int_equal(to->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

static void a_revoked_lane_is_told_so(void **state)
{
        char path[128];
        struct lf_bundle b;
        struct lf_exchange e;
        uint64_t before = stats().refused;
        fake_site_bundle(&site, REVOKED_LANE, port, path);
        assert_int_equal(lf_bundle_read(path, &b, NULL), 0);
        assert_int_equal(lf_exchange(&b, 1, &e), -EKEYREJECTED);
        assert_int_equal(stats().refused, before + 1);
}

static void the_lane_refuses_another_appliance(void **state)
{
        struct lf_bundle b;
        struct lf_exchange e;
        assert_int_equal(lf_bundle_read(good_bundle, &b, NULL), 0);
        b.appliance[0] ^= 1;
        assert_int_equal(lf_exchange(&b, 1, &e), -EPROTO);
        assert_int_equal(lf_bundle_read(good_bundle, &b, NULL), 0);
        snprintf(b.ca, sizeof b.ca, "%s", stranger.ca_file);
        assert_int_equal(lf_exchange(&b, 1, &e), -EPROTO);
}

static int tcp(void)
{
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct timeval limit = {.tv_sec = 20};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
        return fd;
}

struct attempt {
        const char *certificate, *key; /* NULL: none */
        int version;
        const char *alpn; /* with its length byte; NULL: none */
        const void *request;
        size_t size;
};

/* Does what a lane does, as the attempt says. Returns how many bytes of a reply came. */
static size_t attempt(const struct attempt *a)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        size_t got = 0;
        SSL_CTX_set_max_proto_version(ctx, a->version);
        if (a->certificate) {
                assert_int_equal(SSL_CTX_use_certificate_file(ctx, a->certificate, SSL_FILETYPE_PEM), 1);
                assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, a->key, SSL_FILETYPE_PEM), 1);
        }
        if (a->alpn)
                assert_int_equal(SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)a->alpn, strlen(a->alpn)), 0);
        int fd = tcp();
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        if (SSL_connect(ssl) == 1 && SSL_write(ssl, a->request, (int)a->size) > 0) {
                uint8_t reply[1024];
                int n;
                while ((n = SSL_read(ssl, reply, sizeof reply)) > 0)
                        got += (size_t)n;
        }
        SSL_free(ssl);
        SSL_CTX_free(ctx);
        close(fd);
        ERR_clear_error();
        return got;
}

static void only_the_sites_lanes_by_the_protocol_get_a_reply(void **state)
{
        char certificate[200], key[200], other[128], other_certificate[200], other_key[200];
        snprintf(certificate, sizeof certificate, "%s/lane.pem", good_bundle);
        snprintf(key, sizeof key, "%s/lane.key", good_bundle);
        fake_site_bundle(&stranger, LANE, port, other);
        snprintf(other_certificate, sizeof other_certificate, "%s/lane.pem", other);
        snprintf(other_key, sizeof other_key, "%s/lane.key", other);
        const struct lsp_ke_request request = {
            .magic = LSP_KE_MAGIC, .version = LSP_VERSION, .aead = LSP_AEAD_AES_256_GCM};
        const struct attempt good = {.certificate = certificate,
                                     .key = key,
                                     .version = TLS1_3_VERSION,
                                     .alpn = "\x08" LSP_KE_ALPN,
                                     .request = &request,
                                     .size = sizeof request};
        assert_int_equal(attempt(&good), sizeof(struct lsp_ke_reply));
        uint64_t granted = stats().granted;

        struct attempt a = good;
        a.certificate = NULL;
        assert_int_equal(attempt(&a), 0);
        a = good;
        a.certificate = other_certificate;
        a.key = other_key;
        assert_int_equal(attempt(&a), 0);
        a = good;
        a.version = TLS1_2_VERSION;
        assert_int_equal(attempt(&a), 0);
        a = good;
        a.alpn = "\x08http/1.1";
        assert_int_equal(attempt(&a), 0);
        a.alpn = NULL;
        assert_int_equal(attempt(&a), 0);

        /* A server's certificate, and a client's that names no lane. */
        char wrong[200], wrong_key[200];
        snprintf(wrong, sizeof wrong, "%s/wrong.pem", site.dir);
        snprintf(wrong_key, sizeof wrong_key, "%s/wrong.key", site.dir);
        a = good;
        a.certificate = site.certificate_file;
        a.key = site.key_file;
        assert_int_equal(attempt(&a), 0);
        static const char *const names[] = {"URI:" LSP_URI_LANE "x17", "URI:" LSP_URI_LANE "017", "DNS:lane",
                                            "URI:" LSP_URI_LANE "99999999999",
                                            "URI:" LSP_URI_LANE "17,URI:" LSP_URI_LANE "18"};
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
                fake_site_issue(&site, names[i], "clientAuth", wrong, wrong_key);
                a.certificate = wrong;
                a.key = wrong_key;
                assert_int_equal(attempt(&a), 0);
        }

        /* A request of another kind, one too long, and one of another version. */
        struct lsp_ke_request bad = request;
        bad.magic ^= 1;
        a = good;
        a.request = &bad;
        assert_int_equal(attempt(&a), 0);
        uint8_t long_request[400] = {0};
        memcpy(long_request, &request, sizeof request);
        a.request = long_request;
        a.size = sizeof long_request;
        assert_int_equal(attempt(&a), 0);
        assert_int_equal(stats().granted, granted);
        bad = request;
        bad.version = 2;
        a = good;
        a.request = &bad;
        uint64_t refused = stats().refused;
        assert_int_equal(attempt(&a), sizeof(struct lsp_ke_reply));
        assert_int_equal(stats().refused, refused + 1);
}

/* Bytes that are no TLS: nothing but an alert comes back, and the connection ends. */
static void garbage_is_closed(void **state)
{
        uint64_t before = stats().closed;
        uint32_t seed = 12345;
        print_message("seed %u\n", seed);
        for (unsigned i = 0; i < 20; i++) {
                uint8_t bytes[300], back[300];
                for (unsigned k = 0; k < sizeof bytes; k++)
                        bytes[k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
                int fd = tcp();
                assert_int_equal(send(fd, bytes, sizeof bytes, MSG_NOSIGNAL), sizeof bytes);
                shutdown(fd, SHUT_WR);
                ssize_t n;
                while ((n = recv(fd, back, sizeof back, 0)) > 0)
                        assert_true(n < 64);
                close(fd);
        }
        assert_int_equal(stats().closed, before + 20);
}

/* Those that connect and say nothing are displaced by those that do, and closed in the end. */
static void slow_peers_do_not_keep_lanes_out(void **state)
{
        int idle[LF_KE_CONNECTIONS + 10];
        struct lf_bundle b;
        struct lf_exchange e;
        struct lf_ke_stats before = stats();
        for (unsigned i = 0; i < LF_KE_CONNECTIONS + 10; i++) {
                idle[i] = tcp();
                if (i % 2)
                        assert_int_equal(send(idle[i], "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), 4);
        }
        assert_int_equal(lf_bundle_read(good_bundle, &b, NULL), 0);
        assert_int_equal(lf_exchange(&b, 1, &e), 0);
        struct lf_ke_stats after = stats();
        assert_true(after.displaced - before.displaced >= 10);
        assert_int_equal(after.granted, before.granted + 1);
        for (unsigned i = 0; i < LF_KE_CONNECTIONS + 10; i++) {
                uint8_t c;
                assert_true(recv(idle[i], &c, 1, 0) <= 0 && errno != EAGAIN);
                close(idle[i]);
        }
        after = stats();
        assert_true(after.timeouts - before.timeouts >= LF_KE_CONNECTIONS - 1);
}

static void what_cannot_serve_is_refused(void **state)
{
        struct lf_ke_server *s = NULL;
        struct lf_ke_options o = {.address = "nowhere",
                                  .certificate = site.certificate_file,
                                  .key = site.key_file,
                                  .ca = site.ca_file,
                                  .keys = keys,
                                  .admit = admit};
        pause_server();
        assert_int_equal(lf_ke_server_create(base, &o, &s), -EINVAL);
        o.address = "127.0.0.1";
        o.key = stranger.key_file;
        assert_int_equal(lf_ke_server_create(base, &o, &s), -EKEYREJECTED);
        o.key = site.key_file;
        o.port = port;
        assert_int_equal(lf_ke_server_create(base, &o, &s), -EADDRINUSE);
        assert_null(s);
        resume_server();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_lane_gets_keys_that_the_cookie_holds),
            cmocka_unit_test(a_revoked_lane_is_told_so),
            cmocka_unit_test(the_lane_refuses_another_appliance),
            cmocka_unit_test(only_the_sites_lanes_by_the_protocol_get_a_reply),
            cmocka_unit_test(garbage_is_closed),
            cmocka_unit_test(slow_peers_do_not_keep_lanes_out),
            cmocka_unit_test(what_cannot_serve_is_refused),
        };
        return cmocka_run_group_tests(tests, start, finish);
}
