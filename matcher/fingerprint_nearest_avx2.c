/* Eight cylinders of the probe in two halves, each against the same one of the row; counted by a table of
 * sixteen in a register. */
#include <immintrin.h>

#include "matcher/fingerprint_first.h"

/* Of each byte. */
static inline __m256i count(__m256i bits)
{
        const __m256i of = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2,
                                            2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(15);
        return _mm256_add_epi8(_mm256_shuffle_epi8(of, _mm256_and_si256(bits, low)),
                               _mm256_shuffle_epi8(of, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
}

/* Keys are below 2^16: lanes compare as 32-bit numbers. */
static inline __m256i least_of(__m256i least, __m256i bytes, unsigned k)
{
        __m256i d = _mm256_slli_epi64(_mm256_sad_epu8(bytes, _mm256_setzero_si256()), 7);
        return _mm256_min_epu32(least, _mm256_or_si256(d, _mm256_set1_epi64x(k)));
}

static void store(uint16_t *key, const __m256i *least)
{
        for (unsigned half = 0; half < 2; half++) {
                uint64_t lane[4];
                _mm256_storeu_si256((__m256i *)lane, least[half]);
                for (unsigned l = 0; l < 4; l++)
                        key[4 * half + l] = (uint16_t)lane[l];
        }
}

static inline void compare(const struct lf_finger_query *q, const struct lf_finger *row, unsigned words,
                           unsigned none, uint16_t *key)
{
        unsigned stride = lf_finger_stride(q->finger.row), other = lf_finger_stride(row->row);
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned g = 0; g < q->groups; g++) {
                const struct lf_finger_window *v = &q->window[g];
                __m256i p[LF_FINGER_WORDS][2], least[2];
                for (unsigned half = 0; half < 2; half++) {
                        least[half] = _mm256_set1_epi64x(none);
                        for (unsigned w = 0; w < words; w++)
                                p[w][half] = _mm256_and_si256(
                                    _mm256_load_si256((const __m256i *)(q->finger.bits + w * stride +
                                                                        g * LF_FINGER_LANES + 4 * half)),
                                    _mm256_set1_epi64x((long long)lf_finger_code_mask(w)));
                }
                for (unsigned part = 0; part < v->parts; part++)
                        for (unsigned k = at[v->from[part]]; k < at[v->to[part]]; k++) {
                                __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
                                for (unsigned w = 0; w < words; w++) {
                                        __m256i b = _mm256_set1_epi64x((long long)row->bits[w * other + k]);
                                        for (unsigned half = 0; half < 2; half++)
                                                sum[half] = _mm256_add_epi8(
                                                    sum[half], count(_mm256_xor_si256(p[w][half], b)));
                                }
                                for (unsigned half = 0; half < 2; half++)
                                        least[half] = least_of(least[half], sum[half], k);
                        }
                store(key + g * LF_FINGER_LANES, least);
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

#define KERNELS lf_finger_avx2
#define NAME    "avx2"
#include "matcher/fingerprint_geometry.h"
