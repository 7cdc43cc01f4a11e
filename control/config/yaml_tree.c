#include "control/config/yaml_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct tree {
        yaml_parser_t parser;
        struct lf_problems *problems;
        unsigned nodes;
};

const char *lf_yaml_kind_text(enum lf_yaml_kind kind)
{
        return kind == LF_YAML_SCALAR ? "a value" : kind == LF_YAML_LIST ? "a list" : "a map";
}

void lf_yaml_destroy(struct lf_yaml *node)
{
        if (!node)
                return;
        unsigned n = node->kind == LF_YAML_MAP ? 2 * node->n : node->n;
        for (unsigned i = 0; i < n; i++)
                lf_yaml_destroy(node->item[i]);
        free(node->item);
        free(node->text);
        free(node);
}

static int bad(struct tree *t, yaml_mark_t mark, const char *text)
{
        lf_problem_add(t->problems, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", text);
        return -EBADMSG;
}

static int next(struct tree *t, yaml_event_t *ret)
{
        if (yaml_parser_parse(&t->parser, ret))
                return 0;
        const yaml_parser_t *p = &t->parser;
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        bool reader = p->error == YAML_READER_ERROR;
        yaml_mark_t at = reader ? p->mark : p->problem_mark;
        lf_problem_add(t->problems, (unsigned)at.line + 1, (unsigned)at.column + 1,
                       "not YAML: %s%s%s; check the indentation, colons and quotes here and just before",
                       p->problem ? p->problem : "unreadable", p->context ? " " : "",
                       p->context ? p->context : "");
        return -EBADMSG;
}

static int scalar(struct tree *t, const yaml_event_t *e, struct lf_yaml *node)
{
        size_t size = e->data.scalar.length;
        for (size_t i = 0; i < size; i++)
                if (e->data.scalar.value[i] < 0x20 || e->data.scalar.value[i] == 0x7f)
                        return bad(t, e->start_mark,
                                   "a control character or line break in a value; take it out");
        node->text = malloc(size + 1);
        if (!node->text)
                return -ENOMEM;
        memcpy(node->text, e->data.scalar.value, size);
        node->text[size] = 0;
        return 0;
}

static int tagged(struct tree *t, const yaml_event_t *e)
{
        const yaml_char_t *anchor = NULL, *tag = NULL;
        if (e->type == YAML_SCALAR_EVENT) {
                anchor = e->data.scalar.anchor;
                tag = e->data.scalar.tag;
        } else if (e->type == YAML_SEQUENCE_START_EVENT) {
                anchor = e->data.sequence_start.anchor;
                tag = e->data.sequence_start.tag;
        } else if (e->type == YAML_MAPPING_START_EVENT) {
                anchor = e->data.mapping_start.anchor;
                tag = e->data.mapping_start.tag;
        }
        if (anchor)
                return bad(t, e->start_mark, "an anchor (&name) is not allowed; write the value out");
        if (tag)
                return bad(t, e->start_mark, "a tag (!name) is not allowed; each key knows its own type");
        return 0;
}

static int node_from(struct tree *t, const yaml_event_t *e, unsigned depth, struct lf_yaml **ret);

static int append(struct lf_yaml *node, unsigned *used, struct lf_yaml *item)
{
        if ((*used & (*used - 1)) == 0) { /* grows at powers of two */
                struct lf_yaml **grown = realloc(node->item, (*used ? 2 * *used : 1) * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                node->item = grown;
        }
        node->item[(*used)++] = item;
        return 0;
}

/* The items of a list or map, up to its end. */
static int children(struct tree *t, unsigned depth, yaml_event_type_t end, struct lf_yaml *node)
{
        unsigned used = 0;
        int r = 0;
        for (bool ended = false; r == 0 && !ended;) {
                yaml_event_t e;
                r = next(t, &e);
                if (r < 0)
                        break;
                struct lf_yaml *item = NULL;
                bool key = node->kind == LF_YAML_MAP && used % 2 == 0;
                if (e.type == end)
                        ended = true;
                else if (key && e.type != YAML_SCALAR_EVENT)
                        r = bad(t, e.start_mark, "a key must be a plain word");
                else
                        r = node_from(t, &e, depth + 1, &item);
                yaml_event_delete(&e);
                if (r == 0 && item) {
                        r = append(node, &used, item);
                        if (r < 0)
                                lf_yaml_destroy(item);
                }
        }
        if (r < 0) { /* whole, so that destroy can walk it */
                for (unsigned i = 0; i < used; i++)
                        lf_yaml_destroy(node->item[i]);
                return r;
        }
        node->n = node->kind == LF_YAML_MAP ? used / 2 : used;
        return 0;
}

static int node_from(struct tree *t, const yaml_event_t *e, unsigned depth, struct lf_yaml **ret)
{
        if (e->type == YAML_ALIAS_EVENT)
                return bad(t, e->start_mark, "an alias (*name) is not allowed; write the value out");
        int r = tagged(t, e);
        if (r < 0)
                return r;
        if (depth > LF_YAML_DEPTH_MAX)
                return bad(t, e->start_mark, "nested too deeply for any key of this file");
        if (++t->nodes > LF_YAML_NODES_MAX)
                return bad(t, e->start_mark, "too many values in one file");
        struct lf_yaml *node = calloc(1, sizeof *node);
        if (!node)
                return -ENOMEM;
        node->line = (unsigned)e->start_mark.line + 1;
        node->column = (unsigned)e->start_mark.column + 1;
        if (e->type == YAML_SCALAR_EVENT) {
                node->kind = LF_YAML_SCALAR;
                r = scalar(t, e, node);
        } else if (e->type == YAML_SEQUENCE_START_EVENT) {
                node->kind = LF_YAML_LIST;
                r = children(t, depth, YAML_SEQUENCE_END_EVENT, node);
        } else {
                node->kind = LF_YAML_MAP;
                r = children(t, depth, YAML_MAPPING_END_EVENT, node);
        }
        if (r < 0) {
                lf_yaml_destroy(node);
                return r;
        }
        *ret = node;
        return 0;
}

/* STREAM-START, DOCUMENT-START, one node, DOCUMENT-END, STREAM-END. */
static int document(struct tree *t, struct lf_yaml **ret)
{
        struct lf_yaml *root = NULL;
        int r = 0;
        for (bool ended = false; r == 0 && !ended;) {
                yaml_event_t e;
                r = next(t, &e);
                if (r < 0)
                        break;
                switch (e.type) {
                case YAML_STREAM_START_EVENT:
                case YAML_DOCUMENT_END_EVENT:
                        break;
                case YAML_STREAM_END_EVENT:
                        ended = true;
                        break;
                case YAML_DOCUMENT_START_EVENT:
                        if (root)
                                r = bad(t, e.start_mark, "a second document (---) is not allowed");
                        break;
                default:
                        r = node_from(t, &e, 0, &root);
                }
                yaml_event_delete(&e);
        }
        if (r == 0 && !root) {
                lf_problem_add(t->problems, 1, 1, "the file is empty; start from config/landfall.yaml");
                r = -EBADMSG;
        }
        if (r < 0) {
                lf_yaml_destroy(root);
                return r;
        }
        *ret = root;
        return 0;
}

int lf_yaml_parse(const void *text, size_t size, struct lf_yaml **ret, struct lf_problems *problems)
{
        struct tree t = {.problems = problems};
        if (!yaml_parser_initialize(&t.parser))
                return -ENOMEM;
        yaml_parser_set_encoding(&t.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&t.parser, text, size);
        int r = document(&t, ret);
        yaml_parser_delete(&t.parser);
        return r;
}
