/* A prepared person probe and how it scores against one record. Private to the person engine. */
#pragma once

#include "matcher/person_facts.h"
#include "matcher/person_name.h"
#include "matcher/shard.h"

/* What a query may hold: a traveller has few names; the bound keeps a scan's time in hand. */
#define LF_PROBE_NAMES     8
#define LF_PROBE_WORDS     12 /* in a name of a person; other entities have what a list's name may have */
#define LF_PROBE_TOKENS    96
#define LF_PROBE_DATES     8
#define LF_PROBE_NATIONS   9
#define LF_PROBE_DOCUMENTS 16

struct lf_person_probe {
        uint16_t n_names, n_dates, n_nations, n_documents;
        char sex, entity;
        struct lf_person_name name[LF_ROOM_NAMES(LF_PROBE_NAMES)];
        struct lf_person_date date[LF_PROBE_DATES];
        char nation[LF_PROBE_NATIONS][3];
        struct lf_person_document document[LF_PROBE_DOCUMENTS];
        struct lf_token token[LF_ROOM_TOKENS(LF_PROBE_TOKENS, LF_PROBE_NAMES)];
        struct {
                uint8_t n, byte[LF_PERSON_NAME_MAX];
        } text[LF_ROOM_NAMES(LF_PROBE_NAMES)]; /* the names as they are written */
};
_Static_assert(sizeof(struct lf_person_probe) <= LF_PROBE_MAX, "a prepared probe");

struct lf_person_facts lf_probe_facts(const struct lf_person_probe *probe);

/* The probe's name that is most like `name`: its similarity, less for weak aliases of either side. 0 when it
 * is certainly below `floor`. `ret_name` (the name's index) and `ret_alignment` may be NULL. */
float lf_probe_similarity(const struct lf_person_probe *probe, const struct lf_name *name, unsigned class,
                          float floor, unsigned *ret_name, struct lf_alignment *ret_alignment);

/* The same as OFAC's tool scores names (matcher/person_ofac.h); `text` is a row's. `ret_points` (0..100, of
 * the best) may be NULL. */
float lf_probe_ofac(const struct lf_person_probe *probe, const uint8_t *text, unsigned class,
                    unsigned *ret_points);

/* Each gain is a share of what is missing to 1; each loss a factor. Dates, sex and nationality count only for
 * names that are alike (LF_NAME_ALIKE): a shared birth date never makes a hit of another name. */
#define LF_NAME_ALIKE         0.75f
#define LF_BIRTH_GAIN         0.25f
#define LF_BIRTH_PARTIAL_GAIN 0.10f
#define LF_BIRTH_LOSS         0.84f
#define LF_BIRTH_NEAR_LOSS    0.95f
#define LF_SEX_LOSS           0.95f
#define LF_NATIONALITY_GAIN   0.05f
#define LF_WEAK_LOSS          0.90f
#define LF_NICKNAME_LOSS      0.94f
#define LF_SLIP_GAIN          0.40f
#define LF_DOCUMENT_SCORE     0.97f

/* What a class of names takes from a similarity: a factor. */
float lf_class_factor(unsigned own, unsigned theirs);

/* Years by which years of birth may differ in a dataset. */
static inline unsigned lf_birth_years(const struct lf_shard *shard)
{
        return shard->person.birth_years ? shard->person.birth_years - 1u : LF_BIRTH_YEARS;
}

/* The engine's score, 0..1, of a record whose names are that similar. `years` as in lf_birth_compare. */
float lf_person_score(float similarity, enum lf_document document, const struct lf_person_facts *probe,
                      const struct lf_person_facts *record, unsigned years);

/* See person_score.c for how it was measured, up to which score. */
#define LF_PERSON_RATE_MEASURED 0.90f
float lf_person_log10_fmr(float score);
float lf_person_score_at(float log10_fmr);
