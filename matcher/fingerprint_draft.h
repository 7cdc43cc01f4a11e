/* A finger while it is coded. Private to fingerprint_code.c, fingerprint_cylinder.c and what computes cells.
 */
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

/* Beyond the radius and three standard deviations of its spread a minutia adds nothing, in pixels. */
#define LF_FINGER_FAR 95

/* What a minutia adds to the cells of one axis, by its place along it: it reaches no more than three. */
#define LF_FINGER_BLURRED 3
struct lf_finger_blur {
        float weight[LF_FINGER_BLURRED]; /* of cells from, from + 1 and from + 2; 0: not reached */
        uint32_t from;
};
#define LF_FINGER_SPACING 4 /* of a pixel */
#define LF_FINGER_BLURS   (2 * LF_FINGER_FAR * LF_FINGER_SPACING + 1)
extern struct lf_finger_blur lf_finger_blur[LF_FINGER_BLURS];
/* What it adds to each direction, by its own: of a turn, in as many steps. */
#define LF_FINGER_DIRECTED 512
extern float lf_finger_directed[LF_FINGER_DIRECTED][8];

/* Whether minutia m has at least so many neighbours that its cylinder could show. */
bool lf_finger_neighbours(const struct lf_finger_draft *d, unsigned m, unsigned least);
/* The cylinder of minutia m: its words, and how many bits are set within the code and beside it. */
void lf_finger_cylinder(const struct lf_finger_draft *d, unsigned m, uint64_t *bits, uint8_t *ret_ones,
                        uint8_t *ret_filled);
void lf_finger_cylinder_init(void);
