/* Internal to control/gateway. */
#pragma once

#include "control/gateway/gateway.h"

/* What every query of a job says: under which law it is asked, for whom, how urgently. Errno. */
int lf_ask_head(struct lf_gateway *g, const struct lf_job *job, uint32_t subject);
/* The same question has the same id, whoever asks it again after our end: the audit log shows it as one. */
int lf_ask_id(const struct lf_job *job, const char *label, uint32_t number, uint32_t attempt,
              uint8_t ret_id[16]);
/* NULL: as many are under way as may be. */
struct lf_slot *lf_ask_slot(struct lf_gateway *g);
/* Takes what the client library brought; false: the probe is to be asked again. */
bool lf_job_answer(struct lf_job *job, struct lf_probe *p, const struct lf_lane_result *result);
