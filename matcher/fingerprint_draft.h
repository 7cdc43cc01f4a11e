/* A finger while it is coded. Private to fingerprint_code.c and fingerprint_cylinder.c. */
#pragma once

#include "matcher/fingerprint.h"

#define LF_FINGER_SIDE       7
#define LF_FINGER_CELLS      37 /* of 7 × 7 those within the radius */
#define LF_FINGER_DIRECTIONS 6
#define LF_FINGER_RADIUS     68.0f /* pixels at 500 dpi */
#define LF_FINGER_CELL       (2 * LF_FINGER_RADIUS / LF_FINGER_SIDE)

/* Along one axis, from the minutia. */
static inline float lf_finger_cell(unsigned i)
{
        return ((float)i - (LF_FINGER_SIDE - 1) / 2.0f) * LF_FINGER_CELL;
}
extern uint8_t lf_finger_cells[LF_FINGER_CELLS]; /* those within the radius, in the square */

/* The minutiae that have a cylinder first, each part by direction. Pixels at 500 dpi around their centre, y
 * upwards. */
struct lf_finger_draft {
        unsigned n, cylinders;
        float x[LF_FINGER_MINUTIA_MAX], y[LF_FINGER_MINUTIA_MAX];
        float c[LF_FINGER_MINUTIA_MAX], s[LF_FINGER_MINUTIA_MAX]; /* of the angle */
        uint16_t angle[LF_FINGER_MINUTIA_MAX];
};

/* Whether minutia m has at least so many neighbours that its cylinder could show. */
bool lf_finger_neighbours(const struct lf_finger_draft *d, unsigned m, unsigned least);
/* The cylinder of minutia m: its words, and how many bits are set within the code and beside it. */
void lf_finger_cylinder(const struct lf_finger_draft *d, unsigned m, uint64_t *bits, uint8_t *ret_ones,
                        uint8_t *ret_filled);
void lf_finger_cylinder_init(void);
