/* Which pairs of a row are unusual, and how well they agree. Pairs are found as 16-bit numbers, 32 at a time:
 * what a pair's minutiae are is looked up in registers, as gathering from memory costs several times that. */
#pragma once

#include "matcher/fingerprint_avx512.h"

#define WIDE 32
struct found {
        unsigned n;
        _Alignas(64) float over[LF_FINGER_MINUTIA_MAX]; /* of each cylinder of the probe */
        int32_t weight[LF_FINGER_MINUTIA_MAX];
        /* Of each pair; the last vector's other lanes are of no pair. */
        uint16_t a[LF_FINGER_MINUTIA_MAX + WIDE], b[LF_FINGER_MINUTIA_MAX + WIDE],
            turn[LF_FINGER_MINUTIA_MAX + WIDE];
};

/* table[at], of n. */
static inline __m512i look_up(const void *table, unsigned n, __m512i at)
{
        const uint16_t *t = table;
        __m512i r = _mm512_permutex2var_epi16(_mm512_maskz_loadu_epi16(lanes32(n), t), at,
                                              _mm512_maskz_loadu_epi16(lanes32(n > 32 ? n - 32 : 0), t + 32));
        if (n <= 64)
                return r;
        __m512i more =
            _mm512_permutex2var_epi16(_mm512_maskz_loadu_epi16(lanes32(n - 64), t + 64), at,
                                      _mm512_maskz_loadu_epi16(lanes32(n > 96 ? n - 96 : 0), t + 96));
        return _mm512_mask_mov_epi16(r, _mm512_test_epi16_mask(at, _mm512_set1_epi16(64)), more);
}

/* Which of the probe's cylinders are nearer than usual, and by how much each is. */
static inline void nearer(const uint16_t *key, unsigned n, const float *mean, const float *scale, float least,
                          struct found *f)
{
        f->n = 0;
        for (unsigned from = 0; from < n; from += 64) {
                uint64_t set = 0;
                for (unsigned i = from; i < n && i < from + 64; i += LANES) {
                        __m512i k = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(key + i)));
                        __m512 differ = _mm512_cvtepi32_ps(_mm512_srli_epi32(k, 7));
                        __m512 over = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(mean + i), differ),
                                                    _mm512_loadu_ps(scale + i));
                        __mmask16 more = _mm512_cmp_ps_mask(over, _mm512_set1_ps(least), _CMP_GT_OQ);
                        _mm512_store_ps(f->over + i, over);
                        _mm512_store_si512(f->weight + i,
                                           _mm512_cvttps_epi32(_mm512_mul_ps(over, _mm512_set1_ps(WEIGHT))));
                        set |= (uint64_t)(more & lanes16(n - i)) << (i - from);
                }
                __m512i i = _mm512_add_epi8(_mm512_load_si512(index64), _mm512_set1_epi8((char)from));
                i = _mm512_maskz_compress_epi8(set, i);
                _mm512_storeu_si512(f->a + f->n, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(i)));
                if (_mm_popcnt_u64(set) > WIDE)
                        _mm512_storeu_si512(f->a + f->n + WIDE,
                                            _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(i, 1)));
                f->n += (unsigned)_mm_popcnt_u64(set);
        }
}

static inline void find_pairs(const struct lf_finger_query *q, const struct lf_finger *row,
                              const uint16_t *key, const float *mean, const float *scale, float least,
                              struct found *f)
{
        unsigned stride = lf_finger_stride(q->finger.row);
        nearer(key, stride, mean, scale, least, f);
        for (unsigned k = 0; k < f->n; k += WIDE) {
                __m512i a = _mm512_load_si512(f->a + k);
                __m512i b = _mm512_and_si512(look_up(key, stride, a), _mm512_set1_epi16(127));
                __m512i turn = _mm512_sub_epi16(look_up(row->angle, lf_finger_padded(row->row), b),
                                                look_up(q->finger.angle, lf_finger_padded(q->finger.row), a));
                _mm512_store_si512(f->b + k, b);
                _mm512_store_si512(f->turn + k, turn);
        }
}

