#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/manifest/check.h"

#define NAME_WIDTH 40

/* Names that are too long lose their beginning. */
static void print_name(const struct lf_check_row *row)
{
        char name[4200];
        int n = snprintf(name, sizeof name, row->line ? "%s:%u" : "%s", row->file, row->line);
        size_t length = n > 0 && (size_t)n < sizeof name ? (size_t)n : strlen(name);
        if (length > NAME_WIDTH)
                printf("...%s", name + length - NAME_WIDTH + 3);
        else
                printf("%-*s", NAME_WIDTH, name);
}

void lf_check_print_head(void)
{
        printf("%-*s  %-9s %-7s %7s  RESULT\n", NAME_WIDTH, "FILE", "TYPE", "VERSION", "PARTIES");
}

void lf_check_print(const struct lf_check_row *row)
{
        print_name(row);
        printf("  %-9s %-7s %7" PRIu64 "  ", row->type[0] ? row->type : "-",
               row->version[0] ? row->version : "-", row->parties);
        if (row->mrz)
                printf(row->result == 0 ? "valid" : "invalid: %s", row->error);
        else
                printf(row->result == 0 ? "read" : "refused: %s", row->error);
        for (unsigned i = 0, n = 0; i < LF_PARTY_NOTES; i++)
                if (row->notes >> i & 1)
                        printf("%s%s", n++ ? ", " : "; noted: ", lf_party_note_text(i));
        putchar('\n');
}

static json_t *where(const struct lf_manifest_error *e)
{
        return json_pack("{s:I, s:s, s:i, s:i, s:I, s:I, s:s, s:s, s:s}", "segment",
                         (json_int_t)e->at.segment, "tag", e->tag, "element", (int)e->element, "component",
                         (int)e->component, "line", (json_int_t)e->at.line, "offset",
                         (json_int_t)e->at.offset, "rule", lf_manifest_rule_text(e->rule), "source",
                         lf_manifest_rule_source(e->rule), "detail", e->detail);
}

static json_t *zone(const struct lf_check_row *row)
{
        const struct lf_mrz *m = &row->zone;
        json_t *faults = json_array(), *confusions = json_array();
        for (unsigned i = 0; i < LF_MRZ_FAULTS; i++)
                if (m->faults >> i & 1)
                        json_array_append_new(faults,
                                              json_pack("{s:s, s:i, s:i}", "rule", lf_mrz_fault_text(i),
                                                        "line", m->at[i].line, "column", m->at[i].column));
        for (unsigned i = 0; i < m->confusions; i++)
                json_array_append_new(
                    confusions, json_pack("{s:i, s:i, s:s#, s:s#}", "line", m->confusion[i].line, "column",
                                          m->confusion[i].column, "read", &m->confusion[i].read, 1, "likely",
                                          &m->confusion[i].likely, 1));
        return json_pack("{s:s, s:o, s:o}", "format", lf_mrz_format_name(m->format), "faults", faults,
                         "confusions", confusions);
}

json_t *lf_check_json(const struct lf_check_row *row)
{
        json_t *notes = json_array();
        for (unsigned i = 0; i < LF_PARTY_NOTES; i++)
                if (row->notes >> i & 1)
                        json_array_append_new(notes, json_string(lf_party_note_text(i)));
        json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "file", row->file, "type",
                              row->type, "version", row->version, "messages", (json_int_t)row->messages,
                              "parties", (json_int_t)row->parties, "segments", (json_int_t)row->segments,
                              "read", row->result == 0, "notes", notes);
        if (row->line)
                json_object_set_new(o, "line", json_integer(row->line));
        if (row->mrz)
                json_object_set_new(o, "mrz", zone(row));
        if (row->mrz && row->tell)
                json_object_set_new(o, "fields", lf_check_zone(&row->zone));
        if (row->travellers)
                json_object_set(o, "travellers", row->travellers);
        if (row->legs)
                json_object_set(o, "legs", row->legs);
        if (row->label[0])
                json_object_set_new(o, "label", json_string(row->label));
        if (row->error[0])
                json_object_set_new(o, "error", json_string(row->error));
        if (row->where.rule)
                json_object_set_new(o, "where", where(&row->where));
        return o;
}
