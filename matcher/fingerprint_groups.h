/* Which groups of a row a cylinder of a probe is compared with. Private to the kernels. */
#pragma once

#include "matcher/fingerprint.h"

#define LF_FINGER_ASIDE 4 /* buckets to each side: two impressions are not held more than 90° apart */

/* The words of cylinder i, LF_FINGER_LANES apart. */
static inline const uint64_t *lf_finger_bits_of(const struct lf_finger *f, unsigned i)
{
        return f->bits + i / LF_FINGER_LANES * LF_FINGER_LANES * LF_FINGER_WORDS + i % LF_FINGER_LANES;
}

struct lf_finger_ranges {
        unsigned from[2], to[2]; /* groups */
};

static inline unsigned lf_finger_from(const struct lf_finger_row *r, int bucket)
{
        return bucket >= LF_FINGER_BUCKETS ? r->cylinders : r->first[bucket];
}

/* The directions are a circle, the cylinders a line: two ranges. */
static inline struct lf_finger_ranges lf_finger_ranges(const struct lf_finger *probe,
                                                       const struct lf_finger *row, unsigned i)
{
        int bucket = probe->angle[i] * LF_FINGER_BUCKETS / 65536;
        int low = bucket - LF_FINGER_ASIDE, high = bucket + LF_FINGER_ASIDE + 1;
        struct lf_finger_ranges r = {{0}, {0}};
        unsigned end = row->row->cylinders, from, to, from2 = 0, to2 = 0;
        if (low < 0) {
                from = 0;
                to = lf_finger_from(row->row, high);
                from2 = lf_finger_from(row->row, low + LF_FINGER_BUCKETS);
                to2 = end;
        } else {
                from = lf_finger_from(row->row, low);
                to = high < LF_FINGER_BUCKETS ? lf_finger_from(row->row, high) : end;
                to2 = high > LF_FINGER_BUCKETS ? lf_finger_from(row->row, high - LF_FINGER_BUCKETS) : 0;
        }
        r.from[0] = from / LF_FINGER_LANES;
        r.to[0] = from < to ? (to + LF_FINGER_LANES - 1) / LF_FINGER_LANES : r.from[0];
        r.from[1] = from2 / LF_FINGER_LANES;
        r.to[1] = from2 < to2 ? (to2 + LF_FINGER_LANES - 1) / LF_FINGER_LANES : r.from[1];
        return r;
}
