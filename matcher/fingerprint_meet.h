/* How one finger lies over the other: the reference, included once for each instruction set that has no
 * better way. */
#pragma once

#include "matcher/fingerprint_laid.h"

/* Of the best of each, as closeness << 8 | which, those that are each other's. */
static void each_other(const int32_t *row, const int32_t *column, unsigned rows,
                       struct lf_finger_meeting *restrict ret)
{
        unsigned n = 0;
        for (unsigned i = 0; i < rows; i++) {
                unsigned k = row[i] & 255;
                ret->a[n] = (uint8_t)i;
                ret->b[n] = (uint8_t)k;
                ret->close[n] = row[i] >> 8;
                n += row[i] > 255 && (column[k] & 255) == (int32_t)i;
        }
        ret->n = n;
}

static void meet(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_placement *p,
                 float radius, struct lf_finger_meeting *restrict ret)
{
        float near = 1 / (16 * radius * radius), turn = 1 / (lf_finger_tuning->turn * lf_finger_tuning->turn);
        struct lf_finger_laid one, other;
        int32_t row[LF_FINGER_MINUTIA_MAX], column[LF_FINGER_MINUTIA_MAX] = {0};
        int32_t padded = (int32_t)lf_finger_padded(b->row);
        lf_finger_lay(a, p, &one);
        lf_finger_spread(b, &other);
        for (int32_t i = 0; i < a->row->n; i++) {
                int32_t best = 0;
                for (int32_t k = 0; k < padded; k++) {
                        float dx = one.x[i] - other.x[k], dy = one.y[i] - other.y[k];
                        float off = lf_finger_off(one.angle[i], other.angle[k]);
                        float place = 1 - (dx * dx + dy * dy) * near;
                        float direction = 1 - off * off * turn;
                        place = place > 0 ? place : 0;
                        direction = direction > 0 ? direction : 0;
                        int32_t close = (int32_t)(place * direction * LF_FINGER_CLOSE) * 256;
                        int32_t of_row = close + k, of_column = close + i;
                        best = of_row > best ? of_row : best;
                        column[k] = of_column > column[k] ? of_column : column[k];
                }
                row[i] = best;
        }
        each_other(row, column, a->row->n, ret);
}

static unsigned within(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_placement *p)
{
        /* The axes turned back into a's own frame, and how far b reaches along them and against. */
        float au[LF_FINGER_AXES], av[LF_FINGER_AXES], most[LF_FINGER_AXES], least[LF_FINGER_AXES];
        for (size_t h = 0; h < LF_FINGER_AXES; h++) {
                float shift = 4 * (lf_finger_axis_u[h] * p->x + lf_finger_axis_v[h] * p->y);
                au[h] = lf_finger_axis_u[h] * p->c + lf_finger_axis_v[h] * p->s;
                av[h] = lf_finger_axis_v[h] * p->c - lf_finger_axis_u[h] * p->s;
                most[h] = (float)b->support[h] - shift;
                least[h] = -((float)b->support[h + LF_FINGER_AXES] + shift);
        }
        int32_t padded = (int32_t)lf_finger_padded(a->row), all = a->row->n, n = 0;
        const int16_t *ax = a->x, *ay = a->y;
        for (int32_t i = 0; i < padded; i++) {
                float x = ax[i], y = ay[i];
                int32_t in = i < all;
#pragma GCC unroll 8
                for (size_t h = 0; h < LF_FINGER_AXES; h++) {
                        float along = au[h] * x + av[h] * y;
                        in &= (along <= most[h]) & (along >= least[h]);
                }
                n += in;
        }
        return (unsigned)n;
}
