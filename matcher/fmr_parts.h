/* Parts that the minutiae formats share. Private to matcher/fmr*.c. */
#pragma once

#include "base/bytes.h"
#include "matcher/fmr.h"

/* One record being read. All functions return 0 or -EBADMSG with the defect noted. */
struct lf_fmr_reading {
        struct lf_reader in;
        struct lf_fmr *fmr;
        struct lf_defect *defect;
};

int lf_fmr_fail(struct lf_fmr_reading *r, enum lf_defect_code code, size_t offset);

/* The next free view, its offset noted. */
int lf_fmr_view_begin(struct lf_fmr_reading *r, struct lf_fmr_view **ret);
/* Checks image size and resolution, which were read at these offsets. */
int lf_fmr_view_geometry(struct lf_fmr_reading *r, const struct lf_fmr_view *v, size_t dimensions,
                         size_t resolution);
/* v->n minutiae of `bytes` (5 or 6) bytes each; `unit` is the angle's unit in LF_FMR_TURN. */
int lf_fmr_view_minutiae(struct lf_fmr_reading *r, struct lf_fmr_view *v, unsigned bytes, unsigned unit);
/* What writers of the formats of 2004 and 2005 get wrong and readers take. */
enum lf_fmr_licence {
        LF_FMR_STRICT = 0,
        LF_FMR_EITHER_LENGTH = 1, /* an extension's length may leave out its own four bytes */
        LF_FMR_LAST_VIEW = 2,     /* the extensions, if any, end with the record whatever their lengths say */
};
/* The extension block. */
int lf_fmr_view_extensions(struct lf_fmr_reading *r, struct lf_fmr_view *v, enum lf_fmr_licence licence);

/* Finger position: at most `most`. */
int lf_fmr_view_position(struct lf_fmr_reading *r, struct lf_fmr_view *v, unsigned most);
/* 0..100, else unknown. */
uint8_t lf_fmr_quality(unsigned quality);

/* Each reads a record of its format from the start; the header's magic and version were recognised. */
int lf_fmr_read_2004(struct lf_fmr_reading *r, enum lf_fmr_format format);
int lf_fmr_read_2009(struct lf_fmr_reading *r, enum lf_fmr_format format, unsigned sensor_bytes);
int lf_fmr_read_2011(struct lf_fmr_reading *r);
