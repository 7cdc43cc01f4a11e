/* A shard: the records of one dataset and one category that one matcher core scans.
 *
 * One memory image, position independent, little-endian, built by control and mapped read-only by the
 * dataplane. A shard holds a single category, so that the purpose check decides before a byte of it is
 * read. Layout: header, record table, engine payload; each part aligned to 64 bytes. */
#pragma once

#include "matcher/engine.h"

#define LF_SHARD_MAGIC 0x445248534c4c464cull /* "LFLLSHRD" */
#define LF_SHARD_ABI   2

/* How names and dates of a dataset of persons are judged. All zero: as the engine does by itself. */
struct lf_person_rules {
        uint8_t scoring;     /* enum lf_person_scoring */
        uint8_t birth_years; /* 0: two; else one more than the years by which years of birth may differ */
};
enum lf_person_scoring {
        LF_PERSON_SCORING_LANDFALL = 0,
        LF_PERSON_SCORING_OFAC = 1, /* names as OFAC's search tool scores them: every one is compared */
};

struct lf_shard {
        uint64_t magic;
        uint16_t abi;
        uint16_t modality; /* enum lf_modality */
        uint32_t header_size;
        uint64_t size; /* of the whole image */
        uint64_t generation;
        uint16_t dataset;
        uint16_t category; /* a bit number of the policy's category masks */
        uint32_t index;    /* which shard of this dataset and category */
        uint32_t model;    /* face embeddings: their model; else 0 */
        uint32_t records;
        uint32_t rows;
        uint32_t blocks;
        uint64_t record_offset;
        uint64_t payload_offset;
        uint64_t payload_size;
        struct lf_person_rules person;
        uint8_t reserved[46];
};
_Static_assert(sizeof(struct lf_shard) == 128, "shard header layout");

struct lf_shard_record {
        uint8_t reference[16];
        uint64_t expiry; /* legal time, seconds; 0: none of its own */
        uint32_t flags;
        uint32_t reserved;
};
_Static_assert(sizeof(struct lf_shard_record) == 32, "shard record layout");

struct lf_shard_info {
        uint64_t generation;
        uint16_t dataset, category;
        uint32_t index;
        struct lf_person_rules person;
};

/* Control: the size of the image for these records. -ENOTSUP: no such engine. -EINVAL: more than 2^32-1
 * records. -ENOMEM. */
int lf_shard_size(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                  size_t *ret_size);
/* Control: writes the image into `image`, aligned to 64 bytes, of exactly the size that lf_shard_size gave.
 * The records must be the same. -EINVAL: another size or alignment; else as lf_shard_size. */
int lf_shard_build(enum lf_modality modality, const struct lf_shard_info *info,
                   const struct lf_source_record *records, size_t n, void *image, size_t size,
                   struct lf_defect *defects);
/* Dataplane, before a shard is published: nothing in [image, image+size) can later lead a scan outside
 * of it. `image` is aligned to 64 bytes. -EBADMSG, -ENOTSUP (no engine for it, or another ABI). */
int lf_shard_check(const void *image, size_t size);

static inline const struct lf_shard_record *lf_shard_records(const struct lf_shard *s)
{
        return (const struct lf_shard_record *)((const uint8_t *)s + s->record_offset);
}

static inline bool lf_shard_alive(const struct lf_shard *s, uint32_t record, uint64_t now)
{
        uint64_t expiry = lf_shard_records(s)[record].expiry;
        return expiry == 0 || expiry > now;
}

static inline const void *lf_shard_payload(const struct lf_shard *s)
{
        return (const uint8_t *)s + s->payload_offset;
}

/* The record with this reference. The records stand in rising order of their references, as in all shards of
 * a generation. -ENOENT. */
int lf_shard_find(const struct lf_shard *s, const uint8_t reference[16], uint32_t *ret_record);

/* For engines: of `n` rows, `stride` bytes apart, which begin with their record's number and stand in its
 * order, the first of this record or of one behind it. */
uint32_t lf_shard_first_row(const void *rows, size_t stride, uint32_t n, uint32_t record);
