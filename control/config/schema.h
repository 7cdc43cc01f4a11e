/* A schema: tables of keys, and the functions that read each kind of value into a struct.
 *
 * A map of the file is read by one table; unknown, doubled and missing keys are found here once for all. All
 * problems are reported, none stops the reading. */
#pragma once

#include "control/config/config.h"
#include "control/config/names.h"
#include "control/config/yaml_tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lf_schema_reader {
        struct lf_problems *problems;
        struct lf_config *config; /* what is read so far: sections that refer to others come later */
};

struct lf_field;
typedef void lf_field_reader(struct lf_schema_reader *r, const struct lf_yaml *node,
                             const struct lf_field *field, void *ret);

struct lf_field {
        const char *name;
        lf_field_reader *read;
        size_t offset; /* of the result in the struct of this map */
        bool required;
        size_t size;                  /* texts: room; lists: bytes from one item to the next */
        int64_t min, max;             /* numbers; lists: items */
        const struct lf_name *names;  /* choices */
        const struct lf_field *table; /* maps and lists of maps: the keys; ends with name NULL */
        size_t count, place;          /* lists: offset of the uint32_t count; maps: of struct lf_place */
};

void lf_schema_problem(struct lf_schema_reader *r, const struct lf_yaml *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the map `node` by `table` into `ret`. `what` names the map in messages. */
void lf_schema_map(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *table,
                   const char *what, void *ret);
/* Complains of a key that stands twice; true for its second place. */
bool lf_schema_doubled(struct lf_schema_reader *r, const struct lf_yaml *map, unsigned pair);
/* The value must be of this kind; complains if it is not. */
bool lf_schema_kind(struct lf_schema_reader *r, const struct lf_yaml *node, enum lf_yaml_kind kind,
                    const char *name);
/* Complains that `text` is none of the names, and suggests the nearest. */
void lf_schema_unknown(struct lf_schema_reader *r, const struct lf_yaml *node, const char *what,
                       const char *const *names, unsigned n);

/* Maps, lists of maps. */
lf_field_reader lf_read_map, lf_read_maps;
/* Scalars (values.c). Results: text: char[size]; number: uint32_t; flag: bool; size: uint64_t bytes;
 * duration: uint64_t microseconds; instant: uint64_t seconds; decade: double; address: struct lf_address;
 * choice: uint32_t; reference: uint8_t[16]. */
lf_field_reader lf_read_name, lf_read_label, lf_read_path, lf_read_text, lf_read_number, lf_read_flag,
    lf_read_size, lf_read_duration, lf_read_instant, lf_read_decade, lf_read_address, lf_read_choice,
    lf_read_reference, lf_read_cpu;
/* Lists of words to a bit mask, uint32_t: bits takes the values as they are, numbers shifts by them. */
lf_field_reader lf_read_bits, lf_read_numbers;
/* Words of other sections: categories and agreements to masks, one agreement to its number (law.c). */
lf_field_reader lf_read_categories, lf_read_agreements, lf_read_agreement, lf_read_purposes;
extern const struct lf_field lf_law_agreement[], lf_law_dataset[], lf_law_lane[], lf_law_officer[],
    lf_law_warrant[], lf_gateway_keys[];
/* The section `categories:`, a map of words to bit numbers. */
lf_field_reader lf_read_category_list;

/* The section `gateway:` (gateway.c), and what no single value of it shows. */
void lf_gateway_defaults(struct lf_config_gateway *g);
void lf_gateway_check(struct lf_schema_reader *r);

/* What no single value shows (check.c): numbers and names given twice, ports without interface. */
void lf_config_check(struct lf_schema_reader *r);
