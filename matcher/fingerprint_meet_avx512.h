/* What matcher/fingerprint_meet.h computes, by AVX-512. Few minutiae lie near any other: those that may are
 * found first, 64 at a time by bytes, and only they are looked at closely. */
#pragma once

#include "matcher/fingerprint_avx512.h"
#include "matcher/fingerprint_laid.h"

/* How coarse bytes are: quarters of a pixel, and 1/65536 of a turn, as powers of two. */
#define COARSE_PLACE 3
#define COARSE_TURN  8

/* a, placed: as it is, and coarse, four times in 32 bits, with what may differ added. */
struct placed {
        struct lf_finger_laid fine;
        _Alignas(64) uint32_t coarse_x[LF_FINGER_MINUTIA_MAX], coarse_y[LF_FINGER_MINUTIA_MAX],
            coarse_angle[LF_FINGER_MINUTIA_MAX];
        unsigned place, turn; /* how much coarse places and angles may differ */
};

static inline __m512i words(const void *w)
{
        return _mm512_cvtepi16_epi32(_mm256_loadu_si256(w));
}

/* The lowest byte of each number, plus n, in all four. */
static inline __m512i four_times(__m512i v, unsigned n)
{
        const __m512i lowest = _mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0);
        return _mm512_shuffle_epi8(_mm512_add_epi32(v, _mm512_set1_epi32((int)n)), lowest);
}

static void lay(const struct lf_finger *a, const struct lf_finger_placement *p, struct placed *ret)
{
        const __m512 c = _mm512_set1_ps(p->c), s = _mm512_set1_ps(p->s);
        const __m512 shift_x = _mm512_set1_ps(4 * p->x), shift_y = _mm512_set1_ps(4 * p->y);
        const __m512 unit = _mm512_set1_ps(1.0f / (1 << COARSE_PLACE));
        const __m512i low = _mm512_set1_epi32(-128), high = _mm512_set1_epi32(127);
        for (unsigned i = 0; i < a->row->n; i += LANES) {
                __m512 ax = _mm512_cvtepi32_ps(words(a->x + i)), ay = _mm512_cvtepi32_ps(words(a->y + i));
                __m512 x = _mm512_add_ps(_mm512_sub_ps(_mm512_mul_ps(c, ax), _mm512_mul_ps(s, ay)), shift_x);
                __m512 y = _mm512_add_ps(_mm512_add_ps(_mm512_mul_ps(s, ax), _mm512_mul_ps(c, ay)), shift_y);
                __m512i angle = _mm512_add_epi32(words(a->angle + i), _mm512_set1_epi32(p->turn));
                __m512i qx = _mm512_cvtps_epi32(_mm512_mul_ps(x, unit)),
                        qy = _mm512_cvtps_epi32(_mm512_mul_ps(y, unit));
                qx = _mm512_min_epi32(_mm512_max_epi32(qx, low), high);
                qy = _mm512_min_epi32(_mm512_max_epi32(qy, low), high);
                _mm512_store_ps(ret->fine.x + i, x);
                _mm512_store_ps(ret->fine.y + i, y);
                _mm512_store_si512(ret->fine.angle + i, angle);
                _mm512_store_si512(ret->coarse_x + i, four_times(qx, ret->place));
                _mm512_store_si512(ret->coarse_y + i, four_times(qy, ret->place));
                _mm512_store_si512(ret->coarse_angle + i,
                                   four_times(_mm512_srli_epi32(angle, COARSE_TURN), ret->turn));
        }
}

/* 64 numbers as coarse bytes; those past the last are not read. */
static inline __m512i coarse_places(const int16_t *v, uint64_t valid)
{
        const __m512i half = _mm512_set1_epi16(1 << (COARSE_PLACE - 1));
        __m512i low = _mm512_maskz_loadu_epi16((__mmask32)valid, v),
                high = _mm512_maskz_loadu_epi16((__mmask32)(valid >> 32), v + 32);
        low = _mm512_srai_epi16(_mm512_adds_epi16(low, half), COARSE_PLACE);
        high = _mm512_srai_epi16(_mm512_adds_epi16(high, half), COARSE_PLACE);
        return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtsepi16_epi8(low)),
                                  _mm512_cvtsepi16_epi8(high), 1);
}

static inline __m512i coarse_angles(const uint16_t *v, uint64_t valid)
{
        __m512i low = _mm512_maskz_loadu_epi16((__mmask32)valid, v),
                high = _mm512_maskz_loadu_epi16((__mmask32)(valid >> 32), v + 32);
        return _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm512_cvtepi16_epi8(_mm512_srli_epi16(low, COARSE_TURN))),
            _mm512_cvtepi16_epi8(_mm512_srli_epi16(high, COARSE_TURN)), 1);
}

/* Pairs that may be near; with 64 more there are less than 256, which BZHI takes for none. */
#define NEAR_MAX 128
struct near {
        uint8_t a[NEAR_MAX + 64], b[NEAR_MAX + 64];
};

