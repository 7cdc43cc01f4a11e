/* The fingerprint engine's parts. Private to matcher/fingerprint*.c.
 *
 * A minutia's surroundings are coded as a cylinder of bits and compared by counting them; the best pairs of
 * cylinders are then asked whether one placement of the finger explains them together. After R. Cappelli,
 * M. Ferrara, D. Maltoni: Minutia Cylinder-Code, IEEE TPAMI 32 (2010), in its bit form with local similarity
 * assignment and relaxation. */
#pragma once

#include "matcher/engines.h"
#include "matcher/fmr.h"

#define LF_FINGER_CYLINDER_MAX 128 /* of one finger: the best minutiae of more are kept */
#define LF_FINGER_MINUTIA_MIN  4
#define LF_FINGER_DIRECTIONS   6
#define LF_FINGER_PAIR_MAX     48 /* pairs of cylinders that relaxation weighs */

/* Positions are in quarters of a pixel at 500 dpi from the finger's centre, y upwards; angles are 1/65536 of
 * a turn, counter-clockwise: differences wrap by themselves. */
struct lf_finger_cylinder {
        uint64_t cells;                      /* 8 × 8 cells: which lie on the finger */
        uint64_t bits[LF_FINGER_DIRECTIONS]; /* of each direction, within `cells` */
        int16_t x, y;
        uint16_t angle;
        uint16_t reserved;
};
_Static_assert(sizeof(struct lf_finger_cylinder) == 64, "one cache line");

/* One finger: a row of a shard, or of a probe. */
struct lf_finger_row {
        uint32_t record; /* index in the shard's record table; in a probe the number of the view */
        uint32_t first;  /* its first cylinder */
        uint16_t n;      /* cylinders, 1 .. LF_FINGER_CYLINDER_MAX */
        uint8_t minutiae;
        uint8_t position; /* 1..10; 0 when unknown or when the image shows more than one finger */
        uint32_t reserved;
};
_Static_assert(sizeof(struct lf_finger_row) == 16, "finger row layout");

/* Codes a view's best `most` minutiae (at most LF_FINGER_CYLINDER_MAX). Returns the number of cylinders;
 * fewer than minutiae, as those at the edge have no surroundings; 0 when the view is too poor to be
 * compared. `ret_minutiae` is how many minutiae were used. */
unsigned lf_finger_code(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                        struct lf_finger_cylinder *ret, unsigned *ret_minutiae);

/* Two cylinders' likeness, 0..1; below 0 when they cannot be compared. */
float lf_finger_likeness(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b);

struct lf_finger_pair {
        uint16_t a, b;
        float likeness; /* of the cylinders alone */
        float relaxed;  /* after the other pairs were heard */
};

struct lf_finger_scratch {
        float likeness[LF_FINGER_CYLINDER_MAX * LF_FINGER_CYLINDER_MAX];
        float compatible[LF_FINGER_PAIR_MAX * LF_FINGER_PAIR_MAX];
        struct lf_finger_pair pair[LF_FINGER_PAIR_MAX]; /* after a comparison: best first */
        unsigned pairs;
};

/* Scores two fingers, 0..1; leaves the pairs in the scratch. Takes bounded time whatever the minutiae. */
float lf_finger_compare(const struct lf_finger_cylinder *a, unsigned na, const struct lf_finger_cylinder *b,
                        unsigned nb, struct lf_finger_scratch *scratch);
/* How well two of the scratch's pairs fit one rigid placement, 0..1. */
float lf_finger_compatible(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b,
                           const struct lf_finger_pair *p, const struct lf_finger_pair *q);

float lf_finger_log10_fmr(float score);
