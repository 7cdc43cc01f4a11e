/* The key-exchange server: mutual TLS 1.3 on control's event loop.
 *
 * A lane connects with its certificate, sends struct lsp_ke_request, gets struct lsp_ke_reply with a cookie,
 * and both sides export the session's key. ALPN lsp-ke/1 only, no tickets, no resumption, no early data.
 * Whatever is not that is closed without a word: no client certificate, one of another authority, another
 * protocol, garbage, a peer that takes more than LF_KE_TIMEOUT_S from connect to end. At most
 * LF_KE_CONNECTIONS at once; a further one displaces the oldest that has not finished its handshake.
 *
 * All functions and callbacks run on the event loop's thread. */
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "control/ke/cookie.h"
#include "dataplane/lsp.h"

#define LF_KE_TIMEOUT_S   5
#define LF_KE_CONNECTIONS 64

/* What control grants to a lane. */
struct lf_ke_grant {
        uint64_t session;
        uint32_t slot, slot_turn;
        uint64_t expiry; /* of the cookie, seconds since 1970 */
        uint8_t boot[LSP_BOOT_SIZE];
        uint16_t port;          /* UDP port of the dataplane, host order */
        uint8_t address_family; /* 0: as control's address; 4 or 6: `address` */
        uint8_t address[16];
};

struct lf_ke_options {
        const char *address;                /* IPv4 or IPv6 to listen on */
        uint16_t port;                      /* 0: any, see lf_ke_server_port */
        const char *certificate, *key, *ca; /* PEM files; read once */
        uint8_t appliance[16];
        struct lf_cookie_keys *keys; /* borrowed; outlives the server */
        /* Asks for a lane whose certificate is the site's. Returns an lsp_ke_status; for LSP_KE_OK ret_grant
         * is filled. `certificate`: SHA-256 of the certificate, to be compared with the registry's. */
        enum lsp_ke_status (*admit)(void *arg, uint32_t lane, const uint8_t certificate[32],
                                    struct lf_ke_grant *ret_grant);
        void *arg;
};

/* Counters since start. */
struct lf_ke_stats {
        uint64_t connections; /* accepted */
        uint64_t granted;     /* answered with LSP_KE_OK */
        uint64_t refused;     /* answered with another status */
        uint64_t closed;      /* closed without an answer: handshake failed, garbage, peer went away */
        uint64_t timeouts;
        uint64_t displaced;
};

struct lf_ke_server;
/* -EINVAL: address. -EKEYREJECTED: certificate, key or authority unreadable or not belonging together. Else
 * errno of the socket. */
int lf_ke_server_create(struct event_base *base, const struct lf_ke_options *options,
                        struct lf_ke_server **ret);
/* Closes every connection. NULL is fine. */
void lf_ke_server_destroy(struct lf_ke_server *server);
/* The TCP port that it listens on. */
uint16_t lf_ke_server_port(const struct lf_ke_server *server);
struct lf_ke_stats lf_ke_server_stats(const struct lf_ke_server *server);
