/* Eight cylinders a step, counted by VPOPCNTDQ. */
#include <immintrin.h>

#include "matcher/fingerprint_groups.h"

static inline __m512i step(__m512i least, const struct lf_finger *row, unsigned g, const __m512i *p)
{
        const uint64_t *b = row->bits + g * LF_FINGER_LANES * LF_FINGER_WORDS;
        __m512i d0 = _mm512_popcnt_epi64(_mm512_xor_si512(p[0], _mm512_load_si512(b)));
        __m512i d1 = _mm512_popcnt_epi64(_mm512_xor_si512(p[1], _mm512_load_si512(b + 8)));
        __m512i d2 = _mm512_popcnt_epi64(_mm512_xor_si512(p[2], _mm512_load_si512(b + 16)));
        __m512i d3 = _mm512_popcnt_epi64(_mm512_xor_si512(p[3], _mm512_load_si512(b + 24)));
        __m512i bias =
            _mm512_cvtepu16_epi64(_mm_load_si128((const __m128i *)(row->bias + g * LF_FINGER_LANES)));
        __m512i d = _mm512_add_epi64(_mm512_add_epi64(d0, d1), _mm512_add_epi64(d2, d3));
        __m512i lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
        d = _mm512_slli_epi64(_mm512_add_epi64(d, bias), 7);
        d = _mm512_or_si512(d, _mm512_add_epi64(lane, _mm512_set1_epi64((long long)g * LF_FINGER_LANES)));
        return _mm512_min_epu64(least, d);
}

static void nearest(const struct lf_finger *probe, const struct lf_finger *row, uint16_t *key)
{
        for (unsigned i = 0; i < probe->row->cylinders; i++) {
                const uint64_t *bits = lf_finger_bits_of(probe, i);
                struct lf_finger_ranges r = lf_finger_ranges(probe, row, i);
                const __m512i p[LF_FINGER_WORDS] = {
                    _mm512_set1_epi64((long long)bits[0]),
                    _mm512_set1_epi64((long long)bits[LF_FINGER_LANES]),
                    _mm512_set1_epi64((long long)bits[2 * LF_FINGER_LANES]),
                    _mm512_set1_epi64((long long)bits[3 * LF_FINGER_LANES]),
                };
                __m512i least = _mm512_set1_epi64(LF_FINGER_NONE);
                for (unsigned g = r.from[0]; g < r.to[0]; g++)
                        least = step(least, row, g, p);
                for (unsigned g = r.from[1]; g < r.to[1]; g++)
                        least = step(least, row, g, p);
                key[i] = (uint16_t)_mm_cvtsi128_si32(_mm_minpos_epu16(_mm512_cvtepi64_epi16(least)));
        }
}

#define NEAREST nearest
#define KERNELS lf_finger_avx512
#define NAME    "avx512"
#include "matcher/fingerprint_geometry.h"
