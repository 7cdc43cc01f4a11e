/* A labelled file: comma-separated text whose first row names the columns. */
#pragma once

#include "tools/import/csv.h"

struct lf_table {
        const char *path;
        char *text;
        struct lf_csv csv;
        struct lf_csv_field column[LF_CSV_FIELDS];
        unsigned columns;
};

/* Reads the whole file and its first row. -EBADMSG: not such a file. -EFBIG: above 64 MiB. -ENOMEM, or what
 * open and read say; all are logged. */
int lf_table_open(const char *path, struct lf_table *ret);
/* The column of that name; -ENOENT, logged, when there is none. */
int lf_table_column(const struct lf_table *t, const char *name);
/* 1: a row is in t->csv, with as many fields as the first. 0: there are no more. -EBADMSG, logged. */
int lf_table_next(struct lf_table *t);
/* Logs where the field is and what is wrong with it. -EBADMSG. */
int lf_table_wrong(const struct lf_table *t, const struct lf_csv_field *f, const char *what);
void lf_table_close(struct lf_table *t);
