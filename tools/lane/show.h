/* Results in words and in JSON. */
#pragma once

#include <jansson.h>

#include "tools/lane/landfall_lane.h"

/* Some lines to stdout. */
void lf_lane_show(const struct lf_lane_result *result);
/* The caller's to json_decref. NULL: no memory. */
json_t *lf_lane_show_json(const struct lf_lane_result *result);
