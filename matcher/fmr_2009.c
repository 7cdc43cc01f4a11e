/* ANSI INCITS 378-2009 and its amendment 1: each view has its own image size, resolution and maker of the
 * quality value. */
#include "matcher/fmr_parts.h"

static int read_view(struct lf_fmr_reading *r)
{
        struct lf_fmr_view *v;
        int e = lf_fmr_view_begin(r, &v);
        if (e < 0)
                return e;
        e = lf_fmr_view_position(r, v, 15);
        if (e < 0)
                return e;
        v->number = lf_reader_u8(&r->in);
        v->impression = lf_reader_u8(&r->in);
        v->quality = lf_fmr_quality(lf_reader_u8(&r->in));
        v->quality_vendor = lf_reader_be16(&r->in);
        v->quality_algorithm = lf_reader_be16(&r->in);
        size_t at = lf_reader_offset(&r->in);
        v->width = lf_reader_be16(&r->in);
        v->height = lf_reader_be16(&r->in);
        v->resolution_x = lf_reader_be16(&r->in);
        v->resolution_y = lf_reader_be16(&r->in);
        v->n = lf_reader_u8(&r->in);
        e = lf_fmr_view_geometry(r, v, at, at + 4);
        if (e < 0)
                return e;
        e = lf_fmr_view_minutiae(r, v, 6, LF_FMR_TURN / 180);
        return e < 0 ? e : lf_fmr_view_extensions(r, v, LF_FMR_STRICT);
}

int lf_fmr_read_2009(struct lf_fmr_reading *r, enum lf_fmr_format format, unsigned sensor_bytes)
{
        struct lf_fmr *f = r->fmr;
        f->format = format;
        lf_reader_take(&r->in, 8);
        uint32_t length = lf_reader_be32(&r->in);
        size_t size = (size_t)(r->in.end - r->in.start);
        if (!r->in.failed && length > size)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, size);
        f->vendor = lf_reader_be16(&r->in);
        f->subformat = lf_reader_be16(&r->in);
        if (sensor_bytes == 3) {
                f->sensor_certified = lf_reader_u8(&r->in) >> 7;
                f->sensor_id = lf_reader_be16(&r->in);
        } else {
                uint16_t sensor = lf_reader_be16(&r->in);
                f->sensor_certified = sensor >> 15;
                f->sensor_id = sensor & 0xfff;
        }
        size_t at = lf_reader_offset(&r->in);
        unsigned views = lf_reader_u8(&r->in);
        lf_reader_u8(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
        if (views == 0)
                return lf_fmr_fail(r, LF_DEFECT_NUMBER, at);
        for (unsigned i = 0; i < views; i++) {
                int e = read_view(r);
                if (e < 0)
                        return e;
        }
        return 0;
}
