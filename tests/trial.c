/* landfall-trial: a lane that misbehaves on purpose, against a running appliance. Not installed.
 *
 *   landfall-trial --lane BUNDLE --agreement N --purpose N --fingerprint FILE [--revoke COMMAND]
 *                  [--other FILE] [--views FILE] [--address HOST --port N] TRIAL...
 *
 * Each trial prints a line, "ok" or "FAIL" first; exit status 0 only if all are ok. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/lane/lane_internal.h"

#define SILENCE_MS 400 /* longer than any answer takes on an idle appliance */

struct trial {
        const char *bundle, *fingerprint, *other, *views, *revoke, *address;
        unsigned agreement, purpose, port;
        struct lf_lane *lane;
        struct lf_lane_query *query;
};

static bool say(bool good, const char *trial, const char *text)
{
        printf("%s %s: %s\n", good ? "ok  " : "FAIL", trial, text);
        return good;
}

static int compose(const struct trial *t, const char *file, struct lf_lane_query *q)
{
        uint8_t record[LSP_QUERY_MAX];
        uint16_t agreement = (uint16_t)t->agreement;
        FILE *f = fopen(file, "re");
        if (!f)
                return -errno;
        size_t n = fread(record, 1, sizeof record, f);
        fclose(f);
        lf_lane_query_reset(q);
        int r = lf_lane_query_agreements(q, &agreement, 1);
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_PURPOSE, (uint16_t)t->purpose);
        return r == 0 ? lf_lane_query_put(q, LSP_TLV_FINGERPRINT, record, n) : r;
}

static bool silent(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        return poll(&p, 1, SILENCE_MS) == 0;
}

/* Asks under a query id that the trial chose. */
static int ask_as(struct trial *t, const uint8_t id[16], struct lf_lane_result *ret)
{
        int r = lf_lane_submit_as(t->lane, t->query, NULL, id);
        if (r < 0)
                return r;
        for (;;) {
                struct pollfd p = {.fd = lf_lane_fd(t->lane), .events = POLLIN};
                poll(&p, 1, lf_lane_timeout_ms(t->lane));
                lf_lane_process(t->lane);
                if (lf_lane_collect(t->lane, ret) == 0)
                        return ret->error;
        }
}

static int new_id(uint8_t id[16])
{
        return getrandom(id, 16, 0) == 16 ? 0 : -EIO;
}

/* Bytes of strangers: noise, a header without a session, a datagram of ours with one bit changed. */
static bool stranger(struct trial *t)
{
        struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *where;
        char port[16];
        snprintf(port, sizeof port, "%u", t->port);
        if (!t->address || getaddrinfo(t->address, port, &hints, &where) != 0)
                return say(false, "stranger", "needs --address and --port");
        int fd = socket(where->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, where->ai_addr, where->ai_addrlen) < 0)
                return say(false, "stranger", strerror(errno));
        freeaddrinfo(where);
        uint8_t noise[LSP_DATAGRAM_MAX];
        size_t sizes[] = {0, 1, 56, 152, 511, 512, 1232};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                if (getrandom(noise, sizeof noise, 0) < 0 || send(fd, noise, sizes[i], 0) < 0)
                        return say(false, "stranger", strerror(errno));
                noise[0] = LSP_VERSION, noise[1] = LSP_QUERY, noise[2] = 0, noise[3] = 1;
                if (send(fd, noise, sizes[i], 0) < 0)
                        return say(false, "stranger", strerror(errno));
        }
        bool quiet = silent(fd);
        close(fd);
        return say(quiet, "stranger",
                   quiet ? "14 datagrams without a session, not one reply" : "got a reply");
}

static bool forged(struct trial *t)
{
        struct lf_lane_result result;
        uint8_t copy[LSP_DATAGRAM_MAX];
        size_t size;
        if (lf_lane_ask(t->lane, t->query, &result) < 0)
                return say(false, "forged", "the honest query was not answered");
        const uint8_t *last = lf_lane_hook_last(t->lane, &size);
        for (size_t at = 8; at < size; at += size / 40) {
                memcpy(copy, last, size);
                copy[at] ^= 0x10;
                lf_lane_hook_send(t->lane, copy, size);
        }
        bool quiet = silent(t->lane->peer[0].fd);
        return say(quiet, "forged", quiet ? "a bit changed anywhere: silence" : "got a reply");
}

static bool replay(struct trial *t)
{
        struct lf_lane_result result;
        if (lf_lane_ask(t->lane, t->query, &result) < 0)
                return say(false, "replay", "the honest query was not answered");
        for (int i = 0; i < 3; i++)
                lf_lane_hook_replay(t->lane);
        bool quiet = silent(t->lane->peer[0].fd);
        return say(quiet, "replay", quiet ? "the same datagram again: silence" : "got a reply");
}

static bool retransmit(struct trial *t)
{
        struct lf_lane_result first, second;
        uint8_t id[16];
        if (new_id(id) < 0 || ask_as(t, id, &first) < 0 || ask_as(t, id, &second) < 0)
                return say(false, "retransmit", "not answered");
        bool same = memcmp(&first.answer, &second.answer, sizeof first.answer) == 0;
        return say(same, "retransmit",
                   same ? "the same query again: the same answer and receipt" : "another answer");
}

