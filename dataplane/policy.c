#include "dataplane/policy.h"

#include "matcher/engine.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static bool well(const struct lf_policy *p)
{
        for (unsigned i = 0; i < LF_LANES_MAX; i++)
                if (p->lane[i].active > 1 || p->lane[i].priorities >> LSP_PRIORITY_COUNT)
                        return false;
        for (unsigned i = 0; i < LF_DATASETS_MAX; i++) {
                const struct lf_policy_dataset *d = &p->dataset[i];
                if (d->active > 1)
                        return false;
                if (d->active && (d->agreement >= LF_AGREEMENTS_MAX || d->modality >= LF_MODALITY_COUNT ||
                                  d->candidates < 1 || d->candidates > LSP_CANDIDATES_MAX ||
                                  !isfinite(d->threshold) || d->threshold > 0))
                        return false;
        }
        for (unsigned a = 0; a < LF_AGREEMENTS_MAX; a++) {
                if (p->agreement[a].active > 1)
                        return false;
                /* No agreement opens another's data. */
                for (unsigned d = 0; d < LF_DATASETS_MAX; d++)
                        if (p->agreement[a].datasets >> d & 1 &&
                            (!p->dataset[d].active || p->dataset[d].agreement != a))
                                return false;
        }
        for (unsigned i = 0; i < LF_OFFICERS_MAX; i++)
                if (p->officer[i].active > 1)
                        return false;
        for (unsigned i = 0; i < LF_WARRANTS_MAX; i++)
                if (p->warrant[i].lane >= LF_LANES_MAX && p->warrant[i].lane != UINT32_MAX)
                        return false;
        return true;
}

int lf_policy_check(const void *image, size_t size)
{
        const struct lf_policy *p = image;
        if (size != sizeof *p || (uintptr_t)image % _Alignof(struct lf_policy) ||
            p->magic != LF_POLICY_MAGIC || p->abi != LF_POLICY_ABI || p->size != sizeof *p)
                return -EBADMSG;
        return well(p) ? 0 : -EBADMSG;
}

/* A set of details: the law is a list of reasons to refuse, and the answer names the first of the list. */
#define IF(condition, name) ((uint64_t)(condition) << LSP_DETAIL_##name)

static uint64_t officer_faults(const struct lf_policy *p, const struct lf_purpose_request *r, uint32_t named,
                               uint16_t *ret_roles)
{
        *ret_roles = 0;
        if (r->officer_bad)
                return IF(true, OFFICER_INVALID);
        if (!r->officer_given)
                return 0;
        if (r->officer == 0 || r->officer >= LF_OFFICERS_MAX)
                return IF(true, OFFICER_INVALID);
        const struct lf_policy_officer *o = &p->officer[r->officer];
        bool good = o->active && (named & ~o->agreements) == 0;
        if (good)
                *ret_roles = o->roles;
        return IF(!good, OFFICER_INVALID);
}

static uint64_t warrant_faults(const struct lf_policy *p, const struct lf_purpose_request *r, uint32_t named,
                               int16_t *ret_warrant)
{
        *ret_warrant = -1;
        if (!r->warrant_given)
                return 0;
        for (int16_t i = 0; i < LF_WARRANTS_MAX; i++) {
                const struct lf_policy_warrant *w = &p->warrant[i];
                if (w->uses == 0 || memcmp(w->reference, r->warrant, sizeof w->reference) != 0)
                        continue;
                bool good = r->now < w->expiry && (w->lane == UINT32_MAX || w->lane == r->lane) &&
                            (named & ~w->agreements) == 0 && r->purpose < 32 && w->purposes >> r->purpose & 1;
                *ret_warrant = good ? i : -1;
                return IF(!good, WARRANT_INVALID);
        }
        return IF(true, WARRANT_INVALID);
}

