/* Bytes on the wire and on disk: loads, stores and a reader that cannot leave its buffer.
 *
 * Everything here is inline, allocates nothing and may be called on any core. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t lf_get_be16(const void *p)
{
        uint16_t v;
        memcpy(&v, p, sizeof v);
        return be16toh(v);
}

static inline uint32_t lf_get_be32(const void *p)
{
        uint32_t v;
        memcpy(&v, p, sizeof v);
        return be32toh(v);
}

static inline uint64_t lf_get_be64(const void *p)
{
        uint64_t v;
        memcpy(&v, p, sizeof v);
        return be64toh(v);
}

static inline uint16_t lf_get_le16(const void *p)
{
        uint16_t v;
        memcpy(&v, p, sizeof v);
        return le16toh(v);
}

static inline uint32_t lf_get_le32(const void *p)
{
        uint32_t v;
        memcpy(&v, p, sizeof v);
        return le32toh(v);
}

static inline uint64_t lf_get_le64(const void *p)
{
        uint64_t v;
        memcpy(&v, p, sizeof v);
        return le64toh(v);
}

static inline void lf_put_be16(void *p, uint16_t v)
{
        v = htobe16(v);
        memcpy(p, &v, sizeof v);
}

static inline void lf_put_be32(void *p, uint32_t v)
{
        v = htobe32(v);
        memcpy(p, &v, sizeof v);
}

static inline void lf_put_be64(void *p, uint64_t v)
{
        v = htobe64(v);
        memcpy(p, &v, sizeof v);
}

static inline void lf_put_le16(void *p, uint16_t v)
{
        v = htole16(v);
        memcpy(p, &v, sizeof v);
}

static inline void lf_put_le32(void *p, uint32_t v)
{
        v = htole32(v);
        memcpy(p, &v, sizeof v);
}

static inline void lf_put_le64(void *p, uint64_t v)
{
        v = htole64(v);
        memcpy(p, &v, sizeof v);
}

/* A cursor over [start, end). A read past the end returns zero, reads nothing, and sets `failed`, which
 * stays set: check it once after a run of reads. `start` stays where it was, for offsets in messages. */
struct lf_reader {
        const uint8_t *start;
        const uint8_t *p;
        const uint8_t *end;
        bool failed;
};

static inline struct lf_reader lf_reader_over(const void *data, size_t size)
{
        const uint8_t *p = data;
        return (struct lf_reader){.start = p, .p = p, .end = p + size};
}

static inline size_t lf_reader_left(const struct lf_reader *r)
{
        return (size_t)(r->end - r->p);
}

static inline size_t lf_reader_offset(const struct lf_reader *r)
{
        return (size_t)(r->p - r->start);
}

/* The next n bytes, or NULL. Borrowed from the buffer. */
static inline const uint8_t *lf_reader_take(struct lf_reader *r, size_t n)
{
        if (r->failed || n > lf_reader_left(r)) {
                r->failed = true;
                return NULL;
        }
        const uint8_t *p = r->p;
        r->p += n;
        return p;
}

static inline uint8_t lf_reader_u8(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 1);
        return p ? *p : 0;
}

static inline uint16_t lf_reader_be16(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 2);
        return p ? lf_get_be16(p) : 0;
}

static inline uint32_t lf_reader_be32(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 4);
        return p ? lf_get_be32(p) : 0;
}

static inline uint16_t lf_reader_le16(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 2);
        return p ? lf_get_le16(p) : 0;
}

static inline uint32_t lf_reader_le32(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 4);
        return p ? lf_get_le32(p) : 0;
}

static inline uint64_t lf_reader_le64(struct lf_reader *r)
{
        const uint8_t *p = lf_reader_take(r, 8);
        return p ? lf_get_le64(p) : 0;
}
