/* Why a person probe and one row of a shard are alike. Private to the person engine. */
#pragma once

#include "matcher/person_payload.h"
#include "matcher/person_probe.h"

/* Documents first, then the weightiest name parts, what was left over, and the other facts. Parts are counted
 * from 1. */
void lf_person_explain(const struct lf_shard *shard, const struct lf_person_view *v, uint32_t row,
                       const struct lf_person_probe *probe, struct lf_explanation *ret);
