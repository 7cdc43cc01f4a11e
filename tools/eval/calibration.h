/* What scores mean: the false-match rate that a score claims, fitted to comparisons of strangers, and
 * checked. */
#pragma once

#include "matcher/fingerprint.h"
#include "tools/eval/comparisons.h"

/* Of a sub-set of comparisons those of different fingers. */
struct lf_strangers {
        const struct lf_comparisons *of;
        /* Whether a comparison belongs to it; NULL: all. */
        bool (*belongs)(const struct lf_comparison *c, const void *context);
        const void *context;
};

/* Fits the line to the 1% of strangers with the highest scores and the bend to the middle. Pairs of one
 * folder and pairs across folders have the same weight together, since those of one sensor are more alike.
 * Several lists, for instance one for each extractor. -errno: -EINVAL when there are fewer than 5,000 pairs.
 */
int lf_calibration_fit(const struct lf_strangers *s, size_t lists, struct lf_finger_calibration *ret);

struct lf_calibration_check {
        double claimed, measured; /* rates */
        double low, high;         /* of 95% of such measurements: the jackknife over fingers */
        size_t pairs;
};
/* The rate of strangers whose score claims `claimed` or less. */
int lf_calibration_check(const struct lf_strangers *s, size_t lists, const struct lf_finger_calibration *c,
                         double claimed, struct lf_calibration_check *ret);
