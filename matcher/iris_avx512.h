/* What the AVX-512 and the AMX kernel share. Included only where both are enabled. */
#pragma once

#include "matcher/iris_scan.h"

#include <immintrin.h>

#define LF_IRIS_DIFFER 0x28 /* (a ^ b) & c, as ternary logic */

/* n in the upper, d in the lower half of each lane, over one chunk. */
static inline __m512i lf_iris_count_avx512(__m512i mask, __m512i code, const struct lf_iris_chunk *probe)
{
        __m512i both = _mm512_and_si512(mask, _mm512_load_si512(probe->mask));
        __m512i differ =
            _mm512_ternarylogic_epi64(code, _mm512_load_si512(probe->code), both, LF_IRIS_DIFFER);
        return _mm512_add_epi64(_mm512_slli_epi64(_mm512_popcnt_epi64(both), 32),
                                _mm512_popcnt_epi64(differ));
}

/* As lf_iris_best. */
static inline struct lf_iris_match lf_iris_best_avx512(const struct lf_iris_chunk *chunk,
                                                       const struct lf_iris_rest *rest,
                                                       const struct lf_iris_line *line)
{
        struct lf_iris_match best = {.score = -1e9f};
        for (int t = -line->turn; t <= line->turn; t++) {
                const struct lf_iris_chunk *p = line->turned[t + LF_IRIS_TURN_MAX].chunk;
                __m512i sum =
                    lf_iris_count_avx512(_mm512_load_si512(chunk->mask), _mm512_load_si512(chunk->code), p);
                for (unsigned k = 1; k < LF_IRIS_CHUNKS; k++)
                        sum = _mm512_add_epi64(
                            sum, lf_iris_count_avx512(_mm512_load_si512(rest->chunk[k - 1].mask),
                                                      _mm512_load_si512(rest->chunk[k - 1].code), &p[k]));
                long long both = _mm512_reduce_add_epi64(sum);
                struct lf_iris_match m = {.turn = t, .n = (unsigned)(both >> 32), .d = (unsigned)both};
                m.score = (float)((int)m.n - 2 * (int)m.d) * lf_iris_factor[m.n];
                if (m.score > best.score)
                        best = m;
        }
        return best;
}
