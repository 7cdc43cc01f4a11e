/* A prepared person probe and how it scores against one record. Private to the person engine. */
#pragma once

#include "matcher/person_facts.h"
#include "matcher/person_name.h"

/* What a query may hold: a traveller has few names; the bound keeps a scan's time in hand. */
#define LF_PROBE_NAMES     8
#define LF_PROBE_WORDS     12 /* in a name of a person; other entities have what a list's name may have */
#define LF_PROBE_TOKENS    96
#define LF_PROBE_DATES     8
#define LF_PROBE_NATIONS   8
#define LF_PROBE_DOCUMENTS 16

struct lf_person_probe {
        uint16_t n_names, n_dates, n_nations, n_documents;
        char sex, entity;
        struct lf_person_name name[LF_PROBE_NAMES];
        struct lf_person_date date[LF_PROBE_DATES];
        char nation[LF_PROBE_NATIONS][3];
        struct lf_person_document document[LF_PROBE_DOCUMENTS];
        struct lf_token token[LF_PROBE_TOKENS];
};
_Static_assert(sizeof(struct lf_person_probe) <= LF_PROBE_MAX, "a prepared probe");

struct lf_person_facts lf_probe_facts(const struct lf_person_probe *probe);

/* The probe's name that is most like `name`: its similarity, less for weak aliases of either side. 0 when it
 * is certainly below `floor`. `ret_name` (the name's index) and `ret_alignment` may be NULL. */
float lf_probe_similarity(const struct lf_person_probe *probe, const struct lf_name *name, unsigned class,
                          float floor, unsigned *ret_name, struct lf_alignment *ret_alignment);

/* Each gain is a share of what is missing to 1; each loss a factor. Dates, sex and nationality count only for
 * names that are alike (LF_NAME_ALIKE): a shared birth date never makes a hit of another name. */
#define LF_NAME_ALIKE         0.75f
#define LF_BIRTH_GAIN         0.25f
#define LF_BIRTH_PARTIAL_GAIN 0.10f
#define LF_BIRTH_LOSS         0.86f
#define LF_BIRTH_NEAR_LOSS    0.95f
#define LF_SEX_LOSS           0.95f
#define LF_NATIONALITY_GAIN   0.05f
#define LF_WEAK_LOSS          0.90f
#define LF_SLIP_GAIN          0.40f
#define LF_DOCUMENT_SCORE     0.97f

/* The engine's score, 0..1, of a record whose names are that similar. */
float lf_person_score(float similarity, enum lf_document document, const struct lf_person_facts *probe,
                      const struct lf_person_facts *record);

/* See person_score.c for how it was measured. */
float lf_person_log10_fmr(float score);
float lf_person_score_at(float log10_fmr);
