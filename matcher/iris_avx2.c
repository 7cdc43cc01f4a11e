/* Irises by AVX2: bits are counted a nibble at a time; eight rows at once. */
#include "matcher/iris_scan.h"

#include <immintrin.h>
#include <math.h>

/* Bytes hold at most 8 a word: after 31 words they are added up. */
#define RUN 31

static inline __m256i count_bytes(__m256i v)
{
        const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1,
                                               2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(15);
        return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
                               _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
}

static inline __m256i add_bytes(__m256i v)
{
        return _mm256_madd_epi16(_mm256_maddubs_epi16(v, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

/* n and d of eight rows under one rotation. */
static inline void count(const struct lf_iris_group *g, unsigned half, const uint32_t *pc, const uint32_t *pm,
                         unsigned words, __m256i *ret_n, __m256i *ret_d)
{
        __m256i n = _mm256_setzero_si256(), d = n;
        for (unsigned w = 0; w < words;) {
                __m256i n8 = _mm256_setzero_si256(), d8 = n8;
                unsigned end = w + RUN < words ? w + RUN : words;
                for (; w < end; w++) {
                        __m256i code = _mm256_load_si256((const __m256i *)&g->word[w].code[8 * half]);
                        __m256i mask = _mm256_load_si256((const __m256i *)&g->word[w].mask[8 * half]);
                        mask = _mm256_and_si256(mask, _mm256_set1_epi32((int)pm[w]));
                        code = _mm256_and_si256(_mm256_xor_si256(code, _mm256_set1_epi32((int)pc[w])), mask);
                        n8 = _mm256_add_epi8(n8, count_bytes(mask));
                        d8 = _mm256_add_epi8(d8, count_bytes(code));
                }
                n = _mm256_add_epi32(n, add_bytes(n8));
                d = _mm256_add_epi32(d, add_bytes(d8));
        }
        *ret_n = n;
        *ret_d = d;
}

/* Which of eight rows may reach the floor: the estimate errs by less than 1 in 2,000. */
static unsigned near(const struct lf_iris_group *g, unsigned half, const struct lf_iris_line *line,
                     float floor)
{
        if (!(floor > 0))
                return 0xff;
        __m256 best = _mm256_set1_ps(-1e9f);
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                __m256i n, d;
                count(g, half, line->turned[t].code, line->turned[t].mask, LF_IRIS_WORDS, &n, &d);
                __m256 s = _mm256_cvtepi32_ps(_mm256_sub_epi32(n, _mm256_add_epi32(d, d)));
                __m256 root = _mm256_rsqrt_ps(_mm256_cvtepi32_ps(_mm256_max_epi32(n, _mm256_set1_epi32(1))));
                best = _mm256_max_ps(best, _mm256_mul_ps(s, root));
        }
        float cut = floor * 2 * sqrtf(LF_IRIS_REFERENCE) * 0.999f;
        return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(best, _mm256_set1_ps(cut), _CMP_GE_OQ));
}

static unsigned first_stage(const struct lf_iris_group *g, const struct lf_iris_count *c, unsigned half,
                            const struct lf_iris_line *line)
{
        __m256i most = _mm256_setzero_si256();
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                __m256i n, d;
                count(g, half, line->turned[t].code, line->turned[t].mask, LF_IRIS_FIRST_WORDS, &n, &d);
                most = _mm256_max_epi32(most, _mm256_sub_epi32(n, _mm256_add_epi32(d, d)));
        }
        int32_t s[8];
        _mm256_storeu_si256((__m256i *)s, most);
        unsigned mask = 0;
        for (unsigned i = 0; i < 8; i++)
                mask |= (unsigned)lf_iris_first_passes(
                            s[i], lf_iris_first_cut(line->first_bits, c->first_bits[8 * half + i]))
                        << i;
        return mask;
}

void lf_iris_scan_avx2(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                       void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g++)
                for (unsigned i = 0; i < n; i++) {
                        const struct lf_iris_line *line = task[i].line;
                        const struct lf_iris_group *group = &span->group[g];
                        unsigned mask = 0;
                        for (unsigned half = 0; half < 2; half++)
                                mask |= (line->search == LF_IRIS_TWO_STAGES
                                             ? first_stage(group, &span->count[g], half, line)
                                             : near(group, half, line, task[i].topk->floor))
                                        << 8 * half;
                        lf_iris_take(span, g, mask, &task[i], lf_iris_best);
                }
}
