/* The metrics page, in Prometheus's text format (version 0.0.4). No label names a person or a lane. */
#pragma once

#include <stdio.h>

struct lf_control;
struct lf_counters;

/* What landfalld counts. NULL: only that it is not there. */
void lf_metrics_counters(FILE *out, const struct lf_counters *counters);
/* What control knows. */
void lf_metrics_control(FILE *out, struct lf_control *control);
