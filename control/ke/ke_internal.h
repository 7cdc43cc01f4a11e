/* Internal to control/ke and its tests. */
#pragma once

#include "control/ke/ke.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

struct lf_ke_connection {
        TAILQ_ENTRY(lf_ke_connection) link; /* oldest first */
        struct lf_ke_server *server;
        struct bufferevent *bev; /* owns socket and TLS */
        struct event *timer;
        uint32_t lane;
        uint8_t certificate[32];
        bool proven;   /* its certificate is the site's and names a lane */
        bool answered; /* the reply is in the output buffer */
};

struct lf_ke_server {
        struct event_base *base;
        struct evconnlistener *listener;
        SSL_CTX *tls;
        struct lf_ke_options options;
        struct lf_ke_stats stats;
        TAILQ_HEAD(, lf_ke_connection) connections;
        unsigned n;
};

void lf_ke_connection_free(struct lf_ke_connection *c);
/* Takes a fresh connection through handshake, request, reply and close. */
void lf_ke_conversation_begin(struct lf_ke_connection *c);

/* Whether a request can be served: LSP_KE_OK, LSP_KE_VERSION. -EBADMSG: not a request. */
int lf_ke_request_check(const void *bytes, size_t size);
