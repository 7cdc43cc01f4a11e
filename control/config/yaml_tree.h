/* A YAML file as a tree in which every node knows its line and column.
 *
 * Scalars stay text: what they mean is the schema's business (NO is the country, 0x10 is no number unless the
 * schema says so). Anchors, aliases, tags, several documents and merge keys are refused: a configuration does
 * not need them, and a reader of it would have to. Depth, nodes and file size are bounded. */
#pragma once

#include "control/config/problems.h"

#include <stddef.h>

#define LF_YAML_FILE_MAX  (4u << 20)
#define LF_YAML_NODES_MAX 200000
#define LF_YAML_DEPTH_MAX 12

enum lf_yaml_kind { LF_YAML_SCALAR, LF_YAML_LIST, LF_YAML_MAP };

struct lf_yaml {
        enum lf_yaml_kind kind;
        unsigned line, column; /* from 1 */
        char *text;            /* scalar: terminated, without control characters */
        unsigned n;            /* list: items; map: pairs */
        struct lf_yaml **item; /* list: n; map: 2n, key (always a scalar) and value in turn */
};

/* -EBADMSG: `problems` says what and where. -ENOMEM. An empty file is a problem. Duplicate keys are left in:
 * the schema names them. */
int lf_yaml_parse(const void *text, size_t size, struct lf_yaml **ret, struct lf_problems *problems);
void lf_yaml_destroy(struct lf_yaml *node);
/* "a value", "a list", "a map". */
const char *lf_yaml_kind_text(enum lf_yaml_kind kind);
