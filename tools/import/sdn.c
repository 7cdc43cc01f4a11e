#include "tools/import/sdn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ustring.h>

#include "matcher/person_write.h"
#include "tools/import/csv.h"
#include "tools/import/remarks.h"

/* Columns of sdn.csv and alt.csv. */
enum { SDN_ID = 0, SDN_NAME = 1, SDN_TYPE = 2, SDN_REMARKS = 11, SDN_COLUMNS = 12 };
enum { ALT_ENTRY = 0, ALT_NAME = 3, ALT_REMARKS = 4, ALT_COLUMNS = 5 };

#define FILE_MAX (512u << 20)

struct alias {
        unsigned long entry;
        size_t order;
        const char *name;
        size_t n;
        bool weak;
};

struct aliases {
        struct alias *v;
        size_t n, room;
};

static int fail(struct lf_import_error *e, const char *file, const struct lf_csv_field *at, const char *text)
{
        *e = (struct lf_import_error){.file = file, .line = at->line, .column = at->column, .text = text};
        return -EBADMSG;
}

static bool is_null(const struct lf_csv_field *f)
{
        return f->n == 0 ||
               (f->n >= 3 && !memcmp(f->text, "-0-", 3) && (f->n == 3 || (f->n == 4 && f->text[3] == ' ')));
}

static bool number(const struct lf_csv_field *f, unsigned long *ret)
{
        unsigned long v = 0;
        if (f->n == 0 || f->n > 9)
                return false;
        for (size_t i = 0; i < f->n; i++) {
                if (f->text[i] < '0' || f->text[i] > '9')
                        return false;
                v = v * 10 + (unsigned long)(f->text[i] - '0');
        }
        *ret = v;
        return true;
}

static bool is_utf8(const struct lf_csv_field *f)
{
        UErrorCode e = U_ZERO_ERROR;
        int32_t n;
        u_strFromUTF8(NULL, 0, &n, f->text, (int32_t)f->n, &e);
        return e == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(e);
}

