/* Eight cylinders of the probe in two halves, each against the same one of the row; counted by a table of
 * sixteen in a register. */
#include <immintrin.h>

#include "matcher/fingerprint_cells.h"
#include "matcher/fingerprint_meet.h"
#include "matcher/fingerprint_plain.h"

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

/* A group of the probe, by all words, of which the code is compared. */
struct group {
        __m256i p[LF_FINGER_WORDS][2], least[2];
};

static inline struct group group_of(const struct lf_finger_query *q, unsigned g, unsigned words,
                                    unsigned none)
{
        struct group r;
        unsigned stride = lf_finger_stride(q->finger.row);
        for (unsigned half = 0; half < 2; half++) {
                r.least[half] = _mm256_set1_epi64x(none);
                for (unsigned w = 0; w < words; w++)
                        r.p[w][half] = _mm256_and_si256(
                            _mm256_load_si256((const __m256i *)(q->finger.bits + w * stride +
                                                                g * LF_FINGER_LANES + 4 * half)),
                            _mm256_set1_epi64x((long long)lf_finger_code_mask(w)));
        }
        return r;
}

static inline void hold_against(struct group *g, const struct lf_finger *row, unsigned k, unsigned words)
{
        unsigned stride = lf_finger_stride(row->row);
        __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (unsigned w = 0; w < words; w++) {
                __m256i b = _mm256_set1_epi64x((long long)row->bits[w * stride + k]);
                for (unsigned half = 0; half < 2; half++)
                        sum[half] = _mm256_add_epi8(sum[half], count(_mm256_xor_si256(g->p[w][half], b)));
        }
        for (unsigned half = 0; half < 2; half++)
                g->least[half] = least_of(g->least[half], sum[half], k);
}

static void first(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned i = 0; i < q->groups; i++) {
                struct lf_finger_span s = lf_finger_span(&q->window[i], at);
                struct group g = group_of(q, i, 1, LF_FINGER_NONE_FIRST);
                for (unsigned k = s.from, left = s.n; left > 0; left--) {
                        hold_against(&g, row, k, 1);
                        k = k + 1 < row->row->cylinders ? k + 1 : 0;
                }
                store(key + i * LF_FINGER_LANES, g.least);
                by_all(q, row, i, key);
        }
}

static void nearest(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned i = 0; i < q->groups; i++) {
                const struct lf_finger_window *v = &q->window[i];
                struct group g = group_of(q, i, LF_FINGER_WORDS, LF_FINGER_NONE);
                for (unsigned part = 0; part < v->parts; part++)
                        for (unsigned k = at[v->from[part]]; k < at[v->to[part]]; k++)
                                hold_against(&g, row, k, LF_FINGER_WORDS);
                store(key + i * LF_FINGER_LANES, g.least);
        }
}

#define KERNELS lf_finger_avx2
#define NAME    "avx2"
#include "matcher/fingerprint_geometry.h"
