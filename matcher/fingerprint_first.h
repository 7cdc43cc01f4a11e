/* The first stage's arithmetic, included once for each instruction set.
 *
 * Plain loops over padded arrays that a compiler turns into vectors. Sums run in sixteen lanes whatever the
 * vector's width, and no product is fused with a sum, so that every instruction set gives equal results. */
#pragma once

#include <math.h>
#include <string.h>

#include "matcher/fingerprint.h"

#define LANES 16

/* Where each direction's cylinders start in a row, and where the last one's end. */
static inline void lf_finger_starts(const struct lf_finger *row, uint8_t *at)
{
        for (unsigned b = 0; b < LF_FINGER_BUCKETS; b++)
                at[b] = row->row->first[b];
        at[LF_FINGER_BUCKETS] = row->row->cylinders;
}

/* The cylinders of a row that a group is compared with by the first word: those of its window, and up to
 * three beyond it so that they are a multiple of four; after a row's last one comes its first. */
struct lf_finger_span {
        unsigned from, n;
};
static inline struct lf_finger_span lf_finger_span(const struct lf_finger_window *w, const uint8_t *at)
{
        unsigned all = at[LF_FINGER_BUCKETS], from = at[w->from[0]];
        unsigned to = w->parts == 1 ? at[w->to[0]] : all + at[w->to[1]];
        unsigned n = to > from ? to - from : 0;
        n = n < all ? n : all;
        return (struct lf_finger_span){from < all ? from : 0, (n + 3) & ~3u};
}

/* The indices of what is more than `least`; room for 64 more than there are. */
static inline size_t lf_finger_above(const float *value, size_t n, float least, uint8_t *which)
{
        size_t m = 0;
        for (size_t i = 0; i < n; i++) {
                which[m] = (uint8_t)i;
                m += value[i] > least;
        }
        return m;
}

