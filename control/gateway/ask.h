/* Internal to control/gateway. */
#pragma once

#include "control/gateway/gateway.h"

/* Takes what the client library brought; false: the probe is to be asked again. */
bool lf_job_answer(struct lf_job *job, struct lf_probe *p, const struct lf_lane_result *result);
