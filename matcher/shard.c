#include "matcher/shard.h"

#include <errno.h>
#include <string.h>

/* An image never reaches this size; sums of two parts below it cannot overflow. */
#define SIZE_LIMIT (1ull << 48)

static uint64_t align64(uint64_t n)
{
        return (n + 63) & ~63ull;
}

/* Computes the header that these records lead to, generation and dataset left zero. */
static int measure(const struct lf_engine *engine, const struct lf_source_record *records, size_t n,
                   struct lf_shard *ret)
{
        if (!engine)
                return -ENOTSUP;
        if (n > UINT32_MAX)
                return -EINVAL;
        size_t payload = 0;
        uint32_t rows = 0, blocks = 0;
        int r = engine->build(records, n, NULL, &payload, &rows, &blocks, NULL);
        if (r < 0)
                return r;
        uint64_t payload_offset = align64(sizeof *ret + n * sizeof(struct lf_shard_record));
        if (payload >= SIZE_LIMIT)
                return -ENOMEM;
        *ret = (struct lf_shard){
            .magic = LF_SHARD_MAGIC,
            .abi = LF_SHARD_ABI,
            .modality = (uint16_t)engine->modality,
            .header_size = sizeof *ret,
            .size = align64(payload_offset + payload),
            .records = (uint32_t)n,
            .rows = rows,
            .blocks = blocks,
            .record_offset = sizeof *ret,
            .payload_offset = payload_offset,
            .payload_size = payload,
        };
        return 0;
}

int lf_shard_size(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                  size_t *ret_size)
{
        struct lf_shard header;
        int r = measure(lf_engine_for(modality), records, n, &header);
        if (r < 0)
                return r;
        *ret_size = header.size;
        return 0;
}

int lf_shard_build(enum lf_modality modality, const struct lf_shard_info *info,
                   const struct lf_source_record *records, size_t n, void *image, size_t size,
                   struct lf_defect *defects)
{
        const struct lf_engine *engine = lf_engine_for(modality);
        struct lf_shard header;
        int r = measure(engine, records, n, &header);
        if (r < 0)
                return r;
        if (size != header.size || (uintptr_t)image % 64)
                return -EINVAL;
        header.generation = info->generation;
        header.dataset = info->dataset;
        header.category = info->category;
        header.index = info->index;
        header.person = info->person;

        memset(image, 0, size);
        memcpy(image, &header, sizeof header);
        struct lf_shard_record *table = (void *)((uint8_t *)image + header.record_offset);
        for (size_t i = 0; i < n; i++) {
                memcpy(table[i].reference, records[i].reference, sizeof table[i].reference);
                table[i].expiry = records[i].expiry;
                table[i].flags = records[i].flags;
        }
        size_t payload = header.payload_size;
        uint32_t rows = 0, blocks = 0;
        r = engine->build(records, n, (uint8_t *)image + header.payload_offset, &payload, &rows, &blocks,
                          defects);
        if (r == 0 && engine->model)
                ((struct lf_shard *)image)->model = engine->model((uint8_t *)image + header.payload_offset);
        return r;
}

int lf_shard_find(const struct lf_shard *s, const uint8_t reference[16], uint32_t *ret_record)
{
        const struct lf_shard_record *record = lf_shard_records(s);
        uint32_t low = 0, high = s->records;
        if (high == 0 || memcmp(record[0].reference, reference, 16) > 0 ||
            memcmp(record[high - 1].reference, reference, 16) < 0)
                return -ENOENT; /* most shards of a dataset */
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (memcmp(record[middle].reference, reference, 16) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == s->records || memcmp(record[low].reference, reference, 16) != 0)
                return -ENOENT;
        *ret_record = low;
        return 0;
}

uint32_t lf_shard_first_row(const void *rows, size_t stride, uint32_t n, uint32_t record)
{
        uint32_t low = 0, high = n;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2, at;
                memcpy(&at, (const uint8_t *)rows + middle * stride, sizeof at);
                if (at < record)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool zero(const void *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (((const uint8_t *)p)[i])
                        return false;
        return true;
}

int lf_shard_check(const void *image, size_t size)
{
        const struct lf_shard *s = image;
        if (size < sizeof *s || (uintptr_t)image % 64 || s->magic != LF_SHARD_MAGIC)
                return -EBADMSG;
        if (s->abi != LF_SHARD_ABI)
                return -ENOTSUP;
        if (s->header_size != sizeof *s || s->size != size || size >= SIZE_LIMIT ||
            s->person.scoring > LF_PERSON_SCORING_OFAC || !zero(s->reserved, sizeof s->reserved))
                return -EBADMSG;
        uint64_t records_size = (uint64_t)s->records * sizeof(struct lf_shard_record);
        if (s->record_offset != sizeof *s || s->payload_offset != align64(s->record_offset + records_size) ||
            s->payload_offset > size || s->payload_size > size - s->payload_offset ||
            align64(s->payload_offset + s->payload_size) != size)
                return -EBADMSG;
        const struct lf_engine *engine = lf_engine_for(s->modality);
        if (!engine)
                return -ENOTSUP;
        return engine->check(s);
}
