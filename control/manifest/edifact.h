/* Segments of EDIFACT (ISO 9735, syntax versions 1 to 4) and of X12 interchanges, from pieces of any size.
 *
 * Finds the separators (UNA; those of the syntax version; the envelope of X12), takes release characters into
 * account, checks the declared character set, and gives each whole segment as views into the caller's bytes.
 * Between interchanges and behind terminators, spaces and line breaks are passed over. Memory: about 0.8 MB,
 * however long the input. One thread. */
#pragma once

#include "control/manifest/manifest.h"
#include "control/manifest/scan.h"

enum lf_edi_charset {
        LF_EDI_LEVEL_A = 0, /* UNOA: ISO 646 without small letters (they are noted, not refused) */
        LF_EDI_LEVEL_B,     /* UNOB, */
        LF_EDI_ASCII,       /* IATA, X12: ISO 646 */
        LF_EDI_LATIN_1,     /* UNOC .. UNOL: ISO 8859 */
        LF_EDI_LATIN_2,
        LF_EDI_CYRILLIC,
        LF_EDI_GREEK,
        LF_EDI_LATIN_3,
        LF_EDI_LATIN_4,
        LF_EDI_ARABIC,
        LF_EDI_HEBREW,
        LF_EDI_LATIN_5,
        LF_EDI_LATIN_9,
        LF_EDI_UTF8, /* UNOW, UNOY */
        LF_EDI_CHARSETS,
};

enum lf_edi_flag {
        LF_EDI_RELEASED = 1, /* has release characters */
        LF_EDI_BROKEN = 2,   /* had line breaks within, which are left out of what is given */
        LF_EDI_ODD = 4,      /* has characters beyond ISO 646 */
};

#define LF_EDI_TAG(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* Valid until the handler returns. Element 0 is the tag; components are counted through all elements, from
 * first[0]. */
struct lf_edi_segment {
        const uint8_t *p;      /* its input */
        uint32_t start;        /* of the segment in p */
        const uint32_t *end;   /* of each component in p: that of the tag is end[first[0]] */
        const uint32_t *first; /* each element's first component; one more entry than elements */
        uint32_t elements;     /* the tag counts */
        uint32_t tag;          /* LF_EDI_TAG; a tag of two characters ends in 0 */
        unsigned flags;        /* enum lf_edi_flag */
        uint32_t repeat;       /* the first component behind a repetition separator; UINT32_MAX: none */
        struct lf_manifest_place at;
};

struct lf_edi_view {
        const uint8_t *p;
        uint32_t n;
};

/* Component `c` (from 0) of element `e`; empty when it is not there. */
static inline struct lf_edi_view lf_edi_component(const struct lf_edi_segment *s, uint32_t e, uint32_t c)
{
        if (e >= s->elements || c >= s->first[e + 1] - s->first[e])
                return (struct lf_edi_view){s->p, 0};
        uint32_t i = s->first[e] + c;
        uint32_t from = i == s->first[0] ? s->start : s->end[i - 1] + 1;
        return (struct lf_edi_view){s->p + from, s->end[i] - from};
}

static inline uint32_t lf_edi_components(const struct lf_edi_segment *s, uint32_t e)
{
        return e < s->elements ? s->first[e + 1] - s->first[e] : 0;
}

static inline bool lf_edi_is(struct lf_edi_view v, const char *text)
{
        uint32_t i = 0;
        for (; text[i]; i++)
                if (i >= v.n || v.p[i] != (uint8_t)text[i])
                        return false;
        return i == v.n;
}

struct lf_edi;

/* 0: go on. LF_EDI_END: the interchange ends here. Negative: ends the reading. */
#define LF_EDI_END 1
typedef int lf_edi_handler(void *context, const struct lf_edi_segment *segment);

/* -ENOMEM; -EINVAL, -ENOTSUP: LANDFALL_ISA. */
int lf_edi_new(lf_edi_handler *handler, void *context, struct lf_edi **ret);
int lf_edi_push(struct lf_edi *e, const void *bytes, size_t n);
int lf_edi_finish(struct lf_edi *e);
void lf_edi_free(struct lf_edi *e);

enum lf_edi_charset lf_edi_charset(const struct lf_edi *e);
bool lf_edi_x12(const struct lf_edi *e);
char lf_edi_separator(const struct lf_edi *e); /* of components */
struct lf_manifest_error *lf_edi_error(struct lf_edi *e);
/* "UNOA", and its version; "" in X12. */
const char *lf_edi_syntax(const struct lf_edi *e);
/* Whether a character of ISO 646 that the declared level lacks came before the byte at `offset`. */
bool lf_edi_beyond_level(const struct lf_edi *e, uint64_t offset);

/* Sets the error: segment `s`, element and component from 1 (0: none). Returns -EBADMSG. `format` may be
 * NULL; unprintable bytes of the detail become '.'. */
__attribute__((format(printf, 6, 7))) int lf_edi_fail(struct lf_edi *e, const struct lf_edi_segment *s,
                                                      enum lf_manifest_rule rule, unsigned element,
                                                      unsigned component, const char *format, ...);

/* The component as UTF-8 in `to`, ended by 0: without release characters, marks of direction and spaces at
 * both ends. *inout_notes: LF_NOTE_LINE_BREAK (of the segment), LF_NOTE_DIRECTION_MARKS. -ENOSPC: longer than
 * size - 1. Returns its length. */
int lf_edi_text(const struct lf_edi *e, const struct lf_edi_segment *s, struct lf_edi_view v, char *to,
                size_t size, uint32_t *inout_notes);

/* ---- control/manifest/charset.c ---- */
/* By UNB 0001; -ENOENT: none that is known. */
int lf_charset_by_name(const uint8_t *name, size_t n, enum lf_edi_charset *ret);
/* The first byte that the set does not have, or n. *ret_mixed: it looks like another set's. */
size_t lf_charset_check(enum lf_edi_charset set, const uint8_t *p, size_t n, bool *ret_mixed);
/* One character of set to UTF-8: writes at most 3 bytes, returns how many. Of LF_EDI_UTF8: the byte. */
unsigned lf_charset_utf8(enum lf_edi_charset set, uint8_t c, char to[3]);
