/* Tells the formats apart. Two pairs of them share magic and version:
 *  - ISO 2005 and ANSI 2004 ("020"): ISO's length has four bytes, ANSI's two (or two zeros and four more). A
 *    record has at least 24 bytes in ISO and 26 in ANSI, and ANSI's long form at least 64 KiB;
 *  - ISO 2011 and ANSI 2009 ("030"): only in ISO do the lengths of the representations add up. */
#include "matcher/fmr.h"

#include <errno.h>

#include "matcher/fmr_parts.h"

static enum lf_fmr_format tell_2004(const uint8_t *length)
{
        unsigned high = lf_get_be16(length);
        if (high >= 26)
                return LF_FMR_ANSI_2004;
        if (high > 0)
                return LF_FMR_ISO_2005;
        return lf_get_be16(length + 2) >= 24 ? LF_FMR_ISO_2005 : LF_FMR_ANSI_2004;
}

/* Whether header and representations of ISO 2011 add up to the total length. */
static bool adds_up_2011(struct lf_reader in)
{
        lf_reader_take(&in, 8);
        uint32_t total = lf_reader_be32(&in);
        unsigned n = lf_reader_be16(&in);
        lf_reader_u8(&in);
        uint64_t sum = 15;
        for (unsigned i = 0; i < n && !in.failed; i++) {
                uint32_t length = lf_reader_be32(&in);
                sum += length;
                if (length < 4 || !lf_reader_take(&in, length - 4))
                        return false;
        }
        return !in.failed && n > 0 && sum == total;
}

static int whole(struct lf_fmr_reading *r, int e)
{
        if (e == 0 && lf_reader_left(&r->in) > 0)
                return lf_fmr_fail(r, LF_DEFECT_LENGTH, lf_reader_offset(&r->in));
        return e;
}

static void again(struct lf_fmr_reading *r)
{
        r->in.p = r->in.start;
        r->in.failed = false;
        r->fmr->n = r->fmr->minutiae = 0;
        r->fmr->vendor = r->fmr->subformat = r->fmr->sensor_id = 0;
        r->fmr->sensor_certified = false;
}

/* Some writers of ANSI 2009 keep the two-byte sensor field of 2004. What is wrong is said of the standard's
 * own layout, unless only the other one gets further. */
static int read_2009(struct lf_fmr_reading *r, enum lf_fmr_format format)
{
        int e = whole(r, lf_fmr_read_2009(r, format, 3));
        if (e == 0 || (r->defect->code == LF_DEFECT_TRUNCATED && r->fmr->n == 0))
                return e;
        struct lf_defect first = *r->defect;
        again(r);
        e = whole(r, lf_fmr_read_2009(r, format, 2));
        if (e < 0 && r->defect->offset < first.offset)
                *r->defect = first;
        return e;
}

int lf_fmr_read(const void *wire, size_t size, struct lf_fmr *ret, struct lf_defect *ret_defect)
{
        struct lf_fmr_reading r = {.in = lf_reader_over(wire, size), .fmr = ret, .defect = ret_defect};
        again(&r);
        const uint8_t *p = wire;
        if (size > UINT32_MAX)
                return lf_fmr_fail(&r, LF_DEFECT_TOO_LONG, UINT32_MAX);
        if (size < 4 || memcmp(p, "FMR", 4) != 0)
                return lf_fmr_fail(&r, LF_DEFECT_MAGIC, 0);
        if (size < 12)
                return lf_fmr_fail(&r, LF_DEFECT_TRUNCATED, size);
        if ((p[4] != '0' && p[4] != ' ') || p[7] != 0)
                return lf_fmr_fail(&r, LF_DEFECT_VERSION, 4);
        if (memcmp(p + 5, "20", 2) == 0)
                return whole(&r, lf_fmr_read_2004(&r, tell_2004(p + 8)));
        if (memcmp(p + 5, "35", 2) == 0)
                return read_2009(&r, LF_FMR_ANSI_2009_AM1);
        if (memcmp(p + 5, "30", 2) != 0)
                return lf_fmr_fail(&r, LF_DEFECT_VERSION, 4);
        if (adds_up_2011(r.in))
                return whole(&r, lf_fmr_read_2011(&r));
        return read_2009(&r, LF_FMR_ANSI_2009);
}
