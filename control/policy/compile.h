/* Configuration and register of lanes to the policy table that the dataplane checks. */
#pragma once

#include "control/config/config.h"
#include "control/site/site.h"
#include "dataplane/policy.h"

/* What the table needs beside the configuration. */
struct lf_policy_facts {
        const struct lf_site_lane *lane; /* every lane that was ever enrolled */
        unsigned lanes;
        uint64_t
            synced[LF_DATASETS_MAX]; /* by dataset number: legal time of its newest verified checkpoint */
        uint32_t ruleset;
};

/* Fills the whole table. A lane is active if the register has it as active and the configuration names it. A
 * warrant for a lane that is not active is left out. Pure. */
void lf_policy_compile(const struct lf_config *config, const struct lf_policy_facts *facts,
                       struct lf_policy *ret);

/* SHA-256 over everything that is law: all but the ruleset's number and the times of the last syncs. -EIO:
 * OpenSSL refused. */
int lf_policy_digest(const struct lf_policy *policy, uint8_t ret[32]);

/* A memfd of the table, sealed FUTURE_WRITE|SHRINK|GROW|SEAL. The caller closes it. Errno of memfd_create,
 * write and fcntl. */
int lf_policy_memfd(const struct lf_policy *policy, int *ret_fd);
