/* Travellers with several modalities through the whole path: one query in several parts, what each modality
 * adds, what contradicts, and what cannot be compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/face.h"
#include "matcher/fingerprint.h"
#include "matcher/iris.h"
#include "tests/path_test.h"
#include "tools/generate/generate.h"
#include "tools/generate/iris.h"

#define SEED     5
#define PEOPLE   60
#define OTHER    3u /* another agreement */
#define CATEGORY 3

enum kind { FINGER, IRIS, FACE, KINDS };
static const uint16_t tlv[KINDS] = {LSP_TLV_FINGERPRINT, LSP_TLV_IRIS, LSP_TLV_FACE};
static const uint8_t modality[KINDS] = {LF_MODALITY_FINGERPRINT, LF_MODALITY_IRIS, LF_MODALITY_FACE};
static const unsigned dataset[KINDS] = {10, 11, 12};
static uint8_t wire[KINDS][PEOPLE + 1][LF_FACE_WIRE_MAX];
static size_t size_of[KINDS][PEOPLE + 1];
static struct lf_source_record record[KINDS][PEOPLE];
static void *image[4 * KINDS]; /* of all generations of a test */
static unsigned images;

static size_t make(enum kind k, unsigned person, unsigned capture, uint8_t *ret)
{
        float value[LF_FACE_DIMS_MAX];
        if (k == FINGER)
                return lf_generate_finger(SEED, person, capture, ret);
        if (k == IRIS)
                return lf_generate_irises_of(SEED, person, capture, 2, ret);
        lf_generate_face(&lf_generated_models[0], SEED, person, capture, value);
        return lf_generate_face_wire(&lf_generated_models[0], value, ret);
}

/* Person i has the reference "t" i in all galleries. */
static void make_records(void)
{
        lf_generate_iris_init();
        for (enum kind k = FINGER; k < KINDS; k++)
                for (unsigned i = 0; i < PEOPLE; i++) {
                        size_of[k][i] = make(k, i, 0, wire[k][i]);
                        record[k][i] = (struct lf_source_record){
                            .reference = {'t', (uint8_t)i}, .wire = wire[k][i], .size = size_of[k][i]};
                }
}

static void publish(uint64_t id)
{
        for (enum kind k = FINGER; k < KINDS; k++) {
                struct lf_shard_info info = {
                    .generation = id, .dataset = (uint16_t)dataset[k], .category = CATEGORY};
                size_t size;
                assert_int_equal(lf_shard_size(modality[k], record[k], PEOPLE, &size), 0);
                void *one = image[images++] = aligned_alloc(64, size);
                assert_non_null(one);
                assert_int_equal(lf_shard_build(modality[k], &info, record[k], PEOPLE, one, size, NULL), 0);
                assert_int_equal(lf_dataplane_check_shard(one, size), 0);
        }
        assert_int_equal(lf_dataplane_publish(rig.dp, id, (const void *const *)&image[images - KINDS], KINDS),
                         0);
}

static void set_policy(void)
{
        for (enum kind k = FINGER; k < KINDS; k++) {
                rig.policy.dataset[dataset[k]] = (struct lf_policy_dataset){.active = 1,
                                                                            .agreement = RIG_ACCORD,
                                                                            .modality = modality[k],
                                                                            .candidates = 5,
                                                                            .categories = 1u << CATEGORY,
                                                                            .threshold = -4};
                rig.policy.agreement[RIG_ACCORD].datasets |= 1ull << dataset[k];
        }
        rig_policy();
}

static int set_up_with(unsigned split)
{
        path_setup_with(1 << 20, split);
        for (unsigned i = 0; i < PEOPLE; i++)
                record[FACE][i].expiry = 0;
        set_policy();
        publish(2);
        return 0;
}

static int set_up(void **state)
{
        return set_up_with(0);
}

static int set_up_three_cores(void **state)
{
        return set_up_with(2);
}

static int tear_down(void **state)
{
        int r = path_teardown(state);
        while (images > 0)
                free(image[--images]);
        return r;
}

static struct rig_plain query_under(const uint16_t *agreements, unsigned n)
{
        struct rig_plain p = {0};
        rig_put(&p, LSP_TLV_AGREEMENTS, agreements, 2 * n);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        return p;
}

static void add_probe(struct rig_plain *p, enum kind k, unsigned person)
{
        uint8_t bytes[LF_FACE_WIRE_MAX];
        size_t n = make(k, person, 1, bytes);
        rig_put(p, tlv[k], bytes, n);
}

static struct rig_plain query_about(int finger, int iris, int face)
{
        const int person[KINDS] = {finger, iris, face};
        struct rig_plain p = query_under(&(uint16_t){RIG_ACCORD}, 1);
        for (enum kind k = FINGER; k < KINDS; k++)
                if (person[k] >= 0)
                        add_probe(&p, k, (unsigned)person[k]);
        rig_pad(&p);
        return p;
}

