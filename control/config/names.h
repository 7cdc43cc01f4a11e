/* The words that people use for the numbers of the wire and of the policy table: border-check, egate,
 * fingerprint. One list each, for the configuration, the command line and output. */
#pragma once

#include <stdint.h>

struct lf_name {
        const char *name;
        uint32_t value;
};

/* Each list ends with name NULL. Roles and needs have a bit as value, the others a number. */
extern const struct lf_name lf_purpose_names[];
extern const struct lf_name lf_role_names[];
extern const struct lf_name lf_need_names[];
extern const struct lf_name lf_subject_names[];
extern const struct lf_name lf_encounter_names[];
extern const struct lf_name lf_priority_names[];
extern const struct lf_name lf_modality_names[];
extern const struct lf_name lf_port_names[];
extern const struct lf_name lf_scoring_names[]; /* enum lf_person_scoring */
extern const struct lf_name lf_birth_names[];   /* lf_person_rules.birth_years */
extern const struct lf_name lf_core_role_names[];

/* -ENOENT: no such word in the list. */
int lf_name_value(const struct lf_name *list, const char *name, uint32_t *ret);
/* "unknown" for a number without a word. */
const char *lf_value_name(const struct lf_name *list, uint32_t value);
