/* A detection error trade-off curve as SVG: false non-match rate over false match rate, both axes
 * logarithmic. */
#pragma once

#include "tools/eval/rates.h"

/* Lists sorted as by lf_rates_of(). -errno. */
int lf_det_write(const char *path, const struct lf_scores *genuine, const struct lf_scores *impostor);
