/* MRZ among the files to check. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/manifest/check.h"

#define COLUMNS 8

struct cell {
        const char *text;
        size_t n;
};

static bool is(struct cell c, const char *text)
{
        return c.n == strlen(text) && memcmp(c.text, text, c.n) == 0;
}

static bool read_format(struct cell c, enum lf_mrz_format *ret)
{
        static const struct {
                const char *name;
                enum lf_mrz_format format;
        } names[] = {{"TD1", LF_MRZ_TD1},   {"TD2", LF_MRZ_TD2},   {"TD3", LF_MRZ_TD3},
                     {"MRVA", LF_MRZ_MRVA}, {"MRVB", LF_MRZ_MRVB}, {"MRV-A", LF_MRZ_MRVA},
                     {"MRV-B", LF_MRZ_MRVB}};
        for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
                if (is(c, names[i].name)) {
                        *ret = names[i].format;
                        return true;
                }
        return false;
}

static void name_type(struct lf_check_row *row, enum lf_mrz_format format)
{
        snprintf(row->type, sizeof row->type, "MRZ %s", lf_mrz_format_name(format));
}

/* A row that names a format and has no zone of it. */
static void refuse(struct lf_check_row *row, enum lf_mrz_format format)
{
        row->result = -EBADMSG;
        name_type(row, format);
        snprintf(row->error, sizeof row->error,
                 "line %u: not as many lines of as many characters as the format has (ICAO 9303-4 to -7)",
                 row->line);
}

static void describe(struct lf_check_row *row)
{
        const struct lf_mrz *m = &row->zone;
        int n = 0;
        row->mrz = true;
        row->messages = 1;
        row->parties = 1;
        row->result = m->faults ? -1 : 0;
        name_type(row, m->format);
        for (unsigned i = 0; i < LF_MRZ_FAULTS && n < (int)sizeof row->error; i++)
                if (m->faults >> i & 1)
                        n += snprintf(row->error + n, sizeof row->error - (size_t)n,
                                      "%sline %u, column %u: %s", n ? "; " : "", m->at[i].line,
                                      m->at[i].column, lf_mrz_fault_text(i));
        for (unsigned i = 0; i < m->confusions && m->faults && n < (int)sizeof row->error; i++)
                n += snprintf(row->error + n, sizeof row->error - (size_t)n, "%s%c at %u,%u may be %c",
                              i ? ", " : "; ", m->confusion[i].read, m->confusion[i].line,
                              m->confusion[i].column, m->confusion[i].likely);
}

/* Whether the row is of a zone, which is described then. */
static bool read_row(const struct cell *cell, unsigned cells, struct lf_check_row *row)
{
        enum lf_mrz_format format;
        bool named = cells > 1 && read_format(cell[0], &format);
        for (unsigned i = 0; i < cells; i++) {
                if (is(cell[i], "valid") || is(cell[i], "invalid"))
                        snprintf(row->label, sizeof row->label, "%.*s", (int)cell[i].n, cell[i].text);
                int r = named ? lf_mrz_read_as(cell[i].text, cell[i].n, format, &row->zone)
                              : lf_mrz_read(cell[i].text, cell[i].n, &row->zone);
                if (r == 0) {
                        describe(row);
                        return true;
                }
        }
        if (named)
                refuse(row, format);
        return named;
}

unsigned lf_check_mrz(const char *file, const char *text, size_t n,
                      void (*each)(void *context, struct lf_check_row *row), void *context)
{
        struct lf_check_row row = {.file = file};
        unsigned found = 0, line = 1;
        if (lf_mrz_read(text, n, &row.zone) == 0) {
                describe(&row);
                each(context, &row);
                return 1;
        }
        for (size_t i = 0; i < n; i++, line++) {
                struct cell cell[COLUMNS];
                unsigned cells = 0;
                for (bool more = true; more && cells < COLUMNS; cells++) {
                        size_t from = i;
                        while (i < n && text[i] != '\t' && text[i] != '\n')
                                i++;
                        cell[cells] = (struct cell){text + from, i - from};
                        more = i < n && text[i] == '\t';
                        i += more;
                }
                while (i < n && text[i] != '\n')
                        i++;
                row = (struct lf_check_row){.file = file, .line = line};
                if (!read_row(cell, cells, &row))
                        continue;
                each(context, &row);
                found++;
        }
        return found;
}
