/* Error rates of a matcher from the scores of genuine and impostor comparisons. */
#pragma once

#include <stddef.h>

struct lf_scores {
        float *score;
        size_t n, room;
};
/* Appends a score; 0, -ENOMEM. */
int lf_scores_add(struct lf_scores *s, float score);

/* All rates are fractions. */
struct lf_rates {
        double eer;                /* where the two rates cross: their mean there */
        double fnmr_1e2, fnmr_1e3; /* false non-match rate at the lowest threshold whose false match rate does
                                    * not exceed 1e-2, 1e-3 */
};
/* Both lists hold at least one score; they are sorted. */
struct lf_rates lf_rates_of(struct lf_scores *genuine, struct lf_scores *impostor);
/* The lowest threshold at which the false match rate does not exceed `fmr` (a match lies above it), and the
 * false non-match rate there. Lists sorted as by lf_rates_of(). */
float lf_threshold_at(const struct lf_scores *impostor, double fmr);
double lf_fnmr_at(const struct lf_scores *genuine, const struct lf_scores *impostor, double fmr);
