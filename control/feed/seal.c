#include "control/feed/seal.h"

#include "dataplane/lsp_seal.h"

#include <errno.h>

static const uint8_t nonce[12];

static struct lsp_ad additional(const struct lf_feed_leaf *leaf)
{
        return (struct lsp_ad){leaf, offsetof(struct lf_feed_leaf, quality)};
}

int lf_feed_seal(const struct lf_feed_leaf *leaf, const uint8_t key[32], const void *payload, size_t size,
                 uint8_t *box)
{
        struct lsp_ad ad = additional(leaf);
        struct lsp_aead *a;
        int r = lsp_aead_create(&a);
        if (r < 0)
                return r;
        r = lsp_aead_set_key(a, key);
        if (r == 0)
                r = lsp_seal(a, nonce, &ad, 1, payload, size, box);
        lsp_aead_destroy(a);
        return r;
}

int lf_feed_unseal(const struct lf_feed_leaf *leaf, const uint8_t key[32], const uint8_t *box,
                   size_t box_size, void *payload)
{
        struct lsp_ad ad = additional(leaf);
        struct lsp_aead *a;
        if (box_size < LF_FEED_SEAL_EXTRA)
                return -EBADMSG;
        int r = lsp_aead_create(&a);
        if (r < 0)
                return r;
        r = lsp_aead_set_key(a, key);
        if (r == 0)
                r = lsp_open(a, nonce, &ad, 1, box, box_size - LF_FEED_SEAL_EXTRA, payload);
        lsp_aead_destroy(a);
        return r;
}
