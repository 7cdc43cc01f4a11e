/* The sections that are law: categories, agreements, datasets, lanes, officers, warrants. */
#include "control/config/schema.h"

#include <stdio.h>
#include <string.h>

void lf_read_category_list(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                           void *ret)
{
        if (!lf_schema_kind(r, node, LF_YAML_MAP, f->name))
                return;
        struct lf_config *c = r->config;
        for (unsigned i = 0; i < node->n; i++) {
                const struct lf_field number = {.name = "a category's number", .max = LF_CATEGORIES_MAX - 1};
                const struct lf_field name = {.name = "category", .size = LF_NAME_MAX};
                if (c->categories == LF_CATEGORIES_MAX) {
                        lf_schema_problem(r, node->item[2 * i], "more than %d categories; take some out",
                                          LF_CATEGORIES_MAX);
                        return;
                }
                if (lf_schema_doubled(r, node, i))
                        continue;
                struct lf_config_category *k = &c->category[c->categories];
                k->bit = UINT32_MAX;
                lf_read_name(r, node->item[2 * i], &name, k->name);
                lf_read_number(r, node->item[2 * i + 1], &number, &k->bit);
                if (!k->name[0] || k->bit == UINT32_MAX)
                        continue;
                for (unsigned j = 0; j < c->categories; j++)
                        if (c->category[j].bit == k->bit)
                                lf_schema_problem(r, node->item[2 * i + 1],
                                                  "number %u is category \"%s\" already; give each its own",
                                                  k->bit, c->category[j].name);
                c->categories++;
        }
}

/* A word of the file: index of the category or agreement, or -1 and a problem. */
static int look_up(struct lf_schema_reader *r, const struct lf_yaml *node, bool category)
{
        const struct lf_config *c = r->config;
        const char *names[LF_CATEGORIES_MAX > LF_AGREEMENTS_MAX ? LF_CATEGORIES_MAX : LF_AGREEMENTS_MAX];
        const char *what = category ? "category" : "agreement";
        unsigned n = category ? c->categories : c->agreements;
        if (!lf_schema_kind(r, node, LF_YAML_SCALAR, what))
                return -1;
        for (unsigned i = 0; i < n; i++) {
                names[i] = category ? c->category[i].name : c->agreement[i].name;
                if (strcmp(names[i], node->text) == 0)
                        return (int)i;
        }
        lf_schema_unknown(r, node, what, names, n);
        return -1;
}

static void mask_of(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                    bool category, uint32_t *ret)
{
        if (!lf_schema_kind(r, node, LF_YAML_LIST, f->name))
                return;
        if (node->n == 0)
                lf_schema_problem(r, node, "%s is empty; name at least one", f->name);
        for (unsigned i = 0; i < node->n; i++) {
                int k = look_up(r, node->item[i], category);
                if (k >= 0)
                        *ret |=
                            1u << ((category ? r->config->category[k].bit : r->config->agreement[k].number) &
                                   31);
        }
}

void lf_read_categories(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                        void *ret)
{
        mask_of(r, node, f, true, ret);
}

void lf_read_agreements(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                        void *ret)
{
        mask_of(r, node, f, false, ret);
}

void lf_read_agreement(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                       void *ret)
{
        int k = look_up(r, node, false);
        if (k >= 0)
                *(uint32_t *)ret = r->config->agreement[k].number;
}

#define RULE(member) offsetof(struct lf_config_rule, member)
static const struct lf_field rule[] = {
    {"categories", lf_read_categories, .offset = RULE(categories), .required = true},
    {"roles", lf_read_bits, .offset = RULE(roles), .names = lf_role_names, .min = 1},
    {"needs", lf_read_bits, .offset = RULE(needs), .names = lf_need_names},
    {"subjects", lf_read_numbers, .offset = RULE(subjects), .names = lf_subject_names, .min = 1},
    {"encounters", lf_read_numbers, .offset = RULE(encounters), .names = lf_encounter_names, .min = 1},
    {0}};

/* A map of purposes to rules. */
void lf_read_purposes(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                      void *ret)
{
        struct lf_config_agreement *a =
            (struct lf_config_agreement *)((char *)ret - offsetof(struct lf_config_agreement, rule));
        if (!lf_schema_kind(r, node, LF_YAML_MAP, f->name))
                return;
        if (node->n == 0)
                lf_schema_problem(r, node, "an agreement without purposes permits nothing; name one");
        for (unsigned i = 0; i < node->n; i++) {
                const struct lf_field key = {.name = "purpose", .names = lf_purpose_names};
                const struct lf_yaml *word = node->item[2 * i];
                uint32_t purpose = 0;
                lf_read_choice(r, word, &key, &purpose);
                if (purpose == 0 || lf_schema_doubled(r, node, i))
                        continue;
                struct lf_config_rule *q = &a->rule[a->rules++]; /* as many as there are purposes, at most */
                *q = (struct lf_config_rule){.purpose = purpose,
                                             .subjects = 1u << LSP_SUBJECT_TRAVELLER,
                                             .encounters = 1u << LSP_ENCOUNTER_PRIMARY,
                                             .place = {word->line, word->column}};
                char what[LF_NAME_MAX + 16];
                snprintf(what, sizeof what, "purpose %s", word->text);
                lf_schema_map(r, node->item[2 * i + 1], rule, what, q);
        }
}

