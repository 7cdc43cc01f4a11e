/* A feed: how an originator's records reach an appliance over any transport.
 *
 *   FEED/log/        a transparency log (control/tlog) whose entries are struct lf_feed_leaf
 *   FEED/payload     the sealed payloads, one behind the other; leaves say where and give their hash
 *   FEED/keyring/ID  the record keys, sealed for one appliance (control/feed/keyring.h)
 *
 * Leaves hold metadata only. A payload is sealed under a key of its own, so that a record is erased
 * everywhere by leaving its key out of the next keyring, while the log still verifies. */
#pragma once

#include "control/tlog/tlog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_FEED_LEAF_MAGIC  0x4c46 /* "FL" */
#define LF_FEED_PAYLOAD_MAX (1u << 20)

enum lf_feed_kind {
        LF_FEED_ADD = 1,       /* a record, or a new version of it */
        LF_FEED_REMOVE = 2,    /* the record is gone */
        LF_FEED_HEARTBEAT = 3, /* nothing changed until `time` */
};

struct lf_feed_leaf {
        uint16_t magic;
        uint8_t version; /* 1 */
        uint8_t kind;
        uint32_t flags; /* LF_RECORD_* */
        uint8_t record[16];
        uint64_t time;   /* seconds since 1970, never below the leaf before */
        uint64_t expiry; /* seconds; 0: none of its own */
        uint16_t category;
        uint8_t modality; /* enum lf_modality */
        uint8_t quality;  /* 0..100, 255: not known */
        uint32_t payload_size;
        uint64_t payload_offset;
        uint8_t payload_hash[32]; /* SHA-256 of the sealed payload */
        uint8_t reserved[8];
};
_Static_assert(sizeof(struct lf_feed_leaf) == 96, "feed leaf layout");

/* Text for people goes into `why` (LF_FEED_WHY bytes) with cause and cure when a function fails. */
#define LF_FEED_WHY 256

/* ---- Originator ---- */
struct lf_feed_writer;

/* ORIGIN/ (mode 0700) keeps the signing key and the record keys; ORIGIN/feed is what is published. -EEXIST.
 */
int lf_feed_init(const char *origin_dir, const char *origin_name, char *why);
int lf_feed_writer_open(const char *origin_dir, struct lf_feed_writer **ret, char *why);
/* Adds a record (`record` all zero: a new random id, written to ret_record) and seals its payload. */
int lf_feed_add(struct lf_feed_writer *w, struct lf_feed_leaf *leaf, const void *payload, size_t size,
                char *why);
/* Takes a record back and destroys its keys. -ENOENT: not there. */
int lf_feed_remove(struct lf_feed_writer *w, const uint8_t record[16], char *why);
int lf_feed_heartbeat(struct lf_feed_writer *w, char *why);
/* Makes everything durable and signs. Until then nothing of it can be seen. */
int lf_feed_publish(struct lf_feed_writer *w, char *why);
/* Writes ORIGIN/feed/keyring/ID for the appliance with this X25519 public key, valid for `days`. */
int lf_feed_write_keyring(struct lf_feed_writer *w, const uint8_t appliance_public[32], unsigned days,
                          char *why);
uint64_t lf_feed_writer_records(const struct lf_feed_writer *w);
void lf_feed_writer_close(struct lf_feed_writer *w);

/* ---- Appliance ---- */
/* What is known of a record. Its payload stays sealed on disk until lf_feed_reader_payload opens it. */
struct lf_feed_record {
        struct lf_feed_leaf leaf;
        uint64_t index;  /* of the leaf */
        uint32_t size;   /* of the payload, opened */
        bool open;       /* the keyring has its key, and the payload was what its leaf says */
        uint8_t key[32]; /* zero unless open */
};

struct lf_feed_options {
        const char *directory; /* FEED */
        const char *key;       /* file of the originator's verifier key */
        const char *keyring;   /* file */
        const char *appliance; /* file of the appliance's secret (control/feed/keyring.h) */
        _Atomic uint64_t *opened; /* counts the payloads that are opened, for those who wait; NULL: nobody */
};

struct lf_feed_reader;

/* -ENOENT, -EBADMSG and the errors of files; nothing is read of the log yet. */
int lf_feed_reader_open(const struct lf_feed_options *options, struct lf_feed_reader **ret, char *why);
/* Takes in what is new since the last call: checks signature, growth (-ESTALE: the log is shorter than it
 * was: rollback) and consistency (-EBADMSG: it is another log: fork), then the leaves, and opens each new
 * payload once to see that it is what its leaf says. On failure the records stay as they were. ret_changed
 * is set when records changed. */
int lf_feed_reader_sync(struct lf_feed_reader *r, bool *ret_changed, char *why);
/* The live records, in the order of their leaves. Borrowed until the next sync. */
const struct lf_feed_record *lf_feed_reader_records(const struct lf_feed_reader *r, size_t *ret_n);
/* Reads and opens a record's payload; `ret` has room for record->size bytes. -ENOKEY: it is not open.
 * -EBADMSG: what is on disk is not what was signed. */
int lf_feed_reader_payload(struct lf_feed_reader *r, const struct lf_feed_record *record, uint8_t *ret,
                           char *why);
uint64_t lf_feed_reader_size(const struct lf_feed_reader *r);
/* Time of the newest leaf: what the freshness limit is measured against. */
uint64_t lf_feed_reader_time(const struct lf_feed_reader *r);
/* Records whose key the keyring lacks. */
size_t lf_feed_reader_locked(const struct lf_feed_reader *r);
/* Wipes the keys. NULL is fine. */
void lf_feed_reader_close(struct lf_feed_reader *r);
