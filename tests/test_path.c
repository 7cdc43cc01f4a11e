/* The whole query path in one process: sealed queries in, durable entries, sealed answers out. Both balances
 * are checked at the end of every test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/audit/leaf.h"
#include "tests/path_test.h"

static void clear_and_candidate(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("ORSOLYA BLENKINSOP");
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CLEAR);
        assert_int_equal(a.candidates, 0);
        assert_int_equal(a.flags, 0);
        assert_int_equal(a.generation, 1);
        assert_int_equal(a.ruleset, rig.policy.ruleset);

        p = rig_person(path_people[1]);
        a = rig_ask(&l, 2, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_int_equal(a.candidates, 1);
        const struct lsp_candidate *c = &a.candidate[0];
        assert_memory_equal(c->reference, "p\1\0\0", 4);
        assert_int_equal(c->dataset, RIG_PERSONS);
        assert_int_equal(c->modalities, 1u << LF_MODALITY_PERSON);
        assert_true(c->decade <= -3);
        assert_true(c->reasons > 0);

        /* The receipt is the hash of the leaf in the log; commitments open; nothing of the person is in it.
         */
        struct lf_entry e;
        struct lf_entry_opening o;
        uint8_t hash[32];
        assert_int_equal(path_logged(2, &e, &o), 1);
        lf_entry_leaf_hash(&e, hash);
        assert_memory_equal(hash, a.leaf, 32);
        assert_int_equal(e.verdict, LSP_CANDIDATE);
        assert_int_equal(e.lane, 1);
        assert_int_equal(e.datasets, 1u << RIG_PERSONS);
        assert_int_equal(e.candidates, 1);
        lf_entry_commit(o.key, o.probe_hash, 32, hash);
        assert_memory_equal(hash, e.probe_commitment, 32);
        lf_entry_commit(o.key, o.reference, 16, hash);
        assert_memory_equal(hash, e.candidate_commitment, 32);
        assert_memory_equal(o.reference[0], c->reference, 16);
        for (unsigned i = 0; i < rig.out_n; i++)
                assert_int_equal(rig.out[i].size, LSP_ANSWER_DATAGRAM);
}

static void two_probes_two_datasets(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 2, 2, 1);
        uint8_t wire[4096];
        struct rig_plain p = rig_person(path_people[0]);
        struct finger_placement placement = finger_placement_any(5);
        size_t n = rig_finger(path_fingers[2], &placement, wire, sizeof wire);
        rig_put(&p, LSP_TLV_FINGERPRINT, wire, n);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_int_equal(a.candidates, 2);
        assert_int_not_equal(a.candidate[0].dataset, a.candidate[1].dataset);
        assert_true(a.candidate[0].decade <= a.candidate[1].decade);
        for (unsigned i = 0; i < 2; i++)
                assert_memory_equal(a.candidate[i].reference,
                                    a.candidate[i].dataset == RIG_PERSONS ? "p\0" : "f\2", 2);
}

static void retry_names_the_defect(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = {0};
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        rig_put(&p, LSP_TLV_FINGERPRINT, "FMR\0 20\0abc", 11);
        rig_pad(&p);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_RETRY);
        assert_int_equal(a.detail, LSP_DETAIL_PROBE);
        assert_int_equal(a.defect_tlv, LSP_TLV_FINGERPRINT);
        assert_int_not_equal(a.defect, LF_DEFECT_NONE);
        struct lf_entry e;
        assert_int_equal(path_logged(1, &e, NULL), 1);
        assert_int_equal(e.datasets, 0);
        assert_int_equal(lf_counters_sum(rig.counters, &rig.counters->core[0].scan_blocks[0]), 0);
}

/* The very finger of the gallery, but with hardly anything to compare. */
static void fingers_of_few_minutiae_are_retried(void **state)
{
        static struct lf_fmr f;
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        for (unsigned n = 0; n <= 3; n++) {
                struct finger one = finger_make(path_fingers[0]);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &f);
                f.view[0].n = (uint16_t)n;
                uint8_t wire[4096];
                struct rig_plain p = {0};
                rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
                rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
                rig_put(&p, LSP_TLV_FINGERPRINT, wire, fmr_write(&f, wire));
                rig_pad(&p);
                struct lsp_answer a = rig_ask(&l, n + 1, &p);
                assert_int_equal(a.verdict, LSP_RETRY);
                assert_int_equal(a.candidates, 0);
                assert_int_equal(a.defect, LF_DEFECT_TOO_FEW_MINUTIAE);
        }
        assert_int_equal(lf_counters_sum(rig.counters, &rig.counters->core[0].scan_blocks[0]), 0);
}

