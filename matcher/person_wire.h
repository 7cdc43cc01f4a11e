/* Reads a person record (matcher/person.h) into what the engine compares: folded words, dates, documents.
 *
 * The caller gives the room; nothing is allocated; any core. */
#pragma once

#include "matcher/engine.h"
#include "matcher/person.h"
#include "matcher/person_fold.h"

enum lf_name_class { LF_NAME_PRIMARY = 0, LF_NAME_ALIAS = 1, LF_NAME_WEAK = 2, LF_NAME_NICKNAME = 3 };

/* One written name: words first .. first + n. A name of which folding leaves nothing has none. */
struct lf_person_name {
        uint16_t first;
        uint8_t n;
        uint8_t class; /* enum lf_name_class */
};

/* Born on a date (the years are equal; 0: unknown, as are month and day) or in a year of a range. */
struct lf_person_date {
        uint16_t first_year, last_year;
        uint8_t month, day;
        uint16_t reserved;
};

#define LF_DOCUMENT_NUMBER 32
struct lf_person_document {
        char country[3]; /* ISO 3166-1 alpha-3, or '<' */
        char kind;
        uint8_t n;
        char number[LF_DOCUMENT_NUMBER]; /* folded: A-Z, 0-9 */
        uint8_t reserved[3];
};
_Static_assert(sizeof(struct lf_person_name) == 4 && sizeof(struct lf_person_date) == 8 &&
                   sizeof(struct lf_person_document) == 40,
               "layouts that shards hold");

/* A name as it is written, borrowed. */
struct lf_person_text {
        const uint8_t *byte;
        uint8_t n;
};

/* Room for one record and, in `n_`, what it holds. The limits are of what it says; some names of persons
 * take two: the second is its other reading (lf_name_fold_other). */
#define LF_ROOM_NAMES(max)         (2 * (max))
#define LF_ROOM_TOKENS(max, names) ((max) + LF_OTHER_WORDS * (names))
struct lf_person_room {
        struct lf_person_name *name; /* LF_ROOM_NAMES(max_names), as are the texts */
        struct lf_person_text *text; /* of each name */
        struct lf_token *token;      /* LF_ROOM_TOKENS(max_tokens, max_names) */
        struct lf_person_date *date;
        char (*nation)[3]; /* alpha-3 */
        struct lf_person_document *document;
        uint16_t max_names, max_tokens, max_dates, max_nations, max_documents;
        uint16_t n_names, n_tokens, n_dates, n_nations, n_documents;
        char sex;    /* 'M', 'F', 'X' or 0 */
        char entity; /* 'P', 'E', 'V', 'A' */
};

/* Reads the whole record. -EBADMSG with the first defect and the place of the field's head or, for encoding,
 * of the byte: TRUNCATED, ENCODING, NO_NAME (neither a name with a letter or digit nor a document), DATE,
 * FIELD, TOO_LONG (record, name, or more than the room takes). */
int lf_person_read(const void *wire, size_t size, struct lf_person_room *room, struct lf_defect *ret_defect);
