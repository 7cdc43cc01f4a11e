/* Who sends: cookies opened, and kept open for the datagrams that follow.
 *
 * Each io core has a cache of its own. It holds more sessions than the core has query contexts, so that a
 * session with queries in flight never has to make room. Keys lie in locked memory. */
#pragma once

#include "base/arena.h"
#include "dataplane/aead.h"
#include "dataplane/counters.h"
#include "dataplane/lsp.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lf_session {
        uint8_t cookie[LSP_COOKIE_SIZE];
        uint64_t id, expiry;
        uint32_t lane, slot, turn, key_id;
        uint8_t *exported; /* 32 bytes of locked memory */
        uint32_t users;    /* queries in flight that need to_lane */
        bool used;         /* since the last look for a victim */
        uint64_t notice_second;
        uint32_t notices; /* in that second */
        uint64_t old_boot_second;
        uint32_t old_boots;      /* keys derived for earlier boot ids in that second */
        struct lf_session *next; /* in its bucket */
        struct lf_aead to_appliance, to_lane;
};

/* The cookie keys, as the main thread publishes them: replaced as a whole. */
struct lf_cookie_keys {
        uint32_t id[LF_COOKIE_KEYS]; /* 0: none */
        uint64_t until[LF_COOKIE_KEYS];
        uint8_t key[LF_COOKIE_KEYS][LSP_KEY_SIZE];
};

struct lf_sessions {
        struct lf_session *entry, **bucket;
        uint32_t entries, mask, hand;
        uint32_t slots; /* replay slots there are */
        uint8_t boot[LSP_BOOT_SIZE];
        const struct lf_cookie_keys *keys; /* those that `aead` was made for */
        struct lf_aead aead[LF_COOKIE_KEYS];
        struct lf_aead old_boot; /* for one datagram */
};

/* Carves the cache out of both arenas (measuring: only adds up). */
void lf_sessions_carve(struct lf_sessions *s, struct lf_arena *arena, struct lf_arena *locked,
                       uint32_t entries);
void lf_sessions_init(struct lf_sessions *s, uint32_t slots, const uint8_t boot[LSP_BOOT_SIZE]);
void lf_sessions_fini(struct lf_sessions *s);

/* At the start of a turn: the keys in force (NULL: none yet). */
void lf_sessions_keys(struct lf_sessions *s, const struct lf_cookie_keys *keys);

/* Asks the cache for what finding this cookie's session reads: its bucket first, and once that is there, the
 * session itself, which is returned unchecked; NULL: none. */
void lf_session_prefetch_bucket(const struct lf_sessions *s, const uint8_t cookie[LSP_COOKIE_SIZE]);
const struct lf_session *lf_session_prefetch(const struct lf_sessions *s,
                                             const uint8_t cookie[LSP_COOKIE_SIZE]);
/* The session of this cookie at legal time `now` (seconds). LF_DROP_COUNT and *ret, or the reason why there
 * is none. A cookie that is not in the cache costs two key derivations, which allocate inside OpenSSL. */
enum lf_drop lf_session_find(struct lf_sessions *s, const uint8_t cookie[LSP_COOKIE_SIZE], uint64_t now,
                             struct lf_session **ret);
/* Seals what goes to the lane: an answer, or (size 0) a notice. */
void lf_session_seal(const struct lf_session *s, const struct lsp_header *h, const void *plain, size_t size,
                     uint8_t *box);
/* Whether an officer's token is valid for this lane, and whose it is. */
bool lf_officer_open(struct lf_sessions *s, const struct lsp_officer_token *token, uint32_t lane,
                     uint64_t now, uint32_t *ret_officer);
