/* landfall_lane.h: the client library of LSP/1, for e-gates, kiosks, desks and gateways.
 *
 * It asks an appliance whether a traveller matches a record, over kernel UDP (IPv4 or IPv6), and needs
 * nothing but OpenSSL. Link liblandfall-lane.a, -lssl, -lcrypto, -lpthread.
 *
 *   struct lf_lane *lane;
 *   struct lf_lane_query *q;
 *   struct lf_lane_result result;
 *   lf_lane_open(&(struct lf_lane_options){.bundle = "/etc/landfall/gate-7"}, &lane);
 *   lf_lane_query_create(&q);
 *   lf_lane_query_agreements(q, (uint16_t[]){3}, 1);
 *   lf_lane_query_u16(q, LSP_TLV_PURPOSE, LSP_PURPOSE_BORDER_CHECK);
 *   lf_lane_query_put(q, LSP_TLV_FINGERPRINT, record, size);
 *   int r = lf_lane_ask(lane, q, &result); // 0: result.answer holds
 *
 * What it promises. It sends a query again after 250 ms, turns to the standby appliance after 500 ms, and
 * after 3 s says -ETIMEDOUT, which means UNAVAILABLE: no answer is known, and none is made up. A result is 0
 * only if the appliance sealed that answer for that query and session. A clock that is wrong, an appliance
 * that restarted or is busy, and cookies that end are dealt with unseen.
 *
 * Threads. A struct lf_lane and a struct lf_lane_query belong to one thread at a time; different ones to
 * different threads freely. The library starts a short-lived thread of its own for key exchanges after the
 * first (all signals blocked in it) and touches no process-wide state but OpenSSL's. After fork, go on with a
 * lane in one of the two processes only.
 *
 * Errors are -errno. Results through ret_ parameters are untouched on failure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/lsp.h"
#include "matcher/face.h"
#include "matcher/iris.h"

struct lf_lane;       /* sessions with an appliance and its standby, and the queries under way */
struct lf_lane_query; /* what to ask */

/* --- Opening --- */

struct lf_lane_options {
        const char *bundle;  /* directory made by `landfall lane enrol` */
        const char *standby; /* the bundle for the standby appliance; NULL: as lane.conf says, or none */
        unsigned in_flight;  /* most queries under way at once, 1..16,384; 0: 1,024 */
};

/* Reads the bundle and exchanges keys with the appliance and its standby; blocks for up to 5 s each. One of
 * the two is enough. The strings are not kept.
 * -ENOENT, -EACCES: the bundle's files. -EBADMSG: lane.conf, a certificate or the key is malformed.
 * -EKEYREJECTED: the lane is revoked. -EUSERS: the appliance has no session free. -EAGAIN: it is not ready
 * yet. -EPROTO: what answers is not this lane's appliance, or does not take this lane. -ENOTSUP: it speaks
 * no LSP/1. -EINVAL: in_flight. Else errno of resolving and connecting: -EHOSTUNREACH, -ECONNREFUSED,
 * -ETIMEDOUT and the like. */
int lf_lane_open(const struct lf_lane_options *options, struct lf_lane **ret);

/* Forgets what is under way, wipes keys and probes. May wait up to 5 s for a key exchange that is under way.
 * NULL is fine. */
void lf_lane_close(struct lf_lane *lane);

/* --- Composing --- */

/* A query with no field. -ENOMEM. */
int lf_lane_query_create(struct lf_lane_query **ret);
/* Wipes. NULL is fine. */
void lf_lane_query_destroy(struct lf_lane_query *query);
/* Back to no field, to be composed anew; wipes. */
void lf_lane_query_reset(struct lf_lane_query *query);

/* Adds a field (enum lsp_tlv; values as dataplane/lsp.h and PROTOCOL.md say). What the appliance can judge
 * is left to it. -EEXIST: the field is there. -EINVAL: LSP_TLV_PAD. -EMSGSIZE: the query would pass
 * LSP_QUERY_MAX. */
int lf_lane_query_put(struct lf_lane_query *query, uint16_t type, const void *value, size_t size);
int lf_lane_query_u8(struct lf_lane_query *query, uint16_t type, uint8_t value);
int lf_lane_query_u16(struct lf_lane_query *query, uint16_t type, uint16_t value);
int lf_lane_query_u32(struct lf_lane_query *query, uint16_t type, uint32_t value);
/* LSP_TLV_AGREEMENTS: 1 to 8 numbers (else -EINVAL). */
int lf_lane_query_agreements(struct lf_lane_query *query, const uint16_t *agreements, unsigned n);
/* LSP_TLV_IRIS: 1 or 2 irises (else -EINVAL), sought at rotations of up to `turn` columns each way (0 to
 * LF_IRIS_TURN_MAX), by `search`. */
int lf_lane_query_irises(struct lf_lane_query *query, const struct lf_iris_wire *irises, unsigned n,
                         unsigned turn, enum lf_iris_search search);
/* LSP_TLV_FACE: an embedding by model number `model`, not 0, of LF_FACE_DIMS_MIN to LF_FACE_DIMS_MAX values
 * (else -EINVAL). */
