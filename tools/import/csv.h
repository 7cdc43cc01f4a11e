/* Comma-separated text, one row at a time, with the place of everything.
 *
 * Fields may be quoted; "" within quotes is one quote; quoted fields may hold line ends. Rows end with LF or
 * CRLF. A control-Z ends the text, as DOS files have it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LF_CSV_FIELDS 16

struct lf_csv_field {
        const char *text; /* within the reader's text; not terminated */
        size_t n;
        uint32_t line, column; /* from 1; column counts bytes */
};

struct lf_csv {
        char *p, *end; /* what is still to be read: unquoting changes it in place */
        uint32_t line, column;
        unsigned n; /* fields of the row last read */
        struct lf_csv_field field[LF_CSV_FIELDS];
        const char *error; /* what is wrong, at error_line, error_column */
        uint32_t error_line, error_column;
};

/* A whole file, which may be a pipe; the caller frees the text. Errno of opening it, -EIO, -ENOMEM; -EFBIG:
 * more than about `most` bytes. */
int lf_csv_read_file(const char *path, size_t most, char **ret_text, size_t *ret_size);
/* Reads `size` bytes at `text`, which stay the caller's and are changed. */
void lf_csv_init(struct lf_csv *c, char *text, size_t size);
/* 1: a row is in c->field. 0: there are no more. -EBADMSG: see c->error. Empty lines are passed over. */
int lf_csv_next(struct lf_csv *c);
