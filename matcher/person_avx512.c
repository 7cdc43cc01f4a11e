/* The kernels for AVX-512: a word's letters in one lane each, 64 words side by side. */
#include <immintrin.h>

#include "matcher/person_kernel.h"
#include "matcher/person_token.h"

/* What the bits of one word each cost. */
static __m512i cost_of(__m512i lower, __m512i upper)
{
        __m512i twice = _mm512_popcnt_epi32(upper);
        return _mm512_add_epi32(_mm512_popcnt_epi32(lower), _mm512_add_epi32(twice, twice));
}

static unsigned possible(const uint64_t *signature, unsigned n, uint64_t probe, unsigned own, unsigned theirs,
                         uint32_t first, uint32_t *ret)
{
        const __m512i lowers = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
                      uppers = _mm512_add_epi32(lowers, _mm512_set1_epi32(1)),
                      probe_lower = _mm512_set1_epi32((int)probe),
                      probe_upper = _mm512_set1_epi32((int)(probe >> 32)),
                      most_own = _mm512_set1_epi32((int)own), most_theirs = _mm512_set1_epi32((int)theirs);
        __m512i number =
            _mm512_add_epi32(_mm512_set1_epi32((int)first),
                             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
        unsigned found = 0;
        for (unsigned i = 0; i < n; i += LF_KERNEL_WORDS) {
                __mmask16 live = n - i < LF_KERNEL_WORDS ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;
                __m512i a = _mm512_maskz_loadu_epi64((__mmask8)live, signature + i),
                        b = _mm512_maskz_loadu_epi64((__mmask8)(live >> 8), signature + i + 8),
                        lower = _mm512_permutex2var_epi32(a, lowers, b),
                        upper = _mm512_permutex2var_epi32(a, uppers, b);
                __mmask16 like = _mm512_mask_cmple_epu32_mask(
                    live,
                    cost_of(_mm512_andnot_si512(lower, probe_lower), _mm512_andnot_si512(upper, probe_upper)),
                    most_own);
                like = _mm512_mask_cmple_epu32_mask(
                    like,
                    cost_of(_mm512_andnot_si512(probe_lower, lower), _mm512_andnot_si512(probe_upper, upper)),
                    most_theirs);
                _mm512_storeu_si512(ret + found, _mm512_maskz_compress_epi32(like, number));
                found += (unsigned)__builtin_popcount(like);
                number = _mm512_add_epi32(number, _mm512_set1_epi32(LF_KERNEL_WORDS));
        }
        return found;
}

/* letter[j]: the letters j of all words. Four words a register, then the 16 x 16 bytes of each of its four
 * quarters turned over. */
static void turn(const uint8_t (*word)[LF_KERNEL_LETTERS], const uint32_t *id, unsigned count,
                 __m512i letter[LF_KERNEL_LETTERS])
{
        __m512i a[16], b[16];
        for (unsigned k = 0; k < 16; k++) {
                __m512i four = _mm512_setzero_si512();
#define QUARTER(q)                                                                                           \
        if (16 * (q) + k < count)                                                                            \
        four = _mm512_inserti32x4(four, _mm_loadu_si128((const __m128i *)word[id[16 * (q) + k]]), q)
                QUARTER(0);
                QUARTER(1);
                QUARTER(2);
                QUARTER(3);
#undef QUARTER
                a[k] = four;
        }
        for (unsigned k = 0; k < 8; k++) {
                b[2 * k] = _mm512_unpacklo_epi8(a[k], a[k + 8]);
                b[2 * k + 1] = _mm512_unpackhi_epi8(a[k], a[k + 8]);
        }
        for (unsigned k = 0; k < 8; k++) {
                a[2 * k] = _mm512_unpacklo_epi8(b[k], b[k + 8]);
                a[2 * k + 1] = _mm512_unpackhi_epi8(b[k], b[k + 8]);
        }
        for (unsigned k = 0; k < 8; k++) {
                b[2 * k] = _mm512_unpacklo_epi8(a[k], a[k + 8]);
                b[2 * k + 1] = _mm512_unpackhi_epi8(a[k], a[k + 8]);
        }
        for (unsigned k = 0; k < 8; k++) {
                letter[2 * k] = _mm512_unpacklo_epi8(b[k], b[k + 8]);
                letter[2 * k + 1] = _mm512_unpackhi_epi8(b[k], b[k + 8]);
        }
}

/* What leaving each letter out costs. */
static void gaps(const struct lf_costs *k, const __m512i *letter, unsigned m, __m512i *ret)
{
        const __m512i vowels = _mm512_set1_epi8(LF_CODE_VOWELS), h = _mm512_set1_epi8(LF_CODE_H);
        for (unsigned j = 0; j < m; j++) {
                __m512i gap = _mm512_set1_epi8((char)k->other);
                gap = _mm512_mask_blend_epi8(_mm512_cmpeq_epi8_mask(letter[j], h), gap,
                                             _mm512_set1_epi8((char)k->h));
                gap = _mm512_mask_blend_epi8(_mm512_cmplt_epu8_mask(letter[j], vowels), gap,
                                             _mm512_set1_epi8((char)k->vowel_gap));
                if (j > 0)
                        gap = _mm512_mask_blend_epi8(_mm512_cmpeq_epi8_mask(letter[j], letter[j - 1]), gap,
                                                     _mm512_set1_epi8((char)k->doubled));
                ret[j] = gap;
        }
}

static void distance(const uint8_t *a, unsigned n, const uint8_t (*word)[LF_KERNEL_LETTERS],
                     const uint32_t *id, const uint8_t *length, unsigned count, uint8_t *ret)
{
        unsigned m = 0;
        for (unsigned i = 0; i < count; i++)
                m = length[i] > m ? length[i] : m;
        const struct lf_costs *k = (n > m ? n : m) < LF_COSTS_LONG ? &lf_costs_short : &lf_costs_long;
        __m512i letter[LF_KERNEL_LETTERS], gap[LF_KERNEL_LETTERS], rows[3][LF_KERNEL_LETTERS + 1];
        __m512i *two = rows[0], *one = rows[1], *now = rows[2];
        turn(word, id, count, letter);
        gaps(k, letter, m, gap);
        one[0] = _mm512_setzero_si512();
        for (unsigned j = 0; j < m; j++)
                one[j + 1] = _mm512_add_epi8(one[j], gap[j]);
        const __m512i other = _mm512_set1_epi8((char)k->other), swap = _mm512_set1_epi8((char)k->swap);
        for (unsigned i = 0; i < n; i++) {
                const uint8_t l = a[i], before = i > 0 ? a[i - 1] : l;
                const struct lf_kin kin = lf_kin_of(k, l);
                const uint8_t out = i > 0 && l == before ? k->doubled
                                    : l < LF_CODE_VOWELS ? k->vowel_gap
                                    : l == LF_CODE_H     ? k->h
                                                         : k->other;
                const __m512i own = _mm512_set1_epi8((char)l), gone = _mm512_set1_epi8((char)out),
                              first = _mm512_set1_epi8((char)kin.first), kins = _mm512_set1_epi8((char)kin.n),
                              near = _mm512_set1_epi8((char)kin.cost),
                              former = _mm512_set1_epi8((char)before);
                __m512i left = now[0] = _mm512_add_epi8(one[0], gone);
                __mmask64 turned = 0; /* words whose letter before is this one of the name's */
                for (unsigned j = 0; j < m; j++) {
                        __mmask64 kindred = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(letter[j], first), kins),
                                  same = _mm512_cmpeq_epi8_mask(letter[j], own);
                        __m512i cost = _mm512_mask_blend_epi8(kindred, other, near);
                        cost = _mm512_maskz_mov_epi8(~same, cost);
                        __m512i d =
                            _mm512_min_epu8(_mm512_add_epi8(one[j], cost), _mm512_add_epi8(one[j + 1], gone));
                        d = _mm512_min_epu8(d, _mm512_add_epi8(left, gap[j]));
                        if (l != before && j > 0)
                                d = _mm512_mask_min_epu8(d,
                                                         turned & _mm512_cmpeq_epi8_mask(letter[j], former),
                                                         d, _mm512_add_epi8(two[j - 1], swap));
                        turned = same;
                        now[j + 1] = left = d;
                }
                __m512i *spare = two;
                two = one, one = now, now = spare;
        }
        uint8_t last[LF_KERNEL_LETTERS + 1][LF_KERNEL_LANES];
        for (unsigned j = 0; j <= m; j++)
                _mm512_storeu_si512(last[j], one[j]);
        for (unsigned i = 0; i < count; i++)
                ret[i] = last[length[i]][i];
}

const struct lf_person_kernel lf_person_kernel_avx512 = {possible, distance};
