#include "control/config/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 32

void lf_schema_problem(struct lf_schema_reader *r, const struct lf_yaml *at, const char *format, ...)
{
        char text[256];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        lf_problem_add(r->problems, at->line, at->column, "%s", text);
}

bool lf_schema_kind(struct lf_schema_reader *r, const struct lf_yaml *node, enum lf_yaml_kind kind,
                    const char *name)
{
        if (node->kind == kind)
                return true;
        static const char *const how[] = {[LF_YAML_SCALAR] = "write it behind the colon",
                                          [LF_YAML_LIST] = "write [a, b], or lines that begin with \"- \"",
                                          [LF_YAML_MAP] = "write indented \"key: value\" lines"};
        lf_schema_problem(r, node, "%.64s must be %s, not %s; %s", name, lf_yaml_kind_text(kind),
                          lf_yaml_kind_text(node->kind), how[kind]);
        return false;
}

void lf_schema_unknown(struct lf_schema_reader *r, const struct lf_yaml *node, const char *what,
                       const char *const *names, unsigned n)
{
        const char *near = lf_nearest_name(node->text, names, n);
        if (near) {
                lf_schema_problem(r, node, "unknown %s \"%.48s\"; did you mean \"%s\"?", what, node->text,
                                  near);
                return;
        }
        char list[160] = "";
        size_t used = 0;
        for (unsigned i = 0; i < n && used + strlen(names[i]) + 8 < sizeof list; i++)
                used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
        lf_schema_problem(r, node, "unknown %s \"%.48s\"; %s%s", what, node->text,
                          n ? "known here: " : "none is declared in this file", list);
}

bool lf_schema_doubled(struct lf_schema_reader *r, const struct lf_yaml *map, unsigned pair)
{
        const struct lf_yaml *key = map->item[2 * pair];
        for (unsigned i = 0; i < pair; i++) {
                const struct lf_yaml *before = map->item[2 * i];
                if (strcmp(before->text, key->text) != 0)
                        continue;
                lf_schema_problem(r, key, "\"%.48s\" stands twice: first in line %u; delete one", key->text,
                                  before->line);
                return true;
        }
        return false;
}

static const struct lf_field *field_named(const struct lf_field *table, const char *name)
{
        for (; table->name; table++)
                if (strcmp(table->name, name) == 0)
                        return table;
        return NULL;
}

static void check_keys(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *table,
                       const char *what)
{
        const char *names[FIELDS_MAX];
        unsigned n = 0;
        for (const struct lf_field *f = table; f->name && n < FIELDS_MAX; f++)
                names[n++] = f->name;
        unsigned wrong = 0;
        for (unsigned i = 0; i < node->n && wrong <= LF_PROBLEMS_MAX; i++) {
                const struct lf_yaml *key = node->item[2 * i];
                char in[96];
                snprintf(in, sizeof in, "key in %s", what);
                if (!field_named(table, key->text)) {
                        lf_schema_unknown(r, key, in, names, n);
                        wrong++;
                } else if (lf_schema_doubled(r, node, i))
                        wrong++;
        }
}

void lf_schema_map(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *table,
                   const char *what, void *ret)
{
        if (!lf_schema_kind(r, node, LF_YAML_MAP, what))
                return;
        check_keys(r, node, table, what);
        /* in the table's order, so that what is referred to is read first */
        for (const struct lf_field *f = table; f->name; f++) {
                const struct lf_yaml *value = NULL;
                for (unsigned i = 0; i < node->n && !value; i++)
                        if (strcmp(node->item[2 * i]->text, f->name) == 0)
                                value = node->item[2 * i + 1];
                if (value)
                        f->read(r, value, f, (char *)ret + f->offset);
                else if (f->required)
                        lf_schema_problem(r, node, "%s lacks \"%s\"; add it", what, f->name);
        }
}

void lf_read_map(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (f->place)
                *(struct lf_place *)((char *)ret + f->place) = (struct lf_place){node->line, node->column};
        lf_schema_map(r, node, f->table, f->name, ret);
}

void lf_read_maps(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (!lf_schema_kind(r, node, LF_YAML_LIST, f->name))
                return;
        uint32_t *count = (uint32_t *)((char *)r->config + f->count);
        char what[80];
        snprintf(what, sizeof what, "an item of %s", f->name);
        for (unsigned i = 0; i < node->n; i++) {
                if (i == f->max) {
                        lf_schema_problem(r, node->item[i], "more than %ld %s; take some out", (long)f->max,
                                          f->name);
                        return;
                }
                char *item = (char *)ret + i * f->size;
                *(struct lf_place *)(item + f->place) =
                    (struct lf_place){node->item[i]->line, node->item[i]->column};
                lf_schema_map(r, node->item[i], f->table, what, item);
                *count = i + 1;
        }
}
