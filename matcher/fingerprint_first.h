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

/* Turns are counted in bins, by weights in units of 1/1024. */
#define TURN_BINS 32
#define TURN_BIN  (65536 / TURN_BINS)
#define WEIGHT    1024.0f

/* Distance squared that two impressions may stretch: pixels, and by length squared between the two minutiae;
 * the cosine of how much two pairs' turns may differ: 20°. Tighter than what the second stage allows, as here
 * strangers are to be told from mates by few pairs. */
#define FIRST_BASE     50.0f
#define FIRST_GROWTH   0.03f
#define FIRST_TURN_DOT 0.94f

/* Within 0.2%, of what is positive: by the exponent negated, and one step of Newton's. */
#define RECIPROCAL_BITS 0x7ef311c7u
static inline float reciprocal(float v)
{
        uint32_t bits;
        float r;
        memcpy(&bits, &v, sizeof bits);
        bits = RECIPROCAL_BITS - bits;
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

/* Votes are summed up apart for pairs of even and of odd number, so that both can be counted at once. */
static float agreement_of_any(struct lf_finger_pairs *p)
{
        float lane[LANES] = {0};
        for (size_t k = 0; k < p->padded; k += LANES) {
                float even[LANES] = {0}, odd[LANES] = {0};
                for (size_t i = 0; i < p->n; i += 2)
                        for (size_t l = 0; l < LANES; l++) {
                                even[l] += p->weight[i] * agrees(p, k + l, i);
                                odd[l] += p->weight[i + 1] * agrees(p, k + l, i + 1);
                        }
                for (size_t l = 0; l < LANES; l++) {
                        float others = even[l] + odd[l] - p->weight[k + l];
                        p->vote[k + l] = others;
                        lane[l] += p->weight[k + l] * others * others * others;
                }
        }
        return total(lane);
}
