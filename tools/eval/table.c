#include "tools/eval/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FILE_MAX (64u << 20)

int lf_table_open(const char *path, struct lf_table *ret)
{
        size_t size = 0;
        struct lf_table t = {.path = path};
        int r = lf_csv_read_file(path, FILE_MAX, &t.text, &size);
        if (r < 0) {
                lf_log_error("%s: %s", path, strerror(-r));
                return r;
        }
        lf_csv_init(&t.csv, t.text, size);
        if (lf_csv_next(&t.csv) <= 0) {
                lf_log_error("%s: no row of column names", path);
                free(t.text);
                return -EBADMSG;
        }
        t.columns = t.csv.n;
        memcpy(t.column, t.csv.field, t.columns * sizeof t.column[0]);
        *ret = t;
        return 0;
}

int lf_table_column(const struct lf_table *t, const char *name)
{
        for (unsigned i = 0; i < t->columns; i++)
                if (t->column[i].n == strlen(name) && !memcmp(t->column[i].text, name, t->column[i].n))
                        return (int)i;
        lf_log_error("%s: no column \"%s\"", t->path, name);
        return -ENOENT;
}

int lf_table_next(struct lf_table *t)
{
        int r = lf_csv_next(&t->csv);
        if (r < 0)
                lf_log_error("%s:%u:%u: %s", t->path, t->csv.error_line, t->csv.error_column, t->csv.error);
        else if (r > 0 && t->csv.n != t->columns) {
                lf_log_error("%s:%u: not as many fields as there are columns", t->path, t->csv.field[0].line);
                return -EBADMSG;
        }
        return r;
}

int lf_table_wrong(const struct lf_table *t, const struct lf_csv_field *f, const char *what)
{
        lf_log_error("%s:%u:%u: %s", t->path, f->line, f->column, what);
        return -EBADMSG;
}

void lf_table_close(struct lf_table *t)
{
        free(t->text);
        t->text = NULL;
}