static void refuse(struct rig_lane *l, uint64_t id, struct rig_plain *p, uint16_t detail)
{
        uint64_t blocks = lf_read(&rig.counters->core[0].scan_blocks[LF_MODALITY_PERSON]);
        rig_pad(p);
        struct lsp_answer a = rig_ask(l, id, p);
        assert_int_equal(a.verdict, LSP_REFUSED);
        assert_int_equal(a.detail, detail);
        assert_int_equal(lf_read(&rig.counters->core[0].scan_blocks[LF_MODALITY_PERSON]), blocks);
        struct lf_entry e;
        assert_int_equal(path_logged(id, &e, NULL), 1);
        assert_int_equal(e.detail, detail);
        assert_int_equal(e.datasets, 0);
}

static void nonsense_is_refused_and_logged(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = {0};
        refuse(&l, 1, &p, LSP_DETAIL_MALFORMED); /* neither agreement nor purpose */
        p = rig_person("A B");
        rig_put(&p, 21, "x", 1);
        refuse(&l, 2, &p, LSP_DETAIL_UNKNOWN_FIELD);
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_PURPOSE, "xx", 2);
        refuse(&l, 3, &p, LSP_DETAIL_MALFORMED); /* twice */
        p = rig_person("A B");
        memcpy(p.bytes + p.size, "\x05\0\x10\0", 4);
        p.size += 4;
        refuse(&l, 4, &p, LSP_DETAIL_MALFORMED); /* beyond the end */
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_SUBJECT, "\0\0", 2);
        refuse(&l, 5, &p, LSP_DETAIL_MALFORMED); /* too long */
        p = (struct rig_plain){0};
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        struct rig_plain with_iris = p;
        refuse(&l, 6, &p, LSP_DETAIL_NO_PROBE);
        rig_put(&with_iris, LSP_TLV_IRIS, "iris", 4);
        refuse(&l, 7, &with_iris, LSP_DETAIL_NO_GALLERY);
        p = rig_person("A B");
        p.bytes[4] = RIG_CLOSED;
        refuse(&l, 8, &p, LSP_DETAIL_PURPOSE);
        p = rig_person("A B");
        p.bytes[5] = 1; /* agreement 257 */
        refuse(&l, 9, &p, LSP_DETAIL_LANE_AGREEMENT);
        struct lsp_officer_token token = {.key_id = RIG_COOKIE_KEY};
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_OFFICER, &token, sizeof token);
        refuse(&l, 10, &p, LSP_DETAIL_OFFICER_INVALID);
}

static struct rig_plain decision(const struct lsp_officer_token *token, const uint8_t leaf[32],
                                 uint8_t decided, size_t reason)
{
        struct rig_plain p = {0};
        struct {
                struct lsp_decision d;
                char reason[LSP_DECISION_REASON_MAX + 1];
        } value = {.d.decision = decided};
        memcpy(value.d.leaf, leaf, sizeof value.d.leaf);
        memset(value.reason, 'r', sizeof value.reason);
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        if (token)
                rig_put(&p, LSP_TLV_OFFICER, token, sizeof *token);
        rig_put(&p, LSP_TLV_DECISION, &value, sizeof value.d + reason);
        rig_pad(&p);
        return p;
}

/* It is an entry of its own that names officer and referral; the same again is the same answer. */
static void a_decision_is_recorded(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.officer[5] =
            (struct lf_policy_officer){.active = 1, .roles = LF_ROLE_OFFICER, .agreements = 1u << RIG_ACCORD};
        rig_policy();
        struct rig_plain p = rig_person(path_people[0]);
        struct lsp_answer referred = rig_ask(&l, 1, &p);
        assert_int_equal(referred.verdict, LSP_CANDIDATE);
        struct lsp_officer_token token = rig_officer(5);
        for (uint8_t decided = LSP_DECIDED_BOARD; decided <= LSP_DECIDED_DO_NOT_BOARD; decided++) {
                p = decision(&token, referred.leaf, decided, 10);
                struct lsp_answer a = rig_ask(&l, 10 + decided, &p), b = rig_ask(&l, 10 + decided, &p);
                struct lf_entry e;
                uint8_t hash[32];
                assert_int_equal(a.verdict, LSP_RECORDED);
                assert_int_equal(a.officer, 5);
                assert_int_equal(a.candidates, 0);
                assert_memory_equal(&a, &b, sizeof a);
                assert_int_equal(path_logged(10 + decided, &e, NULL), 1);
                assert_int_equal(e.kind, LF_ENTRY_DECISION);
                assert_int_equal(e.officer, 5);
                assert_int_equal(e.decision, decided);
                assert_int_equal(e.datasets, 0);
                assert_memory_equal(e.decided, referred.leaf, 32);
                lf_entry_leaf_hash(&e, hash);
                assert_memory_equal(hash, a.leaf, 32);
        }
}

