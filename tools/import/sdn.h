/* Reads OFAC's list of Specially Designated Nationals (sdn.csv, alt.csv) into person records.
 *
 * Format: OFAC, "SDN data file formats" (the legacy flat files). Names stay as written ("LAST, First"). From
 * the remarks come dates of birth, gender, nationalities and citizenships, document numbers and quoted weak
 * aliases. Aliases whose entry is not in sdn.csv are passed over: OFAC publishes some. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Where and what: `file` is one of the paths that were given. */
struct lf_import_error {
        const char *file;
        uint32_t line, column; /* from 1; 0: the file as a whole */
        const char *text;      /* static */
};

struct lf_import_record {
        const char *id;      /* the originator's, terminated */
        char kind;           /* 'P' person, 'E' entity, 'V' vessel, 'A' aircraft */
        const uint8_t *wire; /* matcher/person.h; valid during the call */
        size_t size;
        uint32_t line; /* of sdn.csv */
};

/* Calls `record` for each entry in the order of the file; a result other than 0 ends the import and is
 * returned. `alt_csv` may be NULL. -EBADMSG: a file is malformed, and nothing after the place in ret_error
 * was read. -EFBIG: a file is above 512 MiB. -ENOMEM, or what open and read say; ret_error then names the
 * file. */
int lf_import_sdn(const char *sdn_csv, const char *alt_csv,
                  int (*record)(void *context, const struct lf_import_record *record), void *context,
                  struct lf_import_error *ret_error);

/* The same from memory, which is changed. `alt` may be NULL. Errors name the files "sdn.csv" and "alt.csv".
 */
int lf_import_sdn_text(char *sdn, size_t sdn_size, char *alt, size_t alt_size,
                       int (*record)(void *context, const struct lf_import_record *record), void *context,
                       struct lf_import_error *ret_error);
