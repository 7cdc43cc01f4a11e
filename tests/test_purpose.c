/* The law as a truth table: every combination of what a lane, an agreement, an officer and a warrant can be,
 * against an oracle that knows the combination and not the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "dataplane/policy.h"
#include "matcher/engine.h"

#define NOW    1800000000ull
#define LANE   7u
#define ACCORD 3u
#define OTHER  4u /* a second agreement that permits everything */
#define SET    12u
#define WHO    5u

enum { AGREEMENT_GOOD, AGREEMENT_OFF, AGREEMENT_EARLY, AGREEMENT_LATE, AGREEMENTS };
enum { PURPOSE_GOOD, PURPOSE_NONE, PURPOSE_RANGE, PURPOSES };
enum { CATEGORY_ALL, CATEGORY_GOOD, CATEGORY_OUTSIDE, CATEGORY_EMPTY, CATEGORIES };
enum { FIT, UNFIT, RANGE, FITS };
enum { ROLE_ANY, ROLE_OF_LANE, ROLE_OF_OFFICER, ROLE_OF_NOBODY, ROLES };
enum { OFFICER_NONE, OFFICER_GOOD, OFFICER_FORGED, OFFICER_GONE, OFFICER_ELSEWHERE, OFFICERS };
enum {
        WARRANT_NONE,
        WARRANT_GOOD,
        WARRANT_OLD,
        WARRANT_LANE,
        WARRANT_AGREEMENT,
        WARRANT_PURPOSE,
        WARRANT_SPENT,
        WARRANT_UNKNOWN,
        WARRANTS
};
enum { GALLERY_GOOD, GALLERY_MODALITY, GALLERY_CATEGORY, GALLERIES };

struct combination {
        unsigned lane_off, lane_outside, agreement, purpose, category, subject, encounter, role, needs,
            officer, warrant, priority, gallery;
};

static struct lf_policy policy;

static void build(const struct combination *c, struct lf_purpose_request *r)
{
        struct lf_policy_lane *lane = &policy.lane[LANE];
        struct lf_policy_agreement *a = &policy.agreement[ACCORD];
        struct lf_policy_rule *rule = &a->rule[LSP_PURPOSE_VISA];
        struct lf_policy_officer *o = &policy.officer[WHO];
        struct lf_policy_warrant *w = &policy.warrant[2];
        lane->active = !c->lane_off;
        lane->agreements = 1u << OTHER | (c->lane_outside ? 0 : 1u << ACCORD);
        lane->roles = LF_ROLE_EGATE;
        lane->priorities = c->priority == UNFIT ? 1u << LSP_PRIORITY_BATCH : 1u << LSP_PRIORITY_DESK;
        a->active = c->agreement != AGREEMENT_OFF;
        a->not_before = c->agreement == AGREEMENT_EARLY ? NOW + 1 : NOW;
        a->not_after = c->agreement == AGREEMENT_LATE ? NOW : NOW + 1;
        a->datasets = 1ull << SET;
        *rule = (struct lf_policy_rule){
            .categories = c->purpose == PURPOSE_NONE ? 0 : 0x0e,
            .roles = c->role == ROLE_ANY          ? 0
                     : c->role == ROLE_OF_LANE    ? LF_ROLE_EGATE | LF_ROLE_CARGO
                     : c->role == ROLE_OF_OFFICER ? LF_ROLE_SUPERVISOR
                                                  : LF_ROLE_CARGO,
            .needs = (uint8_t)c->needs,
            .subjects = c->subject == UNFIT ? 0xfe : 0x01,
            .encounters = c->encounter == UNFIT ? 0x7f : 0x80,
        };
        policy.dataset[SET] = (struct lf_policy_dataset){
            .active = 1,
            .agreement = ACCORD,
            .modality = c->gallery == GALLERY_MODALITY ? LF_MODALITY_FACE : LF_MODALITY_PERSON,
            .candidates = 1,
            .categories = c->gallery == GALLERY_CATEGORY ? 0xf1 : 0x16,
            .threshold = -3,
        };
        *o = (struct lf_policy_officer){
            .active = c->officer != OFFICER_GONE,
            .roles = LF_ROLE_SUPERVISOR,
            .agreements = c->officer == OFFICER_ELSEWHERE ? 1u << OTHER : 1u << ACCORD,
        };
        *w = (struct lf_policy_warrant){
            .reference = "sixteen bytes...",
            .expiry = c->warrant == WARRANT_OLD ? NOW : NOW + 1,
            .lane = c->warrant == WARRANT_LANE ? LANE + 1 : LANE,
            .uses = c->warrant == WARRANT_SPENT ? 0 : 1,
            .agreements = c->warrant == WARRANT_AGREEMENT ? 1u << OTHER : 1u << ACCORD,
            .purposes = c->warrant == WARRANT_PURPOSE ? 1u << LSP_PURPOSE_ASYLUM : 1u << LSP_PURPOSE_VISA,
        };
        *r = (struct lf_purpose_request){
            .lane = LANE,
            .officer = WHO,
            .officer_given = c->officer != OFFICER_NONE && c->officer != OFFICER_FORGED,
            .officer_bad = c->officer == OFFICER_FORGED,
            .warrant_given = c->warrant != WARRANT_NONE,
            .agreements = 1,
            .agreement = {ACCORD},
            .purpose = c->purpose == PURPOSE_RANGE ? LSP_PURPOSE_COUNT : LSP_PURPOSE_VISA,
            .subject = c->subject == RANGE ? LSP_SUBJECT_COUNT : 0,
            .encounter = c->encounter == RANGE ? LSP_ENCOUNTER_COUNT : 7,
            .priority = c->priority == RANGE ? LSP_PRIORITY_COUNT : LSP_PRIORITY_DESK,
            .categories_given = c->category != CATEGORY_ALL,
            .categories = c->category == CATEGORY_OUTSIDE ? 0x06 | 0x40
                          : c->category == CATEGORY_EMPTY ? 0
                                                          : 0x06,
            .modalities = 1u << LF_MODALITY_PERSON,
            .now = NOW,
        };
        memcpy(r->warrant, c->warrant == WARRANT_UNKNOWN ? "SIXTEEN BYTES..." : "sixteen bytes...", 16);
}

