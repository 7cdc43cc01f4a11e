/* The reference: what every instruction set computes. */
#include "matcher/fingerprint_first.h"

static void compare(const struct lf_finger_query *q, const struct lf_finger *row, unsigned words,
                    unsigned none, uint16_t *key)
{
        unsigned stride = lf_finger_stride(q->finger.row), other = lf_finger_stride(row->row);
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned i = 0; i < stride; i++) {
                const struct lf_finger_window *v = &q->window[i / LF_FINGER_LANES];
                unsigned least = none;
                for (unsigned part = 0; part < v->parts; part++)
                        for (unsigned k = at[v->from[part]]; k < at[v->to[part]]; k++) {
                                unsigned d = 0;
                                for (unsigned w = 0; w < words; w++)
                                        d += (unsigned)__builtin_popcountll(
                                            (q->finger.bits[w * stride + i] & lf_finger_code_mask(w)) ^
                                            row->bits[w * other + k]);
                                least = (d << 7 | k) < least ? d << 7 | k : least;
                        }
                key[i] = (uint16_t)least;
        }
}

static void first(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        compare(q, row, 1, LF_FINGER_NONE_FIRST, key);
}

static void nearest(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        compare(q, row, LF_FINGER_WORDS, LF_FINGER_NONE, key);
}

#define KERNELS lf_finger_scalar
#define NAME    "scalar"
#include "matcher/fingerprint_geometry.h"
