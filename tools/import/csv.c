#include "tools/import/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_Z 0x1a

int lf_csv_read_file(const char *path, size_t most, char **ret_text, size_t *ret_size)
{
        FILE *f = fopen(path, "rbe");
        if (!f)
                return -errno;
        char *text = NULL;
        size_t n = 0, room = 0;
        int r = 0;
        while (r == 0 && !feof(f)) {
                if (n == room) {
                        room = room ? room * 2 : 1 << 16;
                        char *more = room > most ? NULL : realloc(text, room);
                        if (!more) {
                                r = room > most ? -EFBIG : -ENOMEM;
                                break;
                        }
                        text = more;
                }
                n += fread(text + n, 1, room - n, f);
                r = ferror(f) ? -EIO : 0;
        }
        fclose(f);
        if (r < 0) {
                free(text);
                return r;
        }
        *ret_text = text;
        *ret_size = n;
        return 0;
}

void lf_csv_init(struct lf_csv *c, char *text, size_t size)
{
        *c = (struct lf_csv){.p = text, .end = text + size, .line = 1, .column = 1};
}

static int fail(struct lf_csv *c, const char *what, uint32_t line, uint32_t column)
{
        c->error = what;
        c->error_line = line;
        c->error_column = column;
        return -EBADMSG;
}

static void step(struct lf_csv *c)
{
        if (*c->p == '\n') {
                c->line++;
                c->column = 1;
        } else {
                c->column++;
        }
        c->p++;
}

static bool at_line_end(const struct lf_csv *c)
{
        return c->p == c->end || *c->p == '\n' || (*c->p == '\r' && (c->p + 1 == c->end || c->p[1] == '\n'));
}

static int read_quoted(struct lf_csv *c, struct lf_csv_field *f)
{
        step(c);
        char *out = c->p;
        f->text = out;
        for (;;) {
                if (c->p == c->end)
                        return fail(c, "a quoted field is not closed", f->line, f->column);
                if (*c->p == '"') {
                        step(c);
                        if (c->p == c->end || *c->p != '"')
                                break;
                }
                *out++ = *c->p;
                step(c);
        }
        f->n = (size_t)(out - f->text);
        /* OFAC pads with a space before the comma. */
        while (!at_line_end(c) && *c->p == ' ')
                step(c);
        if (!at_line_end(c) && *c->p != ',')
                return fail(c, "text follows a closing quote", c->line, c->column);
        return 0;
}

static void read_plain(struct lf_csv *c, struct lf_csv_field *f)
{
        f->text = c->p;
        while (!at_line_end(c) && *c->p != ',')
                step(c);
        f->n = (size_t)(c->p - f->text);
}

static void pass_empty_lines(struct lf_csv *c)
{
        while (c->p < c->end && (*c->p == '\n' || *c->p == '\r'))
                step(c);
        if (c->p < c->end && *c->p == CONTROL_Z)
                c->p = c->end;
}

int lf_csv_next(struct lf_csv *c)
{
        pass_empty_lines(c);
        c->n = 0;
        if (c->p == c->end)
                return 0;
        for (;;) {
                if (c->n == LF_CSV_FIELDS)
                        return fail(c, "too many fields", c->line, c->column);
                struct lf_csv_field *f = &c->field[c->n++];
                *f = (struct lf_csv_field){.text = c->p, .line = c->line, .column = c->column};
                if (c->p < c->end && *c->p == '"') {
                        int r = read_quoted(c, f);
                        if (r < 0)
                                return r;
                } else {
                        read_plain(c, f);
                }
                if (at_line_end(c))
                        return 1;
                step(c); /* the comma */
        }
}
