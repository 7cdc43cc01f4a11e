#include "tests/fake_appliance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"

static void boot_id(struct fake_appliance *a, uint8_t boot[16])
{
        memset(boot, 0x40 + (int)atomic_load(&a->boot), 16);
}

static uint64_t now_us(struct fake_appliance *a)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 + (uint64_t)atomic_load(&a->clock);
}

static enum lsp_ke_status admit(void *arg, uint32_t lane, const uint8_t certificate[32],
                                struct lf_ke_grant *ret)
{
        struct fake_appliance *a = arg;
        atomic_fetch_add(&a->exchanges, 1);
        if (atomic_load(&a->revoked))
                return LSP_KE_REVOKED;
        *ret = (struct lf_ke_grant){.session = ++a->session,
                                    .slot_turn = 1,
                                    .expiry = now_us(a) / 1000000 + 86400,
                                    .port = a->udp_port};
        boot_id(a, ret->boot);
        return LSP_KE_OK;
}

struct reply_to {
        struct sockaddr_in peer;
        struct lsp_cookie_plain session;
        uint8_t id[16];
        uint8_t boot[16];
};

/* Seals under session and boot id as said and sends; `flip`: changes the bit of that number, -1: none. */
static void reply(struct fake_appliance *a, const struct reply_to *to, uint8_t type, const void *plain,
                  uint32_t size, int flip)
{
        uint8_t datagram[LSP_ANSWER_DATAGRAM], key[32], nonce[12], session[8];
        struct lsp_header h = {.version = LSP_VERSION,
                               .type = type,
                               .parts = 1,
                               .total = size,
                               .nonce = ++a->nonce,
                               .time = now_us(a)};
        struct lsp_aead *aead = NULL;
        memcpy(h.query_id, to->id, 16);
        memcpy(h.boot, to->boot, 16);
        memcpy(datagram, &h, sizeof h);
        lf_put_le64(session, to->session.session);
        const struct lsp_ad ad[] = {{datagram, sizeof h}, {session, sizeof session}};
        lsp_nonce(h.nonce, nonce);
        if (lsp_aead_create(&aead) < 0 || lsp_derive(to->session.key, to->boot, LSP_INFO_TO_LANE, key) < 0 ||
            lsp_aead_set_key(aead, key) < 0 ||
            lsp_seal(aead, nonce, ad, 2, plain, size, datagram + sizeof h) < 0)
                abort();
        lsp_aead_destroy(aead);
        size_t n = sizeof h + size + LSP_TAG_SIZE;
        if (flip >= 0)
                datagram[(size_t)flip / 8 % n] ^= (uint8_t)(1 << flip % 8);
        sendto(a->udp, datagram, n, 0, (const struct sockaddr *)&to->peer, sizeof to->peer);
}

/* Answers that a client must not believe: each says CANDIDATE, which this appliance never does honestly. */
static void forgeries(struct fake_appliance *a, const struct reply_to *to)
{
        struct lsp_answer lie = {.verdict = LSP_CANDIDATE, .candidates = 1};
        struct reply_to other = *to;
        other.session.key[0] ^= 1;
        reply(a, &other, LSP_ANSWER, &lie, sizeof lie, -1);
        other = *to;
        other.session.session++;
        reply(a, &other, LSP_ANSWER, &lie, sizeof lie, -1);
        other = *to;
        other.id[15] ^= 1;
        reply(a, &other, LSP_ANSWER, &lie, sizeof lie, -1);
        other = *to;
        other.boot[0] ^= 1;
        reply(a, &other, LSP_ANSWER, &lie, sizeof lie, -1);
        other.session.key[0] ^= 1;
        reply(a, &other, LSP_REBOOT, NULL, 0, -1);
        reply(a, to, LSP_ANSWER, &lie, sizeof lie - 1, -1);
        reply(a, to, 77, &lie, sizeof lie, -1);
        for (int bit = 0; bit < LSP_ANSWER_DATAGRAM * 8; bit += 61)
                reply(a, to, LSP_ANSWER, &lie, sizeof lie, bit);
        for (int bit = 0; bit < LSP_NOTICE_DATAGRAM * 8; bit += 31)
                reply(a, to, LSP_CLOCK, NULL, 0, bit);
        sendto(a->udp, &lie, 0, 0, (const struct sockaddr *)&to->peer, sizeof to->peer);
}

static void answer(struct fake_appliance *a, const struct reply_to *to, const uint8_t *plain, size_t size)
{
        struct lsp_answer good = {.verdict = LSP_CLEAR, .generation = 5, .ruleset = 6};
        SHA256(plain, size, good.leaf);
        atomic_fetch_add(&a->queries, 1);
        if (atomic_load(&a->forge))
                forgeries(a, to);
        if (atomic_load(&a->nonsense))
                good.verdict = 9;
        reply(a, to, LSP_ANSWER, &good, sizeof good, -1);
}

static bool open_query(const struct lsp_query_header *q, const struct lsp_cookie_plain *session,
                       const uint8_t *datagram, size_t size, uint8_t *plain)
{
        struct lsp_aead *aead = NULL;
        uint8_t key[32], nonce[12];
        const struct lsp_ad ad = {datagram, sizeof *q};
        lsp_nonce(q->h.nonce, nonce);
        if (lsp_aead_create(&aead) < 0 ||
            lsp_derive(session->key, q->h.boot, LSP_INFO_TO_APPLIANCE, key) < 0 ||
            lsp_aead_set_key(aead, key) < 0)
                abort();
        int r = lsp_open(aead, nonce, &ad, 1, datagram + sizeof *q, size - LSP_QUERY_OVERHEAD, plain);
        lsp_aead_destroy(aead);
        return r == 0;
}