/* The pair of neighbouring bins with the most weight; of equal ones the last. */
static inline unsigned heaviest(const struct found *f)
{
        __m512i low = _mm512_setzero_si512(), high = low;
        for (unsigned k = 0; k < f->n; k++) {
                unsigned bin = f->turn[k] / TURN_BIN;
                uint32_t both = 1u << bin | 1u << (bin + TURN_BINS - 1) % TURN_BINS;
                __m512i weight = _mm512_set1_epi32(f->weight[f->a[k]]);
                low = _mm512_mask_add_epi32(low, (__mmask16)both, low, weight);
                high = _mm512_mask_add_epi32(high, (__mmask16)(both >> 16), high, weight);
        }
        low = _mm512_add_epi32(_mm512_slli_epi32(low, 5), _mm512_load_si512(count32));
        high = _mm512_add_epi32(_mm512_slli_epi32(high, 5), _mm512_load_si512(count32 + 16));
        return (unsigned)_mm512_reduce_max_epi32(_mm512_max_epi32(low, high)) % TURN_BINS;
}

static inline void of_one_turn(struct found *f)
{
        __m512i from = _mm512_set1_epi16((short)((heaviest(f) - 1) * TURN_BIN));
        unsigned n = 0;
        for (unsigned k = 0; k < f->n; k += WIDE) {
                __m512i turn = _mm512_load_si512(f->turn + k), a = _mm512_load_si512(f->a + k),
                        b = _mm512_load_si512(f->b + k);
                __mmask32 some =
                    _mm512_cmplt_epu16_mask(_mm512_sub_epi16(turn, from), _mm512_set1_epi16(4 * TURN_BIN));
                some &= lanes32(f->n - k);
                _mm512_storeu_si512(f->a + n, _mm512_maskz_compress_epi16(some, a));
                _mm512_storeu_si512(f->b + n, _mm512_maskz_compress_epi16(some, b));
                _mm512_storeu_si512(f->turn + n, _mm512_maskz_compress_epi16(some, turn));
                n += (unsigned)__builtin_popcount(some);
        }
        f->n = n;
}

/* Sixteen of `quarters` from the `at`th, as pixels. */
static inline __m512 pixels(__mmask16 some, __m512i quarters, unsigned at)
{
        __m256i half = at ? _mm512_extracti64x4_epi64(quarters, 1) : _mm512_castsi512_si256(quarters);
        return _mm512_maskz_mul_ps(some, _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(half)),
                                   _mm512_set1_ps(0.25f));
}

static inline __m512 gather(__mmask16 some, const float *from, __m512i at)
{
        return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), some, at, from, sizeof *from);
}

static void unusual(const struct lf_finger_query *q, const struct lf_finger *row, const uint16_t *key,
                    const float *mean, const float *scale, float least, struct lf_finger_pairs *p)
{
        struct found f;
        unsigned of_a = lf_finger_padded(q->finger.row), of_b = lf_finger_padded(row->row);
        find_pairs(q, row, key, mean, scale, least, &f);
        if (least > 0)
                of_one_turn(&f);
        p->n = f.n;
        p->padded = (f.n + LANES - 1) / LANES * LANES;
        for (unsigned k = 0; k < f.n; k += WIDE) {
                __m512i a = _mm512_load_si512(f.a + k), b = _mm512_load_si512(f.b + k);
                __m512i ax = look_up(q->finger.x, of_a, a), ay = look_up(q->finger.y, of_a, a);
                __m512i bx = look_up(row->x, of_b, b), by = look_up(row->y, of_b, b);
                _mm256_storeu_si256((__m256i *)(p->a + k), _mm512_cvtepi16_epi8(a));
                _mm256_storeu_si256((__m256i *)(p->b + k), _mm512_cvtepi16_epi8(b));
                for (unsigned h = 0; h < WIDE && k + h < f.n; h += LANES) {
                        __mmask16 some = lanes16(f.n - k - h);
                        __m256i at = _mm256_load_si256((const __m256i *)(f.a + k + h)),
                                turn = _mm256_load_si256((const __m256i *)(f.turn + k + h));
                        turn = _mm256_srli_epi16(_mm256_add_epi16(turn, _mm256_set1_epi16(32)), 6);
                        __m512i i = _mm512_slli_epi32(_mm512_cvtepu16_epi32(turn), 1);
                        __m512 over = gather(some, f.over, _mm512_cvtepu16_epi32(at));
                        _mm512_store_ps(p->weight + k + h, _mm512_sqrt_ps(over));
                        _mm512_store_ps(p->ax + k + h, pixels(some, ax, h));
                        _mm512_store_ps(p->ay + k + h, pixels(some, ay, h));
                        _mm512_store_ps(p->bx + k + h, pixels(some, bx, h));
                        _mm512_store_ps(p->by + k + h, pixels(some, by, h));
                        _mm512_store_ps(p->c + k + h, gather(some, &lf_finger_turns->c, i));
                        _mm512_store_ps(p->s + k + h, gather(some, &lf_finger_turns->s, i));
                }
        }
}