/* What is sought. */
struct search {
        const struct placed *a;
        const struct lf_finger *b;
        float near, turn;
        int32_t *row, *column;
};

/* One number of each minutia of 16 pairs. */
static inline __m512i pick(const void *of, __m512i which)
{
        return _mm512_i32gather_epi32(which, of, 2);
}
static inline __m512i as_signed(__m512i low_words)
{
        return _mm512_srai_epi32(_mm512_slli_epi32(low_words, 16), 16);
}

static inline __m512 at_least_0(__m512 v)
{
        return _mm512_max_ps(v, _mm512_setzero_ps());
}

/* How close the pairs are, joined to the best of each. */
static void join(const struct search *s, const struct near *pairs, unsigned n)
{
        const __m512 one = _mm512_set1_ps(1), near = _mm512_set1_ps(s->near), turn = _mm512_set1_ps(s->turn);
        int32_t close[LANES];
        uint8_t a[LANES], b[LANES];
        for (unsigned h = 0; h < n; h += LANES) {
                __mmask16 valid = lanes16(n - h);
                __m512i ia = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, pairs->a + h)),
                        ib = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, pairs->b + h));
                __m512 dx = _mm512_sub_ps(_mm512_i32gather_ps(ia, s->a->fine.x, 4),
                                          _mm512_cvtepi32_ps(as_signed(pick(s->b->x, ib)))),
                       dy = _mm512_sub_ps(_mm512_i32gather_ps(ia, s->a->fine.y, 4),
                                          _mm512_cvtepi32_ps(as_signed(pick(s->b->y, ib))));
                __m512i angle = _mm512_i32gather_epi32(ia, s->a->fine.angle, 4);
                __m512 off = _mm512_cvtepi32_ps(as_signed(_mm512_sub_epi32(angle, pick(s->b->angle, ib))));
                __m512 d = _mm512_add_ps(_mm512_mul_ps(dx, dx), _mm512_mul_ps(dy, dy));
                __m512 place = at_least_0(_mm512_sub_ps(one, _mm512_mul_ps(d, near)));
                __m512 direction =
                    at_least_0(_mm512_sub_ps(one, _mm512_mul_ps(_mm512_mul_ps(off, off), turn)));
                __m512i v = _mm512_cvttps_epi32(
                    _mm512_mul_ps(_mm512_mul_ps(place, direction), _mm512_set1_ps(LF_FINGER_CLOSE)));
                __mmask16 met = _mm512_mask_cmpgt_epi32_mask(valid, v, _mm512_setzero_si512());
                _mm512_storeu_si512(close, _mm512_maskz_compress_epi32(met, _mm512_slli_epi32(v, 8)));
                _mm_storeu_si128((__m128i *)a, _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(met, ia)));
                _mm_storeu_si128((__m128i *)b, _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(met, ib)));
                for (int k = 0, all = __builtin_popcount(met); k < all; k++) {
                        int32_t of_row = close[k] + b[k], of_column = close[k] + a[k];
                        int32_t *row = &s->row[a[k]], *column = &s->column[b[k]];
                        *row = of_row > *row ? of_row : *row;
                        *column = of_column > *column ? of_column : *column;
                }
        }
}

/* Those that are each other's best. */
static void each_other(const int32_t *row, const int32_t *column, unsigned rows,
                       struct lf_finger_meeting *ret)
{
        const __m512i low = _mm512_set1_epi32(255);
        unsigned n = 0;
        for (unsigned i = 0; i < rows; i += LANES) {
                __m512i at = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)index64)),
                                              _mm512_set1_epi32((int)i));
                __m512i best = _mm512_load_si512(row + i), k = _mm512_and_si512(best, low);
                __mmask16 met = _mm512_cmpgt_epi32_mask(best, low);
                __m512i back = _mm512_and_si512(_mm512_i32gather_epi32(k, column, 4), low);
                met = _mm512_mask_cmpeq_epi32_mask(met, back, at);
                _mm512_storeu_si512(ret->close + n,
                                    _mm512_maskz_compress_epi32(met, _mm512_srli_epi32(best, 8)));
                _mm_storeu_si128((__m128i *)(ret->a + n),
                                 _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(met, at)));
                _mm_storeu_si128((__m128i *)(ret->b + n),
                                 _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(met, k)));
                n += (unsigned)__builtin_popcount(met);
        }
        ret->n = n;
}

/* A byte that is at most the limit differs by no more than n from what n was added to. */
static inline __m512i limit(unsigned n)
{
        return _mm512_set1_epi8((char)(2 * n < 255 ? 2 * n : 255));
}

