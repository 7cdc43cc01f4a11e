/* Faces by AVX2: four rows of four values to a register, as 16-bit numbers, because the instruction for bytes
 * saturates. */
#include "matcher/face_scan.h"

#include <immintrin.h>
#include <string.h>

static void product_of(const uint8_t *g, const struct lf_face_probe *p, uint32_t padded, int32_t *ret)
{
        __m256i sum[4];
        for (unsigned i = 0; i < 4; i++)
                sum[i] = _mm256_setzero_si256();
        for (uint32_t k = 0; k < padded; k += 4, g += 64) {
                int32_t four;
                memcpy(&four, p->f.v + k, sizeof four);
                __m256i probe = _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
                for (unsigned i = 0; i < 4; i++) {
                        __m256i rows = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(g + 16 * i)));
                        sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(rows, probe));
                }
        }
        for (unsigned i = 0; i < 4; i++) {
                /* Two sums to a row. */
                int32_t two[8];
                _mm256_storeu_si256((__m256i *)two, sum[i]);
                for (unsigned r = 0; r < 4; r++)
                        ret[4 * i + r] = two[2 * r] + two[2 * r + 1];
        }
}

void lf_face_scan_avx2(const struct lf_face_span *span, struct lf_face_task *task, unsigned n, void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g++)
                for (unsigned i = 0; i < n; i++) {
                        int32_t product[LF_FACE_LANES];
                        product_of(lf_face_group(span, g), task[i].probe, span->padded, product);
                        unsigned mask = 0;
                        for (unsigned lane = 0; lane < LF_FACE_LANES; lane += 8) {
                                __m256 v =
                                    _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(product + lane)));
                                v = _mm256_mul_ps(v,
                                                  _mm256_loadu_ps(span->factor + g * LF_FACE_LANES + lane));
                                v = _mm256_cmp_ps(v, _mm256_set1_ps(task[i].cut), _CMP_GE_OQ);
                                mask |= (unsigned)_mm256_movemask_ps(v) << lane;
                        }
                        if (mask)
                                lf_face_take(span, g, mask, product, &task[i]);
                }
}
