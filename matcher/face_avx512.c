/* Faces by AVX-512 VNNI: sixteen rows at once, four values of each. */
#include "matcher/face_scan.h"

#include <immintrin.h>
#include <string.h>

#define TOGETHER 4 /* probes for which a group is loaded once */
#define STREAMS  8 /* groups that are read side by side: one stream of addresses does not fill the bus */
#define AHEAD    4 /* groups: half of them are the next ones; the processor's prefetcher brings the others */

static inline __m512i four_of(const struct lf_face_probe *p, uint32_t k)
{
        int32_t four;
        memcpy(&four, p->f.v + k, sizeof four);
        return _mm512_set1_epi32(four);
}

/* Sixteen rows' four values: the instruction wants one factor without signs, and a turned sign bit adds 128.
 */
static inline __m512i rows_of(const uint8_t *p)
{
        return _mm512_xor_si512(_mm512_load_si512(p), _mm512_set1_epi8((char)0x80));
}

static inline void judge(const struct lf_face_span *span, uint32_t g, __m512i sum, struct lf_face_task *t)
{
        sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(t->probe->bias));
        __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(span->factor + g * LF_FACE_LANES));
        unsigned mask = _mm512_cmp_ps_mask(v, _mm512_set1_ps(t->cut), _CMP_GE_OQ);
        if (!mask)
                return;
        int32_t product[LF_FACE_LANES];
        _mm512_storeu_si512(product, sum);
        lf_face_take(span, g, mask, product, t);
}

static void scan_one(const struct lf_face_span *span, uint32_t g, struct lf_face_task *t)
{
        const uint8_t *p = lf_face_group(span, g);
        __m512i a = _mm512_setzero_si512(), b = a;
        for (uint32_t k = 0; k < span->padded; k += 8, p += 128) {
                a = _mm512_dpbusd_epi32(a, rows_of(p), four_of(t->probe, k));
                b = _mm512_dpbusd_epi32(b, rows_of(p + 64), four_of(t->probe, k + 4));
        }
        judge(span, g, _mm512_add_epi32(a, b), t);
}

/* One probe with eight groups, side by side. */
static void scan_streams(const struct lf_face_span *span, uint32_t g, struct lf_face_task *t)
{
        const size_t size = (size_t)LF_FACE_LANES * span->padded;
        const uint8_t *p = lf_face_group(span, g);
        __m512i sum[STREAMS];
        for (unsigned i = 0; i < STREAMS; i++)
                sum[i] = _mm512_setzero_si512();
        for (uint32_t k = 0; k < span->padded; k += 4, p += 64) {
                __m512i four = four_of(t->probe, k);
                for (unsigned i = 0; i < STREAMS; i++) {
                        _mm_prefetch((const char *)p + (i + AHEAD) * size, _MM_HINT_T1);
                        sum[i] = _mm512_dpbusd_epi32(sum[i], rows_of(p + i * size), four);
                }
        }
        for (unsigned i = 0; i < STREAMS; i++)
                judge(span, g + i, sum[i], t);
}

static void scan_together(const struct lf_face_span *span, uint32_t g, struct lf_face_task *t)
{
        const uint8_t *p = lf_face_group(span, g);
        __m512i sum[TOGETHER];
        for (unsigned i = 0; i < TOGETHER; i++)
                sum[i] = _mm512_setzero_si512();
        for (uint32_t k = 0; k < span->padded; k += 4, p += 64) {
                __m512i rows = rows_of(p);
                for (unsigned i = 0; i < TOGETHER; i++)
                        sum[i] = _mm512_dpbusd_epi32(sum[i], rows, four_of(t[i].probe, k));
        }
        for (unsigned i = 0; i < TOGETHER; i++)
                judge(span, g, sum[i], &t[i]);
}

void lf_face_scan_avx512(const struct lf_face_span *span, struct lf_face_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t g = 0; g < span->groups;) {
                unsigned i = 0, groups = span->groups - g < STREAMS ? 1 : STREAMS;
                if (groups == STREAMS && n > 0)
                        scan_streams(span, g, &task[i++]);
                for (; i + TOGETHER <= n; i += TOGETHER)
                        for (unsigned k = 0; k < groups; k++)
                                scan_together(span, g + k, &task[i]);
                for (; i < n; i++)
                        for (unsigned k = 0; k < groups; k++)
                                scan_one(span, g + k, &task[i]);
                g += groups;
        }
}
