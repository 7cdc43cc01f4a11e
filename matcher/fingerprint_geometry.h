/* The second stage's arithmetic, included once for each instruction set, after KERNELS and
 * NAME.
 *
 * Plain loops over padded arrays that a compiler turns into vectors. Sums run in sixteen lanes whatever the
 * vector's width, and no product is fused with a sum, so that every instruction set gives equal results. */
#include <math.h>

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

static void around(const struct lf_finger_pairs *p, unsigned root, float *weight)
{
        const struct lf_finger_stretch t = lf_finger_tuning->stretch;
        for (size_t k = 0; k < p->padded; k++)
                weight[k] = p->weight[k] * fits(p, root, k, t);
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

static int32_t greatest(const int32_t *lane)
{
        int32_t half[8], quarter[4];
        for (size_t l = 0; l < 8; l++)
                half[l] = lane[l] > lane[l + 8] ? lane[l] : lane[l + 8];
        for (size_t l = 0; l < 4; l++)
                quarter[l] = half[l] > half[l + 4] ? half[l] : half[l + 4];
        int32_t a = quarter[0] > quarter[2] ? quarter[0] : quarter[2],
                b = quarter[1] > quarter[3] ? quarter[1] : quarter[3];
        return a > b ? a : b;
}

static void meet(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_placement *p,
                 float radius, struct lf_finger_meeting *ret)
{
        float near = 1 / (16 * radius * radius), turn = 1 / (lf_finger_tuning->turn * lf_finger_tuning->turn);
        float bx[LF_FINGER_MINUTIA_MAX], by[LF_FINGER_MINUTIA_MAX];
        int32_t towards[LF_FINGER_MINUTIA_MAX], column[LF_FINGER_MINUTIA_MAX];
        unsigned padded = lf_finger_padded(b->row);
        for (size_t k = 0; k < padded; k++) {
                bx[k] = b->x[k];
                by[k] = b->y[k];
                towards[k] = b->angle[k];
                column[k] = 0;
        }
        for (size_t i = 0; i < a->row->n; i++) {
                float x = p->c * a->x[i] - p->s * a->y[i] + 4 * p->x;
                float y = p->s * a->x[i] + p->c * a->y[i] + 4 * p->y;
                int32_t angle = a->angle[i] + p->turn, best[LANES] = {0};
                for (size_t k = 0; k < padded; k += LANES)
                        for (size_t l = 0; l < LANES; l++) {
                                float dx = x - bx[k + l], dy = y - by[k + l];
                                float off =
                                    (float)((int32_t)((uint32_t)(angle - towards[k + l]) << 16) >> 16);
                                float place = 1 - (dx * dx + dy * dy) * near;
                                float direction = 1 - off * off * turn;
                                place = place > 0 ? place : 0;
                                direction = direction > 0 ? direction : 0;
                                int32_t close = (int32_t)(place * direction * 32767) * 256;
                                int32_t of_row = close + (int32_t)(k + l), of_column = close + (int32_t)i;
                                best[l] = of_row > best[l] ? of_row : best[l];
                                column[k + l] = of_column > column[k + l] ? of_column : column[k + l];
                        }
                ret->row[i] = greatest(best);
        }
        for (size_t k = 0; k < padded; k++)
                ret->column[k] = column[k];
}

static unsigned within(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_placement *p)
{
        static const float cosine[LF_FINGER_SUPPORTS / 4 + 1] = {1, 0.92387953f, 0.70710678f, 0.38268343f, 0};
        int32_t out[LF_FINGER_MINUTIA_MAX] = {0};
        unsigned padded = lf_finger_padded(a->row), n = 0;
        for (size_t h = 0; h < LF_FINGER_SUPPORTS; h++) {
                unsigned quarter = h / 4, rest = h % 4;
                float u = quarter % 2 ? -cosine[4 - rest] : cosine[rest];
                float v = quarter % 2 ? cosine[rest] : cosine[4 - rest];
                u = quarter / 2 ? -u : u;
                v = quarter / 2 ? -v : v;
                /* Turned back into a's own frame. */
                float au = u * p->c + v * p->s, av = v * p->c - u * p->s;
                float limit = (float)b->support[h] - 4 * (u * p->x + v * p->y);
                for (size_t i = 0; i < padded; i++)
                        out[i] |= au * a->x[i] + av * a->y[i] > limit ? 1 : 0;
        }
        for (size_t i = 0; i < a->row->n; i++)
                n += !out[i];
        return n;
}

static float crowd(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_placement *p,
                   float inner, float outer)
{
        float from = 16 * inner * inner, to = 16 * outer * outer;
        float turn = 1 / (lf_finger_tuning->turn * lf_finger_tuning->turn), lane[LANES] = {0};
        unsigned padded = lf_finger_padded(b->row);
        for (size_t i = 0; i < a->row->n; i++) {
                float x = p->c * a->x[i] - p->s * a->y[i] + 4 * p->x;
                float y = p->s * a->x[i] + p->c * a->y[i] + 4 * p->y;
                int32_t angle = a->angle[i] + p->turn;
                for (size_t k = 0; k < padded; k += LANES)
                        for (size_t l = 0; l < LANES; l++) {
                                float dx = x - b->x[k + l], dy = y - b->y[k + l], d = dx * dx + dy * dy;
                                float off =
                                    (float)((int32_t)((uint32_t)(angle - b->angle[k + l]) << 16) >> 16);
                                float direction = 1 - off * off * turn;
                                direction = direction > 0 ? direction : 0;
                                direction = d > from ? direction : 0;
                                lane[l] += d <= to ? direction : 0;
                        }
        }
        return total(lane);
}

const struct lf_finger_kernels KERNELS = {NAME,        first,  nearest, tally, unusual, agreement,
                                          consistency, around, align,   meet,  within,  crowd};
