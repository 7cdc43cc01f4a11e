/* Whatever comes back: raw datagrams, and whatever an appliance that holds the keys might seal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"
#include "tools/lane/lane_internal.h"

static struct lf_lane *lane;
static struct lf_lane_query *query;
static struct lsp_aead *to_lane;
static struct lf_exchange exchange;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(void)
{
        uint8_t key[32];
        struct sockaddr_in *to = (struct sockaddr_in *)&exchange.dataplane;
        *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(9)};
        to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        exchange.dataplane_size = sizeof *to;
        exchange.session = 5;
        exchange.expiry = 1u << 31;
        if (lf_lane_new(2, &lane) < 0 || lf_lane_query_create(&query) < 0 ||
            lf_lane_query_u16(query, LSP_TLV_PURPOSE, 1) < 0 || lsp_aead_create(&to_lane) < 0 ||
            lsp_derive(exchange.exported, exchange.boot, LSP_INFO_TO_LANE, key) < 0 ||
            lsp_aead_set_key(to_lane, key) < 0)
                abort();
        lane->peers = 1;
        if (lf_peer_install(lane, &lane->peer[0], &exchange) < 0)
                abort();
}

/* The first byte: bit 0, as it is or sealed; bit 1, with our boot id. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct lf_lane_result result;
        uint8_t id[16], datagram[2048] = {0}, nonce[12], session[8];
        struct lsp_header *h = (struct lsp_header *)datagram;
        if (!lane)
                start();
        if (size < 1 || size > 1400 || lf_lane_submit(lane, query, NULL, id) < 0)
                return 0;
        uint8_t how = data[0];
        memcpy(datagram, data + 1, size - 1);
        size_t n = size - 1;
        if (how & 1 && n >= sizeof *h) {
                memcpy(h->query_id, id, 16);
                if (how & 2)
                        memcpy(h->boot, exchange.boot, 16);
                lf_put_le64(session, exchange.session);
                lsp_nonce(h->nonce, nonce);
                const struct lsp_ad ad[] = {{datagram, sizeof *h}, {session, 8}};
                if (lsp_seal(to_lane, nonce, ad, 2, data + 1 + sizeof *h, n - sizeof *h,
                             datagram + sizeof *h) < 0)
                        abort();
                n += LSP_TAG_SIZE;
        }
        lf_lane_receive(lane, 0, datagram, n);
        struct lf_pending *p = lf_pending_find(lane, id);
        if (p)
                lf_pending_finish(lane, p, -ETIMEDOUT);
        while (lf_lane_collect(lane, &result) == 0)
                if (result.error == 0 && lf_lane_answer_check(&result.answer) < 0)
                        abort();
        return 0;
}
