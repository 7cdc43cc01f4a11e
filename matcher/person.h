/* The person record: what a lane sends of a traveller's names, dates and documents, and what a list holds.
 *
 * One form for probe and gallery. Fields follow one another, in any order: type (1 byte), length (2 bytes,
 * little-endian), value. A reader skips a type it does not know. At least one name or document must be
 * there.
 *
 * A probe is compared with records of its own LF_PERSON_ENTITY only. It may hold 8 names of together 96
 * words, 8 dates, 8 nationalities and 16 documents; a record of a list as many as LF_PERSON_RECORD_MAX takes.
 * A name has at most 32 words; a person's name in a probe at most 12. */
#pragma once

#include <stdint.h>

enum lf_person_field {
        LF_PERSON_NAME = 1,        /* UTF-8, as written; the primary name; at most 255 bytes */
        LF_PERSON_ALIAS = 2,       /* UTF-8; another full name */
        LF_PERSON_WEAK_ALIAS = 3,  /* UTF-8; an alias that the originator calls weak */
        LF_PERSON_BIRTH = 4,       /* 4 bytes: year le16 (0: unknown), month (0: unknown), day (0: unknown);
                                    * may repeat: any of them */
        LF_PERSON_BIRTH_RANGE = 5, /* 4 bytes: first year le16, last year le16 */
        LF_PERSON_SEX = 6,         /* 1 byte: 'M', 'F', 'X' */
        LF_PERSON_NATIONALITY = 7, /* ISO 3166-1 alpha-2 or alpha-3, or an ICAO code; may repeat */
        /* kind (1 byte: 'P' passport, 'I' identity card, 'V' visa, 'O' other), issuing country (3 bytes,
         * padded with '<'), number (UTF-8, at most 32 bytes) */
        LF_PERSON_DOCUMENT = 8,
        LF_PERSON_ENTITY = 9,    /* 1 byte: 'P' person, 'E' entity, 'V' vessel, 'A' aircraft; default 'P' */
        LF_PERSON_NICKNAME = 10, /* UTF-8; what friends call the person: "Chapo", "Willie" */
};

#define LF_PERSON_NAME_MAX   255
#define LF_PERSON_RECORD_MAX 4096