static void nobody_decides_without_an_officer(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        static const uint8_t leaf[32] = {1};
        rig.policy.officer[5] =
            (struct lf_policy_officer){.active = 1, .roles = LF_ROLE_CARGO, .agreements = 1u << RIG_ACCORD};
        rig.policy.officer[6] = (struct lf_policy_officer){
            .active = 1, .roles = LF_ROLE_SUPERVISOR, .agreements = 1u << RIG_CLOSED};
        rig_policy();
        struct lsp_officer_token token = rig_officer(5);
        struct rig_plain p = decision(NULL, leaf, LSP_DECIDED_DO_NOT_BOARD, 1);
        refuse(&l, 1, &p, LSP_DETAIL_OFFICER_NEEDED);
        p = decision(&token, leaf, LSP_DECIDED_DO_NOT_BOARD, 1);
        refuse(&l, 2, &p, LSP_DETAIL_ROLE);
        token = rig_officer(6); /* has nothing to do with this agreement */
        p = decision(&token, leaf, LSP_DECIDED_DO_NOT_BOARD, 1);
        refuse(&l, 3, &p, LSP_DETAIL_OFFICER_INVALID);
        token.box[0] ^= 1;
        p = decision(&token, leaf, LSP_DECIDED_DO_NOT_BOARD, 1);
        refuse(&l, 4, &p, LSP_DETAIL_OFFICER_INVALID);
        struct lf_entry e;
        assert_int_equal(path_logged(4, &e, NULL), 1);
        assert_int_equal(e.kind, LF_ENTRY_QUERY);
        token = rig_officer(5);
        p = decision(&token, leaf, 3, 1);
        refuse(&l, 5, &p, LSP_DETAIL_MALFORMED);
        p = decision(&token, leaf, LSP_DECIDED_BOARD, 0); /* without a reason */
        refuse(&l, 6, &p, LSP_DETAIL_MALFORMED);
        p = decision(&token, leaf, LSP_DECIDED_BOARD, LSP_DECISION_REASON_MAX + 1);
        refuse(&l, 7, &p, LSP_DETAIL_MALFORMED);
        p = decision(&token, leaf, LSP_DECIDED_BOARD, 1);
        rig_put(&p, LSP_TLV_PERSON, "x", 1);
        refuse(&l, 8, &p, LSP_DETAIL_MALFORMED);
}

static void quotas(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 3, 3, 1);
        struct rig_plain p = rig_person(path_people[0]), none = rig_person("A B");
        rig.policy.lane[3].candidates_per_hour = 2;
        rig_policy();
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
        assert_int_equal(rig_ask(&l, 2, &none).verdict, LSP_CLEAR);
        assert_int_equal(rig_ask(&l, 3, &p).verdict, LSP_CANDIDATE);
        struct lsp_answer a = rig_ask(&l, 4, &p);
        assert_int_equal(a.detail, LSP_DETAIL_QUOTA);
        rig.policy.lane[3].candidates_per_hour = 0;
        rig.policy.lane[3].queries_per_second = 1;
        rig.policy.lane[3].query_burst = 3;
        rig_policy();
        unsigned refused = 0;
        for (unsigned i = 0; i < 6; i++)
                refused += rig_ask(&l, 10 + i, &none).detail == LSP_DETAIL_QUOTA;
        assert_true(refused > 0 && refused <= 3);
}

