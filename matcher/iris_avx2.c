/* Irises by AVX2: bits are counted a nibble at a time. */
#include "matcher/iris_scan.h"

#include <immintrin.h>

static inline __m256i count_bytes(__m256i v)
{
        const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1,
                                               2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(15);
        return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, low)),
                               _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
}

/* Adds the bits of one chunk to bytes: at most 16 to each. */
static inline void count_chunk(const struct lf_iris_chunk *row, const struct lf_iris_chunk *probe, __m256i *n,
                               __m256i *d)
{
        for (unsigned i = 0; i < 8; i += 4) {
                __m256i both = _mm256_and_si256(_mm256_load_si256((const __m256i *)&row->mask[i]),
                                                _mm256_load_si256((const __m256i *)&probe->mask[i]));
                __m256i differ = _mm256_xor_si256(_mm256_load_si256((const __m256i *)&row->code[i]),
                                                  _mm256_load_si256((const __m256i *)&probe->code[i]));
                *n = _mm256_add_epi8(*n, count_bytes(both));
                *d = _mm256_add_epi8(*d, count_bytes(_mm256_and_si256(differ, both)));
        }
}

static inline int add_up(__m256i bytes)
{
        __m256i four = _mm256_sad_epu8(bytes, _mm256_setzero_si256());
        __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
        return (int)(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
}

/* As lf_iris_best. */
static struct lf_iris_match best_of(const struct lf_iris_chunk *chunk, const struct lf_iris_rest *rest,
                                    const struct lf_iris_line *line)
{
        struct lf_iris_match best = {.score = -1e9f};
        for (int t = -line->turn; t <= line->turn; t++) {
                const struct lf_iris_chunk *p = line->turned[t + LF_IRIS_TURN_MAX].chunk;
                __m256i n = _mm256_setzero_si256(), d = n;
                count_chunk(chunk, p, &n, &d);
                for (unsigned k = 1; k < LF_IRIS_CHUNKS; k++)
                        count_chunk(&rest->chunk[k - 1], &p[k], &n, &d);
                struct lf_iris_match m = {.turn = t, .n = (unsigned)add_up(n), .d = (unsigned)add_up(d)};
                m.score = (float)((int)m.n - 2 * (int)m.d) * lf_iris_factor[m.n];
                if (m.score > best.score)
                        best = m;
        }
        return best;
}

static bool first_stage(const struct lf_iris_span *s, uint32_t row, const struct lf_iris_line *line)
{
        int most = 0;
        for (int t = -line->turn; t <= line->turn; t++) {
                __m256i n = _mm256_setzero_si256(), d = n;
                count_chunk(&s->chunk[row], line->turned[t + LF_IRIS_TURN_MAX].chunk, &n, &d);
                int like = add_up(n) - 2 * add_up(d);
                most = like > most ? like : most;
        }
        unsigned bits = s->count[row / LF_IRIS_LANES].first_bits[row % LF_IRIS_LANES];
        return lf_iris_first_passes(most, lf_iris_first_cut(line->first_bits, bits));
}

void lf_iris_scan_avx2(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                       void *scratch)
{
        for (uint32_t row = 0; row < span->rows; row++)
                for (unsigned i = 0; i < n; i++)
                        if (task[i].line->search != LF_IRIS_TWO_STAGES ||
                            first_stage(span, row, task[i].line))
                                lf_iris_take(span, row, &task[i], best_of);
}
