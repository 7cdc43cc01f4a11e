/* A record as the query met it: its best hit in each modality, found in datasets that share its reference. */
#pragma once

#include "dataplane/query.h"

struct lf_subject {
        const uint8_t *reference;
        uint8_t modalities; /* compared */
        const struct lf_best *best[LF_MODALITY_COUNT];
        float llr[LF_MODALITY_COUNT];
        uint8_t place;   /* of the wanted dataset whose hit is the least likely to be false */
        uint8_t lead;    /* its modality */
        bool candidate;  /* that hit alone reaches its dataset's threshold, or all of them together do */
        float log10_fmr; /* of all together */
};

#define LF_SUBJECTS_MAX (LF_QUERY_DATASETS_MAX * LSP_CANDIDATES_MAX)

/* Subjects of all results of a query, in no order. How many. */
unsigned lf_subjects(const struct lf_query *q, struct lf_subject ret[LF_SUBJECTS_MAX]);
/* Bits of the modalities that speak against it. */
uint8_t lf_subject_against(const struct lf_subject *s);
