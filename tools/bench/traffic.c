#include "tools/bench/traffic.h"

#include "base/bytes.h"
#include "dataplane/aead.h"
#include "dataplane/lsp_seal.h"
#include "matcher/person_write.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COOKIE_LIFE_S 86400
#define DEADLINE_MS   60000 /* a slow machine shows as a low rate, not as drops */

struct session {
        uint64_t id, counter;
        struct lf_aead to_appliance, to_lane;
        uint8_t headers[LF_TRAFFIC_HEADERS];
        uint8_t cookie[LSP_COOKIE_SIZE];
};

struct lf_traffic {
        uint32_t sessions;
        uint8_t boot[LSP_BOOT_SIZE];
        uint8_t salt[8]; /* of the query ids */
        uint8_t plain[LF_TRAFFIC_PLAIN];
        struct session *session;
};

static uint8_t *put_field(uint8_t *p, uint16_t type, const void *value, size_t size)
{
        lf_put_le16(p, type);
        lf_put_le16(p + 2, (uint16_t)size);
        memcpy(p + 4, value, size);
        return p + 4 + size;
}

static void write_plain(enum lf_traffic_probe probe, uint8_t plain[LF_TRAFFIC_PLAIN])
{
        static const char name[] = "Maria Fernanda Oliveira Castelo", number[] = "X0471182";
        const uint8_t agreement[2] = {LF_TRAFFIC_AGREEMENT, 0}, purpose[2] = {LF_TRAFFIC_PURPOSE, 0};
        const uint8_t deadline[2] = {DEADLINE_MS & 0xff, DEADLINE_MS >> 8};
        uint8_t person[160];
        size_t size = 0;
        if (probe == LF_TRAFFIC_NAME)
                lf_person_put(person, sizeof person, &size, LF_PERSON_NAME, name, sizeof name - 1);
        lf_person_put_birth(person, sizeof person, &size, 1984, 3, 12);
        lf_person_put(person, sizeof person, &size, LF_PERSON_NATIONALITY, "PRT", 3);
        lf_person_put_document(person, sizeof person, &size, 'P', "PRT", number, sizeof number - 1);

        memset(plain, 0, LF_TRAFFIC_PLAIN);
        uint8_t *p = put_field(plain, LSP_TLV_AGREEMENTS, agreement, sizeof agreement);
        p = put_field(p, LSP_TLV_PURPOSE, purpose, sizeof purpose);
        p = put_field(p, LSP_TLV_DEADLINE, deadline, sizeof deadline);
        p = put_field(p, LSP_TLV_PERSON, person, size);
        lf_put_le16(p, LSP_TLV_PAD);
        lf_put_le16(p + 2, (uint16_t)(plain + LF_TRAFFIC_PLAIN - p - 4));
}