/* Keeps a part. True when all are there. */
static bool assemble(struct fake_appliance *a, const struct lsp_header *h, const uint8_t *plain, size_t size)
{
        if (memcmp(a->assembly_id, h->query_id, 16) != 0) {
                memcpy(a->assembly_id, h->query_id, 16);
                a->assembly_parts = 0;
        }
        if (h->part >= LSP_PARTS_MAX || h->part * LSP_PART_MAX + size > LSP_QUERY_MAX ||
            (h->part + 1 < h->parts && size != (size_t)LSP_PART_MAX))
                return false;
        memcpy(a->plain + h->part * LSP_PART_MAX, plain, size);
        a->assembly_parts |= 1u << h->part;
        return a->assembly_parts == (uint32_t)((1ull << h->parts) - 1);
}

static void take(struct fake_appliance *a, const uint8_t *datagram, size_t size,
                 const struct sockaddr_in *peer)
{
        struct lsp_query_header q;
        struct lsp_cookie cookie;
        struct reply_to to = {.peer = *peer};
        uint8_t plain[LSP_PART_MAX];
        atomic_fetch_add(&a->datagrams, 1);
        if (atomic_load(&a->silent) || (atomic_load(&a->drop) > 0 && atomic_fetch_sub(&a->drop, 1) > 0))
                return;
        if (size < LSP_QUERY_DATAGRAM_MIN || size > LSP_DATAGRAM_MAX)
                return;
        memcpy(&q, datagram, sizeof q);
        memcpy(&cookie, q.cookie, sizeof cookie);
        if (lf_cookie_open(a->keys, &cookie, &to.session) < 0 ||
            !open_query(&q, &to.session, datagram, size, plain))
                return;
        if (q.h.nonce <= a->last_nonce && to.session.session == a->session)
                atomic_fetch_add(&a->replayed, 1);
        a->last_nonce = q.h.nonce;
        memcpy(to.id, q.h.query_id, 16);
        boot_id(a, to.boot);
        int64_t off = (int64_t)(q.h.time - now_us(a));
        if (memcmp(to.boot, q.h.boot, 16) != 0) {
                atomic_fetch_add(&a->reboots, 1);
                reply(a, &to, LSP_REBOOT, NULL, 0, -1);
        } else if (llabs(off) > LSP_CLOCK_TOLERANCE_S * 1000000ll) {
                atomic_fetch_add(&a->clocks, 1);
                reply(a, &to, LSP_CLOCK, NULL, 0, -1);
        } else if (atomic_load(&a->busy) > 0 && atomic_fetch_sub(&a->busy, 1) > 0) {
                reply(a, &to, LSP_BUSY, NULL, 0, -1);
        } else if (assemble(a, &q.h, plain, size - LSP_QUERY_OVERHEAD)) {
                answer(a, &to, a->plain, q.h.total);
        }
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
        uint8_t datagram[2048];
        struct sockaddr_in peer;
        socklen_t n = sizeof peer;
        ssize_t size = recvfrom(fd, datagram, sizeof datagram, MSG_DONTWAIT, (struct sockaddr *)&peer, &n);
        if (size >= 0)
                take(arg, datagram, (size_t)size, &peer);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
        event_base_loopbreak(arg);
}

static void *run(void *arg)
{
        struct fake_appliance *a = arg;
        event_base_dispatch(a->base);
        return NULL;
}

void fake_appliance_start(struct fake_appliance *a, struct fake_site *site)
{
        struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof where;
        memset(a, 0, sizeof *a);
        a->site = site;
        a->base = event_base_new();
        a->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int buffer = 1 << 20;
        setsockopt(a->udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        assert_int_equal(bind(a->udp, (struct sockaddr *)&where, sizeof where), 0);
        assert_int_equal(getsockname(a->udp, (struct sockaddr *)&where, &n), 0);
        a->udp_port = ntohs(where.sin_port);
        assert_int_equal(lf_cookie_keys_create((uint64_t)time(NULL), &a->keys), 0);
        struct lf_ke_options o = {.address = "127.0.0.1",
                                  .certificate = site->certificate_file,
                                  .key = site->key_file,
                                  .ca = site->ca_file,
                                  .keys = a->keys,
                                  .admit = admit,
                                  .arg = a};
        memcpy(o.appliance, site->appliance, 16);
        assert_int_equal(lf_ke_server_create(a->base, &o, &a->ke), 0);
        a->port = lf_ke_server_port(a->ke);
        assert_int_equal(pipe(a->stop), 0);
        a->stop_event = event_new(a->base, a->stop[0], EV_READ, on_stop, a->base);
        a->read_event = event_new(a->base, a->udp, EV_READ | EV_PERSIST, on_read, a);
        event_add(a->stop_event, NULL);
        event_add(a->read_event, NULL);
        assert_int_equal(pthread_create(&a->thread, NULL, run, a), 0);
}

void fake_appliance_stop(struct fake_appliance *a)
{
        assert_int_equal(write(a->stop[1], "", 1), 1);
        pthread_join(a->thread, NULL);
        lf_ke_server_destroy(a->ke);
        event_free(a->read_event);
        event_free(a->stop_event);
        event_base_free(a->base);
        lf_cookie_keys_destroy(a->keys);
        close(a->udp);
        close(a->stop[0]);
        close(a->stop[1]);
}
