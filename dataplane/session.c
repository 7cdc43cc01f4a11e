#include "dataplane/session.h"

#include "base/bytes.h"
#include "base/prefetch.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

static uint32_t power_of_two(uint32_t n)
{
        uint32_t p = 1;
        while (p < n)
                p *= 2;
        return p;
}

void lf_sessions_carve(struct lf_sessions *s, struct lf_arena *arena, struct lf_arena *locked,
                       uint32_t entries)
{
        s->entries = entries;
        s->mask = power_of_two(2 * entries) - 1;
        s->entry = lf_arena_take(arena, entries * sizeof *s->entry);
        s->bucket = lf_arena_take(arena, (s->mask + 1) * sizeof *s->bucket);
        uint8_t *keys = lf_arena_take(locked, (size_t)entries * LSP_KEY_SIZE);
        for (uint32_t i = 0; keys && i < entries; i++)
                s->entry[i].exported = keys + (size_t)i * LSP_KEY_SIZE;
}

void lf_sessions_init(struct lf_sessions *s, uint32_t slots, const uint8_t boot[LSP_BOOT_SIZE])
{
        s->slots = slots;
        memcpy(s->boot, boot, sizeof s->boot);
}

static void wipe_keys(struct lf_session *e)
{
        OPENSSL_cleanse(e->exported, LSP_KEY_SIZE);
        lf_aead_wipe(&e->to_appliance);
        lf_aead_wipe(&e->to_lane);
}

void lf_sessions_fini(struct lf_sessions *s)
{
        for (uint32_t i = 0; s->entry && i < s->entries; i++)
                if (s->entry[i].id != 0)
                        wipe_keys(&s->entry[i]);
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++)
                lf_aead_wipe(&s->aead[i]);
        lf_aead_wipe(&s->old_boot);
}

/* The cookie's nonce is random, whoever copies it. */
static struct lf_session **bucket_of(const struct lf_sessions *s, const uint8_t cookie[LSP_COOKIE_SIZE])
{
        return &s->bucket[lf_get_le32(cookie + offsetof(struct lsp_cookie, nonce)) & s->mask];
}

static void forget(struct lf_sessions *s, struct lf_session *e)
{
        if (e->id == 0)
                return;
        for (struct lf_session **p = bucket_of(s, e->cookie); *p; p = &(*p)->next)
                if (*p == e) {
                        *p = e->next;
                        break;
                }
        e->id = 0;
        wipe_keys(e);
}

/* Sessions whose cookie's key is gone, but for those that have an answer under way. */
static void forget_retired(struct lf_sessions *s, const struct lf_cookie_keys *keys)
{
        for (uint32_t i = 0; i < s->entries; i++) {
                struct lf_session *e = &s->entry[i];
                bool known = false;
                for (unsigned k = 0; k < LF_COOKIE_KEYS; k++)
                        known = known || keys->id[k] == e->key_id;
                if (e->id != 0 && !known && e->users == 0)
                        forget(s, e);
        }
}

void lf_sessions_keys(struct lf_sessions *s, const struct lf_cookie_keys *keys)
{
        if (keys == s->keys)
                return;
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++) {
                if (keys->id[i] == 0)
                        lf_aead_wipe(&s->aead[i]);
                else
                        lf_aead_set_key(&s->aead[i], keys->key[i]);
        }
        forget_retired(s, keys);
        s->keys = keys;
}

/* The place of a cookie key that is accepted now; -1: none. */
static int key_of(const struct lf_sessions *s, uint32_t id, uint64_t now)
{
        for (int i = 0; s->keys && i < LF_COOKIE_KEYS; i++)
                if (id != 0 && s->keys->id[i] == id && now < s->keys->until[i])
                        return i;
        return -1;
}

/* An entry to be filled: not in use, and not used lately if another is to be had. There are more entries than
 * contexts, so one is free of users. */
static struct lf_session *victim(struct lf_sessions *s)
{
        for (;;) {
                struct lf_session *e = &s->entry[s->hand];
                s->hand = (s->hand + 1) % s->entries;
                if (e->users > 0)
                        continue;
                if (e->id != 0 && e->used) {
                        e->used = false;
                        continue;
                }
                forget(s, e);
                return e;
        }
}

static int derive(const struct lf_sessions *s, struct lf_session *e)
{
        uint8_t key[LSP_KEY_SIZE];
        int r = lsp_derive(e->exported, s->boot, LSP_INFO_TO_APPLIANCE, key);
        if (r == 0) {
                lf_aead_set_key(&e->to_appliance, key);
                r = lsp_derive(e->exported, s->boot, LSP_INFO_TO_LANE, key);
        }
        if (r == 0)
                lf_aead_set_key(&e->to_lane, key);
        OPENSSL_cleanse(key, sizeof key);
        return r;
}