/* Eight pairs, twice: each half holds them against another one. */
static inline __m512 twice(const float *eight)
{
        return _mm512_broadcast_f32x8(_mm256_load_ps(eight));
}

/* Up to eight pairs, as most rows have, in as many steps whatever their number: one that is foreseen wrongly
 * costs more. */
static float agreement_of_eight(struct lf_finger_pairs *p)
{
        const __m512 ax = twice(p->ax), ay = twice(p->ay), bx = twice(p->bx), by = twice(p->by),
                     c = twice(p->c), s = twice(p->s), weight = twice(p->weight);
        const __m512 one = _mm512_set1_ps(1), zero = _mm512_setzero_ps();
        const __m512i magic = _mm512_set1_epi32(RECIPROCAL_BITS);
        __m512 vote = zero;
#pragma GCC unroll 4
        for (int i = 0; i < 8; i += 2) {
                const __m512i at = _mm512_inserti64x4(_mm512_set1_epi32(i), _mm256_set1_epi32(i + 1), 1);
                __m512 ci = _mm512_permutexvar_ps(at, c), si = _mm512_permutexvar_ps(at, s);
                __m512 dot = _mm512_add_ps(_mm512_mul_ps(c, ci), _mm512_mul_ps(s, si));
                __m512 scale = _mm512_add_ps(_mm512_set1_ps(0.5f),
                                             _mm512_mul_ps(_mm512_set1_ps(0.13f), _mm512_sub_ps(one, dot)));
                __m512 cm = _mm512_mul_ps(_mm512_add_ps(c, ci), scale),
                       sm = _mm512_mul_ps(_mm512_add_ps(s, si), scale);
                __m512 dx = _mm512_sub_ps(_mm512_permutexvar_ps(at, ax), ax),
                       dy = _mm512_sub_ps(_mm512_permutexvar_ps(at, ay), ay);
                __m512 u = _mm512_sub_ps(_mm512_sub_ps(_mm512_mul_ps(cm, dx), _mm512_mul_ps(sm, dy)),
                                         _mm512_sub_ps(_mm512_permutexvar_ps(at, bx), bx));
                __m512 v = _mm512_sub_ps(_mm512_add_ps(_mm512_mul_ps(sm, dx), _mm512_mul_ps(cm, dy)),
                                         _mm512_sub_ps(_mm512_permutexvar_ps(at, by), by));
                __m512 length = _mm512_add_ps(_mm512_mul_ps(dx, dx), _mm512_mul_ps(dy, dy));
                __m512 may = _mm512_add_ps(_mm512_set1_ps(FIRST_BASE),
                                           _mm512_mul_ps(_mm512_set1_ps(FIRST_GROWTH), length));
                __m512 r = _mm512_castsi512_ps(_mm512_sub_epi32(magic, _mm512_castps_si512(may)));
                r = _mm512_mul_ps(r, _mm512_sub_ps(_mm512_set1_ps(2), _mm512_mul_ps(may, r)));
                __m512 off = _mm512_add_ps(_mm512_mul_ps(u, u), _mm512_mul_ps(v, v));
                __m512 fit = _mm512_max_ps(_mm512_sub_ps(one, _mm512_mul_ps(off, r)), zero);
                __mmask16 turned = _mm512_cmp_ps_mask(dot, _mm512_set1_ps(FIRST_TURN_DOT), _CMP_GT_OQ);
                __m512 says = _mm512_maskz_mul_ps(turned, _mm512_permutexvar_ps(at, weight), fit);
                vote = _mm512_add_ps(vote, says);
        }
        __m256 mine = _mm512_castps512_ps256(weight);
        __m256 others =
            _mm256_sub_ps(_mm256_add_ps(_mm512_castps512_ps256(vote), _mm512_extractf32x8_ps(vote, 1)), mine);
        _mm512_store_ps(p->vote, _mm512_zextps256_ps512(others));
        __m256 eight = _mm256_mul_ps(_mm256_mul_ps(_mm256_mul_ps(mine, others), others), others);
        __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
        __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static float agreement(struct lf_finger_pairs *p)
{
        return p->n > 0 && p->n <= 8 ? agreement_of_eight(p) : agreement_of_any(p);
}
