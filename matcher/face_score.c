/* What becomes of a product, and the scan that needs no instruction set: the reference for the others. */
#include "matcher/face_scan.h"

#include <math.h>

/* However the probe was rounded, that changes its product with a row by the rest's length times the row's at
 * most. */
void lf_face_set_cut(const struct lf_face_span *s, struct lf_face_task *t)
{
        float floor = t->topk->floor;
        t->cut = floor == -INFINITY
                     ? -INFINITY
                     : lf_face_cosine_below(&s->spread, floor) / t->probe->f.factor - t->probe->rest_length;
}

/* Sixteen sums, whatever a compiler makes of them. */
static float rest_product(const struct lf_face_probe *p, const uint8_t *group, unsigned lane)
{
        float sum[16] = {0};
        const uint8_t *row = group + lane * 4;
        for (unsigned k = 0; k < p->f.padded; k += 16, row += 4 * LF_FACE_LANES * 4)
                for (unsigned i = 0; i < 16; i++)
                        sum[i] += p->rest[k + i] * (float)(int8_t)row[i / 4 * LF_FACE_LANES * 4 + i % 4];
        for (unsigned n = 8; n > 0; n /= 2)
                for (unsigned i = 0; i < n; i++)
                        sum[i] += sum[i + n];
        return sum[0];
}

float lf_face_cosine(const struct lf_face_span *s, uint32_t row, const struct lf_face_probe *p,
                     int32_t product)
{
        float all = (float)product;
        if (p->rest_length > 0)
                all += rest_product(p, lf_face_group(s, row / LF_FACE_LANES), row % LF_FACE_LANES);
        return all * s->factor[row] * p->f.factor;
}

void lf_face_take(const struct lf_face_span *s, uint32_t g, unsigned mask,
                  const int32_t product[LF_FACE_LANES], struct lf_face_task *t)
{
        float floor = t->topk->floor;
        for (mask &= lf_face_lanes(s, g); mask; mask &= mask - 1) {
                unsigned lane = (unsigned)__builtin_ctz(mask);
                uint32_t row = g * LF_FACE_LANES + lane;
                if ((float)product[lane] * s->factor[row] < t->cut)
                        continue;
                float cosine = lf_face_cosine(s, row, t->probe, product[lane]);
                lf_topk_push(t->topk, s->record[row], s->first + row, lf_face_score(&s->spread, cosine));
        }
        if (t->topk->floor != floor)
                lf_face_set_cut(s, t);
}

void lf_face_scan_scalar(const struct lf_face_span *span, struct lf_face_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g++)
                for (unsigned i = 0; i < n; i++) {
                        const uint8_t *p = lf_face_group(span, g);
                        int32_t product[LF_FACE_LANES] = {0};
                        for (uint32_t k = 0; k < span->padded; k += 4)
                                for (unsigned lane = 0; lane < LF_FACE_LANES; lane++)
                                        for (unsigned j = 0; j < 4; j++)
                                                product[lane] += (int8_t)*p++ * task[i].probe->f.v[k + j];
                        lf_face_take(span, g, 0xffff, product, &task[i]);
                }
}
