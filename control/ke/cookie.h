/* The keys of cookies and officer tokens: made here, held in locked memory, handed to the dataplane, never
 * written anywhere.
 *
 * Three generations: the newest seals, all three are handed over, a new one is made each hour. A cookie's
 * expiry is LF_COOKIE_LIFE_S away, and each key is accepted long enough for that, so that lanes go on being
 * answered for a day when control is gone; while control is there, a key ends with its third generation, and
 * lanes renew hourly. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/handover.h"
#include "dataplane/lsp.h"

#define LF_COOKIE_ROTATE_S 3600
#define LF_COOKIE_LIFE_S   86400

struct lf_cookie_keys;

/* Makes the first key. `now`: seconds since 1970. -ENOMEM, -EPERM: no locked memory; -EIO: no randomness. */
int lf_cookie_keys_create(uint64_t now, struct lf_cookie_keys **ret);
/* Wipes and unlocks. NULL is fine. */
void lf_cookie_keys_destroy(struct lf_cookie_keys *keys);

/* Makes the next key when the newest is an hour old; then *ret_rotated is true and the keys must be exported
 * again, before a cookie is sealed. -EIO: no randomness; the old keys stay. */
int lf_cookie_keys_rotate(struct lf_cookie_keys *keys, uint64_t now, bool *ret_rotated);

/* Fills `key` of the message; the head is the caller's. Wipe it after sending. */
void lf_cookie_keys_export(const struct lf_cookie_keys *keys, struct lf_handover_cookie_keys *ret);

/* Seal with the newest key. -EIO. */
int lf_cookie_seal(struct lf_cookie_keys *keys, const struct lsp_cookie_plain *plain,
                   struct lsp_cookie *ret_cookie);
int lf_officer_token_seal(struct lf_cookie_keys *keys, const struct lsp_officer_plain *plain,
                          struct lsp_officer_token *ret_token);

/* Open with whichever key is named. -ENOKEY: its key is not held. -EBADMSG: forged. Expiry is the caller's to
 * check. */
int lf_cookie_open(struct lf_cookie_keys *keys, const struct lsp_cookie *cookie,
                   struct lsp_cookie_plain *ret_plain);
int lf_officer_token_open(struct lf_cookie_keys *keys, const struct lsp_officer_token *token,
                          struct lsp_officer_plain *ret_plain);
