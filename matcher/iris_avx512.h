/* What the AVX-512 and the AMX kernel share. Included only where both are enabled. */
#pragma once

#include "matcher/iris_scan.h"

#include <immintrin.h>

/* As lf_iris_best, eight words at a time. */
static inline struct lf_iris_match lf_iris_best_avx512(const struct lf_iris_group *g, unsigned lane,
                                                       const struct lf_iris_line *line)
{
        const __m512i place = _mm512_mullo_epi32(
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(32));
        __m512i code[4], mask[4];
        for (unsigned i = 0; i < 4; i++) {
                code[i] = _mm512_i32gather_epi32(place, &g->word[16 * i].code[lane], 4);
                mask[i] = _mm512_i32gather_epi32(place, &g->word[16 * i].mask[lane], 4);
        }
        struct lf_iris_match best = {.score = -1e9f};
        for (int t = -line->turn; t <= line->turn; t++) {
                const uint32_t *pc = line->turned[t + LF_IRIS_TURN_MAX].code,
                               *pm = line->turned[t + LF_IRIS_TURN_MAX].mask;
                __m512i n = _mm512_setzero_si512(), d = n;
                for (unsigned i = 0; i < 4; i++) {
                        __m512i both = _mm512_and_si512(mask[i], _mm512_load_si512(pm + 16 * i));
                        __m512i differ =
                            _mm512_and_si512(_mm512_xor_si512(code[i], _mm512_load_si512(pc + 16 * i)), both);
                        n = _mm512_add_epi64(n, _mm512_popcnt_epi64(both));
                        d = _mm512_add_epi64(d, _mm512_popcnt_epi64(differ));
                }
                long long sum = _mm512_reduce_add_epi64(_mm512_add_epi64(_mm512_slli_epi64(n, 32), d));
                struct lf_iris_match m = {.turn = t, .n = (unsigned)(sum >> 32), .d = (unsigned)sum};
                m.score = (float)((int)m.n - 2 * (int)m.d) * lf_iris_factor[m.n];
                if (m.score > best.score)
                        best = m;
        }
        return best;
}

/* Which lanes pass the first stage, by each lane's best n - 2 d. */
static inline unsigned lf_iris_first_avx512(__m512i most, const struct lf_iris_count *c,
                                            const struct lf_iris_line *line)
{
        /* The same operations in the same order as lf_iris_first_cut. */
        __m512 cut = _mm512_set1_ps(LF_IRIS_FIRST_SIGMAS * LF_IRIS_FIRST_SIGMAS * (float)line->first_bits);
        __m512 bits =
            _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm256_load_si256((const __m256i *)c->first_bits)));
        cut = _mm512_div_ps(_mm512_mul_ps(cut, bits), _mm512_set1_ps(32 * LF_IRIS_FIRST_WORDS));
        __m512 square = _mm512_cvtepi32_ps(_mm512_mullo_epi32(most, most));
        return _mm512_cmp_ps_mask(square, cut, _CMP_GE_OQ) &
               _mm512_cmpgt_epi32_mask(most, _mm512_setzero_si512());
}

#define LF_IRIS_AHEAD 2 /* groups that are fetched ahead of their use */
