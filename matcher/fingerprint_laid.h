/* A finger as numbers that geometry works on: quarters of a pixel, and 1/65536 of a turn. */
#pragma once

#include "matcher/fingerprint.h"

struct lf_finger_laid {
        _Alignas(64) float x[LF_FINGER_MINUTIA_MAX], y[LF_FINGER_MINUTIA_MAX];
        _Alignas(64) int32_t angle[LF_FINGER_MINUTIA_MAX];
};

/* As it is. */
static inline void lf_finger_spread(const struct lf_finger *f, struct lf_finger_laid *restrict ret)
{
        size_t padded = lf_finger_padded(f->row);
        for (size_t i = 0; i < padded; i++) {
                ret->x[i] = f->x[i];
                ret->y[i] = f->y[i];
                ret->angle[i] = f->angle[i];
        }
}

/* Where a placement brings it. */
static inline void lf_finger_lay(const struct lf_finger *f, const struct lf_finger_placement *p,
                                 struct lf_finger_laid *restrict ret)
{
        size_t padded = lf_finger_padded(f->row);
        for (size_t i = 0; i < padded; i++) {
                ret->x[i] = p->c * f->x[i] - p->s * f->y[i] + 4 * p->x;
                ret->y[i] = p->s * f->x[i] + p->c * f->y[i] + 4 * p->y;
                ret->angle[i] = f->angle[i] + p->turn;
        }
}

/* How much two angles differ, whichever way is shorter. */
static inline float lf_finger_off(int32_t a, int32_t b)
{
        return (float)((int32_t)((uint32_t)(a - b) << 16) >> 16);
}