/* What a refusal says must not depend on whether there was a candidate. */
static void the_quota_tells_nothing(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 3, 3, 1);
        struct rig_plain listed = rig_person(path_people[0]), none = rig_person("A B");
        struct rig_plain late = rig_person(path_people[0]), bad = {0}, nowhere = rig_person("A B");
        rig_put(&bad, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&bad, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        rig_put(&bad, LSP_TLV_FINGERPRINT, "FMR\0 20\0abc", 11);
        rig_pad(&bad);
        rig.policy.lane[3].candidates_per_hour = 1;
        rig_policy();
        /* Two at once: the second is refused whatever it asks, before any search. */
        for (unsigned i = 0; i < 2; i++) {
                rig_send(&l, 2 * i + 1, i ? &listed : &none);
                rig_send(&l, 2 * i + 2, i ? &none : &listed);
                assert_true(rig_settle());
                struct lsp_answer a;
                unsigned refused = 0;
                for (unsigned k = 0; k < 2; k++) {
                        struct lsp_header h;
                        assert_int_equal(rig_open(&l, 2 * i + k, &h, &a), LSP_ANSWER);
                        refused += a.detail == LSP_DETAIL_QUOTA;
                        if (h.query_id[0] == 2 * i + 2)
                                assert_int_equal(a.detail, LSP_DETAIL_QUOTA);
                }
                assert_int_equal(refused, 1);
                if (i == 0) {
                        /* Every end that is not a candidate gives the place back. */
                        assert_int_equal(rig_ask(&l, 10, &none).verdict, LSP_CLEAR);
                        rig_put(&late, LSP_TLV_DEADLINE, &(uint16_t){0}, 2);
                        rig_send(&l, 11, &late);
                        assert_true(rig_settle());
                        assert_int_equal(rig_dropped(LF_DROP_deadline), 1);
                        assert_int_equal(rig_ask(&l, 12, &bad).verdict, LSP_RETRY);
                        rig_put(&nowhere, LSP_TLV_WARRANT, "no such warrant.", 16);
                        assert_int_equal(rig_ask(&l, 13, &nowhere).verdict, LSP_REFUSED);
                        rig.out_n = 2;
                }
        }
        assert_int_equal(rig_ask(&l, 20, &none).detail, LSP_DETAIL_QUOTA);
}

/* Far above its rate a lane is told to wait, and does not fill the log that all share. */
static void a_flood_does_not_reach_the_log(void **state)
{
        struct rig_lane l, other;
        rig_lane_open(&l, 3, 3, 1);
        rig_lane_open(&other, 4, 4, 1);
        struct rig_plain p = rig_person("A B");
        rig.policy.lane[3].queries_per_second = 5;
        rig.policy.lane[3].query_burst = 10;
        rig_policy();
        uint64_t start = lf_now();
        for (unsigned i = 0; i < 200; i++) {
                rig_send(&l, i + 1, &p);
                assert_true(rig_settle());
        }
        unsigned seconds = (unsigned)((lf_now() - start) / rig.dp->tsc_hz) + 1, logged;
        logged = path_logged(UINT64_MAX, NULL, NULL);
        assert_true(logged >= 10 && logged <= 20 + 10 * seconds);
        assert_true(rig_dropped(LF_DROP_over_rate) > 0);
        assert_int_equal(logged + rig_dropped(LF_DROP_over_rate) + rig_dropped(LF_DROP_notice_limit), 200);
        assert_int_equal(rig_ask(&other, 1, &p).verdict, LSP_CLEAR);
}

/* The places of the policy in force are not given away, however many warrants there were before it. */
static void warrants_keep_their_places(void **state)
{
        struct lf_limits *l = calloc(1, sizeof *l);
        struct lf_policy *p = calloc(3, sizeof *p);
        static uint16_t place[3][LF_WARRANTS_MAX];
        assert_true(l && p);
        for (unsigned k = 0; k < 3; k++)
                for (unsigned i = 0; i < LF_WARRANTS_MAX; i++) {
                        p[k].warrant[i].uses = 1;
                        memcpy(p[k].warrant[i].reference, (uint16_t[]){(uint16_t)k, (uint16_t)i}, 4);
                }
        lf_limits_place(l, &p[1], NULL, NULL, place[1]);
        lf_limits_place(l, &p[0], &p[1], place[1], place[0]);
        assert_true(lf_limits_warrant(l, place[0][7], 1));
        lf_limits_place(l, &p[2], &p[0], place[0], place[2]);
        assert_false(lf_limits_warrant(l, place[0][7], 1));
        bool taken[2 * LF_WARRANTS_MAX] = {false};
        for (unsigned i = 0; i < LF_WARRANTS_MAX; i++)
                taken[place[0][i]] = true;
        for (unsigned i = 0; i < LF_WARRANTS_MAX; i++) {
                assert_false(taken[place[2][i]]);
                taken[place[2][i]] = true;
        }
        free(p);
        free(l);
}

