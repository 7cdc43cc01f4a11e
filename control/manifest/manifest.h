/* Manifests: the travellers and parties of a message, one after the other.
 *
 * Reads PAXLST (D.02B to D.15B, WCO/IATA/ICAO API guidelines; US and UN variants), PNRGOV (10.1 to 13.1,
 * IATA/ICAO/WCO PNRGOV guide), CUSCAR and CUSREP (UN/EDIFACT) in interchanges of ISO 9735, and X12 309.
 * Others that are known by sight (BAPLIE, other UN/EDIFACT and X12 messages, Cargo-IMP, Cargo-XML) are
 * refused by name.
 *
 * Bytes are pushed as they come, in pieces of any size, and every piece of a message gives the same result.
 * A reader holds less than LF_MANIFEST_READER_MAX bytes, however long the message. No I/O, no logging. One
 * thread a reader; any thread.
 *
 * A message is right only once `end` was called for it: parties come before the counts that may prove the
 * message wrong. Who may act on whole messages only reads twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Limits: beyond them a message is refused, by their names ---- */
#define LF_MANIFEST_SEGMENT_MAX   (64u << 10) /* bytes of one segment */
#define LF_MANIFEST_LEGS          24          /* of one message: ten TDT, and stops on their way */
#define LF_MANIFEST_PNR_MAX       999         /* travellers of one PNR */
#define LF_MANIFEST_READER_MAX    (8u << 20)
#define LF_PARTY_NAMES            6
#define LF_PARTY_DATES            2
#define LF_PARTY_NATIONS          9 /* NAT comes up to nine times */
#define LF_PARTY_DOCUMENTS        16
#define LF_PARTY_TEXT             2048 /* bytes of all texts of one party */
#define LF_MANIFEST_REFERENCE_MAX 35   /* characters of a reference or an address of an interchange */

enum lf_manifest_kind {
        LF_MANIFEST_UNKNOWN = 0,
        LF_MANIFEST_PAXLST,
        LF_MANIFEST_PNRGOV,
        LF_MANIFEST_CUSCAR,
        LF_MANIFEST_CUSREP,
        LF_MANIFEST_X12_309,
        LF_MANIFEST_KINDS,
};
/* "PAXLST", ..., "X12 309"; "unknown". */
const char *lf_manifest_kind_name(enum lf_manifest_kind kind);

/* 0: not known; month and day may be 0 behind a known year. hour 0..23; clock: hour and minute are known. */
struct lf_manifest_time {
        uint16_t year;
        uint8_t month, day, hour, minute;
        bool clock;
};

/* Where a thing is in its input: all from 1 except offset. `line` counts line feeds. */
struct lf_manifest_place {
        uint64_t offset;  /* of the segment's first byte */
        uint64_t line;    /* of that byte */
        uint64_t segment; /* in the interchange: UNB (ISA) is 1, UNA does not count */
};

/* ---- What a message says of itself. Texts are UTF-8 and end in 0; "" is not given ---- */
#define LF_MANIFEST_TEXT (2 * LF_MANIFEST_REFERENCE_MAX + 2)

struct lf_manifest_leg {
        char carrier[8]; /* "LH"; a vessel's operator or SCAC */
        char flight[40]; /* "LH400", as written; a voyage */
        char vessel[72];
        char from[36], to[36]; /* IATA airport or UN/LOCODE, as written */
        struct lf_manifest_time departure, arrival;
};

struct lf_manifest_header {
        enum lf_manifest_kind kind;
        char version[16];                 /* "D:05B", "11:1", "004010" */
        char agency[8];                   /* UNH S009: "UN", "IA"; "X" */
        char association[16];             /* UNH 0057: "IATA" */
        char syntax[8];                   /* UNB 0001: "UNOA"; "" in X12 */
        char sender[LF_MANIFEST_TEXT];    /* UNB 0004, ISA06 */
        char sender_qualifier[8];         /* UNB 0007, ISA05 */
        char recipient[LF_MANIFEST_TEXT]; /* UNB 0010, ISA08 */
        char recipient_qualifier[8];
        char control[LF_MANIFEST_TEXT];     /* UNB 0020, ISA13 */
        char group[LF_MANIFEST_TEXT];       /* UNG 0048, GS06; "" without groups */
        char message[LF_MANIFEST_TEXT];     /* UNH 0062, ST02 */
        char common[LF_MANIFEST_TEXT];      /* UNH 0068 */
        char document[8];                   /* BGM C002 1001: "745" passengers, "250" crew */
        char transaction[LF_MANIFEST_TEXT]; /* RFF+TN; M10 manifest number */
        uint16_t part;                      /* UNH 0070, of a list sent in parts; 0: not said */
        bool last_part;                     /* UNH 0073 "F", or not said */
        bool test;                          /* UNB 0035 "1", ISA15 "T" */
        struct lf_manifest_time prepared;   /* UNB S004, ISA09 and 10 */
        struct lf_manifest_leg leg[LF_MANIFEST_LEGS];
        unsigned legs;
};