/* Finds the pairs that may be near, and joins them. */
static void find(const struct search *s, unsigned rows, unsigned columns)
{
        const struct placed *a = s->a;
        const struct lf_finger *b = s->b;
        const __m512i place = limit(a->place), turn = limit(a->turn);
        struct near pairs;
        unsigned n = 0;
        for (unsigned from = 0; from < columns; from += 64) {
                uint64_t valid = _bzhi_u64(~(uint64_t)0, columns - from);
                const __m512i bx = coarse_places(b->x + from, valid), by = coarse_places(b->y + from, valid),
                              towards = coarse_angles(b->angle + from, valid);
                const __m512i index =
                    _mm512_add_epi8(_mm512_load_si512(index64), _mm512_set1_epi8((char)from));
                __m512i row = _mm512_setzero_si512();
                for (unsigned i = 0; i < rows; i++) {
                        __m512i x = _mm512_sub_epi8(_mm512_set1_epi32((int)a->coarse_x[i]), bx),
                                y = _mm512_sub_epi8(_mm512_set1_epi32((int)a->coarse_y[i]), by),
                                t = _mm512_sub_epi8(_mm512_set1_epi32((int)a->coarse_angle[i]), towards);
                        uint64_t may = _mm512_mask_cmple_epu8_mask(valid, x, place);
                        may = _mm512_mask_cmple_epu8_mask(may, y, place);
                        may = _mm512_mask_cmple_epu8_mask(may, t, turn);
                        _mm512_storeu_si512(pairs.b + n, _mm512_maskz_compress_epi8(may, index));
                        _mm512_storeu_si512(pairs.a + n, row);
                        row = _mm512_add_epi8(row, _mm512_set1_epi8(1));
                        n += (unsigned)__builtin_popcountll(may);
                        if (n > NEAR_MAX) {
                                join(s, &pairs, n);
                                n = 0;
                        }
                }
        }
        join(s, &pairs, n);
}

static void meet(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_placement *p,
                 float radius, struct lf_finger_meeting *ret)
{
        const float turn = lf_finger_tuning->turn;
        const unsigned rows = a->row->n, columns = b->row->n;
        _Alignas(64) int32_t row[LF_FINGER_MINUTIA_MAX], column[LF_FINGER_MINUTIA_MAX];
        struct placed placed;
        placed.place = (unsigned)(radius * 4) / (1 << COARSE_PLACE) + 1;
        placed.turn = (unsigned)turn / (1 << COARSE_TURN) + 1;
        struct search s = {&placed, b, 1 / (16 * radius * radius), 1 / (turn * turn), row, column};
        lay(a, p, &placed);
        for (unsigned i = 0; i < rows; i += LANES)
                _mm512_store_si512(row + i, _mm512_setzero_si512());
        for (unsigned k = 0; k < columns; k += LANES)
                _mm512_store_si512(column + k, _mm512_setzero_si512());
        find(&s, rows, columns);
        each_other(row, column, rows, ret);
}

static unsigned within(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_placement *p)
{
        const __m256 u = _mm256_load_ps(lf_finger_axis_u), v = _mm256_load_ps(lf_finger_axis_v);
        const __m256 c = _mm256_set1_ps(p->c), s = _mm256_set1_ps(p->s);
        const __m256 shift =
            _mm256_mul_ps(_mm256_set1_ps(4), _mm256_add_ps(_mm256_mul_ps(u, _mm256_set1_ps(p->x)),
                                                           _mm256_mul_ps(v, _mm256_set1_ps(p->y))));
        const __m512 support = _mm512_cvtepi32_ps(words(b->support));
        _Alignas(32) float au[LF_FINGER_AXES], av[LF_FINGER_AXES], most[LF_FINGER_AXES],
            least[LF_FINGER_AXES];
        _mm256_store_ps(au, _mm256_add_ps(_mm256_mul_ps(u, c), _mm256_mul_ps(v, s)));
        _mm256_store_ps(av, _mm256_sub_ps(_mm256_mul_ps(v, c), _mm256_mul_ps(u, s)));
        _mm256_store_ps(most, _mm256_sub_ps(_mm512_castps512_ps256(support), shift));
        _mm256_store_ps(least, _mm256_sub_ps(_mm256_setzero_ps(),
                                             _mm256_add_ps(_mm512_extractf32x8_ps(support, 1), shift)));
        unsigned n = 0, all = a->row->n;
        for (unsigned i = 0; i < all; i += LANES) {
                __m512 x = _mm512_cvtepi32_ps(words(a->x + i)), y = _mm512_cvtepi32_ps(words(a->y + i));
                __mmask16 in = lanes16(all - i), too = in;
#pragma GCC unroll 8
                for (unsigned h = 0; h < LF_FINGER_AXES; h++) {
                        __m512 along = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(au[h]), x),
                                                     _mm512_mul_ps(_mm512_set1_ps(av[h]), y));
                        in = _mm512_mask_cmp_ps_mask(in, along, _mm512_set1_ps(most[h]), _CMP_LE_OQ);
                        too = _mm512_mask_cmp_ps_mask(too, along, _mm512_set1_ps(least[h]), _CMP_GE_OQ);
                }
                n += (unsigned)__builtin_popcount((unsigned)(in & too));
        }
        return n;
}