/* Wherever the image lies, a copy of it is checked and used. */
static void the_policy_is_copied_first(void **state)
{
        uint8_t *bytes = malloc(sizeof rig.policy + 1);
        assert_non_null(bytes);
        rig.policy.ruleset++;
        memcpy(bytes + 1, &rig.policy, sizeof rig.policy);
        assert_int_equal(lf_dataplane_set_policy(rig.dp, bytes + 1, sizeof rig.policy), 0);
        rig_turn();
        bytes[1] ^= 1;
        assert_int_equal(lf_dataplane_set_policy(rig.dp, bytes + 1, sizeof rig.policy), -EBADMSG);
        assert_int_equal(lf_dataplane_set_policy(rig.dp, bytes + 1, sizeof rig.policy - 1), -EBADMSG);
        free(bytes);
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).ruleset, rig.policy.ruleset);
}

static void warrants_are_used_up(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.agreement[RIG_ACCORD].rule[LSP_PURPOSE_VISA].needs = LF_NEEDS_WARRANT;
        rig.policy.warrant[9] = (struct lf_policy_warrant){.reference = "a warrant",
                                                           .expiry = UINT64_MAX,
                                                           .lane = UINT32_MAX,
                                                           .uses = 2,
                                                           .agreements = 1u << RIG_ACCORD,
                                                           .purposes = 1u << LSP_PURPOSE_VISA};
        rig_policy();
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).detail, LSP_DETAIL_WARRANT_NEEDED);
        rig_put(&p, LSP_TLV_WARRANT, "a warrant\0\0\0\0\0\0", 16);
        assert_int_equal(rig_ask(&l, 2, &p).verdict, LSP_CLEAR);
        /* What ends without an answer, or with one that tells nothing, uses none. */
        struct rig_plain late = p, bad = {0};
        rig_put(&late, LSP_TLV_DEADLINE, &(uint16_t){0}, 2);
        rig_send(&l, 10, &late);
        assert_true(rig_settle());
        assert_int_equal(rig_dropped(LF_DROP_deadline), 1);
        rig_put(&bad, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&bad, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        rig_put(&bad, LSP_TLV_WARRANT, "a warrant\0\0\0\0\0\0", 16);
        rig_put(&bad, LSP_TLV_FINGERPRINT, "FMR\0 20\0abc", 11);
        rig_pad(&bad);
        assert_int_equal(rig_ask(&l, 11, &bad).verdict, LSP_RETRY);
        rig.policy.warrant[3] = rig.policy.warrant[9]; /* at another place it is the same warrant */
        rig.policy.warrant[9].uses = 0;
        rig_policy();
        assert_int_equal(rig_ask(&l, 3, &p).verdict, LSP_CLEAR);
        assert_int_equal(rig_ask(&l, 4, &p).detail, LSP_DETAIL_WARRANT_INVALID);
}

static void flags_tell_the_state(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        rig.policy.dataset[RIG_PERSONS].fresh_s = 60;
        rig.policy.dataset[RIG_PERSONS].synced = 1000;
        rig_policy();
        assert_int_equal(rig_ask(&l, 1, &p).flags, LSP_FLAG_STALE);
        lf_set(&rig.counters->control_connected, 0);
        assert_int_equal(rig_ask(&l, 2, &p).flags, LSP_FLAG_STALE | LSP_FLAG_DEGRADED);
        assert_int_equal(lf_dataplane_publish(rig.dp, 7, NULL, 0), 0);
        struct lsp_answer a = rig_ask(&l, 3, &p);
        assert_int_equal(a.flags, LSP_FLAG_STALE | LSP_FLAG_DEGRADED | LSP_FLAG_PARTIAL);
        assert_int_equal(a.generation, 7);
}

int main(void)
{
        rig_start();
        const struct CMUnitTest tests[] = {
            ONE_CORE(clear_and_candidate),
            ONE_CORE(two_probes_two_datasets),
            THREE_CORES(two_probes_two_datasets),
            ONE_CORE(retry_names_the_defect),
            ONE_CORE(fingers_of_few_minutiae_are_retried),
            ONE_CORE(nonsense_is_refused_and_logged),
            ONE_CORE(a_decision_is_recorded),
            ONE_CORE(nobody_decides_without_an_officer),
            ONE_CORE(quotas),
            THREE_CORES(the_quota_tells_nothing),
            ONE_CORE(a_flood_does_not_reach_the_log),
            cmocka_unit_test(warrants_keep_their_places),
            ONE_CORE(the_policy_is_copied_first),
            ONE_CORE(warrants_are_used_up),
            ONE_CORE(flags_tell_the_state),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