static enum lf_drop open_cookie(struct lf_sessions *s, const uint8_t bytes[LSP_COOKIE_SIZE], int key,
                                uint64_t now, struct lf_session **ret)
{
        const struct lsp_cookie *c = (const void *)bytes;
        struct lsp_cookie_plain plain;
        if (!lf_aead_open(&s->aead[key], c->nonce, bytes, sizeof c->key_id, c->box, sizeof c->box, &plain))
                return LF_DROP_cookie_forged;
        enum lf_drop drop = LF_DROP_COUNT;
        if (plain.expiry <= now)
                drop = LF_DROP_cookie_expired;
        else if (plain.slot >= s->slots || plain.slot_turn == 0 || plain.slot_turn >= 1u << 24 ||
                 plain.session == 0)
                drop = LF_DROP_cookie_slot;
        if (drop == LF_DROP_COUNT) {
                struct lf_session *e = victim(s), **bucket = bucket_of(s, bytes);
                memcpy(e->exported, plain.key, LSP_KEY_SIZE);
                if (derive(s, e) < 0) {
                        wipe_keys(e);
                        drop = LF_DROP_cookie_forged;
                } else {
                        memcpy(e->cookie, bytes, LSP_COOKIE_SIZE);
                        e->id = plain.session;
                        e->expiry = plain.expiry;
                        e->lane = plain.lane;
                        e->slot = plain.slot;
                        e->turn = plain.slot_turn;
                        e->key_id = lf_get_le32(bytes);
                        e->notices = 0;
                        e->old_boots = 0;
                        e->next = *bucket;
                        *bucket = e;
                        *ret = e;
                }
        }
        OPENSSL_cleanse(&plain, sizeof plain);
        return drop;
}

void lf_session_prefetch_bucket(const struct lf_sessions *s, const uint8_t cookie[LSP_COOKIE_SIZE])
{
        lf_prefetch(bucket_of(s, cookie), sizeof(struct lf_session *));
}

const struct lf_session *lf_session_prefetch(const struct lf_sessions *s,
                                             const uint8_t cookie[LSP_COOKIE_SIZE])
{
        const struct lf_session *e = *bucket_of(s, cookie);
        if (e)
                lf_prefetch(e, offsetof(struct lf_session, to_lane));
        return e;
}

enum lf_drop lf_session_find(struct lf_sessions *s, const uint8_t cookie[LSP_COOKIE_SIZE], uint64_t now,
                             struct lf_session **ret)
{
        int key = key_of(s, lf_get_le32(cookie), now);
        if (key < 0)
                return LF_DROP_cookie_key;
        struct lf_session *e = *bucket_of(s, cookie);
        while (e && memcmp(e->cookie, cookie, LSP_COOKIE_SIZE) != 0)
                e = e->next;
        if (!e) {
                enum lf_drop drop = open_cookie(s, cookie, key, now, &e);
                if (drop != LF_DROP_COUNT)
                        return drop;
        }
        if (e->expiry <= now)
                return LF_DROP_cookie_expired;
        e->used = true;
        *ret = e;
        return LF_DROP_COUNT;
}

void lf_session_seal(const struct lf_session *s, const struct lsp_header *h, const void *plain, size_t size,
                     uint8_t *box)
{
        uint8_t nonce[LF_AEAD_NONCE_SIZE], ad[sizeof *h + sizeof s->id];
        memcpy(ad, h, sizeof *h);
        memcpy(ad + sizeof *h, &s->id, sizeof s->id);
        lsp_nonce(h->nonce, nonce);
        lf_aead_seal(&s->to_lane, nonce, ad, sizeof ad, plain, size, box);
}

bool lf_officer_open(struct lf_sessions *s, const struct lsp_officer_token *token, uint32_t lane,
                     uint64_t now, uint32_t *ret_officer)
{
        int key = key_of(s, token->key_id, now);
        if (key < 0)
                return false;
        struct lsp_officer_plain plain;
        uint8_t ad[sizeof token->key_id + 4];
        memcpy(ad, &token->key_id, sizeof token->key_id);
        memcpy(ad + sizeof token->key_id, "OFCR", 4);
        if (!lf_aead_open(&s->aead[key], token->nonce, ad, sizeof ad, token->box, sizeof token->box, &plain))
                return false;
        if (plain.expiry <= now || (plain.lane != 0 && plain.lane != lane))
                return false;
        *ret_officer = plain.officer;
        return true;
}
