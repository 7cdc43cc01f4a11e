#include "tools/lane/lane_internal.h"

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

static int set_key(struct lsp_aead *a, const uint8_t exported[32], const uint8_t *boot, const char *info)
{
        uint8_t key[LSP_KEY_SIZE];
        int r = lsp_derive(exported, boot, info, key);
        if (r == 0)
                r = lsp_aead_set_key(a, key);
        OPENSSL_cleanse(key, sizeof key);
        return r;
}

static int make_aead(const uint8_t exported[32], const uint8_t *boot, const char *info, struct lsp_aead **ret)
{
        struct lsp_aead *a = NULL;
        int r = lsp_aead_create(&a);
        if (r == 0)
                r = set_key(a, exported, boot, info);
        if (r < 0)
                lsp_aead_destroy(a);
        else
                *ret = a;
        return r;
}

int lf_session_open(const struct lf_exchange *e, struct lf_session *ret)
{
        struct lf_session s = {.live = true, .number = e->session};
        memcpy(s.boot, e->boot, sizeof s.boot);
        memcpy(s.cookie, e->cookie, sizeof s.cookie);
        memcpy(s.exported, e->exported, sizeof s.exported);
        int r = make_aead(s.exported, s.boot, LSP_INFO_TO_APPLIANCE, &s.to_appliance);
        if (r == 0)
                r = make_aead(s.exported, s.boot, LSP_INFO_TO_LANE, &s.to_lane);
        if (r < 0)
                lf_session_close(&s);
        else
                *ret = s;
        OPENSSL_cleanse(&s, sizeof s);
        return r;
}

void lf_session_close(struct lf_session *s)
{
        lsp_aead_destroy(s->to_appliance);
        lsp_aead_destroy(s->to_lane);
        OPENSSL_cleanse(s, sizeof *s);
}

int lf_session_reboot(struct lf_session *s, const uint8_t boot[LSP_BOOT_SIZE])
{
        struct lsp_aead *to_appliance = NULL, *to_lane = NULL;
        int r = make_aead(s->exported, boot, LSP_INFO_TO_APPLIANCE, &to_appliance);
        if (r == 0)
                r = make_aead(s->exported, boot, LSP_INFO_TO_LANE, &to_lane);
        if (r < 0) {
                lsp_aead_destroy(to_appliance);
                return r;
        }
        lsp_aead_destroy(s->to_appliance);
        lsp_aead_destroy(s->to_lane);
        s->to_appliance = to_appliance;
        s->to_lane = to_lane;
        memcpy(s->boot, boot, LSP_BOOT_SIZE);
        return 0;
}

static int open_with(struct lsp_aead *a, uint64_t session, const uint8_t *datagram, size_t size, void *plain)
{
        struct lsp_header h;
        uint8_t nonce[12], number[8];
        memcpy(&h, datagram, sizeof h);
        lsp_nonce(h.nonce, nonce);
        lf_put_le64(number, session);
        const struct lsp_ad ad[] = {{datagram, sizeof h}, {number, sizeof number}};
        return lsp_open(a, nonce, ad, 2, datagram + sizeof h, size - sizeof h - LSP_TAG_SIZE, plain);
}

int lf_session_open_box(struct lf_session *s, const uint8_t *datagram, size_t size, void *ret_plain)
{
        return open_with(s->to_lane, s->number, datagram, size, ret_plain);
}

int lf_session_check_reboot(const struct lf_session *s, const uint8_t *datagram, size_t size)
{
        const struct lsp_header *h = (const struct lsp_header *)datagram;
        struct lsp_aead *a = NULL;
        uint8_t nothing[1];
        int r = make_aead(s->exported, h->boot, LSP_INFO_TO_LANE, &a);
        if (r == 0)
                r = open_with(a, s->number, datagram, size, nothing);
        lsp_aead_destroy(a);
        return r;
}
