/* ISO/IEC 19794-2:2005 and ANSI INCITS 378-2004: one header for all views, four bytes before a view's
 * minutiae. The two differ in the length field, the maker's identity and the unit of angles. */
#include "matcher/fmr_parts.h"

static int read_view(struct lf_fmr_reading *r, const struct lf_fmr_view *common, bool iso,
                     enum lf_fmr_licence licence)
{
        struct lf_fmr_view *v;
        int e = lf_fmr_view_begin(r, &v);
        if (e < 0)
                return e;
        v->width = common->width;
        v->height = common->height;
        v->resolution_x = common->resolution_x;
        v->resolution_y = common->resolution_y;
        e = lf_fmr_view_position(r, v, 10);
        if (e < 0)
                return e;
        uint8_t view_impression = lf_reader_u8(&r->in);
        v->number = view_impression >> 4;
        v->impression = view_impression & 15;
        v->quality = lf_fmr_quality(lf_reader_u8(&r->in));
        v->n = lf_reader_u8(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, v->offset);
        e = lf_fmr_view_minutiae(r, v, 6, iso ? LF_FMR_TURN / 256 : LF_FMR_TURN / 180);
        return e < 0 ? e : lf_fmr_view_extensions(r, v, licence);
}

int lf_fmr_read_2004(struct lf_fmr_reading *r, enum lf_fmr_format format)
{
        bool iso = format == LF_FMR_ISO_2005;
        struct lf_fmr *f = r->fmr;
        f->format = format;
        lf_reader_take(&r->in, 8);
        uint32_t length;
        if (iso) {
                length = lf_reader_be32(&r->in);
        } else {
                length = lf_reader_be16(&r->in);
                if (length == 0) /* records of 64 KiB and more */
                        length = lf_reader_be32(&r->in);
                f->vendor = lf_reader_be16(&r->in);
                f->subformat = lf_reader_be16(&r->in);
        }
        size_t size = (size_t)(r->in.end - r->in.start);
        if (!r->in.failed && length > size)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, size);
        uint16_t sensor = lf_reader_be16(&r->in);
        f->sensor_certified = sensor >> 15;
        f->sensor_id = sensor & 0xfff;

        struct lf_fmr_view common = {0};
        size_t at = lf_reader_offset(&r->in);
        common.width = lf_reader_be16(&r->in);
        common.height = lf_reader_be16(&r->in);
        common.resolution_x = lf_reader_be16(&r->in);
        common.resolution_y = lf_reader_be16(&r->in);
        int e = lf_fmr_view_geometry(r, &common, at, at + 4);
        if (e < 0)
                return e;
        at = lf_reader_offset(&r->in);
        unsigned views = lf_reader_u8(&r->in);
        lf_reader_u8(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
        if (views == 0)
                return lf_fmr_fail(r, LF_DEFECT_NUMBER, at);
        for (unsigned i = 0; i < views; i++) {
                enum lf_fmr_licence licence = iso ? LF_FMR_EITHER_LENGTH : LF_FMR_STRICT;
                if (i == views - 1 && length == size)
                        licence |= LF_FMR_LAST_VIEW;
                e = read_view(r, &common, iso, licence);
                if (e < 0)
                        return e;
        }
        return 0;
}
