/* Irises by AVX-512: eight rows at once, bits counted by VPOPCNTDQ. */
#include "matcher/iris_avx512.h"

#include <math.h>

#define ROWS    8  /* taken together */
#define AHEAD   64 /* rows */
#define STREAMS 8  /* groups that are read side by side: one stream of addresses does not fill the bus */

/* The sum of each of eight vectors' lanes, in order. */
static inline __m512i add_up(const __m512i v[ROWS])
{
        __m512i pair[4], four[2];
        for (unsigned i = 0; i < 4; i++)
                pair[i] = _mm512_add_epi64(_mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]),
                                           _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
        for (unsigned i = 0; i < 2; i++)
                four[i] = _mm512_add_epi64(
                    _mm512_permutex2var_epi64(pair[2 * i], _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13),
                                              pair[2 * i + 1]),
                    _mm512_permutex2var_epi64(pair[2 * i], _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15),
                                              pair[2 * i + 1]));
        return _mm512_add_epi64(_mm512_shuffle_i64x2(four[0], four[1], 0x44),
                                _mm512_shuffle_i64x2(four[0], four[1], 0xee));
}

/* n and d of eight rows under one rotation, over all chunks. */
static inline __m512i count(const struct lf_iris_span *s, const uint32_t row[ROWS],
                            const struct lf_iris_chunk *probe)
{
        __m512i v[ROWS];
        for (unsigned i = 0; i < ROWS; i++) {
                const struct lf_iris_chunk *c = &s->chunk[row[i]], *r = s->rest[row[i]].chunk;
                v[i] = lf_iris_count_avx512(_mm512_load_si512(c->mask), _mm512_load_si512(c->code), probe);
                for (unsigned k = 1; k < LF_IRIS_CHUNKS; k++, r++)
                        v[i] = _mm512_add_epi64(v[i],
                                                lf_iris_count_avx512(_mm512_load_si512(r->mask),
                                                                     _mm512_load_si512(r->code), &probe[k]));
        }
        return add_up(v);
}

/* n - 2 d of each lane; n, if wanted. */
static inline __m512i likeness(__m512i counts, __m512i *ret_n)
{
        __m512i d = _mm512_and_si512(counts, _mm512_set1_epi64(0xffffffff));
        *ret_n = _mm512_srli_epi64(counts, 32);
        return _mm512_sub_epi64(*ret_n, _mm512_add_epi64(d, d));
}

/* Which rows may reach the floor: the estimate errs by less than 1 in 10,000. */
static unsigned near(const struct lf_iris_span *s, const uint32_t row[ROWS], const struct lf_iris_line *line,
                     float floor)
{
        if (!(floor > 0))
                return 0xff;
        __m256 best = _mm256_set1_ps(-1e9f);
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                __m512i n, like = likeness(count(s, row, line->turned[t].chunk), &n);
                __m256 root =
                    _mm256_rsqrt14_ps(_mm512_cvtepi64_ps(_mm512_max_epi64(n, _mm512_set1_epi64(1))));
                best = _mm256_max_ps(best, _mm256_mul_ps(_mm512_cvtepi64_ps(like), root));
        }
        float cut = floor * 2 * sqrtf(LF_IRIS_REFERENCE) * 0.9998f;
        return _mm256_cmp_ps_mask(best, _mm256_set1_ps(cut), _CMP_GE_OQ);
}

/* Which of eight rows, from `row` on, pass the first stage. */
static unsigned first_stage(const struct lf_iris_span *s, uint32_t row, const struct lf_iris_line *line)
{
        __m512i mask[ROWS], code[ROWS], v[ROWS], n, most = _mm512_setzero_si512();
        for (unsigned i = 0; i < ROWS; i++) {
                mask[i] = _mm512_load_si512(s->chunk[row + i].mask);
                code[i] = _mm512_load_si512(s->chunk[row + i].code);
        }
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++) {
                for (unsigned i = 0; i < ROWS; i++)
                        v[i] = lf_iris_count_avx512(mask[i], code[i], line->turned[t].chunk);
                most = _mm512_max_epi64(most, likeness(add_up(v), &n));
        }
        unsigned pass = 0;
        int64_t best[ROWS];
        _mm512_storeu_si512(best, most);
        const uint16_t *bits = &s->count[row / LF_IRIS_LANES].first_bits[row % LF_IRIS_LANES];
        for (unsigned i = 0; i < ROWS; i++)
                pass |=
                    (unsigned)lf_iris_first_passes((int)best[i], lf_iris_first_cut(line->first_bits, bits[i]))
                    << i;
        return pass;
}

static void take(const struct lf_iris_span *s, const uint32_t row[ROWS], unsigned mask,
                 const struct lf_iris_task *t)
{
        for (; mask; mask &= mask - 1)
                lf_iris_take(s, row[__builtin_ctz(mask)], t, lf_iris_best_avx512);
}

/* The rows four groups further on: half of them belong to the next eight groups, and the processor's own
 * prefetcher, having seen those, brings the others. */
static inline __attribute__((always_inline)) void fetch(const struct lf_iris_span *s,
                                                        const uint32_t row[ROWS])
{
        for (unsigned k = 0; k < ROWS; k++) {
                const struct lf_iris_chunk *c = &s->chunk[row[k] + AHEAD], *r = s->rest[row[k] + AHEAD].chunk;
                _mm_prefetch((const char *)c->mask, _MM_HINT_T1);
                _mm_prefetch((const char *)c->code, _MM_HINT_T1);
                for (unsigned i = 1; i < LF_IRIS_CHUNKS; i++, r++) {
                        _mm_prefetch((const char *)r->mask, _MM_HINT_T1);
                        _mm_prefetch((const char *)r->code, _MM_HINT_T1);
                }
        }
}

/* One row of each of eight groups: streams that memory delivers side by side. */
static void scan_exactly(const struct lf_iris_span *s, uint32_t g, unsigned streams,
                         const struct lf_iris_task *task)
{
        for (unsigned i = 0; i < streams * LF_IRIS_LANES; i += ROWS) {
                uint32_t row[ROWS];
                for (unsigned k = 0; k < ROWS; k++)
                        row[k] =
                            g * LF_IRIS_LANES +
                            (streams == STREAMS ? k % STREAMS * LF_IRIS_LANES + (i + k) / STREAMS : i + k);
                fetch(s, row);
                take(s, row, near(s, row, task->line, task->topk->floor), task);
        }
}

static void scan_in_stages(const struct lf_iris_span *s, uint32_t g, unsigned groups,
                           const struct lf_iris_task *task)
{
        for (uint32_t first = g * LF_IRIS_LANES; first < (g + groups) * LF_IRIS_LANES; first += ROWS) {
                uint32_t row[ROWS];
                for (unsigned k = 0; k < ROWS; k++)
                        row[k] = first + k;
                take(s, row, first_stage(s, first, task->line), task);
        }
}

void lf_iris_scan_avx512(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g += STREAMS) {
                unsigned groups = span->groups - g < STREAMS ? span->groups - g : STREAMS;
                for (unsigned i = 0; i < n; i++)
                        if (task[i].line->search == LF_IRIS_TWO_STAGES)
                                scan_in_stages(span, g, groups, &task[i]);
                        else
                                scan_exactly(span, g, groups, &task[i]);
        }
}
