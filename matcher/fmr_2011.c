/* ISO/IEC 19794-2:2011: a general header, then representations that each say their own length. */
#include "matcher/fmr_parts.h"

static void read_capture(struct lf_reader *in, struct lf_fmr_view *v)
{
        v->year = lf_reader_be16(in);
        v->month = lf_reader_u8(in);
        v->day = lf_reader_u8(in);
        v->hour = lf_reader_u8(in);
        v->minute = lf_reader_u8(in);
        v->second = lf_reader_u8(in);
        v->millisecond = lf_reader_be16(in);
        v->sensor_type = lf_reader_u8(in);
        v->sensor_vendor = lf_reader_be16(in);
        v->sensor_id = lf_reader_be16(in);
}

static void read_qualities(struct lf_reader *in, struct lf_fmr_view *v, bool certified)
{
        v->quality = LF_FMR_QUALITY_UNKNOWN;
        v->qualities = lf_reader_u8(in);
        for (unsigned i = 0; i < v->qualities; i++) {
                uint8_t quality = lf_fmr_quality(lf_reader_u8(in));
                uint16_t vendor = lf_reader_be16(in), algorithm = lf_reader_be16(in);
                if (i > 0)
                        continue;
                v->quality = quality;
                v->quality_vendor = vendor;
                v->quality_algorithm = algorithm;
        }
        if (certified) {
                v->certificates = lf_reader_u8(in);
                lf_reader_take(in, 3u * v->certificates);
        }
}

static int read_representation(struct lf_fmr_reading *r, bool certified)
{
        struct lf_fmr_view *v;
        int e = lf_fmr_view_begin(r, &v);
        if (e < 0)
                return e;
        uint32_t length = lf_reader_be32(&r->in);
        read_capture(&r->in, v);
        read_qualities(&r->in, v, certified);
        e = lf_fmr_view_position(r, v, 10);
        if (e < 0)
                return e;
        v->number = lf_reader_u8(&r->in);
        size_t resolution = lf_reader_offset(&r->in);
        v->resolution_x = lf_reader_be16(&r->in);
        v->resolution_y = lf_reader_be16(&r->in);
        v->impression = lf_reader_u8(&r->in);
        size_t dimensions = lf_reader_offset(&r->in);
        v->width = lf_reader_be16(&r->in);
        v->height = lf_reader_be16(&r->in);
        size_t layout_at = lf_reader_offset(&r->in);
        uint8_t layout = lf_reader_u8(&r->in);
        v->ending_type = layout & 15;
        v->n = lf_reader_u8(&r->in);
        e = lf_fmr_view_geometry(r, v, dimensions, resolution);
        if (e < 0)
                return e;
        if (layout >> 4 != 5 && layout >> 4 != 6)
                return lf_fmr_fail(r, LF_DEFECT_FIELD, layout_at);
        e = lf_fmr_view_minutiae(r, v, layout >> 4, LF_FMR_TURN / 256);
        if (e < 0)
                return e;
        e = lf_fmr_view_extensions(r, v, LF_FMR_STRICT);
        if (e < 0)
                return e;
        if (lf_reader_offset(&r->in) - v->offset != length)
                return lf_fmr_fail(r, LF_DEFECT_LENGTH, v->offset);
        return 0;
}

int lf_fmr_read_2011(struct lf_fmr_reading *r)
{
        r->fmr->format = LF_FMR_ISO_2011;
        lf_reader_take(&r->in, 12);
        unsigned views = lf_reader_be16(&r->in);
        uint8_t certified = lf_reader_u8(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, 12);
        if (views == 0)
                return lf_fmr_fail(r, LF_DEFECT_NUMBER, 12);
        if (certified > 1)
                return lf_fmr_fail(r, LF_DEFECT_FIELD, 14);
        for (unsigned i = 0; i < views; i++) {
                int e = read_representation(r, certified);
                if (e < 0)
                        return e;
        }
        return 0;
}
