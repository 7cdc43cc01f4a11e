/* Embeddings read from the wire, and rounded. */
#include "matcher/face_scan.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"

static int defective(struct lf_defect *d, uint16_t code, size_t offset)
{
        *d = (struct lf_defect){.code = code, .offset = (uint32_t)offset};
        return -EBADMSG;
}

static float get_float(const uint8_t *p)
{
        uint32_t bits = lf_get_le32(p);
        float f;
        memcpy(&f, &bits, sizeof f);
        return f;
}

/* Steps to a float: the largest value becomes 127. INFINITY where all are zero. */
static double step_of(const uint8_t *p, unsigned dims)
{
        float most = 0;
        for (unsigned i = 0; i < dims; i++)
                most = fmaxf(most, fabsf(get_float(p + 4 * i)));
        return 127 / (double)most;
}

static int read_floats(const uint8_t *p, struct lf_face_vector *ret, double *ret_step, struct lf_defect *d)
{
        for (unsigned i = 0; i < ret->dims; i++)
                if (!isfinite(get_float(p + 4 * i)))
                        return defective(d, LF_DEFECT_VALUE, sizeof(struct lf_face_head) + 4 * i);
        double step = step_of(p, ret->dims);
        if (isinf(step))
                return defective(d, LF_DEFECT_VALUE, sizeof(struct lf_face_head));
        for (unsigned i = 0; i < ret->dims; i++)
                ret->v[i] = (int8_t)lrint((double)get_float(p + 4 * i) * step);
        *ret_step = step;
        return 0;
}

static int read_bytes(const uint8_t *p, struct lf_face_vector *ret, struct lf_defect *d)
{
        float scale = get_float(p);
        if (!isfinite(scale) || scale <= 0)
                return defective(d, LF_DEFECT_VALUE, sizeof(struct lf_face_head));
        memcpy(ret->v, p + 4, ret->dims);
        return 0;
}

static int check_head(const struct lf_face_head *h, size_t size, struct lf_defect *d)
{
        if (h->model == 0)
                return defective(d, LF_DEFECT_MODEL, 0);
        if (h->dims < LF_FACE_DIMS_MIN || h->dims > LF_FACE_DIMS_MAX)
                return defective(d, LF_DEFECT_NUMBER, 4);
        if (h->format != LF_FACE_FLOAT32 && h->format != LF_FACE_INT8)
                return defective(d, LF_DEFECT_FIELD, 6);
        if (h->version != 1)
                return defective(d, LF_DEFECT_VERSION, 7);
        size_t values = h->format == LF_FACE_FLOAT32 ? 4u * h->dims : 4u + h->dims;
        return size == sizeof *h + values ? 0 : defective(d, LF_DEFECT_LENGTH, size);
}

/* *ret_step: steps to a float; 0: the values came as they are kept. */
static int read_wire(const void *wire, size_t size, struct lf_face_vector *ret, double *ret_step,
                     struct lf_defect *ret_defect)
{
        struct lf_face_head h;
        if (size < sizeof h)
                return defective(ret_defect, LF_DEFECT_TRUNCATED, size);
        memcpy(&h, wire, sizeof h);
        int r = check_head(&h, size, ret_defect);
        if (r < 0)
                return r;
        memset(ret, 0, sizeof *ret);
        ret->model = h.model;
        ret->dims = h.dims;
        ret->padded = (uint16_t)((h.dims + 63) & ~63);
        const uint8_t *values = (const uint8_t *)wire + sizeof h;
        *ret_step = 0;
        r = h.format == LF_FACE_FLOAT32 ? read_floats(values, ret, ret_step, ret_defect)
                                        : read_bytes(values, ret, ret_defect);
        if (r < 0)
                return r;
        int32_t squares = 0;
        for (unsigned i = 0; i < ret->dims; i++)
                squares += ret->v[i] * ret->v[i];
        if (squares == 0)
                return defective(ret_defect, LF_DEFECT_VALUE, sizeof h);
        ret->factor = (float)(1 / sqrt((double)squares));
        return 0;
}

int lf_face_read(const void *wire, size_t size, struct lf_face_vector *ret, struct lf_defect *ret_defect)
{
        double step;
        return read_wire(wire, size, ret, &step, ret_defect);
}

int lf_face_read_probe(const void *wire, size_t size, struct lf_face_probe *ret, struct lf_defect *ret_defect)
{
        double step, rests = 0, squares = 0;
        int r = read_wire(wire, size, &ret->f, &step, ret_defect);
        if (r < 0)
                return r;
        const uint8_t *values = (const uint8_t *)wire + sizeof(struct lf_face_head);
        ret->bias = 0;
        memset(ret->rest, 0, sizeof ret->rest);
        for (unsigned i = 0; i < ret->f.dims; i++) {
                double value = step > 0 ? (double)get_float(values + 4 * i) * step : ret->f.v[i];
                ret->bias += 128 * ret->f.v[i];
                ret->rest[i] = (float)(value - ret->f.v[i]);
                rests += (double)ret->rest[i] * (double)ret->rest[i];
                squares += value * value;
        }
        ret->f.factor = (float)(1 / sqrt(squares));
        ret->rest_length = (float)sqrt(rests) * 1.0001f; /* above what rounding does to sums of it */
        return 0;
}
