/* Four cylinders a half step, counted by a table of sixteen in a register. */
#include <immintrin.h>

#include "matcher/fingerprint_groups.h"

static inline __m256i count(__m256i bits)
{
        const __m256i of = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2,
                                            2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(15);
        return _mm256_add_epi8(_mm256_shuffle_epi8(of, _mm256_and_si256(bits, low)),
                               _mm256_shuffle_epi8(of, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
}

/* The keys of lanes k .. k+3 of a row. */
static inline __m256i half(const struct lf_finger *row, unsigned k, const __m256i *p)
{
        const uint64_t *b =
            row->bits + k / LF_FINGER_LANES * LF_FINGER_LANES * LF_FINGER_WORDS + k % LF_FINGER_LANES;
        __m256i sum = _mm256_setzero_si256();
        for (unsigned w = 0; w < LF_FINGER_WORDS; w++)
                sum = _mm256_add_epi8(
                    sum, count(_mm256_xor_si256(
                             p[w], _mm256_load_si256((const __m256i *)(b + w * LF_FINGER_LANES)))));
        __m256i bias = _mm256_cvtepu16_epi64(_mm_loadl_epi64((const __m128i *)(row->bias + k)));
        __m256i d = _mm256_add_epi64(_mm256_sad_epu8(sum, _mm256_setzero_si256()), bias);
        __m256i lane = _mm256_add_epi64(_mm256_setr_epi64x(0, 1, 2, 3), _mm256_set1_epi64x(k));
        return _mm256_or_si256(_mm256_slli_epi64(d, 7), lane);
}

/* Keys are below 2^16: lanes compare as 32-bit numbers. */
static inline __m256i step(__m256i least, const struct lf_finger *row, unsigned g, const __m256i *p)
{
        unsigned k = g * LF_FINGER_LANES;
        return _mm256_min_epu32(least, _mm256_min_epu32(half(row, k, p), half(row, k + 4, p)));
}

static uint16_t lowest(__m256i v)
{
        __m128i m = _mm_min_epu32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        m = _mm_min_epu32(m, _mm_unpackhi_epi64(m, m));
        return (uint16_t)_mm_cvtsi128_si32(m);
}

static void nearest(const struct lf_finger *probe, const struct lf_finger *row, uint16_t *key)
{
        for (unsigned i = 0; i < probe->row->cylinders; i++) {
                const uint64_t *bits = lf_finger_bits_of(probe, i);
                struct lf_finger_ranges r = lf_finger_ranges(probe, row, i);
                __m256i p[LF_FINGER_WORDS];
                for (unsigned w = 0; w < LF_FINGER_WORDS; w++)
                        p[w] = _mm256_set1_epi64x((long long)bits[w * LF_FINGER_LANES]);
                __m256i least = _mm256_set1_epi64x(LF_FINGER_NONE);
                for (unsigned part = 0; part < 2; part++)
                        for (unsigned g = r.from[part]; g < r.to[part]; g++)
                                least = step(least, row, g, p);
                key[i] = lowest(least);
        }
}

#define NEAREST nearest
#define KERNELS lf_finger_avx2
#define NAME    "avx2"
#include "matcher/fingerprint_geometry.h"
