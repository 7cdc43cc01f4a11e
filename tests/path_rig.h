/* The query path without cores or network: a port whose other end is the test, lanes that seal and open for
 * themselves, and turns of the loop that the test calls one by one. */
#pragma once

#include "dataplane/path.h"
#include "tests/finger_make.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_COOKIE_KEY 77u /* id */
#define RIG_ACCORD     1u  /* permits visa checks; holds RIG_PERSONS and RIG_FINGERS */
#define RIG_CLOSED     2u  /* permits nothing */
#define RIG_PERSONS    1u
#define RIG_FINGERS    2u
#define RIG_OUT_MAX    4096

struct rig_out {
        uint16_t size;
        uint8_t bytes[LSP_DATAGRAM_MAX];
        uint32_t flow;
        uint64_t tsc; /* when the port took it */
};

struct rig {
        struct lf_dataplane *dp;
        struct lf_counters *counters;
        struct lf_wal *wal;
        struct lf_policy policy;
        _Atomic unsigned out_n; /* written by the port */
        struct rig_out *out;
};
extern struct rig rig;

struct rig_lane {
        uint64_t session, nonce;
        uint32_t lane, slot, turn;
        int64_t clock_offset_us;
        uint8_t key[32], boot[16];
        uint8_t cookie[LSP_COOKIE_SIZE];
};

/* A plaintext being written. */
struct rig_plain {
        size_t size;
        uint8_t bytes[LSP_QUERY_MAX];
};

/* EAL, engines; once a process. */
void rig_start(void);
/* A dataplane with `split` 0: one core of both roles; n: one io core and n match cores. Policy and keys are
 * set. */
void rig_create(struct lf_wal *wal, unsigned split, uint32_t contexts);
void rig_destroy(void);
/* The policy changed. */
void rig_policy(void);
/* A generation of people named in `names` (category 1) and of fingers with these seeds (category 2); borrowed
 * until the rig ends. */
void rig_gallery(uint64_t id, const char *const *names, unsigned persons, const unsigned *seeds,
                 unsigned fingers);

/* One turn of every core; of some of them (bits). */
unsigned rig_turn(void);
unsigned rig_turn_of(uint64_t cores);
/* Turns until `n` datagrams have come out or ten seconds are over. */
bool rig_wait(unsigned n);
/* Turns until nothing is in flight. */
bool rig_settle(void);

void rig_lane_open(struct rig_lane *l, uint32_t lane, uint32_t slot, uint32_t turn);
void rig_cookie(struct rig_lane *l, uint32_t key_id, uint64_t expiry);
/* An officer's token as control seals it, for any lane. */
struct lsp_officer_token rig_officer(uint32_t officer);
void rig_put(struct rig_plain *p, uint16_t type, const void *value, size_t n);
/* Agreement, purpose and a person's name: a query that is permitted. */
struct rig_plain rig_person(const char *name);
/* The same in three parts. */
struct rig_plain rig_long(const char *name);
/* The wire form of an impression of finger number `seed`. */
size_t rig_finger(unsigned seed, const struct finger_placement *placement, uint8_t *ret, size_t cap);
void rig_pad(struct rig_plain *p);

/* Seals part `part` of the plaintext into `ret`; its size. */
uint16_t rig_seal(struct rig_lane *l, const uint8_t query_id[16], const struct rig_plain *p, unsigned part,
                  uint8_t ret[LSP_DATAGRAM_MAX]);
/* Gives a datagram to the port. */
void rig_inject(const uint8_t *bytes, uint16_t size, uint32_t flow);
/* Seals and gives all parts. */
void rig_send(struct rig_lane *l, uint64_t query_id, const struct rig_plain *p);
/* Opens what came out as number `i`; the type, 0: it does not open for this lane. */
uint8_t rig_open(const struct rig_lane *l, unsigned i, struct lsp_header *ret_header,
                 struct lsp_answer *ret_answer);
/* Sends and waits for the answer. */
struct lsp_answer rig_ask(struct rig_lane *l, uint64_t query_id, const struct rig_plain *p);

uint64_t rig_dropped(enum lf_drop drop);
/* Both balances hold. */
bool rig_balanced(void);
/* The port takes no more than this from now on. */
extern unsigned rig_port_room;
