/* A record as the query met it: its best hit in each modality, in the datasets of one agreement that share
 * its reference. Records of different agreements are never joined, whatever their references: each
 * agreement's data may serve its own purposes only. */
#pragma once

#include "dataplane/query.h"

struct lf_subject {
        const uint8_t *reference;
        uint8_t agreement;
        uint8_t modalities; /* compared */
        struct lf_best best[LF_MODALITY_COUNT];
        float llr[LF_MODALITY_COUNT];
        uint8_t place;   /* of the wanted dataset whose hit is the least likely to be false */
        uint8_t lead;    /* its modality */
        bool candidate;  /* that hit alone reaches its dataset's threshold, or all of them together do */
        float log10_fmr; /* of all together */
};

#define LF_SUBJECTS_MAX (LF_QUERY_DATASETS_MAX * LSP_CANDIDATES_MAX)

/* Subjects of all results of a query, in no order. How many. Where a scan kept a record in one modality only,
 * the others that the query has are looked up by its reference: what speaks against it has no high score. */
unsigned lf_subjects(const struct lf_query *q, void *scratch, struct lf_subject ret[LF_SUBJECTS_MAX]);
/* Bits of the modalities that speak for it. */
uint8_t lf_subject_agreed(const struct lf_subject *s);
/* Bits of those that speak so clearly against it that they contradict the others. */
uint8_t lf_subject_against(const struct lf_subject *s);
