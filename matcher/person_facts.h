/* What besides the name speaks for or against two records being of one person. Pure; any core. */
#pragma once

#include <stdbool.h>

#include "matcher/person_wire.h"

/* Borrowed views of one record's facts. */
struct lf_person_facts {
        const struct lf_person_date *date;
        const char (*nation)[3];
        const struct lf_person_document *document;
        uint16_t n_dates, n_nations, n_documents;
        char sex;
};

enum lf_birth {
        LF_BIRTH_UNKNOWN,
        LF_BIRTH_DIFFERENT,
        LF_BIRTH_NEAR, /* years differ a little, or day and month are the other way round */
        LF_BIRTH_PARTIAL,
        LF_BIRTH_EXACT,
};
/* Years by which years of birth may differ unless a dataset says otherwise. */
#define LF_BIRTH_YEARS 2
/* The best agreement of any date of the one with any of the other. `years`: by how many they may differ to be
 * NEAR; `ret_years`: how far they are apart then. */
enum lf_birth lf_birth_compare(const struct lf_person_facts *a, const struct lf_person_facts *b,
                               unsigned years, unsigned *ret_years);

enum lf_document {
        LF_DOCUMENT_NONE,
        LF_DOCUMENT_SLIP,  /* one character differs, or two neighbours are swapped */
        LF_DOCUMENT_EXACT, /* the same number, issuing countries not contradicting */
};
/* Short numbers are shared by many documents: below LF_DOCUMENT_LETTERS they count only from the same
 * country. */
#define LF_DOCUMENT_LETTERS 6
enum lf_document lf_document_compare(const struct lf_person_facts *a, const struct lf_person_facts *b);

bool lf_sex_contradicts(const struct lf_person_facts *a, const struct lf_person_facts *b);
bool lf_nationality_shared(const struct lf_person_facts *a, const struct lf_person_facts *b);
