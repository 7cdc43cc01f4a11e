/* A record of the write-ahead log: 512 bytes, little-endian, eight to a 4 KiB block.
 *
 * A record names its own place: `position` counts the slots of 512 bytes since the log began, through all
 * laps over the segments, so that slot = position % slots of the log. A group commit fills whole blocks;
 * slots that it leaves over are zero, and the next commit begins in a new block. A block therefore belongs to
 * one commit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/audit/wal.h"

#define LF_WAL_RECORD_SIZE    512
#define LF_WAL_BLOCK          4096
#define LF_WAL_BLOCK_SLOTS    (LF_WAL_BLOCK / LF_WAL_RECORD_SIZE)
#define LF_WAL_RECORD_MAGIC   0x4c41574cu /* "LWAL" */
#define LF_WAL_RECORD_VERSION 1

enum lf_wal_record_kind {
        LF_WAL_RECORD_ENTRY = 1,
        LF_WAL_RECORD_MARK =
            2, /* no entry: the log was closed with `durable` == `index` entries, all durable */
};

struct lf_wal_record {
        uint32_t magic;
        uint16_t length; /* LF_WAL_RECORD_SIZE */
        uint8_t version;
        uint8_t kind;
        uint64_t index;        /* of the entry; of a mark: the next entry's */
        uint64_t durable;      /* entries known durable when this was written */
        uint64_t position;     /* slots since the log began */
        uint8_t salt[16];      /* random for each open of the log */
        struct lf_entry entry; /* zero in a mark */
        uint8_t
            sealed[sizeof(struct lf_entry_opening)]; /* AES-256-GCM: HKDF(key, salt), nonce from the index */
        uint8_t tag[16];
        uint8_t previous[16]; /* chain of the record before; zero in the first of all */
        uint8_t chain[16];    /* HMAC-SHA256(HKDF(key), all bytes before this), truncated */
        uint8_t reserved[12];
        uint32_t crc; /* CRC32C of all bytes before */
};
_Static_assert(sizeof(struct lf_wal_record) == LF_WAL_RECORD_SIZE, "record layout");

/* The keys of one open log, expanded, so that sealing a record allocates nothing. */
struct lf_wal_keys;

_Static_assert(offsetof(struct lf_wal_record, tag) ==
                   offsetof(struct lf_wal_record, sealed) + sizeof(struct lf_entry_opening),
               "the tag stands behind what it is of");

/* salt: of this open, for seal; NULL when only checking. -ENOMEM. */
int lf_wal_keys_new(const uint8_t key[LF_WAL_KEY_SIZE], const uint8_t salt[16], struct lf_wal_keys **ret);
void lf_wal_keys_free(struct lf_wal_keys *keys);

/* Fills sealed, tag, chain and crc; everything else is set. opening NULL: a mark. -EIO: no key. */
int lf_wal_record_seal(struct lf_wal_keys *keys, struct lf_wal_record *record,
                       const struct lf_entry_opening *opening);

/* Is this a record, whole, by magic, length, version, kind and CRC? Needs no key. */
bool lf_wal_record_whole(const struct lf_wal_record *record);

/* Is its chain value the one that the key gives? */
bool lf_wal_record_authentic(struct lf_wal_keys *keys, const struct lf_wal_record *record);

/* The opening of an entry record. -EBADMSG: wrong key or damaged. */
int lf_wal_record_open(struct lf_wal_keys *keys, const struct lf_wal_record *record,
                       struct lf_entry_opening *ret);
