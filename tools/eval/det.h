/* Detection error trade-off curves as SVG: false non-match rate over false match rate, both axes logarithmic.
 */
#pragma once

#include "tools/eval/rates.h"

struct lf_det_curve {
        const char *name;
        const struct lf_scores *genuine, *impostor; /* sorted as by lf_rates_of() */
};

/* The first curve is drawn strongest; each begins where one impostor in its list is a false match. -errno. */
int lf_det_write(const char *path, const struct lf_det_curve *curve, unsigned n);
