/* The whole query path in one process: sealed queries in, durable entries, sealed answers out. Both balances
 * are checked at the end of every test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
        for (unsigned i = 0; i < 20; i++)
                refused += rig_ask(&l, 10 + i, &none).detail == LSP_DETAIL_QUOTA;
        assert_true(refused > 0 && refused <= 17);
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
        assert_int_equal(lf_dataplane_publish(rig.dp, 7, NULL, NULL, 0), 0);
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
            ONE_CORE(nonsense_is_refused_and_logged),
            ONE_CORE(quotas),
            ONE_CORE(warrants_are_used_up),
            ONE_CORE(flags_tell_the_state),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