/* Reasons in the order of detail.def; the first that holds is the answer. */
static uint16_t oracle(const struct combination *c)
{
        bool rule_read = c->purpose != PURPOSE_RANGE;
        bool officer_counts = c->officer == OFFICER_GOOD;
        if (c->lane_off)
                return LSP_DETAIL_LANE_REVOKED;
        if (c->lane_outside)
                return LSP_DETAIL_LANE_AGREEMENT;
        if (c->agreement != AGREEMENT_GOOD)
                return LSP_DETAIL_AGREEMENT_UNKNOWN;
        if (c->purpose != PURPOSE_GOOD)
                return LSP_DETAIL_PURPOSE;
        if (rule_read && (c->category == CATEGORY_OUTSIDE || c->category == CATEGORY_EMPTY))
                return LSP_DETAIL_CATEGORY;
        if (c->subject != FIT)
                return LSP_DETAIL_SUBJECT;
        if (c->encounter != FIT)
                return LSP_DETAIL_ENCOUNTER;
        if (c->role == ROLE_OF_NOBODY || (c->role == ROLE_OF_OFFICER && !officer_counts))
                return LSP_DETAIL_ROLE;
        if (c->needs & LF_NEEDS_OFFICER && c->officer == OFFICER_NONE)
                return LSP_DETAIL_OFFICER_NEEDED;
        if (c->officer > OFFICER_GOOD)
                return LSP_DETAIL_OFFICER_INVALID;
        if (c->needs & LF_NEEDS_WARRANT && c->warrant == WARRANT_NONE)
                return LSP_DETAIL_WARRANT_NEEDED;
        if (c->warrant > WARRANT_GOOD)
                return LSP_DETAIL_WARRANT_INVALID;
        if (c->priority != FIT)
                return LSP_DETAIL_PRIORITY;
        return c->gallery == GALLERY_GOOD ? LSP_DETAIL_NONE : LSP_DETAIL_NO_GALLERY;
}

static void check(const struct combination *c, unsigned *granted)
{
        struct lf_purpose_request r;
        struct lf_purpose_grant g;
        build(c, &r);
        lf_purpose_decide(&policy, &r, &g);
        uint16_t expected = oracle(c);
        if (g.detail != expected)
                fail_msg("lane %u/%u agreement %u purpose %u category %u subject %u encounter %u role %u "
                         "needs %u officer "
                         "%u warrant %u priority %u gallery %u: %u instead of %u",
                         c->lane_off, c->lane_outside, c->agreement, c->purpose, c->category, c->subject,
                         c->encounter, c->role, c->needs, c->officer, c->warrant, c->priority, c->gallery,
                         g.detail, expected);
        bool yes = expected == LSP_DETAIL_NONE;
        uint32_t categories = c->category == CATEGORY_ALL ? 0x0e & 0x16 : 0x06 & 0x16;
        if (g.datasets != (yes ? 1ull << SET : 0) || g.categories[SET] != (yes ? categories : 0) ||
            g.warrant != (yes && c->warrant == WARRANT_GOOD ? 2 : -1))
                fail_msg("what is granted is not what was allowed");
        *granted += yes;
}

