#include "dataplane/path.h"

#include <string.h>

/* Modalities that this build can compare; a probe of another finds no gallery. */
static uint8_t comparable(void)
{
        uint8_t bits = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                bits |= (uint8_t)((lf_engine_for(m) != NULL) << m);
        return bits;
}

/* A candidate of the hour's quotas of the lane and of the officer who asks, as if one were found. */
static bool reserve_candidate(struct lf_io *io, struct lf_query *q)
{
        struct lf_limits *l = io->dp->limits;
        const struct lf_policy *p = &io->law->policy;
        const struct lf_purpose_request *r = &q->request;
        if (!lf_limits_candidate(&l->lane_hour[r->lane], p->lane[r->lane].candidates_per_hour, r->now))
                return false;
        if (r->officer_given && !lf_limits_candidate(&l->officer_hour[r->officer],
                                                     p->officer[r->officer].candidates_per_hour, r->now)) {
                lf_limits_candidate_back(&l->lane_hour[r->lane], r->now);
                return false;
        }
        q->reserved = true;
        return true;
}

void lf_candidate_back(struct lf_io *io, struct lf_query *q)
{
        struct lf_limits *l = io->dp->limits;
        const struct lf_purpose_request *r = &q->request;
        if (!q->reserved)
                return;
        q->reserved = false;
        lf_limits_candidate_back(&l->lane_hour[r->lane], r->now);
        if (r->officer_given)
                lf_limits_candidate_back(&l->officer_hour[r->officer], r->now);
}

/* A policy that came meanwhile may have the warrant elsewhere, or not at all: then the use stays counted. */
static void warrant_back(struct lf_io *io, struct lf_query *q)
{
        if (!q->warrant_used)
                return;
        q->warrant_used = false;
        for (unsigned i = 0; i < LF_WARRANTS_MAX; i++) {
                const struct lf_policy_warrant *w = &io->law->policy.warrant[i];
                if (w->uses > 0 && memcmp(w->reference, q->request.warrant, sizeof w->reference) == 0) {
                        lf_limits_warrant_back(io->dp->limits, io->law->warrant_place[i]);
                        return;
                }
        }
}

void lf_quota_back(struct lf_io *io, struct lf_query *q)
{
        lf_candidate_back(io, q);
        warrant_back(io, q);
}

/* Quotas, then one use of the warrant: taken before the search, as what is counted too late is not counted
 * when the machine stops meanwhile. */
static uint16_t take_quota(struct lf_io *io, struct lf_query *q, int16_t warrant, bool in_rate)
{
        const struct lf_law *law = io->law;
        if (!in_rate || !reserve_candidate(io, q))
                return LSP_DETAIL_QUOTA;
        if (warrant >= 0 && !lf_limits_warrant(io->dp->limits, law->warrant_place[warrant],
                                               law->policy.warrant[warrant].uses))
                return LSP_DETAIL_WARRANT_INVALID;
        q->warrant_used = warrant >= 0;
        return LSP_DETAIL_NONE;
}

/* What the query may see is written down with it, so that a policy that comes while it is on its way changes
 * nothing for it. */
static uint16_t note_grant(struct lf_io *io, struct lf_query *q, const struct lf_purpose_grant *g)
{
        const struct lf_policy *p = &io->law->policy;
        if (__builtin_popcountll(g->datasets) > LF_QUERY_DATASETS_MAX)
                return LSP_DETAIL_TOO_WIDE;
        uint64_t now = q->request.now;
        for (uint64_t left = g->datasets; left; left &= left - 1) {
                unsigned d = (unsigned)__builtin_ctzll(left);
                const struct lf_policy_dataset *set = &p->dataset[d];
                q->place[d] = q->wanted_n;
                q->wanted[q->wanted_n++] = (struct lf_wanted){
                    .dataset = (uint8_t)d,
                    .modality = set->modality,
                    .agreement = set->agreement,
                    .candidates = set->candidates,
                    .categories = g->categories[d],
                    .threshold = set->threshold,
                };
                if (set->fresh_s && now > set->synced && now - set->synced > set->fresh_s)
                        q->answer.flags |= LSP_FLAG_STALE;
        }
        return LSP_DETAIL_NONE;
}

/* A decision reveals nothing and takes no candidate of the quotas; its answer leaves, as any, when the log
 * has it durably. */
static void record_decision(struct lf_io *io, struct lf_query *q)
{
        q->answer.verdict = LSP_RECORDED;
        q->answer.officer = q->request.officer;
        lf_audit_submit(io, q);
}

void lf_purpose(struct lf_io *io, struct lf_query *q)
{
        struct lf_purpose_request *r = &q->request;
        if (q->token_given) {
                r->officer_given = lf_officer_open(&io->sessions, &q->token, q->lane, r->now, &r->officer);
                r->officer_bad = !r->officer_given;
        }
        bool in_rate =
            lf_limits_query(io->dp->limits, &io->law->policy.lane[q->lane], q->lane, io->now, io->dp->tsc_hz);
        /* The law sees only what can be compared; the log sees what was sent. */
        struct lf_purpose_request asked = *r;
        asked.modalities &= comparable();
        struct lf_purpose_grant grant;
        lf_purpose_decide(&io->law->policy, &asked, &grant);
        uint16_t detail = grant.detail;
        if (detail == LSP_DETAIL_NONE)
                detail = note_grant(io, q, &grant);
        if (detail == LSP_DETAIL_NONE && q->decision)
                detail = in_rate ? LSP_DETAIL_NONE : LSP_DETAIL_QUOTA;
        else if (detail == LSP_DETAIL_NONE)
                detail = take_quota(io, q, grant.warrant, in_rate);
        lf_mark(io, LF_STAGE_purpose, 1);
        if (detail != LSP_DETAIL_NONE)
                lf_refuse(io, q, detail);
        else if (q->decision)
                record_decision(io, q);
        else
                lf_steer(io, q);
}

void lf_refuse(struct lf_io *io, struct lf_query *q, uint16_t detail)
{
        q->answer.verdict = LSP_REFUSED;
        q->answer.detail = detail;
        q->answer.flags = 0;
        q->wanted_n = 0;
        lf_quota_back(io, q);
        lf_audit_submit(io, q);
}
/* Exits: granted, to steer. REFUSED, or an officer's decision, to audit. */
