/* Parts of the first stage for instruction sets that have no better way to compute them. */
#pragma once

#include "matcher/fingerprint_first.h"

/* The bits by which `words` words of the probe's cylinder i and the row's k differ, as a key. */
static inline unsigned differ(const struct lf_finger_query *q, unsigned i, const struct lf_finger *row,
                              unsigned k, unsigned words)
{
        unsigned d = 0;
        for (unsigned w = 0; w < words; w++)
                d += (unsigned)__builtin_popcountll(
                    (q->finger.bits[w * lf_finger_stride(q->finger.row) + i] & lf_finger_code_mask(w)) ^
                    row->bits[w * lf_finger_stride(row->row) + k]);
        return d << 7 | k;
}

/* What a group's first words chose, by all words. */
static void by_all(const struct lf_finger_query *q, const struct lf_finger *row, unsigned g, uint16_t *key)
{
        for (unsigned i = g * LF_FINGER_LANES; i < (g + 1) * LF_FINGER_LANES; i++) {
                unsigned found = LF_FINGER_NONE;
                if (key[i] < LF_FINGER_NONE_FIRST)
                        found = differ(q, i, row, key[i] & 127, LF_FINGER_WORDS);
                key[i] = (uint16_t)(found < LF_FINGER_NONE ? found : LF_FINGER_NONE);
        }
}

/* The indices of what is more than `least`; room for one more than there are. */
static size_t above(const float *value, size_t n, float least, uint8_t *which)
{
        size_t m = 0;
        for (size_t i = 0; i < n; i++) {
                which[m] = (uint8_t)i;
                m += value[i] > least;
        }
        return m;
}

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

static void unusual(const struct lf_finger_query *q, const struct lf_finger *row,
                    const uint16_t *restrict key, const float *restrict mean, const float *restrict scale,
                    float least, struct lf_finger_pairs *restrict p)
{
        float over[LF_FINGER_MINUTIA_MAX];
        int32_t weight[LF_FINGER_MINUTIA_MAX];
        uint8_t which[LF_FINGER_MINUTIA_MAX + 1];
        uint16_t turn[LF_FINGER_MINUTIA_MAX];
        size_t padded = lf_finger_stride(q->finger.row);
        for (size_t i = 0; i < padded; i++) {
                over[i] = (mean[i] - (float)(int32_t)(key[i] >> 7)) * scale[i];
                weight[i] = (int32_t)(over[i] * WEIGHT);
        }
        size_t n = above(over, padded, least, which);
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

static float agreement(struct lf_finger_pairs *p)
{
        return agreement_of_any(p);
}
