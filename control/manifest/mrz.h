/* Machine-readable zones: TD1 (ICAO 9303-5), TD3 (9303-4), TD2 (9303-6), MRV-A and MRV-B (9303-7).
 *
 * Nothing is repaired: a letter where a digit belongs stays, its check digit fails, and `confusions` says
 * which places look like a reader's slip: of a number, in which both may stand, those that would explain its
 * check digit. No allocation; any thread. */
#pragma once

#include "control/manifest/manifest.h"

enum lf_mrz_format { LF_MRZ_TD1 = 1, LF_MRZ_TD2, LF_MRZ_TD3, LF_MRZ_MRVA, LF_MRZ_MRVB };
const char *lf_mrz_format_name(enum lf_mrz_format format); /* "TD1" ... "MRV-B" */

enum lf_mrz_fault {
        LF_MRZ_CHARACTER = 1 << 0,     /* not of A-Z, 0-9, '<' (9303-3, 4.3) */
        LF_MRZ_DOCUMENT_CODE = 1 << 1, /* not one that the format has */
        LF_MRZ_ISSUER = 1 << 2,        /* not a code of 9303-3, 5 */
        LF_MRZ_NATIONALITY = 1 << 3,   /* likewise */
        LF_MRZ_NUMBER_CHECK = 1 << 4,  /* check digit of the document number */
        LF_MRZ_BIRTH = 1 << 5,         /* not a date */
        LF_MRZ_BIRTH_CHECK = 1 << 6,
        LF_MRZ_SEX = 1 << 7,    /* not of M, F, X, '<' */
        LF_MRZ_EXPIRY = 1 << 8, /* not a date */
        LF_MRZ_EXPIRY_CHECK = 1 << 9,
        LF_MRZ_OPTIONAL_CHECK = 1 << 10, /* TD3: check digit of the optional data */
        LF_MRZ_COMPOSITE_CHECK = 1 << 11,
        LF_MRZ_NAME = 1 << 12,   /* no name, a digit in it, or fillers where none belong */
        LF_MRZ_FILLER = 1 << 13, /* characters behind the end of a field */
};
#define LF_MRZ_FAULTS 14
const char *lf_mrz_fault_text(unsigned bit);

/* A place where a character of the other kind is common from optical readers: O/0, I/1, B/8, S/5 and so on.
 */
struct lf_mrz_confusion {
        uint8_t line, column; /* from 1 */
        char read, likely;    /* what is there, what the field could have */
};
#define LF_MRZ_CONFUSIONS 32

struct lf_mrz {
        enum lf_mrz_format format;
        uint32_t faults; /* enum lf_mrz_fault; 0: valid */
        struct {
                uint8_t line, column; /* from 1, of the field that the fault is in */
        } at[LF_MRZ_FAULTS];
        struct lf_mrz_confusion confusion[LF_MRZ_CONFUSIONS];
        unsigned confusions;
        char code[3];               /* "P", "ID" */
        char issuer[4], nation[4];  /* without fillers */
        char number[32];            /* without fillers, a long one joined (9303-5, 4.2.2.1 note j) */
        char optional[2][32];       /* fillers kept inside */
        char family[48], given[48]; /* words with spaces between */
        bool name_truncated;        /* the name fills its field: it may go on */
        char sex;                   /* 'M', 'F', 'X'; 0: not given */
        struct lf_manifest_time birth, expiry; /* two-digit years as they stand: 0..99; see `birth_known` */
        bool birth_year, expiry_year;          /* the year is given ("<<" otherwise) */
};

/* Lines parted by LF, CRLF or "|", of 3 x 30, 2 x 36 or 2 x 44 characters; a document code that begins with
 * 'V' makes it a visa. -EBADMSG: not these lengths; then nothing is written. 0 with or without faults. */
int lf_mrz_read(const char *text, size_t n, struct lf_mrz *ret);
/* The same, told which format it must be. */
int lf_mrz_read_as(const char *text, size_t n, enum lf_mrz_format format, struct lf_mrz *ret);

/* 9303-3, 4.9: weights 7, 3, 1; -1: a character that has no value. */
int lf_mrz_check_digit(const char *text, size_t n);