/* Each session asks from an address of its own. The UDP checksum is left out, as IPv4 allows. */
static void write_headers(uint32_t number, uint8_t h[LF_TRAFFIC_HEADERS])
{
        static const uint8_t ethernet[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
        memset(h, 0, LF_TRAFFIC_HEADERS);
        memcpy(h, ethernet, sizeof ethernet);
        uint8_t *ip = h + 14, *udp = ip + 20;
        ip[0] = 0x45;
        lf_put_be16(ip + 2, LF_TRAFFIC_FRAME - 14);
        ip[6] = 0x40;
        ip[8] = 64;
        ip[9] = 17;
        lf_put_be32(ip + 12, 0xc6120000u + 2 + number); /* 198.18.0.0/15: RFC 2544, for benches */
        lf_put_be32(ip + 16, 0xc6130001u);
        uint32_t sum = 0;
        for (unsigned i = 0; i < 20; i += 2)
                sum += lf_get_be16(ip + i);
        sum = (sum & 0xffff) + (sum >> 16);
        lf_put_be16(ip + 10, (uint16_t) ~(sum + (sum >> 16)));
        lf_put_be16(udp, 50000);
        lf_put_be16(udp + 2, LF_TRAFFIC_UDP_PORT);
        lf_put_be16(udp + 4, 8 + LSP_QUERY_DATAGRAM_MIN);
}

static int make_cookie(const struct lf_traffic_options *o, const struct lf_aead *key, uint32_t number,
                       struct session *s, uint8_t exported[LSP_KEY_SIZE])
{
        struct lsp_cookie_plain plain = {
            .session = number + 1,
            .lane = number,
            .slot = number,
            .slot_turn = 1,
            .expiry = (uint64_t)time(NULL) + COOKIE_LIFE_S,
        };
        struct lsp_cookie cookie = {.key_id = o->key_id};
        if (RAND_bytes(exported, LSP_KEY_SIZE) != 1 || RAND_bytes(cookie.nonce, sizeof cookie.nonce) != 1)
                return -EIO;
        memcpy(plain.key, exported, sizeof plain.key);
        uint8_t box[sizeof cookie.box + sizeof cookie.tag];
        lf_aead_seal(key, cookie.nonce, &cookie.key_id, sizeof cookie.key_id, &plain, sizeof plain, box);
        OPENSSL_cleanse(&plain, sizeof plain);
        memcpy(cookie.box, box, sizeof cookie.box);
        memcpy(cookie.tag, box + sizeof cookie.box, sizeof cookie.tag);
        memcpy(s->cookie, &cookie, sizeof cookie);
        s->id = number + 1;
        return 0;
}

static int set_key(struct lf_aead *ret, const uint8_t *exported, const uint8_t *boot, const char *info)
{
        uint8_t key[LSP_KEY_SIZE];
        int r = lsp_derive(exported, boot, info, key);
        if (r == 0)
                lf_aead_set_key(ret, key);
        OPENSSL_cleanse(key, sizeof key);
        return r;
}

static int make_session(const struct lf_traffic_options *o, const struct lf_aead *key, uint32_t number,
                        struct session *s)
{
        uint8_t exported[LSP_KEY_SIZE];
        int r = make_cookie(o, key, number, s, exported);
        if (r == 0)
                r = set_key(&s->to_appliance, exported, o->boot, LSP_INFO_TO_APPLIANCE);
        if (r == 0)
                r = set_key(&s->to_lane, exported, o->boot, LSP_INFO_TO_LANE);
        OPENSSL_cleanse(exported, sizeof exported);
        write_headers(number, s->headers);
        return r;
}

int lf_traffic_create(const struct lf_traffic_options *o, struct lf_traffic **ret)
{
        struct lf_aead key;
        struct lf_traffic *t = calloc(1, sizeof *t);
        if (!t)
                return -ENOMEM;
        t->session = aligned_alloc(_Alignof(struct session), o->sessions * sizeof *t->session);
        t->sessions = o->sessions;
        memcpy(t->boot, o->boot, sizeof t->boot);
        write_plain(o->probe, t->plain);
        int r = t->session ? lf_aead_init() : -ENOMEM;
        if (r == 0 && RAND_bytes(t->salt, sizeof t->salt) != 1)
                r = -EIO;
        if (r == 0) {
                memset(t->session, 0, o->sessions * sizeof *t->session);
                lf_aead_set_key(&key, o->cookie_key);
        }
        for (uint32_t i = 0; r == 0 && i < o->sessions; i++)
                r = make_session(o, &key, i, &t->session[i]);
        lf_aead_wipe(&key);
        if (r < 0) {
                lf_traffic_destroy(t);
                return r;
        }
        *ret = t;
        return 0;
}

void lf_traffic_destroy(struct lf_traffic *t)
{
        if (!t)
                return;
        if (t->session)
                OPENSSL_cleanse(t->session, t->sessions * sizeof *t->session);
        free(t->session);
        free(t);
}

void lf_traffic_seal(struct lf_traffic *t, uint64_t number, uint64_t now_us, uint8_t frame[LF_TRAFFIC_FRAME])
{
        struct session *s = &t->session[number % t->sessions];
        uint8_t *datagram = frame + LF_TRAFFIC_HEADERS, nonce[12];
        struct lsp_header h = {
            .version = LSP_VERSION,
            .type = LSP_QUERY,
            .parts = 1,
            .total = LF_TRAFFIC_PLAIN,
            .nonce = ++s->counter,
            .time = now_us,
        };
        memcpy(h.query_id, t->salt, sizeof t->salt);
        lf_put_le64(h.query_id + 8, number);
        memcpy(h.boot, t->boot, sizeof h.boot);
        memcpy(frame, s->headers, sizeof s->headers);
        memcpy(datagram, &h, sizeof h);
        memcpy(datagram + sizeof h, s->cookie, sizeof s->cookie);
        lsp_nonce(h.nonce, nonce);
        lf_aead_seal(&s->to_appliance, nonce, datagram, sizeof(struct lsp_query_header), t->plain,
                     sizeof t->plain, datagram + sizeof(struct lsp_query_header));
}

bool lf_traffic_answer(const uint8_t *frame, size_t size, uint64_t *ret_number)
{
        struct lsp_header h;
        if (size != LF_TRAFFIC_HEADERS + LSP_ANSWER_DATAGRAM)
                return false;
        memcpy(&h, frame + LF_TRAFFIC_HEADERS, sizeof h);
        if (h.version != LSP_VERSION || h.type != LSP_ANSWER)
                return false;
        *ret_number = lf_get_le64(h.query_id + 8);
        return true;
}

/* The additional data of an answer: its header and the session. */
#define ANSWER_AD (sizeof(struct lsp_header) + sizeof(uint64_t))

static void answer_ad(const struct lsp_header *h, const struct session *s, uint8_t ad[ANSWER_AD])
{
        memcpy(ad, h, sizeof *h);
        memcpy(ad + sizeof *h, &s->id, sizeof s->id);
}

bool lf_traffic_clear(struct lf_traffic *t, uint64_t number, const uint8_t *frame)
{
        const struct session *s = &t->session[number % t->sessions];
        struct lsp_header h;
        struct lsp_answer answer;
        uint8_t nonce[12], ad[ANSWER_AD];
        memcpy(&h, frame + LF_TRAFFIC_HEADERS, sizeof h);
        answer_ad(&h, s, ad);
        lsp_nonce(h.nonce, nonce);
        return memcmp(h.query_id, t->salt, sizeof t->salt) == 0 &&
               lf_aead_open(&s->to_lane, nonce, ad, sizeof ad, frame + LF_TRAFFIC_HEADERS + sizeof h,
                            sizeof answer, &answer) &&
               answer.verdict == LSP_CLEAR;
}

static uint64_t now_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What the path does with a query's box and its answer's, and nothing else. */
static bool open_and_seal(struct session *s, const uint8_t *frame, uint64_t counter)
{
        static const struct lsp_answer answer = {.verdict = LSP_CLEAR};
        const uint8_t *datagram = frame + LF_TRAFFIC_HEADERS;
        uint8_t nonce[12], ad[ANSWER_AD], plain[LF_TRAFFIC_PLAIN], sealed[LSP_ANSWER_DATAGRAM];
        struct lsp_header h;
        memcpy(&h, datagram, sizeof h);
        lsp_nonce(h.nonce, nonce);
        if (!lf_aead_open(&s->to_appliance, nonce, datagram, sizeof(struct lsp_query_header),
                          datagram + sizeof(struct lsp_query_header), sizeof plain, plain))
                return false;
        answer_ad(&h, s, ad);
        lsp_nonce(counter, nonce);
        lf_aead_seal(&s->to_lane, nonce, ad, sizeof ad, &answer, sizeof answer, sealed + sizeof h);
        return true;
}

int lf_traffic_open_seal(const struct lf_traffic_options *options, double seconds, double *ret_ns)
{
        struct lf_traffic *t = NULL;
        uint8_t(*frames)[LF_TRAFFIC_FRAME] = calloc(options->sessions, sizeof *frames);
        int r = frames ? lf_traffic_create(options, &t) : -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < options->sessions; i++)
                lf_traffic_seal(t, i, 0, frames[i]);
        uint64_t start = now_ns(), limit = start + (uint64_t)(seconds * 1e9), end = start, n = 0;
        while (r == 0 && end < limit) {
                for (uint32_t i = 0; r == 0 && i < options->sessions; i++)
                        r = open_and_seal(&t->session[i], frames[i], ++n) ? 0 : -EBADMSG;
                end = now_ns();
        }
        if (r == 0)
                *ret_ns = (double)(end - start) / (double)n;
        lf_traffic_destroy(t);
        free(frames);
        return r;
}