static uint64_t rule_faults(const struct lf_policy_rule *rule, const struct lf_purpose_request *r,
                            uint16_t roles)
{
        return IF(rule->categories == 0, PURPOSE) |
               IF(r->categories_given && (r->categories == 0 || r->categories & ~rule->categories),
                  CATEGORY) |
               IF(r->subject >= LSP_SUBJECT_COUNT || !(rule->subjects >> r->subject & 1), SUBJECT) |
               IF(r->encounter >= LSP_ENCOUNTER_COUNT || !(rule->encounters >> r->encounter & 1), ENCOUNTER) |
               IF(rule->roles && !(rule->roles & roles), ROLE) |
               IF(rule->needs & LF_NEEDS_OFFICER && !r->officer_given && !r->officer_bad, OFFICER_NEEDED) |
               IF(rule->needs & LF_NEEDS_WARRANT && !r->warrant_given, WARRANT_NEEDED);
}

/* Of an officer who is valid here. */
static uint64_t decision_faults(const struct lf_purpose_request *r, uint16_t officer_roles)
{
        bool bears = officer_roles & (LF_ROLE_OFFICER | LF_ROLE_SUPERVISOR);
        if (!r->decision)
                return 0;
        return IF(!r->officer_given, OFFICER_NEEDED) | IF(r->officer_given && !bears, ROLE);
}

/* The datasets of one agreement that have what the probe can be compared with. */
static void open_datasets(const struct lf_policy *p, unsigned agreement, const struct lf_purpose_request *r,
                          struct lf_purpose_grant *grant)
{
        const struct lf_policy_agreement *a = &p->agreement[agreement];
        uint32_t wanted = r->categories_given ? r->categories : UINT32_MAX;
        for (uint64_t left = a->datasets; left; left &= left - 1) {
                unsigned d = (unsigned)__builtin_ctzll(left);
                uint32_t categories = a->rule[r->purpose].categories & p->dataset[d].categories & wanted;
                if (categories == 0 || !(r->modalities >> p->dataset[d].modality & 1))
                        continue;
                grant->datasets |= 1ull << d;
                grant->categories[d] = categories;
        }
}

void lf_purpose_decide(const struct lf_policy *p, const struct lf_purpose_request *r,
                       struct lf_purpose_grant *ret_grant)
{
        *ret_grant = (struct lf_purpose_grant){.warrant = -1};
        bool known = r->lane < LF_LANES_MAX && p->lane[r->lane].active;
        if (!known || r->agreements == 0 || r->agreements > 8) {
                ret_grant->detail = known ? LSP_DETAIL_AGREEMENT_UNKNOWN : LSP_DETAIL_LANE_REVOKED;
                return;
        }
        const struct lf_policy_lane *lane = &p->lane[r->lane];
        uint64_t faults =
            IF(r->purpose >= LSP_PURPOSE_COUNT, PURPOSE) |
            IF(r->priority >= LSP_PRIORITY_COUNT || !(lane->priorities >> r->priority & 1), PRIORITY);
        uint32_t named = 0;
        for (unsigned i = 0; i < r->agreements; i++) {
                unsigned a = r->agreement[i];
                if (a >= LF_AGREEMENTS_MAX) {
                        faults |= IF(true, LANE_AGREEMENT);
                        continue;
                }
                const struct lf_policy_agreement *g = &p->agreement[a];
                named |= 1u << a;
                faults |=
                    IF(!(lane->agreements >> a & 1), LANE_AGREEMENT) |
                    IF(!g->active || r->now < g->not_before || r->now >= g->not_after, AGREEMENT_UNKNOWN);
        }
        uint16_t roles;
        int16_t warrant;
        uint64_t officer = officer_faults(p, r, named, &roles);
        faults |= officer ? officer : decision_faults(r, roles);
        faults |= warrant_faults(p, r, named, &warrant);
        if (r->purpose < LSP_PURPOSE_COUNT)
                for (uint32_t left = named; left; left &= left - 1)
                        faults |= rule_faults(&p->agreement[__builtin_ctz(left)].rule[r->purpose], r,
                                              roles | lane->roles);
        if (faults) {
                ret_grant->detail = (uint16_t)__builtin_ctzll(faults);
                return;
        }
        if (r->decision)
                return;
        for (uint32_t left = named; left; left &= left - 1)
                open_datasets(p, (unsigned)__builtin_ctz(left), r, ret_grant);
        if (ret_grant->datasets == 0)
                ret_grant->detail = LSP_DETAIL_NO_GALLERY;
        else
                ret_grant->warrant = warrant;
}