static int by_entry(const void *a, const void *b)
{
        const struct alias *x = a, *y = b;
        if (x->entry != y->entry)
                return x->entry < y->entry ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

static int add_alias(struct aliases *all, struct alias a)
{
        if (all->n == all->room) {
                size_t room = all->room ? all->room * 2 : 1024;
                struct alias *v = realloc(all->v, room * sizeof *v);
                if (!v)
                        return -ENOMEM;
                all->v = v;
                all->room = room;
        }
        a.order = all->n;
        all->v[all->n++] = a;
        return 0;
}

static int csv_result(const struct lf_csv *c, const char *file, int r, struct lf_import_error *e)
{
        if (r < 0)
                *e = (struct lf_import_error){
                    .file = file, .line = c->error_line, .column = c->error_column, .text = c->error};
        return r;
}

static int check_row(const struct lf_csv *c, const char *file, unsigned columns, unsigned name,
                     unsigned long *id, struct lf_import_error *e)
{
        if (c->n != columns)
                return fail(e, file, &c->field[0], "not as many fields as this file has");
        if (!number(&c->field[0], id))
                return fail(e, file, &c->field[0], "not an entry's number");
        if (is_null(&c->field[name]))
                return fail(e, file, &c->field[name], "no name");
        if (c->field[name].n > LF_PERSON_NAME_MAX)
                return fail(e, file, &c->field[name], "a name of more than 255 bytes");
        for (unsigned i = 0; i < c->n; i++)
                if (!is_utf8(&c->field[i]))
                        return fail(e, file, &c->field[i], "not UTF-8");
        return 0;
}

static int read_aliases(const char *file, char *text, size_t size, struct aliases *all,
                        struct lf_import_error *e)
{
        struct lf_csv c;
        int r;
        lf_csv_init(&c, text, size);
        while ((r = lf_csv_next(&c)) > 0) {
                struct alias a;
                r = check_row(&c, file, ALT_COLUMNS, ALT_NAME, &a.entry, e);
                if (r < 0)
                        return r;
                const struct lf_csv_field *remarks = &c.field[ALT_REMARKS];
                a.name = c.field[ALT_NAME].text;
                a.n = c.field[ALT_NAME].n;
                a.weak = memmem(remarks->text, remarks->n, "weak", 4) != NULL;
                r = add_alias(all, a);
                if (r < 0)
                        return r;
        }
        if (all->n)
                qsort(all->v, all->n, sizeof *all->v, by_entry);
        return csv_result(&c, file, r, e);
}

static size_t first_alias(const struct aliases *all, unsigned long entry)
{
        size_t low = 0, high = all->n;
        while (low < high) {
                size_t mid = low + (high - low) / 2;
                if (all->v[mid].entry < entry)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static char kind_of(const struct lf_csv_field *type)
{
        if (type->n >= 10 && !memcmp(type->text, "individual", 10))
                return 'P';
        if (type->n >= 6 && !memcmp(type->text, "vessel", 6))
                return 'V';
        return type->n >= 8 && !memcmp(type->text, "aircraft", 8) ? 'A' : 'E';
}

/* The entry's fields in order of their use, so that a reader of the first bytes knows whom it has. */
static int compose(const struct lf_csv *c, unsigned long id, const struct aliases *all, char kind,
                   uint8_t *wire, size_t *n)
{
        const struct lf_csv_field *name = &c->field[SDN_NAME], *remarks = &c->field[SDN_REMARKS];
        *n = 0;
        int r = lf_person_put(wire, LF_PERSON_RECORD_MAX, n, LF_PERSON_ENTITY, &kind, 1);
        if (r == 0)
                r = lf_person_put(wire, LF_PERSON_RECORD_MAX, n, LF_PERSON_NAME, name->text, name->n);
        for (size_t i = first_alias(all, id); r == 0 && i < all->n && all->v[i].entry == id; i++)
                r = lf_person_put(wire, LF_PERSON_RECORD_MAX, n,
                                  all->v[i].weak ? LF_PERSON_WEAK_ALIAS : LF_PERSON_ALIAS, all->v[i].name,
                                  all->v[i].n);
        if (r == 0 && !is_null(remarks))
                r = lf_sdn_remarks(remarks->text, remarks->n, kind, wire, LF_PERSON_RECORD_MAX, n);
        return r;
}

static int read_entries(const char *file, char *text, size_t size, const struct aliases *all,
                        int (*record)(void *, const struct lf_import_record *), void *context,
                        struct lf_import_error *e)
{
        struct lf_csv c;
        int r;
        lf_csv_init(&c, text, size);
        while ((r = lf_csv_next(&c)) > 0) {
                uint8_t wire[LF_PERSON_RECORD_MAX];
                size_t n;
                unsigned long id;
                char name[24];
                r = check_row(&c, file, SDN_COLUMNS, SDN_NAME, &id, e);
                if (r < 0)
                        return r;
                char kind = kind_of(&c.field[SDN_TYPE]);
                if (compose(&c, id, all, kind, wire, &n) < 0)
                        return fail(e, file, &c.field[0], "names and remarks do not fit into one record");
                snprintf(name, sizeof name, "%lu", id);
                struct lf_import_record rec = {
                    .id = name, .kind = kind, .wire = wire, .size = n, .line = c.field[0].line};
                r = record(context, &rec);
                if (r != 0)
                        return r;
        }
        return csv_result(&c, file, r, e);
}

static int import(const char *const file[2], char *const text[2], const size_t size[2],
                  int (*record)(void *, const struct lf_import_record *), void *context,
                  struct lf_import_error *e)
{
        struct aliases all = {0};
        int r = text[1] ? read_aliases(file[1], text[1], size[1], &all, e) : 0;
        if (r == 0)
                r = read_entries(file[0], text[0], size[0], &all, record, context, e);
        free(all.v);
        return r;
}

int lf_import_sdn_text(char *sdn, size_t sdn_size, char *alt, size_t alt_size,
                       int (*record)(void *context, const struct lf_import_record *record), void *context,
                       struct lf_import_error *ret_error)
{
        return import((const char *const[]){"sdn.csv", "alt.csv"}, (char *const[]){sdn, alt},
                      (const size_t[]){sdn_size, alt_size}, record, context, ret_error);
}

static int read_file(const char *path, char **ret, size_t *ret_size, struct lf_import_error *e)
{
        int r = lf_csv_read_file(path, FILE_MAX, ret, ret_size);
        if (r < 0)
                *e = (struct lf_import_error){.file = path, .text = "cannot be read"};
        return r;
}

int lf_import_sdn(const char *sdn_csv, const char *alt_csv,
                  int (*record)(void *context, const struct lf_import_record *record), void *context,
                  struct lf_import_error *ret_error)
{
        char *text[2] = {NULL, NULL};
        size_t size[2] = {0, 0};
        int r = read_file(sdn_csv, &text[0], &size[0], ret_error);
        if (r == 0 && alt_csv)
                r = read_file(alt_csv, &text[1], &size[1], ret_error);
        if (r == 0)
                r = import((const char *const[]){sdn_csv, alt_csv}, text, size, record, context, ret_error);
        free(text[0]);
        free(text[1]);
        return r;
}