int lf_lane_query_face(struct lf_lane_query *query, uint32_t model, const float *values, unsigned dims);

/* --- Asking --- */

struct lf_lane_result {
        int error;  /* 0: `answer` holds. -ETIMEDOUT: UNAVAILABLE. -EKEYREJECTED: the same, and every
                     * appliance said that this lane is revoked. -EPROTO: the appliance sealed
                     * something that is no answer. Else `answer` is zero */
        void *user; /* as submitted */
        uint8_t query_id[16];  /* as it stands in the appliance's audit log */
        uint8_t appliance[16]; /* which one answered */
        bool standby;          /* it was the standby */
        uint8_t sent;          /* how often the query was sent */
        uint32_t microseconds; /* from submitting to here */
        struct lsp_answer answer;
};

/* Asks and waits for the result: up to LSP_UNAVAILABLE_MS. Returns ret_result->error, or what lf_lane_submit
 * fails with. -EBUSY: submitted queries have not been collected; ret_result is untouched. */
int lf_lane_ask(struct lf_lane *lane, const struct lf_lane_query *query, struct lf_lane_result *ret_result);

/* The other way, for many at once: submit, poll lf_lane_fd for POLLIN for at most lf_lane_timeout_ms,
 * process, collect until -EAGAIN. None of them blocks.
 *
 * Submit copies the query and sends it. `user` comes back with the result. ret_query_id may be NULL.
 * -EAGAIN: in_flight queries are under way or not collected: process and collect first. -ENODATA: the query
 * has no field. -ENOMEM, -EIO. */
int lf_lane_submit(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                   uint8_t ret_query_id[16]);
/* The same under a query id of the caller's: for one that may have to ask again after its own end, and keeps
 * its ids. Never give one id to two questions. -EBUSY: it is under way. */
int lf_lane_submit_as(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                      const uint8_t query_id[16]);
/* For several queries at once: from lf_lane_gather(lane, true) on they may wait to be sent together, until
 * lf_lane_gather(lane, false). lf_lane_process, too, sends what waits. */
void lf_lane_gather(struct lf_lane *lane, bool gather);
/* To be polled for POLLIN. Stays the same for the life of the lane. */
int lf_lane_fd(const struct lf_lane *lane);
/* Milliseconds until lf_lane_process wants to be called even if nothing comes in. */
int lf_lane_timeout_ms(const struct lf_lane *lane);
/* Takes in what has come, sends again what is due, gives up what is overdue, renews cookies. */
void lf_lane_process(struct lf_lane *lane);
/* The next finished query, in the order of finishing. -EAGAIN: none. */
int lf_lane_collect(struct lf_lane *lane, struct lf_lane_result *ret_result);

/* --- Reading --- */

/* Whether verdict, counts and details of an answer are in range. -EPROTO. The library has done so already for
 * every result. */
int lf_lane_answer_check(const struct lsp_answer *answer);
/* "CLEAR", "CANDIDATE", "RETRY", "REFUSED", "RECORDED". */
const char *lf_lane_verdict_text(uint8_t verdict);
/* The text of dataplane/detail.def: why RETRY or REFUSED. */
const char *lf_lane_detail_text(uint16_t detail);
#define LF_LANE_DECADE_TEXT 64
/* How often such a match is false: "rarer than 1 in 1,000" for decade -4. `text` holds LF_LANE_DECADE_TEXT
 * bytes. Returns it. */
const char *lf_lane_decade_text(int8_t decade, char *text);

/* What modality `modality` (0 fingerprint, 1 iris, 2 face, 3 person) adds to a candidate that several were
 * compared with, or takes away: log10 of how much likelier the person of the record reaches such a score than
 * a stranger does. -ENOENT: it was not compared, or it was alone. */
int lf_lane_share(const struct lsp_candidate *candidate, unsigned modality, float *ret_decades);
#define LF_LANE_SHARES_TEXT 160
/* "fingerprint +4.1, iris +6.0, face -1.2"; empty where one modality was alone. `text` holds
 * LF_LANE_SHARES_TEXT bytes. Returns it. */
const char *lf_lane_shares_text(const struct lsp_candidate *candidate, char *text);
/* "fingerprint", "iris" and so on. */
const char *lf_lane_modality_text(unsigned modality);

/* --- About the lane --- */

uint32_t lf_lane_number(const struct lf_lane *lane);
/* How far the appliance's clock is ahead of ours as far as it told, microseconds. */
int64_t lf_lane_clock_offset(const struct lf_lane *lane);

struct lf_lane_stats {
        uint64_t submitted, answered, unavailable;
        uint64_t datagrams_sent, datagrams_received;
        uint64_t retransmitted; /* queries sent again because nothing came */
        uint64_t ignored;       /* datagrams that were not ours, forged, or too late */
        uint64_t clock, reboot, busy;
        uint64_t exchanges, exchanges_failed;
};
struct lf_lane_stats lf_lane_stats(const struct lf_lane *lane);
