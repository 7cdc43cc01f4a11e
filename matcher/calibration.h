/* What calibrations have in common. Any core. */
#pragma once

#include <math.h>

/* The share of a standard normal distribution above z. */
static inline double lf_normal_above(double z)
{
        return 0.5 * erfc(z * M_SQRT1_2);
}

/* A score slightly below all those of at most this rate: the inverse of `log10_fmr`, which never rises,
 * within `low` to `high`. -INFINITY: every score from `low` on has it. For struct lf_engine's score_at. */
float lf_calibration_score_at(float (*log10_fmr)(float score), float low, float high, float rate);