/* Tenths of a decade that a modality adds, below 0 when it speaks against; INT8_MIN: no share. */
static int share(const struct lsp_candidate *c, unsigned m)
{
        for (unsigned i = 0; i < c->reasons; i++) {
                if (c->reason[i].code == LF_MATCH_REASON_MODALITY_SHARE && c->reason[i].a == m)
                        return c->reason[i].b;
                if (c->reason[i].code == LF_MATCH_REASON_MODALITY_AGAINST && c->reason[i].a == m)
                        return -c->reason[i].b;
        }
        return INT8_MIN;
}

static const struct lsp_candidate *candidate(const struct lsp_answer *a, unsigned person)
{
        for (unsigned i = 0; i < a->candidates; i++)
                if (a->candidate[i].reference[0] == 't' && a->candidate[i].reference[1] == person)
                        return &a->candidate[i];
        return NULL;
}

static void three_modalities_in_four_parts(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = query_about(7, 7, 7);
        assert_int_equal((p.size + LSP_PART_MAX - 1) / LSP_PART_MAX, 4);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_int_equal(a.flags & LSP_FLAG_CONTRADICTION, 0);
        const struct lsp_candidate *c = candidate(&a, 7);
        assert_ptr_equal(c, &a.candidate[0]);
        assert_int_equal(c->modalities,
                         1 << LF_MODALITY_FINGERPRINT | 1 << LF_MODALITY_IRIS | 1 << LF_MODALITY_FACE);
        for (enum kind k = FINGER; k < KINDS; k++)
                assert_true(share(c, modality[k]) > 0);
        assert_true(c->decade <= -8);
        /* Each modality's own reason is there, too. */
        unsigned seen = 0;
        for (unsigned i = 0; i < c->reasons; i++)
                seen |= (unsigned)(c->reason[i].code == LF_MATCH_REASON_IRIS_BITS) |
                        (unsigned)(c->reason[i].code == LF_MATCH_REASON_FACE_COSINE) << 1 |
                        (unsigned)(c->reason[i].code == LF_MATCH_REASON_MINUTIAE_AGREE) << 2;
        assert_int_equal(seen, 7);
        struct lf_entry e;
        assert_int_equal(path_logged(1, &e, NULL), 1);
        for (enum kind k = FINGER; k < KINDS; k++)
                assert_true(e.datasets >> dataset[k] & 1);
}

static void strangers_are_clear(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        for (int i = 0; i < 10; i++) {
                struct rig_plain p = query_about(PEOPLE + i, PEOPLE + i, PEOPLE + i);
                assert_int_equal(rig_ask(&l, (uint64_t)i + 1, &p).verdict, LSP_CLEAR);
        }
}

static void a_missing_modality_costs_nothing(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = query_about(-1, 9, -1);
        struct lsp_answer alone = rig_ask(&l, 1, &p);
        const struct lsp_candidate *c = candidate(&alone, 9);
        assert_non_null(c);
        assert_int_equal(share(c, LF_MODALITY_IRIS), INT8_MIN);
        assert_int_equal(c->modalities, 1 << LF_MODALITY_IRIS);
        p = query_about(-1, 9, 9);
        struct lsp_answer two = rig_ask(&l, 2, &p);
        assert_non_null(candidate(&two, 9));
        assert_true(candidate(&two, 9)->decade <= c->decade);
}

/* Among sixty faces that of the finger's record is not one of the five best: it is looked up. */
static void what_contradicts_is_looked_up_and_said(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        unsigned flagged = 0;
        for (int i = 0; i < 8; i++) {
                struct rig_plain p = query_about(i, -1, i + 20);
                struct lsp_answer a = rig_ask(&l, (uint64_t)i + 1, &p);
                assert_int_equal(a.verdict, LSP_CANDIDATE);
                const struct lsp_candidate *finger = candidate(&a, (unsigned)i),
                                           *face = candidate(&a, (unsigned)i + 20);
                assert_true(finger || face);
                if (finger) {
                        assert_true(share(finger, LF_MODALITY_FINGERPRINT) > 0);
                        assert_true(share(finger, LF_MODALITY_FACE) < 0);
                        assert_int_equal(finger->modalities, 1 << LF_MODALITY_FINGERPRINT);
                }
                if (face) {
                        assert_true(share(face, LF_MODALITY_FACE) > 0);
                        assert_true(share(face, LF_MODALITY_FINGERPRINT) < 0);
                }
                bool clear = (finger && share(finger, LF_MODALITY_FACE) <= -10) ||
                             (face && share(face, LF_MODALITY_FINGERPRINT) <= -10);
                assert_int_equal((a.flags & LSP_FLAG_CONTRADICTION) != 0, clear);
                flagged += clear;
        }
        assert_true(flagged >= 6);
}