static bool reuse(struct trial *t)
{
        struct lf_lane_result first, second;
        uint8_t id[16];
        if (!t->other)
                return say(false, "reuse", "needs --other");
        if (new_id(id) < 0 || ask_as(t, id, &first) < 0 || compose(t, t->other, t->query) < 0 ||
            ask_as(t, id, &second) < 0 || compose(t, t->fingerprint, t->query) < 0)
                return say(false, "reuse", "not answered");
        bool refused =
            second.answer.verdict == LSP_REFUSED && second.answer.detail == LSP_DETAIL_QUERY_ID_REUSED;
        return say(refused, "reuse", refused ? "its query id with another probe: refused" : "not refused");
}

static bool clock_off(struct trial *t)
{
        struct lf_lane_result result;
        uint64_t before = lf_lane_stats(t->lane).clock;
        lf_lane_hook_clock(t->lane, 3600ll * 1000000);
        int r = lf_lane_ask(t->lane, t->query, &result);
        lf_lane_hook_clock(t->lane, 0);
        bool good = r == 0 && lf_lane_stats(t->lane).clock > before;
        /* Learn the right time again. */
        good = good && lf_lane_ask(t->lane, t->query, &result) == 0;
        return say(good, "clock", good ? "an hour wrong: told the time, then answered" : "not answered");
}

/* ---- queries in parts ---- */

#define PARTS_SEEN 8 /* datagrams of one query that are kept */

struct captured {
        uint8_t bytes[PARTS_SEEN][LSP_DATAGRAM_MAX];
        size_t size[PARTS_SEEN];
        unsigned n;
};

/* What a submitted query would send, instead of sending it; with `again` the same query under new nonces. */
static int capture(struct trial *t, const uint8_t id[16], bool again, struct captured *ret)
{
        int pair[2], own = t->lane->peer[0].fd;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        t->lane->peer[0].fd = pair[0];
        int r = again ? lf_pending_send(t->lane, lf_pending_find(t->lane, id), 0)
                      : lf_lane_submit_as(t->lane, t->query, NULL, id);
        t->lane->peer[0].fd = own;
        close(pair[0]);
        ret->n = 0;
        /* A pair of sockets does not cut what is sent together: full parts, one behind the other. */
        for (ssize_t n; r == 0 && ret->n < PARTS_SEEN &&
                        (n = recv(pair[1], ret->bytes[ret->n], (PARTS_SEEN - ret->n) * sizeof ret->bytes[0],
                                  MSG_DONTWAIT)) > 0;)
                for (; n > 0; n -= LSP_DATAGRAM_MAX)
                        ret->size[ret->n++] = n < LSP_DATAGRAM_MAX ? (size_t)n : LSP_DATAGRAM_MAX;
        close(pair[1]);
        return r;
}

static void put_on_wire(struct trial *t, const struct captured *c, unsigned part)
{
        lf_lane_hook_send(t->lane, c->bytes[part], c->size[part]);
}

/* Waits for one result. `sent`: how often the client may have sent the query itself. */
static bool answered(struct trial *t, unsigned sent)
{
        struct lf_lane_result r;
        while (lf_lane_collect(t->lane, &r) < 0) {
                struct pollfd p = {.fd = lf_lane_fd(t->lane), .events = POLLIN};
                poll(&p, 1, lf_lane_timeout_ms(t->lane));
                lf_lane_process(t->lane);
        }
        return r.error == 0 && r.answer.verdict == LSP_CANDIDATE && r.sent <= sent;
}

static bool parts(struct trial *t)
{
        struct captured c, d, e;
        uint8_t id[6][16];
        for (unsigned i = 0; i < 6; i++)
                if (new_id(id[i]) < 0)
                        return say(false, "parts", "no random numbers");
        if (!t->views || compose(t, t->views, t->query) < 0)
                return say(false, "parts", "needs --views");
        if (capture(t, id[0], false, &c) < 0 || c.n < 2 || c.n == PARTS_SEEN)
                return say(false, "parts", "the record of --views does not travel in 2 to 7 parts");
        bool good = true;
        for (unsigned i = c.n; i-- > 0;)
                put_on_wire(t, &c, i);
        good &= say(answered(t, 1), "parts", "the last first: answered");

        good &= capture(t, id[1], false, &c) == 0 && capture(t, id[1], true, &d) == 0;
        for (unsigned i = 0; i < c.n; i++) {
                put_on_wire(t, &c, i);
                put_on_wire(t, &c, i);                    /* a replay */
                put_on_wire(t, i + 1 < c.n ? &d : &c, i); /* the same part anew */
        }
        good &= say(answered(t, 2), "parts", "each twice: answered");
        good &= say(silent(t->lane->peer[0].fd), "parts", "and only once");

        good &= capture(t, id[2], false, &c) == 0;
        for (unsigned i = 1; i < c.n; i++)
                put_on_wire(t, &c, i);
        usleep(LSP_ASSEMBLY_MS * 1000);
        good &= say(silent(t->lane->peer[0].fd), "parts", "the first is missing: silence");
        good &= say(answered(t, 3), "parts", "the client sends them all again: answered");

        good &= capture(t, id[3], false, &c) == 0 && capture(t, id[4], false, &d) == 0 &&
                capture(t, id[5], false, &e) == 0;
        for (unsigned i = 0; i < c.n; i++) {
                put_on_wire(t, &c, i);
                put_on_wire(t, &d, i);
                if (i == 0)
                        put_on_wire(t, &e, i); /* finds two under way */
        }
        good &= say(answered(t, 1) && answered(t, 1), "parts", "two at once: answered");
        good &= say(answered(t, 3), "parts", "a third beside them: when its client asks again");
        return compose(t, t->fingerprint, t->query) == 0 && good;
}

