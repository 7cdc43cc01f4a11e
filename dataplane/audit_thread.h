/* The audit thread: takes entries from all io cores, writes them as a group, says up to where they are
 * durable. */
#pragma once

#include "dataplane/audit.h"

struct lf_audit;

/* Entries with a smaller index are on stable storage; no more will be. Any core. */
uint64_t lf_audit_durable(const struct lf_audit *a);
bool lf_audit_failed(const struct lf_audit *a);
