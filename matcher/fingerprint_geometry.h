/* The second stage's arithmetic, included once for each instruction set, after KERNELS and NAME.
 *
 * Plain loops over padded arrays that a compiler turns into vectors. Sums run in sixteen lanes whatever the
 * vector's width, and no product is fused with a sum, so that every instruction set gives equal results. */
#include <math.h>

#include "matcher/fingerprint_laid.h"

/* How well pairs i and k fit one placement: the line between them, turned by the mean of their turns, ought
 * to be the line in the other finger. */
static inline float fits(const struct lf_finger_pairs *p, size_t i, size_t k, struct lf_finger_stretch t)
{
        float dot = p->c[i] * p->c[k] + p->s[i] * p->s[k];
        float safe = dot > 0.5f ? dot : 0.5f, scale = 1 / sqrtf(2 + 2 * safe);
        float c = (p->c[i] + p->c[k]) * scale, s = (p->s[i] + p->s[k]) * scale;
        float ax = p->ax[k] - p->ax[i], ay = p->ay[k] - p->ay[i];
        float u = c * ax - s * ay - (p->bx[k] - p->bx[i]), v = s * ax + c * ay - (p->by[k] - p->by[i]);
        float may = t.base + t.growth * (ax * ax + ay * ay);
        float fit = 1 - (u * u + v * v) / may;
        fit = fit > 0 ? fit : 0;
        return dot > t.turn_dot ? fit : 0;
}

static void consistency(struct lf_finger_pairs *p)
{
        const struct lf_finger_stretch t = lf_finger_tuning->stretch;
        for (size_t k = 0; k < p->padded; k += LANES) {
                float vote[LANES] = {0};
                for (size_t i = 0; i < p->n; i++)
                        for (size_t l = 0; l < LANES; l++)
                                vote[l] += p->weight[i] * fits(p, k + l, i, t);
                for (size_t l = 0; l < LANES; l++)
                        p->vote[k + l] = vote[l] - p->weight[k + l];
        }
}

static void around(const struct lf_finger_pairs *restrict p, unsigned root, float *restrict weight)
{
        const struct lf_finger_stretch t = lf_finger_tuning->stretch;
        size_t padded = p->padded;
        for (size_t k = 0; k < padded; k++)
                weight[k] = p->weight[k] * fits(p, root, k, t);
}

/* Pixels: a pair so close under a placement has been tried with it. */
#define SAME 12.0f

static int root(const struct lf_finger_pairs *restrict p, const struct lf_finger_placement *restrict tried,
                unsigned n)
{
        float worth[LF_FINGER_MINUTIA_MAX];
        int32_t bits[LF_FINGER_MINUTIA_MAX], most = 0, first = LF_FINGER_MINUTIA_MAX;
        size_t padded = p->padded;
        for (size_t k = 0; k < padded; k++)
                worth[k] = p->weight[k] * (p->vote[k] + p->weight[k]);
        for (unsigned t = 0; t < n; t++) {
                const struct lf_finger_placement at = tried[t];
                for (size_t k = 0; k < padded; k++) {
                        float x = at.c * p->ax[k] - at.s * p->ay[k] + at.x - p->bx[k];
                        float y = at.s * p->ax[k] + at.c * p->ay[k] + at.y - p->by[k];
                        worth[k] = x * x + y * y < SAME * SAME ? 0 : worth[k];
                }
        }
        /* Numbers above 0 are ordered as their bits are. */
        memcpy(bits, worth, padded * sizeof *bits);
        for (size_t k = 0; k < padded; k++)
                most = bits[k] > most ? bits[k] : most;
        for (size_t k = 0; k < padded; k++) {
                int32_t at = bits[k] == most ? (int32_t)k : LF_FINGER_MINUTIA_MAX;
                first = at < first ? at : first;
        }
        return most > 0 ? first : -1;
}

static float weighted(const struct lf_finger_pairs *p, const float *weight, const float *of)
{
        float lane[LANES] = {0};
        for (size_t k = 0; k < p->padded; k += LANES)
                for (size_t l = 0; l < LANES; l++)
                        lane[l] += weight[k + l] * of[k + l];
        return total(lane);
}

static bool align(const struct lf_finger_pairs *p, const float *weight, struct lf_finger_placement *ret)
{
        static const float one[LF_FINGER_MINUTIA_MAX] = {[0 ... LF_FINGER_MINUTIA_MAX - 1] = 1};
        float all = weighted(p, weight, one);
        if (!(all > 0))
                return false;
        float ax = weighted(p, weight, p->ax) / all, ay = weighted(p, weight, p->ay) / all;
        float bx = weighted(p, weight, p->bx) / all, by = weighted(p, weight, p->by) / all;
        float along[LANES] = {0}, across[LANES] = {0};
        for (size_t k = 0; k < p->padded; k += LANES)
                for (size_t l = 0; l < LANES; l++) {
                        float x = p->ax[k + l] - ax, y = p->ay[k + l] - ay;
                        float u = p->bx[k + l] - bx, v = p->by[k + l] - by;
                        along[l] += weight[k + l] * (x * u + y * v);
                        across[l] += weight[k + l] * (x * v - y * u);
                }
        float c = total(along), s = total(across), length = sqrtf(c * c + s * s);
        if (!(length > 0))
                return false;
        ret->c = c / length;
        ret->s = s / length;
        ret->x = bx - (ret->c * ax - ret->s * ay);
        ret->y = by - (ret->s * ax + ret->c * ay);
        return true;
}

static float crowd(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_placement *p,
                   float inner, float outer)
{
        float from = 16 * inner * inner, to = 16 * outer * outer;
        float turn = 1 / (lf_finger_tuning->turn * lf_finger_tuning->turn), lane[LANES] = {0};
        struct lf_finger_laid one, other;
        lf_finger_lay(a, p, &one);
        lf_finger_spread(b, &other);
        size_t rows = a->row->n, padded = lf_finger_padded(b->row);
        for (size_t k = 0; k < padded; k += LANES) {
                float sum[LANES] = {0};
                for (size_t i = 0; i < rows; i++)
                        for (size_t l = 0; l < LANES; l++) {
                                float dx = one.x[i] - other.x[k + l], dy = one.y[i] - other.y[k + l];
                                float d = dx * dx + dy * dy;
                                float off = lf_finger_off(one.angle[i], other.angle[k + l]);
                                float direction = 1 - off * off * turn;
                                direction = direction > 0 ? direction : 0;
                                direction = d > from ? direction : 0;
                                sum[l] += d <= to ? direction : 0;
                        }
                for (size_t l = 0; l < LANES; l++)
                        lane[l] += sum[l];
        }
        return total(lane);
}

const struct lf_finger_kernels KERNELS = {NAME,    surroundings, first,       nearest, tally,
                                          unusual, agreement,    consistency, around,  root,
                                          align,   meet,         within,      crowd};
