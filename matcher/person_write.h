/* Composes a person record (matcher/person.h), field by field.
 *
 * Inline and free of libraries: lane clients include it as well as importers. Any thread. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "matcher/person.h"

/* Bytes that come before each field's value: its type and its length. */
#define LF_PERSON_FIELD_HEAD 3
/* A document's value: kind, issuing country, number. */
#define LF_PERSON_DOCUMENT_HEAD       4
#define LF_PERSON_DOCUMENT_NUMBER_MAX 32

static inline bool lf_person_value_fits(enum lf_person_field field, size_t n)
{
        switch (field) {
        case LF_PERSON_NAME:
        case LF_PERSON_ALIAS:
        case LF_PERSON_WEAK_ALIAS:
        case LF_PERSON_NICKNAME:
                return n >= 1 && n <= LF_PERSON_NAME_MAX;
        case LF_PERSON_BIRTH:
        case LF_PERSON_BIRTH_RANGE:
                return n == 4;
        case LF_PERSON_SEX:
        case LF_PERSON_ENTITY:
                return n == 1;
        case LF_PERSON_NATIONALITY:
                return n >= 1 && n <= 3;
        case LF_PERSON_DOCUMENT:
                return n > LF_PERSON_DOCUMENT_HEAD &&
                       n <= LF_PERSON_DOCUMENT_HEAD + LF_PERSON_DOCUMENT_NUMBER_MAX;
        }
        return false;
}

/* Appends one field to the record in `buf`, whose length so far is *inout_len (0: empty). -EINVAL: not a
 * field, or a value of a length that the field cannot have. -ENOSPC: the record would pass `cap` or
 * LF_PERSON_RECORD_MAX. On failure the record stays as it was. */
static inline int lf_person_put(uint8_t *buf, size_t cap, size_t *inout_len, enum lf_person_field field,
                                const void *value, size_t n)
{
        if (!lf_person_value_fits(field, n))
                return -EINVAL;
        size_t limit = cap < LF_PERSON_RECORD_MAX ? cap : LF_PERSON_RECORD_MAX;
        if (*inout_len > limit || limit - *inout_len < LF_PERSON_FIELD_HEAD + n)
                return -ENOSPC;
        uint8_t *p = buf + *inout_len;
        p[0] = (uint8_t)field;
        p[1] = (uint8_t)n;
        p[2] = (uint8_t)(n >> 8);
        memcpy(p + LF_PERSON_FIELD_HEAD, value, n);
        *inout_len += LF_PERSON_FIELD_HEAD + n;
        return 0;
}

/* A date of birth: 0 for each part that is not known. -EINVAL: nothing is known, a day without a month, or
 * no such month or day. */
static inline int lf_person_put_birth(uint8_t *buf, size_t cap, size_t *inout_len, unsigned year,
                                      unsigned month, unsigned day)
{
        if (year > 9999 || month > 12 || day > 31 || (year == 0 && month == 0) || (day != 0 && month == 0))
                return -EINVAL;
        const uint8_t v[4] = {(uint8_t)year, (uint8_t)(year >> 8), (uint8_t)month, (uint8_t)day};
        return lf_person_put(buf, cap, inout_len, LF_PERSON_BIRTH, v, sizeof v);
}

/* Born in a year from `first` to `last`. -EINVAL: an empty range. */
static inline int lf_person_put_birth_range(uint8_t *buf, size_t cap, size_t *inout_len, unsigned first,
                                            unsigned last)
{
        if (first == 0 || last < first || last > 9999)
                return -EINVAL;
        const uint8_t v[4] = {(uint8_t)first, (uint8_t)(first >> 8), (uint8_t)last, (uint8_t)(last >> 8)};
        return lf_person_put(buf, cap, inout_len, LF_PERSON_BIRTH_RANGE, v, sizeof v);
}

/* A document: `kind` 'P', 'I', 'V' or 'O'; `country` at most three letters (NULL: not known), padded here;
 * `number` of n bytes, UTF-8. -EINVAL: another kind, or a country or number of another length. */
static inline int lf_person_put_document(uint8_t *buf, size_t cap, size_t *inout_len, char kind,
                                         const char *country, const char *number, size_t n)
{
        size_t c = country ? strlen(country) : 0;
        if (kind == 0 || !strchr("PIVO", kind) || c > 3 || n > LF_PERSON_DOCUMENT_NUMBER_MAX)
                return -EINVAL;
        uint8_t v[LF_PERSON_DOCUMENT_HEAD + LF_PERSON_DOCUMENT_NUMBER_MAX] = {(uint8_t)kind, '<', '<', '<'};
        if (c > 0)
                memcpy(v + 1, country, c);
        if (n > 0)
                memcpy(v + LF_PERSON_DOCUMENT_HEAD, number, n);
        return lf_person_put(buf, cap, inout_len, LF_PERSON_DOCUMENT, v, LF_PERSON_DOCUMENT_HEAD + n);
}