/* ---- A traveller or party ---- */
enum lf_party_kind { LF_PARTY_UNKNOWN = 0, LF_PARTY_PERSON = 1, LF_PARTY_ORGANISATION = 2 };

enum lf_party_role {
        LF_ROLE_OTHER = 0,
        LF_ROLE_PASSENGER,
        LF_ROLE_CREW,
        LF_ROLE_TRANSIT_PASSENGER,
        LF_ROLE_TRANSIT_CREW,
        LF_ROLE_SHIPPER,
        LF_ROLE_CONSIGNEE,
        LF_ROLE_NOTIFY,
        LF_ROLE_CARRIER,
        LF_ROLE_AGENT,
        LF_ROLE_COUNT,
};
const char *lf_party_role_name(enum lf_party_role role); /* "passenger" ... */

/* Things about a party that are worth knowing and no reason to refuse it. Nothing was repaired but what is
 * said here to be left out. */
enum lf_party_note {
        LF_NOTE_DIGIT_IN_NAME = 1 << 0,   /* a traveller's name has a digit; it is screened without, too */
        LF_NOTE_DIRECTION_MARKS = 1 << 1, /* marks of writing direction, left out of a text */
        LF_NOTE_CENTURY = 1 << 2,         /* two digits of a birth year: dates of both centuries are given */
        LF_NOTE_BAD_DATE = 1 << 3,        /* a date that is none, left out */
        LF_NOTE_SEX = 1 << 4,             /* a sex of another code, left out */
        LF_NOTE_LINE_BREAK = 1 << 5,      /* line breaks within data, left out */
        LF_NOTE_LEVEL = 1 << 6,           /* of the message: characters that its level of ISO 9735 lacks */
        LF_NOTE_DOCUMENT = 1 << 9,        /* a travel document without all its fields, or too long a number */
        LF_NOTE_COUNT = 1 << 8, /* of the message: it is a part and its control total is another, or EQN
                                   counts other PNRs */
        LF_NOTE_NO_FAMILY_NAME = 1 << 7, /* given names only, or one name alone */
        LF_NOTE_NOTHING =
            1 << 10, /* a traveller with neither a name nor a document: nobody can be asked about */
};
#define LF_PARTY_NOTES 11
/* What the bit of this number says. */
const char *lf_party_note_text(unsigned bit);

/* `full`: family and given names with a space between ("GIVEN FAMILY"), or all that is known; `family` and
 * `given` only where the message parts them. The first name is the message's; others come from documents. */
struct lf_party_name {
        const char *full, *family, *given;
};

struct lf_party_document {
        const char *number; /* at most 35 characters */
        char kind;          /* 'P' passport, 'I' identity card, 'V' visa, 'O' other or not said */
        char type[4];       /* as written */
        char country[4];    /* issuer, as written: alpha-2 or alpha-3 or an ICAO code */
        struct lf_manifest_time expiry;
};

/* Texts lie in `text`: a party is never copied by assignment. Valid until the callback returns. */
struct lf_party {
        uint32_t number; /* in its message, from 1 */
        enum lf_party_kind kind;
        enum lf_party_role role;
        char role_code[4]; /* as written: "FL", "CZ", "SH" */
        struct lf_party_name name[LF_PARTY_NAMES];
        unsigned names;
        struct lf_manifest_time birth[LF_PARTY_DATES];
        unsigned births;
        char sex; /* 'M', 'F', 'X'; 0: not known */
        char nation[LF_PARTY_NATIONS][4];
        unsigned nations;
        char residence[4];
        char embark[8], debark[8];
        struct lf_party_document document[LF_PARTY_DOCUMENTS];
        unsigned documents;
        const char *locator;   /* PNR: RFF+AVF, RCI */
        const char *reference; /* the carrier's of the traveller: RFF+ABO; REF, TIF 1050 */
        const char *seat;
        const char *shipment; /* bill of lading, house bill */
        const char *address;  /* lines joined by ", " */
        uint32_t notes;       /* enum lf_party_note */
        struct lf_manifest_place at;
        uint32_t text_used;
        char text[LF_PARTY_TEXT];
};

