/* The cells around a minutia: included once for each instruction set. Eight directions are a vector, which
 * the compiler makes of what there is; no sum is taken across it, so that every set gives equal results. */
#pragma once

#include <immintrin.h>

#include "matcher/fingerprint_draft.h"

#define CELL_LEAST 0.25f /* a direction's sum that sets its bit */

typedef float directions __attribute__((vector_size(32)));

struct cells {
        directions sum[LF_FINGER_SIDE * LF_FINGER_SIDE];
};

static inline const struct lf_finger_blur *blur_at(float at)
{
        return &lf_finger_blur[(unsigned)(int)((at + LF_FINGER_FAR) * LF_FINGER_SPACING + 0.5f)];
}

/* Adds one neighbour at (u, w) of the cylinder's own frame, its direction `turn` ahead of the cylinder's. */
static inline void add_neighbour(struct cells *c, float u, float w, uint16_t turn)
{
        const struct lf_finger_blur *column = blur_at(u), *line = blur_at(w);
        const directions directed =
            *(const directions *)lf_finger_directed[(turn + 64u) / 128 % LF_FINGER_DIRECTED];
        directions *sum = c->sum + line->from * LF_FINGER_SIDE + column->from;
#pragma GCC unroll 3
        for (unsigned i = 0; i < LF_FINGER_BLURRED; i++, sum += LF_FINGER_SIDE)
#pragma GCC unroll 3
                for (unsigned k = 0; k < LF_FINGER_BLURRED; k++)
                        sum[k] += line->weight[i] * column->weight[k] * directed;
}

/* The directions whose sums are large enough, as bits. */
static inline unsigned large(const directions *sum)
{
#ifdef __AVX__
        return (unsigned)_mm256_movemask_ps(
            _mm256_cmp_ps(*(const __m256 *)sum, _mm256_set1_ps(CELL_LEAST), _CMP_GT_OQ));
#else
        const __m128 *half = (const __m128 *)sum, least = _mm_set1_ps(CELL_LEAST);
        return (unsigned)_mm_movemask_ps(_mm_cmpgt_ps(half[0], least)) |
               (unsigned)_mm_movemask_ps(_mm_cmpgt_ps(half[1], least)) << 4;
#endif
}

static void surroundings(const struct lf_finger_draft *d, unsigned m, uint8_t *ret)
{
        float c = d->c[m], s = d->s[m], u[LF_FINGER_MINUTIA_MAX], w[LF_FINGER_MINUTIA_MAX];
        uint8_t near[LF_FINGER_MINUTIA_MAX];
        for (size_t t = 0; t < d->n; t++) {
                float dx = d->x[t] - d->x[m], dy = d->y[t] - d->y[m];
                u[t] = c * dx + s * dy;
                w[t] = c * dy - s * dx;
        }
        unsigned n = 0;
        for (unsigned t = 0; t < d->n; t++) {
                near[n] = (uint8_t)t;
                n += t != m && u[t] * u[t] + w[t] * w[t] <= LF_FINGER_FAR * LF_FINGER_FAR;
        }
        struct cells cells = {0};
        for (unsigned i = 0; i < n; i++)
                add_neighbour(&cells, u[near[i]], w[near[i]], (uint16_t)(d->angle[near[i]] - d->angle[m]));
        for (unsigned i = 0; i < LF_FINGER_CELLS; i++)
                ret[i] = (uint8_t)large(&cells.sum[lf_finger_cells[i]]);
}
