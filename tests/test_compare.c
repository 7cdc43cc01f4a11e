/* Every engine: a record that is looked up because another modality found it scores as a scan scores it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/person_write.h"
#include "matcher/shard.h"
#include "tools/generate/generate.h"
#include "tools/generate/iris.h"

#define SEED    20260311
#define RECORDS 64
#define EVERY   5 /* record has a probe */
#define WIRE    8192

/* Capture `capture` of person `number`, as the engine's probe or record; its size. */
static size_t wire_of(enum lf_modality modality, uint64_t number, uint64_t capture, uint8_t ret[WIRE])
{
        float face[LF_FACE_DIMS_MAX];
        char name[128];
        size_t size = 0;
        switch (modality) {
        case LF_MODALITY_FINGERPRINT:
                return lf_generate_finger(SEED, number, capture, ret);
        case LF_MODALITY_IRIS:
                return lf_generate_irises_of(SEED, number, capture, 2, ret);
        case LF_MODALITY_FACE:
                lf_generate_face(&lf_generated_models[1], SEED, number, capture, face);
                return lf_generate_face_wire(&lf_generated_models[1], face, ret);
        default:
                lf_generate_name(SEED, number, name);
                name[capture ? 3 : sizeof name - 1] = capture ? 'e' : 0; /* later: with a slip */
                assert_int_equal(lf_person_put(ret, WIRE, &size, LF_PERSON_NAME, name, strlen(name)), 0);
                return size;
        }
}

static void *aligned(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
        assert_non_null(p);
        return memset(p, 0, size);
}

static struct lf_shard *gallery_of(enum lf_modality modality)
{
        static uint8_t wire[RECORDS][WIRE];
        struct lf_source_record r[RECORDS] = {0};
        struct lf_shard_info info = {.generation = 1};
        size_t size;
        for (unsigned i = 0; i < RECORDS; i++) {
                r[i].wire = wire[i];
                r[i].size = wire_of(modality, i + 1, 0, wire[i]);
        }
        assert_int_equal(lf_shard_size(modality, r, RECORDS, &size), 0);
        struct lf_shard *s = aligned(size);
        assert_int_equal(lf_shard_build(modality, &info, r, RECORDS, s, size, NULL), 0);
        assert_true(s->rows >= RECORDS);
        return s;
}

static void scores_as_a_scan_scores(enum lf_modality modality)
{
        const struct lf_engine *engine = lf_engine_for(modality);
        struct lf_shard *s = gallery_of(modality);
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        const void *probes[] = {probe};
        unsigned hits = 0, mates = 0;
        for (unsigned i = 0; i < RECORDS; i += EVERY) {
                uint8_t wire[WIRE];
                struct lf_defect d;
                struct lf_topk top, *tops[] = {&top};
                size_t size = wire_of(modality, i + 1, 1, wire);
                assert_int_equal(engine->prepare(wire, size, probe, &d), 0);
                lf_topk_init(&top, LF_TOPK_MAX, engine->score_at ? engine->score_at(-1) : -INFINITY);
                for (uint32_t b = 0; b < s->blocks; b++)
                        engine->scan(s, b, probes, tops, 1, scratch);
                for (unsigned h = 0; h < top.n; h++) {
                        struct lf_hit one = {0};
                        assert_true(engine->compare(s, probe, top.hit[h].record, scratch, &one));
                        assert_int_equal(one.record, top.hit[h].record);
                        assert_int_equal(one.row, top.hit[h].row);
                        assert_true(one.score == top.hit[h].score);
                        mates += one.record == i;
                        hits++;
                }
        }
        printf("%s: %u hits, %u of them mates\n", engine->name, hits, mates);
        assert_true(mates >= RECORDS / EVERY / 2 && hits > mates);
        free(probe);
        free(scratch);
        free(s);
}

static void fingerprints(void **state)
{
        scores_as_a_scan_scores(LF_MODALITY_FINGERPRINT);
}

static void irises(void **state)
{
        scores_as_a_scan_scores(LF_MODALITY_IRIS);
}

static void faces(void **state)
{
        scores_as_a_scan_scores(LF_MODALITY_FACE);
}

static void persons(void **state)
{
        scores_as_a_scan_scores(LF_MODALITY_PERSON);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(fingerprints),
            cmocka_unit_test(irises),
            cmocka_unit_test(faces),
            cmocka_unit_test(persons),
        };
        printf("seed %d\n", SEED);
        if (lf_engines_init() < 0)
                return 1;
        lf_generate_iris_init();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