static void every_combination(void **state)
{
        const unsigned size[] = {2,     2, AGREEMENTS, PURPOSES, CATEGORIES, FITS,     FITS,
                                 ROLES, 4, OFFICERS,   WARRANTS, FITS,       GALLERIES};
        unsigned digit[13] = {0}, granted = 0, i;
        uint64_t n = 0;
        do {
                struct combination c;
                memcpy(&c, digit, sizeof c);
                check(&c, &granted);
                n++;
                for (i = 0; i < 13 && ++digit[i] == size[i]; i++)
                        digit[i] = 0;
        } while (i < 13);
        uint64_t expected = 1;
        for (i = 0; i < 13; i++)
                expected *= size[i];
        assert_int_equal(n, expected);
        /* Counted by hand. Categories all or good: 2. Officer given or not, warrant given or not, four sets
         * of needs (9 of 16 are met), roles any or of the lane: 2 * 9; roles of an officer need one: 4 * 3 /
         * 2 ways. */
        assert_int_equal(granted, 2 * (2 * 9 + 6));
}

static void all_agreements_must_permit(void **state)
{
        const struct combination good = {0};
        unsigned granted = 0;
        struct lf_purpose_request r;
        struct lf_purpose_grant g;
        check(&good, &granted);
        build(&good, &r);
        policy.agreement[OTHER] =
            (struct lf_policy_agreement){.active = 1, .not_after = NOW + 1, .datasets = 1};
        policy.agreement[OTHER].rule[LSP_PURPOSE_VISA] =
            (struct lf_policy_rule){.categories = 0x08, .subjects = 1, .encounters = 0x80};
        policy.dataset[0] = (struct lf_policy_dataset){.active = 1,
                                                       .agreement = OTHER,
                                                       .modality = LF_MODALITY_PERSON,
                                                       .candidates = 1,
                                                       .categories = 0xff};
        r.agreements = 2;
        r.agreement[1] = OTHER;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_NONE);
        assert_int_equal(g.datasets, 1ull << SET | 1);
        assert_int_equal(g.categories[0], 0x08);
        /* Each takes its own rule: what one permits the other does not have to lend. */
        r.categories_given = true;
        r.categories = 0x06;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_CATEGORY);
        r.categories_given = false;
        policy.agreement[OTHER].rule[LSP_PURPOSE_VISA].categories = 0;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_PURPOSE);
        assert_int_equal(g.datasets, 0);
        r.agreement[1] = UINT8_MAX;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_LANE_AGREEMENT);
        r.agreements = 0;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_AGREEMENT_UNKNOWN);
        r.lane = LF_LANES_MAX;
        lf_purpose_decide(&policy, &r, &g);
        assert_int_equal(g.detail, LSP_DETAIL_LANE_REVOKED);
}

static void a_wrong_table_is_refused(void **state)
{
        const struct combination good = {0};
        struct lf_purpose_request r;
        memset(&policy, 0, sizeof policy);
        build(&good, &r);
        policy.magic = LF_POLICY_MAGIC;
        policy.abi = LF_POLICY_ABI;
        policy.size = sizeof policy;
        assert_int_equal(lf_policy_check(&policy, sizeof policy), 0);
        assert_int_equal(lf_policy_check(&policy, sizeof policy - 1), -EBADMSG);
#define REFUSED(field, value)                                                                                \
        do {                                                                                                 \
                struct lf_policy kept = policy;                                                              \
                policy.field = value;                                                                        \
                assert_int_equal(lf_policy_check(&policy, sizeof policy), -EBADMSG);                         \
                policy = kept;                                                                               \
        } while (0)
        REFUSED(magic, 1);
        REFUSED(abi, LF_POLICY_ABI + 1);
        REFUSED(size, 1);
        REFUSED(lane[LANE].active, 2);
        REFUSED(lane[LANE].priorities, 0x10);
        REFUSED(dataset[SET].agreement, LF_AGREEMENTS_MAX);
        REFUSED(dataset[SET].agreement, OTHER);
        REFUSED(dataset[SET].modality, LF_MODALITY_COUNT);
        REFUSED(dataset[SET].candidates, 0);
        REFUSED(dataset[SET].candidates, LSP_CANDIDATES_MAX + 1);
        REFUSED(dataset[SET].threshold, NAN);
        REFUSED(dataset[SET].threshold, 0.5f);
        REFUSED(agreement[OTHER].datasets, 1ull << SET);
        REFUSED(agreement[ACCORD].datasets, 1ull << SET | 1);
        REFUSED(warrant[0].lane, LF_LANES_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_combination),
            cmocka_unit_test(all_agreements_must_permit),
            cmocka_unit_test(a_wrong_table_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
