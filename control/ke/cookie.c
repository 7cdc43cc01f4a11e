#include "control/ke/cookie.h"

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

struct generation {
        uint32_t
            id; /* random, so that a restarted control's keys are not taken for its predecessor's; 0: none */
        uint64_t made;
        uint8_t key[LSP_KEY_SIZE];
};

/* Lives in one locked mapping that is left out of core dumps and of children. */
struct lf_cookie_keys {
        struct generation generation[LF_COOKIE_KEYS]; /* newest first */
        struct lsp_aead *aead;
};

static int new_id(const struct lf_cookie_keys *k, uint32_t *ret_id)
{
        uint32_t id;
        bool used;
        do {
                if (RAND_bytes((uint8_t *)&id, sizeof id) != 1)
                        return -EIO;
                used = id == 0;
                for (unsigned i = 0; i < LF_COOKIE_KEYS; i++)
                        used = used || k->generation[i].id == id;
        } while (used);
        *ret_id = id;
        return 0;
}

static int push_generation(struct lf_cookie_keys *k, uint64_t now)
{
        struct generation g = {.made = now};
        int r = new_id(k, &g.id);
        if (r == 0 && RAND_priv_bytes(g.key, sizeof g.key) != 1)
                r = -EIO;
        if (r == 0) {
                memmove(&k->generation[1], &k->generation[0], (LF_COOKIE_KEYS - 1) * sizeof g);
                k->generation[0] = g;
        }
        OPENSSL_cleanse(&g, sizeof g);
        return r;
}

int lf_cookie_keys_create(uint64_t now, struct lf_cookie_keys **ret)
{
        struct lf_cookie_keys *k =
            mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (k == MAP_FAILED)
                return -ENOMEM;
        int r = 0;
        if (mlock(k, sizeof *k) < 0 || madvise(k, sizeof *k, MADV_DONTDUMP) < 0 ||
            madvise(k, sizeof *k, MADV_DONTFORK) < 0)
                r = -errno;
        if (r == 0)
                r = lsp_aead_create(&k->aead);
        if (r == 0)
                r = push_generation(k, now);
        if (r < 0)
                lf_cookie_keys_destroy(k);
        else
                *ret = k;
        return r;
}

void lf_cookie_keys_destroy(struct lf_cookie_keys *k)
{
        if (!k)
                return;
        lsp_aead_destroy(k->aead);
        OPENSSL_cleanse(k, sizeof *k);
        munmap(k, sizeof *k);
}

int lf_cookie_keys_rotate(struct lf_cookie_keys *k, uint64_t now, bool *ret_rotated)
{
        /* A clock that was set back must not stop rotation: then the age wraps and is large. */
        if (now - k->generation[0].made < LF_COOKIE_ROTATE_S) {
                *ret_rotated = false;
                return 0;
        }
        int r = push_generation(k, now);
        if (r == 0)
                *ret_rotated = true;
        return r;
}

void lf_cookie_keys_export(const struct lf_cookie_keys *k, struct lf_handover_cookie_keys *ret)
{
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++) {
                const struct generation *g = &k->generation[i];
                memset(&ret->key[i], 0, sizeof ret->key[i]);
                if (g->id == 0)
                        continue;
                ret->key[i].id = g->id;
                /* It seals for an hour, and what it sealed last lives for a cookie's life. */
                ret->key[i].until = g->made + LF_COOKIE_ROTATE_S + LF_COOKIE_LIFE_S;
                memcpy(ret->key[i].key, g->key, LSP_KEY_SIZE);
        }
}

/* Additional data of a cookie: its key id. Of a token: its key id and "OFCR". */
static struct lsp_ad additional(uint8_t ad[8], uint32_t key_id, bool officer)
{
        lf_put_le32(ad, key_id);
        memcpy(ad + 4, "OFCR", 4);
        return (struct lsp_ad){ad, officer ? 8 : 4};
}

/* A key seals at most some thousand cookies an hour: random 96-bit nonces do not repeat. */
static int seal(struct lf_cookie_keys *k, bool officer, const void *plain, size_t size, uint32_t *ret_id,
                uint8_t ret_nonce[12], uint8_t *ret_box)
{
        const struct generation *g = &k->generation[0];
        uint8_t bytes[8];
        struct lsp_ad ad = additional(bytes, g->id, officer);
        if (RAND_bytes(ret_nonce, 12) != 1 || lsp_aead_set_key(k->aead, g->key) < 0)
                return -EIO;
        *ret_id = g->id;
        return lsp_seal(k->aead, ret_nonce, &ad, 1, plain, size, ret_box);
}

static int open_box(struct lf_cookie_keys *k, bool officer, uint32_t id, const uint8_t nonce[12],
                    const uint8_t *box, size_t size, void *ret_plain)
{
        uint8_t bytes[8];
        struct lsp_ad ad = additional(bytes, id, officer);
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++) {
                const struct generation *g = &k->generation[i];
                if (g->id == 0 || g->id != id)
                        continue;
                if (lsp_aead_set_key(k->aead, g->key) < 0)
                        return -EIO;
                return lsp_open(k->aead, nonce, &ad, 1, box, size, ret_plain);
        }
        return -ENOKEY;
}

int lf_cookie_seal(struct lf_cookie_keys *k, const struct lsp_cookie_plain *plain, struct lsp_cookie *ret)
{
        struct lsp_cookie c;
        _Static_assert(offsetof(struct lsp_cookie, tag) == offsetof(struct lsp_cookie, box) + sizeof *plain,
                       "the tag stands behind the box");
        int r = seal(k, false, plain, sizeof *plain, &c.key_id, c.nonce, c.box);
        if (r == 0)
                *ret = c;
        return r;
}

int lf_cookie_open(struct lf_cookie_keys *k, const struct lsp_cookie *c, struct lsp_cookie_plain *ret_plain)
{
        struct lsp_cookie_plain plain;
        int r = open_box(k, false, c->key_id, c->nonce, c->box, sizeof plain, &plain);
        if (r == 0)
                *ret_plain = plain;
        OPENSSL_cleanse(&plain, sizeof plain);
        return r;
}

int lf_officer_token_seal(struct lf_cookie_keys *k, const struct lsp_officer_plain *plain,
                          struct lsp_officer_token *ret)
{
        struct lsp_officer_token t;
        int r = seal(k, true, plain, sizeof *plain, &t.key_id, t.nonce, t.box);
        if (r == 0)
                *ret = t;
        return r;
}

int lf_officer_token_open(struct lf_cookie_keys *k, const struct lsp_officer_token *t,
                          struct lsp_officer_plain *ret_plain)
{
        struct lsp_officer_plain plain;
        int r = open_box(k, true, t->key_id, t->nonce, t->box, sizeof plain, &plain);
        if (r == 0)
                *ret_plain = plain;
        return r;
}
