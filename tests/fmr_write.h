/* Writes minutiae records for tests: every format that the product reads, from one description. */
#pragma once

#include "base/bytes.h"
#include "matcher/fmr.h"

struct fmr_out {
        uint8_t *p;
        size_t n;
};

static inline void fmr_put(struct fmr_out *o, uint64_t value, unsigned bytes)
{
        while (bytes-- > 0)
                o->p[o->n++] = (uint8_t)(value >> (8 * bytes));
}

static inline void fmr_put_minutiae(struct fmr_out *o, const struct lf_fmr *f, const struct lf_fmr_view *v,
                                    unsigned unit)
{
        for (unsigned i = 0; i < v->n; i++) {
                const struct lf_fmr_minutia *m = &f->minutia[v->first + i];
                fmr_put(o, (unsigned)m->type << 14 | m->x, 2);
                fmr_put(o, m->y, 2);
                fmr_put(o, m->angle / unit, 1);
                fmr_put(o, m->quality, 1);
        }
        fmr_put(o, 0, 2);
}

static inline void fmr_put_view(struct fmr_out *o, const struct lf_fmr *f, const struct lf_fmr_view *v)
{
        bool iso = f->format == LF_FMR_ISO_2005 || f->format == LF_FMR_ISO_2011;
        size_t start = o->n;
        if (f->format == LF_FMR_ISO_2011) {
                fmr_put(o, 0, 4);
                fmr_put(o, v->year, 2);
                fmr_put(o, v->month, 1);
                fmr_put(o, v->day, 1);
                fmr_put(
                    o, (uint64_t)v->hour << 32 | (uint64_t)v->minute << 24 | v->second << 16 | v->millisecond,
                    5);
                fmr_put(o, v->sensor_type, 1);
                fmr_put(o, v->sensor_vendor, 2);
                fmr_put(o, v->sensor_id, 2);
                fmr_put(o, 1, 1);
                fmr_put(o, v->quality, 1);
                fmr_put(o, v->quality_vendor, 2);
                fmr_put(o, v->quality_algorithm, 2);
                fmr_put(o, v->position, 1);
                fmr_put(o, v->number, 1);
                fmr_put(o, v->resolution_x, 2);
                fmr_put(o, v->resolution_y, 2);
                fmr_put(o, v->impression, 1);
                fmr_put(o, v->width, 2);
                fmr_put(o, v->height, 2);
                fmr_put(o, 6u << 4 | v->ending_type, 1);
                fmr_put(o, v->n, 1);
        } else {
                bool y2009 = f->format != LF_FMR_ISO_2005 && f->format != LF_FMR_ANSI_2004;
                fmr_put(o, v->position, 1);
                if (y2009)
                        fmr_put(o, v->number, 1);
                fmr_put(o, y2009 ? v->impression : v->number << 4 | v->impression, 1);
                fmr_put(o, v->quality, 1);
                if (y2009) {
                        fmr_put(o, v->quality_vendor, 2);
                        fmr_put(o, v->quality_algorithm, 2);
                        fmr_put(o, v->width, 2);
                        fmr_put(o, v->height, 2);
                        fmr_put(o, v->resolution_x, 2);
                        fmr_put(o, v->resolution_y, 2);
                }
                fmr_put(o, v->n, 1);
        }
        fmr_put_minutiae(o, f, v, LF_FMR_TURN / (iso ? 256 : 180));
        if (f->format == LF_FMR_ISO_2011)
                lf_put_be32(o->p + start, (uint32_t)(o->n - start));
}

/* Writes `f` into `out`, which is large enough (64 KiB); returns the record's size. Angles are rounded down
 * to the format's unit. */
static inline size_t fmr_write(const struct lf_fmr *f, uint8_t *out)
{
        struct fmr_out o = {out, 0};
        bool iso = f->format == LF_FMR_ISO_2005 || f->format == LF_FMR_ISO_2011;
        bool y2004 = f->format == LF_FMR_ISO_2005 || f->format == LF_FMR_ANSI_2004;
        const char *version = y2004 ? " 20" : f->format == LF_FMR_ANSI_2009_AM1 ? "035" : "030";
        memcpy(out, "FMR", 4);
        memcpy(out + 4, version, 4);
        o.n = f->format == LF_FMR_ANSI_2004 ? 10 : 12;
        if (!iso) {
                fmr_put(&o, f->vendor, 2);
                fmr_put(&o, f->subformat, 2);
        }
        if (y2004) {
                const struct lf_fmr_view *v = &f->view[0];
                fmr_put(&o, (unsigned)f->sensor_certified << 15 | f->sensor_id, 2);
                fmr_put(&o, v->width, 2);
                fmr_put(&o, v->height, 2);
                fmr_put(&o, v->resolution_x, 2);
                fmr_put(&o, v->resolution_y, 2);
                fmr_put(&o, (unsigned)f->n << 8, 2);
        } else if (iso) {
                fmr_put(&o, f->n, 2);
                fmr_put(&o, 0, 1);
        } else {
                fmr_put(&o, (unsigned)f->sensor_certified << 7, 1);
                fmr_put(&o, f->sensor_id, 2);
                fmr_put(&o, (unsigned)f->n << 8, 2);
        }
        for (unsigned i = 0; i < f->n; i++)
                fmr_put_view(&o, f, &f->view[i]);
        if (f->format == LF_FMR_ANSI_2004)
                lf_put_be16(out + 8, (uint16_t)o.n);
        else
                lf_put_be32(out + 8, (uint32_t)o.n);
        return o.n;
}