/* A datagram cut short or made longer anywhere brings nothing, and costs its query nothing. */
static bool sizes(struct trial *t)
{
        struct captured c;
        uint8_t id[16], longer[LSP_DATAGRAM_MAX + 64] = {0};
        static const int by[] = {-1, -16, -152, -400, 1, 16, 64};
        if (new_id(id) < 0 || capture(t, id, false, &c) < 0 || c.n != 1)
                return say(false, "sizes", "the query is not one datagram");
        memcpy(longer, c.bytes[0], c.size[0]);
        for (unsigned i = 0; i < sizeof by / sizeof *by; i++)
                if ((int)c.size[0] + by[i] > 0)
                        lf_lane_hook_send(t->lane, longer, (size_t)((int)c.size[0] + by[i]));
        lf_lane_hook_send(t->lane, longer, sizeof longer);
        bool quiet = silent(t->lane->peer[0].fd);
        say(quiet, "sizes", quiet ? "cut short or too long: silence" : "got a reply");
        put_on_wire(t, &c, 0);
        return say(answered(t, 3), "sizes", "the whole of it: answered") && quiet;
}

static bool revoked(struct trial *t)
{
        struct lf_lane_result result;
        if (!t->revoke)
                return say(false, "revoked", "needs --revoke COMMAND");
        if (lf_lane_ask(t->lane, t->query, &result) < 0)
                return say(false, "revoked", "not answered before");
        if (system(t->revoke) != 0)
                return say(false, "revoked", "the command failed");
        usleep(1000000);
        int r = lf_lane_ask(t->lane, t->query, &result);
        return say(r == -ETIMEDOUT || r == -EKEYREJECTED, "revoked",
                   r ? "a second later: no answer" : "still answered");
}

static const struct {
        const char *name;
        bool (*run)(struct trial *);
} trials[] = {
    {"stranger", stranger},     {"forged", forged}, {"replay", replay},
    {"retransmit", retransmit}, {"reuse", reuse},   {"clock", clock_off},
    {"parts", parts},           {"sizes", sizes},   {"revoked", revoked},
};

static bool run(struct trial *t, const char *name)
{
        for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
                if (strcmp(name, trials[i].name) == 0)
                        return trials[i].run(t);
        return say(false, name, "no such trial");
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"lane", 1, 0, 'l'},    {"agreement", 1, 0, 'a'},
                                                {"purpose", 1, 0, 'p'}, {"fingerprint", 1, 0, 'f'},
                                                {"other", 1, 0, 'o'},   {"revoke", 1, 0, 'r'},
                                                {"address", 1, 0, 'A'}, {"port", 1, 0, 'P'},
                                                {"views", 1, 0, 'v'},   {0}};
        struct trial t = {.agreement = 1, .purpose = LSP_PURPOSE_BORDER_CHECK, .port = 4762};
        bool good = true;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                switch (c) {
                case 'l':
                        t.bundle = optarg;
                        break;
                case 'a':
                        t.agreement = (unsigned)atoi(optarg);
                        break;
                case 'p':
                        t.purpose = (unsigned)atoi(optarg);
                        break;
                case 'f':
                        t.fingerprint = optarg;
                        break;
                case 'o':
                        t.other = optarg;
                        break;
                case 'r':
                        t.revoke = optarg;
                        break;
                case 'A':
                        t.address = optarg;
                        break;
                case 'v':
                        t.views = optarg;
                        break;
                case 'P':
                        t.port = (unsigned)atoi(optarg);
                        break;
                default:
                        return 2;
                }
        }
        if (t.bundle) {
                int r = lf_lane_open(&(struct lf_lane_options){.bundle = t.bundle}, &t.lane);
                if (r == 0)
                        r = lf_lane_query_create(&t.query);
                if (r == 0)
                        r = t.fingerprint ? compose(&t, t.fingerprint, t.query) : -EINVAL;
                if (r < 0) {
                        fprintf(stderr, "landfall-trial: %s\n", strerror(-r));
                        return 1;
                }
        }
        for (int i = optind; i < argc; i++)
                good &= run(&t, argv[i]);
        lf_lane_query_destroy(t.query);
        lf_lane_close(t.lane);
        return good ? 0 : 1;
}
