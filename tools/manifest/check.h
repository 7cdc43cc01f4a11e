/* What `landfall manifest check` found out of one file, or of one MRZ of a file. */
#pragma once

#include "control/manifest/mrz.h"

#include <jansson.h>

struct lf_check_row {
        const char *file;
        unsigned line; /* of an MRZ in a table; 0: the row is of the whole file */
        char type[24], version[16];
        uint64_t messages, parties, segments;
        uint32_t notes;
        int result; /* 0: read; -errno */
        char error[2048];
        struct lf_manifest_error where;
        bool mrz;
        struct lf_mrz zone;
        char label[8];             /* "valid", "invalid": what the table says of an MRZ */
        bool tell;                 /* what was read, too */
        json_t *travellers, *legs; /* an array for each message; NULL: not told */
};

/* The MRZ of a file of these bytes: alone, or one in each line of a table with tabs, whose first field may
 * name the format and whose second may say "valid" or "invalid". Calls `each` for each. Returns how many. */
unsigned lf_check_mrz(const char *file, const char *text, size_t n,
                      void (*each)(void *context, struct lf_check_row *row), void *context);

/* The names of the columns; one line for people; an object for programs. */
void lf_check_print_head(void);
void lf_check_print(const struct lf_check_row *row);
json_t *lf_check_json(const struct lf_check_row *row);

/* check_travellers.c: what was read. */
json_t *lf_check_traveller(const struct lf_party *party);
json_t *lf_check_legs(const struct lf_manifest_header *header);
json_t *lf_check_zone(const struct lf_mrz *zone);
