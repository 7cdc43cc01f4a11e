/* What the files of the segment reader share. Internal to control/manifest. */
#pragma once

#include "control/manifest/edifact.h"
#include "matcher/isa.h"

#define WINDOW    4096u /* bytes that are indexed at a time; whole blocks */
#define INDEX_MAX (LF_MANIFEST_SEGMENT_MAX + WINDOW + 8)
#define PIECE_MAX (1u << 30) /* of one push, so that places fit 32 bits */

/* What a byte is to the reader of segments; those that end a component come first. */
enum class { COMPONENT, ELEMENT, REPETITION, TERMINATOR, RELEASE, ODD, PLAIN };

struct lf_edi {
        lf_edi_handler *handler;
        void *context;
        lf_scan_fn *scan;
        struct lf_scan_chars chars;
        uint8_t class[256];
        enum lf_edi_charset set;
        char syntax[8];
        bool x12;
        bool repeats; /* a repetition separator is used */
        bool open;    /* within an interchange */
        unsigned interchanges;
        int failed;
        struct lf_manifest_error error;

        uint64_t offset;  /* of the first byte that is looked at: of the carry, if it holds some */
        uint64_t lines;   /* number of the line that is reached */
        uint64_t segment; /* segments of the interchange so far */
        uint64_t beyond;  /* offset of the first character that the level lacks; UINT64_MAX: none */
        uint64_t escaped; /* the next byte is released */
        bool carry_escaped;

        /* The segment that is being put together. */
        uint32_t repeat;
        unsigned flags;
        uint64_t inside; /* line feeds in it */

        uint8_t joined[LF_MANIFEST_SEGMENT_MAX]; /* a segment without the line breaks within it */
        size_t carry_n;
        uint8_t carry[LF_MANIFEST_SEGMENT_MAX];
        struct lf_scan_bits bits[WINDOW / LF_SCAN_BLOCK];
        /* Of the segment that has begun, and of the window: ends of components; behind which of them elements
         * begin, the first of them the segment's; which of those are segments' ends; all else that matters.
         */
        uint32_t places, bounds, ends, others;
        uint32_t place[INDEX_MAX], bound[INDEX_MAX], segment_end[WINDOW + 4], other[WINDOW + 4];
};

/* edifact_begin.c: the beginning of an interchange. Takes bytes into the carry until the separators are
 * known. 1: the carry now holds a whole segment. */
int lf_edi_begin(struct lf_edi *e, const uint8_t *p, size_t n, size_t *ret_used);
int lf_edi_finish_outside(struct lf_edi *e);
