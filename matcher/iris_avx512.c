/* Irises by AVX-512: sixteen rows at once, bits counted by VPOPCNTDQ. */
#include "matcher/iris_avx512.h"

#include <math.h>

#define DIFFER_IN_BOTH 0x28 /* (a ^ b) & c */

/* n and d of sixteen rows under one rotation. */
static inline void count(const struct lf_iris_group *g, const uint32_t *pc, const uint32_t *pm,
                         unsigned words, bool fetch, __m512i *ret_n, __m512i *ret_d)
{
        __m512i n = _mm512_setzero_si512(), d = n;
        for (unsigned w = 0; w < words; w++) {
                __m512i mask = _mm512_load_si512(g->word[w].mask), code = _mm512_load_si512(g->word[w].code);
                if (fetch) {
                        _mm_prefetch((const char *)&g[LF_IRIS_AHEAD].word[w].code, _MM_HINT_T0);
                        _mm_prefetch((const char *)&g[LF_IRIS_AHEAD].word[w].mask, _MM_HINT_T0);
                }
                mask = _mm512_and_si512(mask, _mm512_set1_epi32((int)pm[w]));
                code = _mm512_ternarylogic_epi32(code, _mm512_set1_epi32((int)pc[w]), mask, DIFFER_IN_BOTH);
                n = _mm512_add_epi32(n, _mm512_popcnt_epi32(mask));
                d = _mm512_add_epi32(d, _mm512_popcnt_epi32(code));
        }
        *ret_n = n;
        *ret_d = d;
}

/* Which rows may reach the floor: the estimate errs by less than 1 in 10,000. */
static unsigned near(const struct lf_iris_group *g, const struct lf_iris_line *line, float floor, bool fetch)
{
        if (!(floor > 0))
                return 0xffff;
        __m512 best = _mm512_set1_ps(-1e9f);
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                __m512i n, d;
                count(g, line->turned[t].code, line->turned[t].mask, LF_IRIS_WORDS, fetch, &n, &d);
                fetch = false;
                __m512 s = _mm512_cvtepi32_ps(_mm512_sub_epi32(n, _mm512_add_epi32(d, d)));
                __m512 root =
                    _mm512_rsqrt14_ps(_mm512_cvtepi32_ps(_mm512_max_epi32(n, _mm512_set1_epi32(1))));
                best = _mm512_max_ps(best, _mm512_mul_ps(s, root));
        }
        float cut = floor * 2 * sqrtf(LF_IRIS_REFERENCE) * 0.9998f;
        return _mm512_cmp_ps_mask(best, _mm512_set1_ps(cut), _CMP_GE_OQ);
}

static unsigned first_stage(const struct lf_iris_group *g, const struct lf_iris_count *c,
                            const struct lf_iris_line *line, bool fetch)
{
        __m512i most = _mm512_setzero_si512();
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                __m512i n, d;
                count(g, line->turned[t].code, line->turned[t].mask, LF_IRIS_FIRST_WORDS, fetch, &n, &d);
                fetch = false;
                most = _mm512_max_epi32(most, _mm512_sub_epi32(n, _mm512_add_epi32(d, d)));
        }
        return lf_iris_first_avx512(most, c, line);
}

void lf_iris_scan_avx512(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g++)
                for (unsigned i = 0; i < n; i++) {
                        const struct lf_iris_line *line = task[i].line;
                        unsigned mask = line->search == LF_IRIS_TWO_STAGES
                                            ? first_stage(&span->group[g], &span->count[g], line, i == 0)
                                            : near(&span->group[g], line, task[i].topk->floor, i == 0);
                        if (mask)
                                lf_iris_take(span, g, mask, &task[i], lf_iris_best_avx512);
                }
}