/* no, same, or a purpose. */
static void read_rescreening(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                             void *ret)
{
        const struct lf_field purpose = {.name = "rescreening purpose", .names = lf_purpose_names};
        if (node->kind == LF_YAML_SCALAR && strcmp(node->text, "no") == 0)
                *(uint32_t *)ret = LF_RESCREEN_NO;
        else if (node->kind == LF_YAML_SCALAR && strcmp(node->text, "same") == 0)
                *(uint32_t *)ret = LF_RESCREEN_SAME;
        else
                lf_read_choice(r, node, &purpose, ret);
}

#define AGREEMENT(member) offsetof(struct lf_config_agreement, member)
const struct lf_field lf_law_agreement[] = {
    {"number", lf_read_number, .offset = AGREEMENT(number), .required = true, .max = LF_AGREEMENTS_MAX - 1},
    {"name", lf_read_name, .offset = AGREEMENT(name), .required = true, .size = LF_NAME_MAX},
    {"originator", lf_read_text, .offset = AGREEMENT(originator), .required = true, .size = 128},
    {"not_before", lf_read_instant, .offset = AGREEMENT(not_before), .required = true},
    {"not_after", lf_read_instant, .offset = AGREEMENT(not_after), .required = true},
    {"rescreening", read_rescreening, .offset = AGREEMENT(rescreening)},
    {"purposes", lf_read_purposes, .offset = AGREEMENT(rule), .required = true},
    {0}};

#define FEED(member) offsetof(struct lf_config_feed, member)
static const struct lf_field feed[] = {
    {"directory", lf_read_path, .offset = FEED(directory), .required = true, .size = LF_PATH_MAX},
    {"key", lf_read_path, .offset = FEED(key), .required = true, .size = LF_PATH_MAX},
    {"keyring", lf_read_path, .offset = FEED(keyring), .required = true, .size = LF_PATH_MAX},
    {0}};

#define DATASET(member) offsetof(struct lf_config_dataset, member)
const struct lf_field lf_law_dataset[] = {
    {"number", lf_read_number, .offset = DATASET(number), .required = true, .max = LF_DATASETS_MAX - 1},
    {"name", lf_read_name, .offset = DATASET(name), .required = true, .size = LF_NAME_MAX},
    {"agreement", lf_read_agreement, .offset = DATASET(agreement), .required = true},
    {"modality", lf_read_choice, .offset = DATASET(modality), .required = true, .names = lf_modality_names},
    {"categories", lf_read_categories, .offset = DATASET(categories), .required = true},
    {"threshold", lf_read_decade, .offset = DATASET(threshold), .required = true, .min = -12, .max = 0},
    {"candidates", lf_read_number, .offset = DATASET(candidates), .min = 1, .max = LSP_CANDIDATES_MAX},
    {"scoring", lf_read_choice, .offset = DATASET(scoring), .names = lf_scoring_names},
    {"birth_tolerance", lf_read_choice, .offset = DATASET(birth_tolerance), .names = lf_birth_names},
    {"freshness", lf_read_duration, .offset = DATASET(freshness_us), .min = 0, .max = 366L * 86400 * 1000000},
    {"feed", lf_read_map, .offset = DATASET(feed), .required = true, .table = feed},
    {0}};

#define LANE(member) offsetof(struct lf_config_lane, member)
const struct lf_field lf_law_lane[] = {
    {"name", lf_read_name, .offset = LANE(name), .required = true, .size = LF_NAME_MAX, .min = 1},
    {"roles", lf_read_bits, .offset = LANE(roles), .required = true, .names = lf_role_names, .min = 1},
    {"agreements", lf_read_agreements, .offset = LANE(agreements), .required = true},
    {"priorities", lf_read_numbers, .offset = LANE(priorities), .names = lf_priority_names, .min = 1},
    {"queries_per_second", lf_read_number, .offset = LANE(queries_per_second), .required = true, .min = 1,
     .max = 10000000},
    {"query_burst", lf_read_number, .offset = LANE(query_burst), .min = 1, .max = 10000000},
    {"candidates_per_hour", lf_read_number, .offset = LANE(candidates_per_hour), .min = 0, .max = 10000000},
    {0}};

#define OFFICER(member) offsetof(struct lf_config_officer, member)
const struct lf_field lf_law_officer[] = {
    {"number", lf_read_number, .offset = OFFICER(number), .required = true, .min = 1,
     .max = LF_OFFICERS_MAX - 1},
    {"name", lf_read_name, .offset = OFFICER(name), .required = true, .size = LF_NAME_MAX},
    {"roles", lf_read_bits, .offset = OFFICER(roles), .required = true, .names = lf_role_names, .min = 1},
    {"agreements", lf_read_agreements, .offset = OFFICER(agreements), .required = true},
    {"candidates_per_hour", lf_read_number, .offset = OFFICER(candidates_per_hour), .min = 0,
     .max = 10000000},
    {0}};

#define WARRANT(member) offsetof(struct lf_config_warrant, member)
const struct lf_field lf_law_warrant[] = {
    {"reference", lf_read_reference, .offset = WARRANT(reference), .required = true},
    {"not_after", lf_read_instant, .offset = WARRANT(expiry), .required = true},
    {"lane", lf_read_name, .offset = WARRANT(lane), .size = LF_NAME_MAX, .min = 1},
    {"uses", lf_read_number, .offset = WARRANT(uses), .required = true, .min = 1, .max = 1000000},
    {"agreements", lf_read_agreements, .offset = WARRANT(agreements), .required = true},
    {"purposes", lf_read_numbers, .offset = WARRANT(purposes), .required = true, .names = lf_purpose_names,
     .min = 1},
    {0}};
