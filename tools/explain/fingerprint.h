/* Two fingerprint records, compared: what there is to say and to draw. */
#pragma once

#include <stdio.h>

#include "matcher/fingerprint.h"

/* One finger of a record, coded. */
struct lf_explained_side {
        const char *name;
        struct lf_fmr *fmr;
        unsigned view; /* of the record, from 0 */
        struct lf_finger_row row;
        uint8_t *data; /* what `finger` points to */
        struct lf_finger finger;
};

struct lf_explained {
        struct lf_explained_side a, b;
        struct lf_finger_match match;
};

/* Compares the fingers of two records whose positions allow it, and keeps the closest pair. `names` must live
 * longer than *ret. Release with lf_explained_free() in any case. -EBADMSG: the record of *ret_bad (0 or 1)
 * cannot be compared, see *ret_defect; -ENOENT: no two fingers may be compared; -ENOMEM. */
int lf_explained_compare(const char *const names[2], const void *const wire[2], const size_t size[2],
                         struct lf_explained *ret, unsigned *ret_bad, struct lf_defect *ret_defect);
void lf_explained_free(struct lf_explained *e);

/* The index that the coded finger's minutia i has in its view. */
unsigned lf_explained_index(const struct lf_explained_side *s, unsigned i);
/* Where A's minutia i lies over B: pixels at 500 dpi from B's centre, y upwards. */
void lf_explained_place(const struct lf_explained *e, unsigned i, float *x, float *y);
/* How often strangers come so close, as a sentence. */
void lf_explained_odds(const struct lf_explained *e, char *text, size_t size);

/* A, A laid over B, and B, side by side as SVG; the pairs that agree have the same number in all. */
void lf_explained_draw(const struct lf_explained *e, FILE *out);
