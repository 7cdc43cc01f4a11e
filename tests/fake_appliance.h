/* A small appliance for tests of the client library: real key exchange, real boxes, no matching. It answers
 * every query CLEAR with SHA-256 of the plaintext as leaf, unless told to misbehave. */
#pragma once

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "control/ke/ke.h"
#include "tests/fake_site.h"

struct fake_appliance {
        /* What to do; set from the test's thread. */
        atomic_int drop;      /* datagrams to lose */
        atomic_int busy;      /* BUSY notices to send */
        atomic_bool silent;   /* lose everything */
        atomic_bool revoked;  /* no keys for anyone */
        atomic_bool forge;    /* forgeries before every answer */
        atomic_bool nonsense; /* answers that are sealed well and are no answers */
        atomic_uint boot;     /* which boot id holds */
        atomic_llong clock;   /* our clock is that many microseconds ahead */
        /* What came. */
        atomic_uint datagrams, queries, exchanges, reboots, clocks, replayed;

        struct fake_site *site;
        struct event_base *base;
        struct event *read_event, *stop_event;
        struct lf_cookie_keys *keys;
        struct lf_ke_server *ke;
        int udp, stop[2];
        uint16_t udp_port, port; /* of the key exchange */
        pthread_t thread;
        uint64_t session, nonce, last_nonce;
        uint8_t assembly_id[16];
        uint32_t assembly_parts;
        uint8_t plain[LSP_QUERY_MAX];
};

void fake_appliance_start(struct fake_appliance *a, struct fake_site *site);
void fake_appliance_stop(struct fake_appliance *a);