static void what_has_expired_does_not_contradict(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        record[FACE][3].expiry = 1;
        publish(3);
        struct rig_plain p = query_about(3, -1, 30);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        const struct lsp_candidate *c = candidate(&a, 3);
        assert_non_null(c);
        assert_int_equal(share(c, LF_MODALITY_FACE), INT8_MIN);
        record[FACE][3].expiry = 0;
}

/* The same reference under another agreement is another record, whoever asks for both at once. */
static void agreements_are_not_joined(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.agreement[OTHER] = rig.policy.agreement[RIG_ACCORD];
        rig.policy.agreement[OTHER].datasets = 1ull << dataset[FACE];
        rig.policy.agreement[RIG_ACCORD].datasets &= ~(1ull << dataset[FACE]);
        rig.policy.dataset[dataset[FACE]].agreement = OTHER;
        rig.policy.lane[1].agreements |= 1u << OTHER;
        rig_policy();
        struct rig_plain p = query_under((uint16_t[]){RIG_ACCORD, OTHER}, 2);
        for (enum kind k = FINGER; k < KINDS; k++)
                add_probe(&p, k, 4);
        rig_pad(&p);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        unsigned faces = 0, others = 0;
        for (unsigned i = 0; i < a.candidates; i++) {
                const struct lsp_candidate *c = &a.candidate[i];
                if (c->reference[1] != 4)
                        continue;
                faces += c->modalities == 1 << LF_MODALITY_FACE;
                others += c->modalities == (1 << LF_MODALITY_FINGERPRINT | 1 << LF_MODALITY_IRIS);
                assert_int_equal(share(c, LF_MODALITY_FACE), INT8_MIN);
        }
        assert_int_equal(faces, 1);
        assert_int_equal(others, 1);
}

static void retry(struct rig_lane *l, enum kind k, const uint8_t *bytes, size_t n, uint16_t defect)
{
        static uint64_t query_id = 1000;
        struct rig_plain p = query_under(&(uint16_t){RIG_ACCORD}, 1);
        rig_put(&p, tlv[k], bytes, n);
        rig_pad(&p);
        struct lsp_answer a = rig_ask(l, ++query_id, &p);
        assert_int_equal(a.verdict, LSP_RETRY);
        assert_int_equal(a.detail, LSP_DETAIL_PROBE);
        assert_int_equal(a.defect_tlv, tlv[k]);
        if (a.defect != defect)
                fail_msg("\"%s\" instead of \"%s\"", lf_defect_text(a.defect), lf_defect_text(defect));
        struct lf_entry e;
        assert_int_equal(path_logged(query_id, &e, NULL), 1);
        assert_int_equal(e.datasets, 0);
}

static void faces_that_cannot_be_compared(void **state)
{
        struct rig_lane l;
        uint8_t good[LF_FACE_WIRE_MAX], bad[LF_FACE_WIRE_MAX + 4] = {0};
        size_t n = make(FACE, 1, 1, good);
        rig_lane_open(&l, 1, 1, 1);
        memcpy(bad, good, n);
        bad[0] = 2; /* model */
        retry(&l, FACE, bad, n, LF_DEFECT_MODEL);
        memcpy(bad, good, n);
        retry(&l, FACE, bad, n - 4, LF_DEFECT_LENGTH);
        retry(&l, FACE, bad, n + 4, LF_DEFECT_LENGTH);
        retry(&l, FACE, bad, 7, LF_DEFECT_TRUNCATED);
        memcpy(bad + 80, &(float){NAN}, 4);
        retry(&l, FACE, bad, n, LF_DEFECT_VALUE);
        memcpy(bad + 80, &(float){-INFINITY}, 4);
        retry(&l, FACE, bad, n, LF_DEFECT_VALUE);
        memset(bad + sizeof(struct lf_face_head), 0, n - sizeof(struct lf_face_head));
        retry(&l, FACE, bad, n, LF_DEFECT_VALUE);
}

static void irises_that_cannot_be_compared(void **state)
{
        struct rig_lane l;
        uint8_t good[LF_IRIS_WIRE_MAX], bad[LF_IRIS_WIRE_MAX + 4] = {0};
        size_t n = make(IRIS, 1, 1, good);
        rig_lane_open(&l, 1, 1, 1);
        memcpy(bad, good, n);
        retry(&l, IRIS, bad, n - 1, LF_DEFECT_LENGTH);
        retry(&l, IRIS, bad, n + 1, LF_DEFECT_LENGTH);
        retry(&l, IRIS, bad, 3, LF_DEFECT_TRUNCATED);
        bad[2] = LF_IRIS_TURN_MAX + 1;
        retry(&l, IRIS, bad, n, LF_DEFECT_FIELD);
        memcpy(bad, good, n);
        for (unsigned i = 0; i < 2; i++)
                memset(bad + sizeof(struct lf_iris_head) + i * sizeof(struct lf_iris_wire) +
                           offsetof(struct lf_iris_wire, mask),
                       0, LF_IRIS_BYTES);
        retry(&l, IRIS, bad, n, LF_DEFECT_TOO_FEW_BITS);
}

