/* Finger minutiae records: one neutral form of what five formats say.
 *
 * Read: ISO/IEC 19794-2:2005 (record format) and :2011, ANSI INCITS 378-2004, 378-2009 (with its sensor field
 * of two or of three bytes) and 378-2009/AM1. Card formats are not records and are not read.
 *
 * Pure functions, no allocation, any core. */
#pragma once

#include "matcher/engine.h"

enum lf_fmr_format {
        LF_FMR_ISO_2005 = 1,
        LF_FMR_ISO_2011,
        LF_FMR_ANSI_2004,
        LF_FMR_ANSI_2009,
        LF_FMR_ANSI_2009_AM1,
};

#define LF_FMR_VIEW_MAX      32
#define LF_FMR_MINUTIA_MAX   4096 /* of all views together */
#define LF_FMR_EXTENSION_MAX 4    /* listed of each view; more are checked but not listed */

#define LF_FMR_QUALITY_UNKNOWN 255

/* Angles are counter-clockwise from the x axis in 1/32 degree: ISO's unit (360/256 degrees) is 45 of them
 * and ANSI's (2 degrees) is 64, so that neither is rounded. */
#define LF_FMR_TURN 11520

enum lf_fmr_type {
        LF_FMR_OTHER = 0,
        LF_FMR_ENDING = 1,
        LF_FMR_BIFURCATION = 2,
};

struct lf_fmr_minutia {
        uint16_t x, y;   /* pixels; y grows downwards */
        uint16_t angle;  /* 0 .. LF_FMR_TURN - 1 */
        uint8_t type;    /* enum lf_fmr_type */
        uint8_t quality; /* 0..100 or LF_FMR_QUALITY_UNKNOWN */
};

struct lf_fmr_extension {
        uint16_t type;   /* 1 ridge counts, 2 cores and deltas, 3 zonal quality; else a vendor's */
        uint16_t size;   /* of its data */
        uint32_t offset; /* of its data in the record */
};

/* Fields that a format does not have are zero. */
struct lf_fmr_view {
        uint8_t position; /* 0 unknown, 1 right thumb .. 5 right little, 6 left thumb .. 10 left little; 2009
                           * and later: 11..15 plain thumbs and several fingers in one image */
        uint8_t number;   /* of this view among those of its finger */
        uint8_t impression; /* 0 live plain, 1 live rolled, ...; as the format codes it */
        uint8_t quality;    /* 0..100 or LF_FMR_QUALITY_UNKNOWN */
        uint16_t quality_vendor, quality_algorithm;
        uint16_t width, height;              /* pixels */
        uint16_t resolution_x, resolution_y; /* pixels per cm */
        uint16_t sensor_vendor, sensor_id;   /* ISO 2011; others give the sensor once, in lf_fmr */
        uint8_t sensor_type;                 /* ISO 2011 */
        uint8_t ending_type;                 /* ISO 2011: where a ridge ending is placed */
        uint8_t qualities, certificates;     /* ISO 2011: blocks present; the first quality is kept */
        uint16_t year, millisecond;          /* ISO 2011: of capture; all ones when not given */
        uint8_t month, day, hour, minute, second;
        uint8_t extensions; /* present, also beyond LF_FMR_EXTENSION_MAX */
        uint16_t n;         /* minutiae, at most 255 */
        uint16_t first;     /* index of the first in lf_fmr.minutia */
        uint32_t offset;    /* of the view in the record */
        struct lf_fmr_extension extension[LF_FMR_EXTENSION_MAX];
};

struct lf_fmr {
        enum lf_fmr_format format;
        uint16_t vendor, subformat; /* ANSI: who made the record; else 0 */
        uint16_t sensor_id;
        bool sensor_certified; /* for EFTS/F, by its maker's word */
        uint16_t n;            /* views, at least 1 */
        uint16_t minutiae;     /* of all views */
        struct lf_fmr_view view[LF_FMR_VIEW_MAX];
        struct lf_fmr_minutia minutia[LF_FMR_MINUTIA_MAX];
};

/* Reads a whole record. Every byte of it must be accounted for, with two licences that published examples
 * need: the total length field may be too small (in the ISO standard's own), and in the formats of 2004 and
 * 2005 the extensions of the last view may disagree with their lengths if the total length is right (in two
 * of NIST's). -EBADMSG: malformed, `ret_defect` says what and where; `ret` then holds nothing of use. */
int lf_fmr_read(const void *wire, size_t size, struct lf_fmr *ret, struct lf_defect *ret_defect);

static inline const struct lf_fmr_minutia *lf_fmr_minutiae(const struct lf_fmr *f,
                                                           const struct lf_fmr_view *v)
{
        return f->minutia + v->first;
}
