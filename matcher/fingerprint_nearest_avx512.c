/* Eight cylinders of the probe at a time, each against the same one of the row; counted by VPOPCNTDQ. */
#include <immintrin.h>

#include "matcher/fingerprint_first.h"

static inline __m512i probe_word(const struct lf_finger *probe, unsigned stride, unsigned w, unsigned lane)
{
        return _mm512_and_si512(_mm512_load_si512(probe->bits + w * stride + lane),
                                _mm512_set1_epi64((long long)lf_finger_code_mask(w)));
}

static inline __m512i differ(__m512i p, const uint64_t *b)
{
        return _mm512_popcnt_epi64(_mm512_xor_si512(p, _mm512_set1_epi64((long long)*b)));
}

/* From memory: a broadcast from a register would take the port that counts bits. */
#define FOUR(n) n, n + 1, n + 2, n + 3
#define MANY(n) FOUR(n), FOUR(n + 4), FOUR(n + 8), FOUR(n + 12)
static const uint64_t number[LF_FINGER_MINUTIA_MAX] = {MANY(0),  MANY(16), MANY(32), MANY(48),
                                                       MANY(64), MANY(80), MANY(96), MANY(112)};

static inline __m512i least_of(__m512i least, __m512i count, unsigned k)
{
        return _mm512_min_epu64(
            least, _mm512_or_si512(_mm512_slli_epi64(count, 7), _mm512_set1_epi64((long long)number[k])));
}

/* Two strands, as a minimum must wait for the one before. */
static inline __m512i first_of(__m512i p, const uint64_t *b, unsigned from, unsigned to, __m512i least)
{
        __m512i other = least;
        unsigned k = from;
        for (; k + 1 < to; k += 2) {
                least = least_of(least, differ(p, b + k), k);
                other = least_of(other, differ(p, b + k + 1), k + 1);
        }
        if (k < to)
                least = least_of(least, differ(p, b + k), k);
        return _mm512_min_epu64(least, other);
}

static void first(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        unsigned stride = lf_finger_stride(q->finger.row);
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned g = 0; g < q->groups; g++) {
                const struct lf_finger_window *v = &q->window[g];
                __m512i p = probe_word(&q->finger, stride, 0, g * LF_FINGER_LANES);
                __m512i least = _mm512_set1_epi64(LF_FINGER_NONE_FIRST);
                for (unsigned part = 0; part < v->parts; part++)
                        least = first_of(p, row->bits, at[v->from[part]], at[v->to[part]], least);
                _mm_store_si128((__m128i *)(key + g * LF_FINGER_LANES), _mm512_cvtepi64_epi16(least));
        }
}

static void nearest(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        unsigned stride = lf_finger_stride(q->finger.row), other = lf_finger_stride(row->row);
        const uint64_t *b0 = row->bits, *b1 = b0 + other, *b2 = b1 + other, *b3 = b2 + other;
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned g = 0; g < q->groups; g++) {
                const struct lf_finger_window *v = &q->window[g];
                const __m512i p0 = probe_word(&q->finger, stride, 0, g * LF_FINGER_LANES),
                              p1 = probe_word(&q->finger, stride, 1, g * LF_FINGER_LANES),
                              p2 = probe_word(&q->finger, stride, 2, g * LF_FINGER_LANES),
                              p3 = probe_word(&q->finger, stride, 3, g * LF_FINGER_LANES);
                __m512i least = _mm512_set1_epi64(LF_FINGER_NONE);
                for (unsigned part = 0; part < v->parts; part++)
                        for (unsigned k = at[v->from[part]]; k < at[v->to[part]]; k++) {
                                __m512i low = _mm512_add_epi64(differ(p0, b0 + k), differ(p1, b1 + k));
                                __m512i high = _mm512_add_epi64(differ(p2, b2 + k), differ(p3, b3 + k));
                                least = least_of(least, _mm512_add_epi64(low, high), k);
                        }
                _mm_store_si128((__m128i *)(key + g * LF_FINGER_LANES), _mm512_cvtepi64_epi16(least));
        }
}

#define KERNELS lf_finger_avx512
#define NAME    "avx512"
#include "matcher/fingerprint_geometry.h"