/* Three blocks of fingers, of which each leaves fewer hits than a scan may keep: the one in the first block
 * is there in the end. */
static void a_block_forgets_nothing_of_those_before(void **state)
{
        enum { ROWS = 2 * LF_FINGER_BLOCK + 50 };
        static struct lf_source_record many[ROWS];
        struct lf_shard_info info = {
            .generation = 3, .dataset = (uint16_t)dataset[FINGER], .category = CATEGORY};
        struct rig_lane l;
        size_t size;
        for (unsigned i = 0; i < ROWS; i++) {
                many[i] = record[FINGER][i == 100 ? 7 : 8 + i % (PEOPLE - 8)];
                memcpy(many[i].reference, (uint8_t[16]){'t', i == 100 ? 7 : 0, (uint8_t)(i >> 8), (uint8_t)i},
                       16);
        }
        assert_int_equal(lf_shard_size(LF_MODALITY_FINGERPRINT, many, ROWS, &size), 0);
        void *one = image[images++] = aligned_alloc(64, size);
        assert_int_equal(lf_shard_build(LF_MODALITY_FINGERPRINT, &info, many, ROWS, one, size, NULL), 0);
        assert_int_equal(((const struct lf_shard *)one)->blocks, 3);
        assert_int_equal(lf_dataplane_publish(rig.dp, 3, (const void *const[]){one}, 1), 0);
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = query_about(7, -1, -1);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_ptr_equal(candidate(&a, 7), &a.candidate[0]);
}

/* More records of the person who asks than a scan keeps stand before the one of them that has not expired. */
static void what_has_expired_pushes_nothing_out(void **state)
{
        enum { EXPIRED = LF_TOPK_MAX + 1, ALL = EXPIRED + PEOPLE };
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.dataset[dataset[FACE]].threshold = -0.5f; /* among so many of one person none stands out */
        rig_policy();
        void *shard[KINDS];
        for (enum kind k = FINGER; k < KINDS; k++) {
                struct lf_source_record some[ALL];
                struct lf_shard_info info = {
                    .generation = 3, .dataset = (uint16_t)dataset[k], .category = CATEGORY};
                size_t size;
                for (unsigned i = 0; i < ALL; i++) {
                        some[i] = record[k][i < EXPIRED ? 7 : i - EXPIRED];
                        some[i].expiry = i < EXPIRED ? 1 : 0;
                        some[i].reference[0] = i < EXPIRED ? 'e' : 't';
                        some[i].reference[1] = (uint8_t)(i < EXPIRED ? i : i - EXPIRED);
                }
                assert_int_equal(lf_shard_size(modality[k], some, ALL, &size), 0);
                shard[k] = image[images++] = aligned_alloc(64, size);
                assert_int_equal(lf_shard_build(modality[k], &info, some, ALL, shard[k], size, NULL), 0);
        }
        assert_int_equal(lf_dataplane_publish(rig.dp, 3, (const void *const *)shard, KINDS), 0);
        for (enum kind k = FINGER; k < KINDS; k++) {
                struct rig_plain p =
                    query_about(k == FINGER ? 7 : -1, k == IRIS ? 7 : -1, k == FACE ? 7 : -1);
                struct lsp_answer a = rig_ask(&l, k + 1, &p);
                assert_int_equal(a.verdict, LSP_CANDIDATE);
                assert_ptr_equal(candidate(&a, 7), &a.candidate[0]);
        }
}

#define ONE(test)   cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define THREE(test) cmocka_unit_test_setup_teardown(test, set_up_three_cores, tear_down)

int main(void)
{
        rig_start();
        make_records();
        const struct CMUnitTest tests[] = {
            ONE(three_modalities_in_four_parts),
            THREE(three_modalities_in_four_parts),
            ONE(strangers_are_clear),
            ONE(a_missing_modality_costs_nothing),
            ONE(what_contradicts_is_looked_up_and_said),
            THREE(what_contradicts_is_looked_up_and_said),
            ONE(what_has_expired_does_not_contradict),
            ONE(agreements_are_not_joined),
            ONE(faces_that_cannot_be_compared),
            ONE(irises_that_cannot_be_compared),
            ONE(a_block_forgets_nothing_of_those_before),
            ONE(what_has_expired_pushes_nothing_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