/* As the person engine takes it (matcher/person.h): names with aliases, dates, sex, nationalities, documents.
 * `entity`: 'P' or 'E'; a party whose kind is not known may be asked as both. A person's name that has digits
 * is asked for without them, too, as far as the engine takes more names. What the engine does not take
 * is left out: words behind a name's 12th (an entity's 32nd) or behind 96 in all, documents without a letter
 * or digit or of more than 32 bytes, countries that are not letters. -ENODATA: neither a name nor a document.
 * -ENOSPC: more than `cap`; LF_PERSON_RECORD_MAX always suffices. */
int lf_party_person(const struct lf_party *party, char entity, void *buf, size_t cap, size_t *ret_size);

/* ---- Errors ---- */
enum lf_manifest_rule {
        LF_RULE_NONE = 0,
#define RULE(name, text, source) LF_RULE_##name,
#include "control/manifest/rules.def"
#undef RULE
        LF_RULE_COUNT,
};
const char *lf_manifest_rule_text(enum lf_manifest_rule rule);   /* "the segment count in UNT is wrong" */
const char *lf_manifest_rule_source(enum lf_manifest_rule rule); /* "ISO 9735-1 ..." */

struct lf_manifest_error {
        enum lf_manifest_rule rule;
        struct lf_manifest_place
            at;      /* of the segment; line and offset are of the byte where one is at fault */
        char tag[4]; /* "" before the first segment */
        uint16_t element, component; /* from 1; 0: the whole segment, the whole element */
        char detail[96];             /* "135 said, 24 counted"; printable */
};
/* "segment 12 UNT, element 1, line 14, byte 530: the segment count ... (135 said, 24 counted; ISO 9735-1 ..."
 * Returns what snprintf does. */
int lf_manifest_error_text(const struct lf_manifest_error *e, char *buf, size_t size);

/* ---- Reading ---- */
struct lf_manifest_summary {
        uint64_t parties, segments; /* of the message, UNH and UNT among them */
        uint32_t notes;             /* of all parties, and of the rest of the message */
};

/* Each may be NULL. A negative result ends the reading, and is its result. `begin` comes before the first
 * party, or before `end` where there is none. The header grows while a message is read; at `end` it is whole.
 * In PAXLST and PNRGOV it is whole at `begin`. */
struct lf_manifest_calls {
        int (*begin)(void *context, const struct lf_manifest_header *header);
        int (*party)(void *context, const struct lf_manifest_header *header, const struct lf_party *party);
        int (*end)(void *context, const struct lf_manifest_header *header,
                   const struct lf_manifest_summary *summary);
};

struct lf_manifest_reader;

/* -ENOMEM; -EINVAL, -ENOTSUP: LANDFALL_ISA (matcher/isa.h). `calls` is copied. */
int lf_manifest_reader_new(const struct lf_manifest_calls *calls, void *context,
                           struct lf_manifest_reader **ret);
/* The next piece. -EBADMSG: malformed. -ENOTSUP: a message of another kind. -EMSGSIZE: a limit. -ENOMEM. What
 * failed once fails again. */
int lf_manifest_push(struct lf_manifest_reader *r, const void *bytes, size_t n);
/* No more is to come. Fails as lf_manifest_push. */
int lf_manifest_finish(struct lf_manifest_reader *r);
/* After -EBADMSG, -ENOTSUP or -EMSGSIZE. */
const struct lf_manifest_error *lf_manifest_error(const struct lf_manifest_reader *r);
/* Of the message that is being read, or was last: what failed may have one, too (kind 0: it does not). */
const struct lf_manifest_header *lf_manifest_header(const struct lf_manifest_reader *r);
void lf_manifest_reader_free(struct lf_manifest_reader *r);

/* All of it at once: new, push, finish, free. */
int lf_manifest_read(const void *bytes, size_t n, const struct lf_manifest_calls *calls, void *context,
                     struct lf_manifest_error *ret_error);
