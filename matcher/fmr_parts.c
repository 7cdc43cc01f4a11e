#include "matcher/fmr_parts.h"

#include <errno.h>

#define RESOLUTION_MIN 39   /* pixels per cm: 99 dpi */
#define RESOLUTION_MAX 1969 /* 5,000 dpi */

int lf_fmr_fail(struct lf_fmr_reading *r, enum lf_defect_code code, size_t offset)
{
        *r->defect = (struct lf_defect){.code = (uint16_t)code, .offset = (uint32_t)offset};
        return -EBADMSG;
}

int lf_fmr_view_begin(struct lf_fmr_reading *r, struct lf_fmr_view **ret)
{
        if (r->fmr->n == LF_FMR_VIEW_MAX)
                return lf_fmr_fail(r, LF_DEFECT_TOO_LONG, lf_reader_offset(&r->in));
        struct lf_fmr_view *v = &r->fmr->view[r->fmr->n++];
        *v = (struct lf_fmr_view){
            .offset = (uint32_t)lf_reader_offset(&r->in),
            .first = r->fmr->minutiae,
        };
        *ret = v;
        return 0;
}

int lf_fmr_view_geometry(struct lf_fmr_reading *r, const struct lf_fmr_view *v, size_t dimensions,
                         size_t resolution)
{
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, lf_reader_offset(&r->in));
        if (v->width == 0 || v->height == 0)
                return lf_fmr_fail(r, LF_DEFECT_DIMENSIONS, dimensions + (v->width ? 2 : 0));
        if (v->resolution_x < RESOLUTION_MIN || v->resolution_x > RESOLUTION_MAX)
                return lf_fmr_fail(r, LF_DEFECT_RESOLUTION, resolution);
        if (v->resolution_y < RESOLUTION_MIN || v->resolution_y > RESOLUTION_MAX)
                return lf_fmr_fail(r, LF_DEFECT_RESOLUTION, resolution + 2);
        return 0;
}

int lf_fmr_view_minutiae(struct lf_fmr_reading *r, struct lf_fmr_view *v, unsigned bytes, unsigned unit)
{
        if (v->n > LF_FMR_MINUTIA_MAX - r->fmr->minutiae)
                return lf_fmr_fail(r, LF_DEFECT_TOO_LONG, lf_reader_offset(&r->in));
        for (unsigned i = 0; i < v->n; i++) {
                size_t at = lf_reader_offset(&r->in);
                uint16_t x = lf_reader_be16(&r->in);
                uint16_t y = lf_reader_be16(&r->in);
                uint8_t angle = lf_reader_u8(&r->in);
                uint8_t quality = bytes == 6 ? lf_reader_u8(&r->in) : 254;
                if (r->in.failed)
                        return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
                if (x >> 14 == 3)
                        return lf_fmr_fail(r, LF_DEFECT_FIELD, at);
                struct lf_fmr_minutia *m = &r->fmr->minutia[r->fmr->minutiae++];
                *m = (struct lf_fmr_minutia){
                    .x = x & 0x3fff,
                    .y = y & 0x3fff,
                    .angle = (uint16_t)(angle * unit % LF_FMR_TURN),
                    .type = (uint8_t)(x >> 14),
                    .quality = lf_fmr_quality(quality),
                };
                if (m->x >= v->width)
                        return lf_fmr_fail(r, LF_DEFECT_DIMENSIONS, at);
                if (m->y >= v->height)
                        return lf_fmr_fail(r, LF_DEFECT_DIMENSIONS, at + 2);
        }
        return 0;
}

/* Walks the block in `in`; `own` bytes of each length are the extension's own header. Returns whether the
 * extensions fill the block exactly; `ret_at` is the last one begun. */
static bool walk(struct lf_reader in, unsigned own, struct lf_fmr_view *v, size_t *ret_at)
{
        v->extensions = 0;
        while (lf_reader_left(&in) > 0) {
                *ret_at = lf_reader_offset(&in);
                uint16_t type = lf_reader_be16(&in);
                uint16_t length = lf_reader_be16(&in);
                size_t offset = lf_reader_offset(&in);
                if (in.failed || length < own || !lf_reader_take(&in, length - own))
                        return false;
                if (v->extensions < LF_FMR_EXTENSION_MAX)
                        v->extension[v->extensions] = (struct lf_fmr_extension){
                            .type = type,
                            .size = (uint16_t)(length - own),
                            .offset = (uint32_t)offset,
                        };
                if (v->extensions < UINT8_MAX)
                        v->extensions++;
        }
        return true;
}

int lf_fmr_view_extensions(struct lf_fmr_reading *r, struct lf_fmr_view *v, enum lf_fmr_licence licence)
{
        size_t at = lf_reader_offset(&r->in), unused;
        size_t size = lf_reader_be16(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
        if (size > 0 && (licence & LF_FMR_LAST_VIEW))
                size = lf_reader_left(&r->in);
        const uint8_t *block = lf_reader_take(&r->in, size);
        if (!block)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
        struct lf_reader in = {.start = r->in.start, .p = block, .end = block + size};
        if (walk(in, 4, v, &at) || ((licence & LF_FMR_EITHER_LENGTH) && walk(in, 0, v, &unused)))
                return 0;
        if (licence & LF_FMR_LAST_VIEW) {
                walk(in, 4, v, &at);
                return 0;
        }
        return lf_fmr_fail(r, LF_DEFECT_EXTENSION, at);
}

int lf_fmr_view_position(struct lf_fmr_reading *r, struct lf_fmr_view *v, unsigned most)
{
        size_t at = lf_reader_offset(&r->in);
        v->position = lf_reader_u8(&r->in);
        if (r->in.failed)
                return lf_fmr_fail(r, LF_DEFECT_TRUNCATED, at);
        return v->position > most ? lf_fmr_fail(r, LF_DEFECT_FIELD, at) : 0;
}

uint8_t lf_fmr_quality(unsigned quality)
{
        return quality <= 100 ? (uint8_t)quality : LF_FMR_QUALITY_UNKNOWN;
}
