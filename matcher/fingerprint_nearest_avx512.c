/* Eight cylinders of the probe at a time, each against the same one of the row; counted by VPOPCNTDQ. */
#include "matcher/fingerprint_cells.h"
#include "matcher/fingerprint_meet_avx512.h"
#include "matcher/fingerprint_pairs_avx512.h"

static inline __m512i probe_word(const struct lf_finger *probe, unsigned stride, unsigned w, unsigned lane)
{
        return _mm512_and_si512(_mm512_load_si512(probe->bits + w * stride + lane),
                                _mm512_set1_epi64((long long)lf_finger_code_mask(w)));
}

static inline __m512i differ(__m512i p, const uint64_t *b)
{
        return _mm512_popcnt_epi64(_mm512_xor_si512(p, _mm512_set1_epi64((long long)*b)));
}

/* Each number, in the highest bits, from memory: a broadcast from a register would take the port that counts
 * bits. */
#define HIGH(n) (uint64_t)(n) << 57
#define FOUR(n) HIGH(n), HIGH(n + 1), HIGH(n + 2), HIGH(n + 3)
#define MANY(n) FOUR(n), FOUR(n + 4), FOUR(n + 8), FOUR(n + 12)
static const _Alignas(64) uint64_t number[LF_FINGER_MINUTIA_MAX] = {MANY(0),  MANY(16), MANY(32), MANY(48),
                                                                    MANY(64), MANY(80), MANY(96), MANY(112)};

/* Keys are below 2^16: as numbers of 32 bits, of which a minimum takes one step; of 64 bits it takes many. */
static inline __m512i least_of(__m512i least, __m512i count, const uint64_t *k)
{
        return _mm512_min_epu32(least, _mm512_shldi_epi64(count, _mm512_set1_epi64((long long)*k), 7));
}

/* A row's first words and their numbers, over and over, so that every span lies in one piece: loops that end
 * where none foresees it would cost more than what they compute. */
#define ROUNDS_MAX (2 * LF_FINGER_MINUTIA_MAX + 4)
struct rounds {
        _Alignas(64) uint64_t word[ROUNDS_MAX + 8], number[ROUNDS_MAX + 8];
};

static inline void lay_round(const struct lf_finger *row, struct rounds *r)
{
        unsigned n = row->row->cylinders;
        for (unsigned to = 0; to < 2 * n + 4; to += n)
                for (unsigned i = 0; i < n && to + i < 2 * n + 4; i += 8) {
                        _mm512_storeu_si512(r->word + to + i, _mm512_load_si512(row->bits + i));
                        _mm512_storeu_si512(r->number + to + i, _mm512_load_si512(number + i));
                }
}

/* What a group's first words chose, by all words. */
static inline __m512i by_all(const struct lf_finger_query *q, const struct lf_finger *row, unsigned g,
                             __m512i chosen)
{
        unsigned stride = lf_finger_stride(q->finger.row), other = lf_finger_stride(row->row);
        const __m512i none = _mm512_set1_epi64(LF_FINGER_NONE);
        __mmask8 some = _mm512_cmplt_epu64_mask(chosen, _mm512_set1_epi64(LF_FINGER_NONE_FIRST));
        __m512i k = _mm512_and_si512(chosen, _mm512_set1_epi64(127)), sum = _mm512_srli_epi64(chosen, 7);
        for (unsigned w = 1; w < LF_FINGER_WORDS; w++) {
                __m512i b = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), some, k,
                                                        row->bits + w * other, sizeof *row->bits);
                __m512i bits = _mm512_xor_si512(probe_word(&q->finger, stride, w, g * LF_FINGER_LANES), b);
                sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(bits));
        }
        __m512i key = _mm512_min_epu32(_mm512_or_si512(_mm512_slli_epi64(sum, 7), k), none);
        return _mm512_mask_mov_epi64(none, some, key);
}

static void first(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        struct rounds r;
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        lay_round(row, &r);
        for (unsigned g = 0; g < q->groups; g++) {
                struct lf_finger_span s = lf_finger_span(&q->window[g], at);
                const __m512i p = probe_word(&q->finger, 0, 0, g * LF_FINGER_LANES);
                __m512i least = _mm512_set1_epi64(LF_FINGER_NONE_FIRST), other = least;
                for (unsigned k = s.from; k < s.from + s.n; k += 4) {
                        least = least_of(least, differ(p, r.word + k), r.number + k);
                        other = least_of(other, differ(p, r.word + k + 1), r.number + k + 1);
                        least = least_of(least, differ(p, r.word + k + 2), r.number + k + 2);
                        other = least_of(other, differ(p, r.word + k + 3), r.number + k + 3);
                }
                least = by_all(q, row, g, _mm512_min_epu32(least, other));
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
                                least = least_of(least, _mm512_add_epi64(low, high), number + k);
                        }
                _mm_store_si128((__m128i *)(key + g * LF_FINGER_LANES), _mm512_cvtepi64_epi16(least));
        }
}

#define KERNELS lf_finger_avx512
#define NAME    "avx512"
#include "matcher/fingerprint_geometry.h"
