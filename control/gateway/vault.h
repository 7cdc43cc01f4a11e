/* The vault: messages and what was answered about their parties, sealed, and readable only within the window.
 *
 *   DIR/key-START-END  32 random bytes, for messages of a day, UTC (of a window, where that is shorter)
 *   DIR/ID.msg         head, the message's own key sealed under its day's key, the message sealed under that
 *   DIR/ID.log         the journal: sealed records, appended
 *
 * AES-256-GCM throughout. A message's own key is overwritten when its window ends, the day's key when the
 * window of the last message under it does: copies of the sealed files are unreadable from then on. (What a
 * disk keeps of an overwritten block is beyond a program; a key is one block.)
 *
 * One thread. Functions block on files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_VAULT_ID 16

struct lf_vault;

/* A message that is in use. Wipe it with lf_vault_let_go. */
struct lf_vault_message {
        uint8_t id[LF_VAULT_ID];
        uint64_t received; /* seconds since 1970 */
        uint8_t key[32];
        uint32_t records; /* of the journal */
        int journal;      /* descriptor; -1: none yet */
        bool torn;        /* part of a record could not be taken back */
};

/* DIR must be there, for us alone. -ENOMEM, or errno of reading it. */
int lf_vault_open(const char *directory, uint64_t window_s, struct lf_vault **ret);
/* NULL is fine. */
void lf_vault_close(struct lf_vault *v);

/* Seals a message under a key of its own and begins its journal. `durable`: synced when it returns. The
 * caller gives id and received. -EEXIST: the id is taken. Errno of files; -EIO: OpenSSL. */
int lf_vault_seal(struct lf_vault *v, struct lf_vault_message *m, const void *plain, size_t size,
                  bool durable);
/* Opens a sealed message; the plaintext is the caller's to wipe and free. -ENOENT: there is none. -ENOKEY:
 * its day's key is destroyed. -EBADMSG: it was altered, or its own key is destroyed. */
int lf_vault_unseal(struct lf_vault *v, const uint8_t id[LF_VAULT_ID], struct lf_vault_message *ret,
                    uint8_t **ret_plain, size_t *ret_size);
void lf_vault_let_go(struct lf_vault_message *m);

/* Appends a record, or leaves the journal as it was: errno; -EIO. When it cannot be left so, nothing is
 * appended until the message is opened anew. */
int lf_vault_append(struct lf_vault *v, struct lf_vault_message *m, const void *record, size_t size,
                    bool durable);
/* Every whole record in order; a torn end is cut off. A negative result of `each` ends it and is its result.
 */
int lf_vault_replay(struct lf_vault *v, struct lf_vault_message *m,
                    int (*each)(void *arg, const uint8_t *record, size_t size), void *arg);

/* Calls `each` for every sealed message. */
int lf_vault_list(struct lf_vault *v,
                  void (*each)(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received), void *arg);
/* Ends the window of one message now. */
void lf_vault_forget(struct lf_vault *v, const uint8_t id[LF_VAULT_ID]);
/* Destroys what is past its window at `now`. Returns how many messages and keys went. */
unsigned lf_vault_expire(struct lf_vault *v, uint64_t now);

void lf_vault_hex(const uint8_t id[LF_VAULT_ID], char ret_text[2 * LF_VAULT_ID + 1]);
/* -EINVAL: not an id at the start of `text`. */
int lf_vault_id(const char *text, uint8_t ret_id[LF_VAULT_ID]);

/* box.c: AES-256-GCM with a random nonce in front: LF_BOX_EXTRA bytes more than the plaintext. */
#define LF_BOX_EXTRA 28
int lf_box_seal(const uint8_t key[32], const void *ad, size_t ad_size, const void *plain, size_t size,
                uint8_t *box);
/* -EBADMSG. */
int lf_box_open(const uint8_t key[32], const void *ad, size_t ad_size, const uint8_t *box, size_t box_size,
                void *plain);
/* Overwrites a file and removes it; one that has another name, too, keeps its bytes under that. Errno. */
int lf_wipe_file(int dir, const char *name);
