/* Lanes for a bench: sessions with keys of their own, and sealed queries of theirs as whole Ethernet frames.
 *
 * Every query is a new one: its own nonce, its own query id. It asks for a person, for one purpose under one
 * agreement, and is as long as the shortest query may be. One thread at a time. */
#pragma once

#include "dataplane/lsp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_TRAFFIC_HEADERS   42 /* Ethernet, IPv4, UDP */
#define LF_TRAFFIC_FRAME     (LF_TRAFFIC_HEADERS + LSP_QUERY_DATAGRAM_MIN)
#define LF_TRAFFIC_PLAIN     (LSP_QUERY_DATAGRAM_MIN - LSP_QUERY_OVERHEAD)
#define LF_TRAFFIC_AGREEMENT 0
#define LF_TRAFFIC_PURPOSE   LSP_PURPOSE_BORDER_CHECK
#define LF_TRAFFIC_UDP_PORT  4460

enum lf_traffic_probe {
        LF_TRAFFIC_DOCUMENT, /* a passport's number, a birth date, a nationality */
        LF_TRAFFIC_NAME,     /* the same and a name of four words */
};

struct lf_traffic_options {
        enum lf_traffic_probe probe;
        uint32_t sessions; /* each with a lane and a replay slot of its own */
        uint32_t key_id;   /* of the cookie key */
        uint8_t cookie_key[LSP_KEY_SIZE];
        uint8_t boot[LSP_BOOT_SIZE];
};

struct lf_traffic;
/* -ENOMEM; -EIO: OpenSSL refuses. */
int lf_traffic_create(const struct lf_traffic_options *options, struct lf_traffic **ret);
void lf_traffic_destroy(struct lf_traffic *t);

/* The query of this number as a frame; session number % sessions asks it. Numbers must rise. */
void lf_traffic_seal(struct lf_traffic *t, uint64_t number, uint64_t now_us, uint8_t frame[LF_TRAFFIC_FRAME]);
/* What came back, from its Ethernet header on: whether it can be an answer, and to which query. */
bool lf_traffic_answer(const uint8_t *frame, size_t size, uint64_t *ret_number);
/* Opens that answer: whether it is authentic and says CLEAR. */
bool lf_traffic_clear(struct lf_traffic *t, uint64_t number, const uint8_t *frame);

/* Nanoseconds to open one query and seal one answer, over all sessions in turn, measured for `seconds`.
 * -ENOMEM, -EIO. */
int lf_traffic_open_seal(const struct lf_traffic_options *options, double seconds, double *ret_ns);
