/* The key exchange, the lane's side. Internal to tools/lane; any thread. */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dataplane/lsp.h"
#include "tools/lane/bundle.h"

#define LF_EXCHANGE_TIMEOUT_MS 5000

/* What an exchange gives. Wipe it after use. */
struct lf_exchange {
        uint32_t lane;
        uint8_t appliance[16];
        uint8_t boot[LSP_BOOT_SIZE];
        uint64_t session;
        uint64_t expiry; /* the appliance's clock */
        uint64_t time;   /* the appliance's clock, microseconds */
        uint8_t cookie[LSP_COOKIE_SIZE];
        uint8_t exported[LSP_KEY_SIZE];
        struct sockaddr_storage dataplane;
        socklen_t dataplane_size;
};

/* Blocks for LF_EXCHANGE_TIMEOUT_MS at most, name resolution aside. `time`: our clock, microseconds. Errors
 * as lf_lane_open. */
int lf_exchange(const struct lf_bundle *bundle, uint64_t time, struct lf_exchange *ret);

/* Whether `size` bytes are a reply that grants a session, as lf_lane_open's errors say. */
int lf_exchange_reply_check(const void *bytes, size_t size, struct lsp_ke_reply *ret);
