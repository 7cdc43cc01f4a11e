/* Fusion: what several modalities say together about one record.
 *
 * Each modality's calibrated false-match rate becomes a log-likelihood ratio: how much likelier mates reach
 * the score than strangers do. Ratios of modalities that err independently add up; a modality that was not
 * compared adds nothing. The sum is turned back into the rate at which strangers, compared in these
 * modalities, reach it. Any core after lf_engines_init(). */
#pragma once

#include "matcher/engine.h"

/* A modality below this, in a record that others speak for, contradicts them: strangers are ten times as
 * likely to score so. */
#define LF_FUSION_AGAINST -1.0f

/* log10 of the likelihood ratio, rising as the rate falls. */
float lf_fusion_llr(enum lf_modality modality, float log10_fmr);
/* log10 of the rate at which strangers' ratios, summed over `modalities` (bits), reach `sum`; never above
 * 0. Errs upwards, by less than a tenth of a decade for each modality. */
float lf_fusion_log10_fmr(uint8_t modalities, float sum);
/* The same for two scores that are not independent, as of two models of one face. Both are given as z, how
 * many standard deviations of strangers a comparison is above their mean; below 0 is as 0. Without
 * correlation it is the sum of the ratios of each. */
struct lf_fusion_pair {
        double mean[2], deviation[2]; /* of mates */
        double mates, strangers;      /* correlation of the two z */
};
double lf_fusion_pair_llr(const struct lf_fusion_pair *pair, double first, double second);
/* Fills tables; lf_engines_init() does. */
void lf_fusion_init(void);
