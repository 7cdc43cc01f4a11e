/* Quotas and warrant uses: what the cores count together, without a lock.
 *
 * The state belongs to lanes, officers and warrants, and outlives a policy: a change of policy refills
 * nothing. Nor does a start of landfalld: what is counted for an hour or for good lies in a page of the run
 * directory (run_dir.h), which control keeps across starts of the machine. */
#pragma once

#include "dataplane/policy.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lf_warrant_use {
        uint8_t reference[16];
        bool taken;
        _Atomic uint32_t used;
};

struct lf_limits {
        _Atomic uint64_t lane_next[LF_LANES_MAX];  /* when the lane's bucket would be full again, in cycles */
        _Atomic uint64_t lane_flood[LF_LANES_MAX]; /* the same, of the bucket for what is taken at all */
        _Atomic uint64_t lane_hour[LF_LANES_MAX];  /* hour << 32 | candidates in it */
        _Atomic uint64_t officer_hour[LF_OFFICERS_MAX];
        struct lf_warrant_use warrant[2 * LF_WARRANTS_MAX];
};

/* The run directory's page. */
#define LF_LIMITS_FILE  "limits"
#define LF_LIMITS_SAVED "limits.saved"        /* control's copy, which counts where the page is missing */
#define LF_LIMITS_MAGIC 0x5354494d494c464cull /* "LFLIMITS" */
#define LF_LIMITS_ABI   1
struct lf_limits_page {
        uint64_t magic;
        uint32_t abi;
        uint32_t size; /* of all this */
        struct lf_limits limits;
};

/* Is it one? And what counts only from start to start is emptied. */
bool lf_limits_page_begin(struct lf_limits_page *page);

/* Where each warrant of a policy is counted. The policy in force until now (NULL: none) keeps its places.
 * Main thread, before the policy is published. */
void lf_limits_place(struct lf_limits *l, const struct lf_policy *policy, const struct lf_policy *in_force,
                     const uint16_t in_force_place[LF_WARRANTS_MAX], uint16_t ret_place[LF_WARRANTS_MAX]);

/* One query of the lane, at a TSC reading. False: too many. Any core. */
bool lf_limits_query(struct lf_limits *l, const struct lf_policy_lane *rule, uint32_t lane, uint64_t tsc,
                     uint64_t tsc_hz);
/* One datagram that begins a query: false: the lane sends at more than twice its rate, and the query is not
 * even to be refused and logged. Any core. */
bool lf_limits_flood(struct lf_limits *l, const struct lf_policy_lane *rule, uint32_t lane, uint64_t tsc,
                     uint64_t tsc_hz);
/* One more candidate, if the counter is below its limit (0: no limit) in the hour of `now`, seconds; and
 * given back. It is taken before the search, so that a refusal does not say that there was one. Any core. */
bool lf_limits_candidate(_Atomic uint64_t *hour, uint32_t limit, uint64_t now);
void lf_limits_candidate_back(_Atomic uint64_t *hour, uint64_t now);
/* One use of a warrant; and given back: of the policy in force, or of one that a core still has. Any core. */
bool lf_limits_warrant(struct lf_limits *l, uint16_t place, uint32_t uses);
void lf_limits_warrant_back(struct lf_limits *l, uint16_t place);