static float total(const float *lane)
{
        float half[8], quarter[4];
        for (size_t l = 0; l < 8; l++)
                half[l] = lane[l] + lane[l + 8];
        for (size_t l = 0; l < 4; l++)
                quarter[l] = half[l] + half[l + 4];
        return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

static void tally(const uint16_t *restrict key, const uint16_t *restrict least, unsigned padded,
                  uint32_t *restrict sum, uint32_t *restrict squares)
{
        for (size_t i = 0; i < padded; i++) {
                uint32_t d = key[i] >> 7;
                d = d > least[i] ? d : least[i];
                sum[i] += d;
                squares[i] += d * d;
        }
}

/* Turns are counted in bins. */
#define TURN_BINS 32
#define TURN_BIN  (65536 / TURN_BINS)

/* The pair of neighbouring bins with the most weight; of equal ones the last. */
static unsigned heaviest(const int32_t *restrict weight)
{
        int32_t best = 0;
        for (int32_t b = 0; b < TURN_BINS; b++) {
                int32_t both = (weight[b] + weight[b + 1]) * TURN_BINS + b;
                best = both > best ? both : best;
        }
        return (unsigned)best % TURN_BINS;
}

/* Leaves of `which`, whose turns these are, those within four bins: the two with the most weight, and one to
 * each side. */
static size_t of_one_turn(const uint16_t *restrict turn, const int32_t *restrict weight, uint8_t *which,
                          size_t n)
{
        int32_t sum[TURN_BINS + 1] = {0};
        size_t m = 0;
        for (size_t k = 0; k < n; k++)
                sum[turn[which[k]] / TURN_BIN] += weight[which[k]];
        sum[TURN_BINS] = sum[0];
        uint16_t from = (uint16_t)((heaviest(sum) - 1) * TURN_BIN);
        for (size_t k = 0; k < n; k++) {
                uint8_t i = which[k];
                which[m] = i;
                m += (uint16_t)(turn[i] - from) < 4 * TURN_BIN;
        }
        return m;
}

/* Room for n pairs, of which those past the last are without weight. */
static void make_room(struct lf_finger_pairs *p, size_t n)
{
        p->n = (unsigned)n;
        p->padded = (unsigned)((n + LANES - 1) / LANES * LANES);
        if (n == 0)
                return;
        float *const array[] = {p->weight, p->ax, p->ay, p->bx, p->by, p->c, p->s};
        for (size_t a = 0; a < sizeof array / sizeof *array; a++)
                memset(array[a] + p->padded - LANES, 0, LANES * sizeof(float));
}

#define WEIGHT 1024.0f

static void unusual(const struct lf_finger_query *q, const struct lf_finger *row,
                    const uint16_t *restrict key, const float *restrict mean, const float *restrict scale,
                    float least, struct lf_finger_pairs *restrict p)
{
        float over[LF_FINGER_MINUTIA_MAX];
        int32_t weight[LF_FINGER_MINUTIA_MAX];
        uint8_t which[LF_FINGER_MINUTIA_MAX + 64];
        uint16_t turn[LF_FINGER_MINUTIA_MAX];
        size_t padded = lf_finger_stride(q->finger.row);
        for (size_t i = 0; i < padded; i++) {
                over[i] = (mean[i] - (float)(int32_t)(key[i] >> 7)) * scale[i];
                weight[i] = (int32_t)(over[i] * WEIGHT);
        }
        size_t n = ABOVE(over, padded, least, which);
        for (size_t k = 0; k < n; k++) {
                unsigned i = which[k];
                turn[i] = (uint16_t)(row->angle[key[i] & 127] - q->finger.angle[i]);
        }
        if (least > 0)
                n = of_one_turn(turn, weight, which, n);
        make_room(p, n);
        for (size_t k = 0; k < n; k++) {
                unsigned i = which[k], j = key[i] & 127;
                const struct lf_finger_turn *t = &lf_finger_turns[(uint16_t)(turn[i] + 32) >> 6];
                p->a[k] = (uint8_t)i;
                p->b[k] = (uint8_t)j;
                p->weight[k] = sqrtf(over[i]);
                p->ax[k] = q->x[i];
                p->ay[k] = q->y[i];
                p->bx[k] = row->x[j] * 0.25f;
                p->by[k] = row->y[j] * 0.25f;
                p->c[k] = t->c;
                p->s[k] = t->s;
        }
}

/* Distance squared that two impressions may stretch: pixels, and by length squared between the two minutiae;
 * the cosine of how much two pairs' turns may differ: 20°. Tighter than what the second stage allows, as here
 * strangers are to be told from mates by few pairs. */
#define FIRST_BASE     50.0f
#define FIRST_GROWTH   0.03f
#define FIRST_TURN_DOT 0.94f

/* Within 0.2%, of what is positive: by the exponent negated, and one step of Newton's. */
static inline float reciprocal(float v)
{
        uint32_t bits;
        float r;
        memcpy(&bits, &v, sizeof bits);
        bits = 0x7ef311c7u - bits;
        memcpy(&r, &bits, sizeof r);
        return r * (2 - v * r);
}

static inline float agrees(const struct lf_finger_pairs *p, size_t i, size_t k)
{
        float dot = p->c[i] * p->c[k] + p->s[i] * p->s[k];
        float scale = 0.5f + 0.13f * (1 - dot); /* nearly 1 / sqrt(2 + 2 dot): the mean of the two turns */
        float c = (p->c[i] + p->c[k]) * scale, s = (p->s[i] + p->s[k]) * scale;
        float ax = p->ax[k] - p->ax[i], ay = p->ay[k] - p->ay[i];
        float u = c * ax - s * ay - (p->bx[k] - p->bx[i]), v = s * ax + c * ay - (p->by[k] - p->by[i]);
        float fit = 1 - (u * u + v * v) * reciprocal(FIRST_BASE + FIRST_GROWTH * (ax * ax + ay * ay));
        fit = fit > 0 ? fit : 0;
        return dot > FIRST_TURN_DOT ? fit : 0;
}

static float agreement(struct lf_finger_pairs *p)
{
        float lane[LANES] = {0};
        for (size_t k = 0; k < p->padded; k += LANES) {
                float vote[LANES] = {0};
                for (size_t i = 0; i < p->n; i++)
                        for (size_t l = 0; l < LANES; l++)
                                vote[l] += p->weight[i] * agrees(p, k + l, i);
                for (size_t l = 0; l < LANES; l++) {
                        float others = vote[l] - p->weight[k + l];
                        p->vote[k + l] = others;
                        lane[l] += p->weight[k + l] * others * others * others;
                }
        }
        return total(lane);
}
