/* The face engine: mates come first, every instruction set gives the same results, rounding a probe to int8
 * changes nothing and a gallery next to nothing, claimed rates are kept for models that it never saw, other
 * models are not compared, and what cannot be compared is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/face.h"
#include "matcher/shard.h"
#include "tools/generate/face.h"

#define SEED   4711
#define FACES  2083 /* a block, and three groups of which one is not full */
#define PROBES 70
#define EVERY  61 /* face has a probe; the last probes are strangers */

static const struct lf_engine *engine;
static void *scratch;

static const struct lf_generated_model models[] = {
    {.model = 9, .dims = 100, .mate = 0.7f, .mate_deviation = 0.1f, .other = 0.1f, .other_deviation = 0.12f},
    {.model = 10,
     .dims = 512,
     .mate = 0.75f,
     .mate_deviation = 0.06f,
     .other = 0.02f,
     .other_deviation = 0.07f},
    {.model = 11,
     .dims = 1024,
     .mate = 0.95f,
     .mate_deviation = 0.02f,
     .other = 0.8f,
     .other_deviation = 0.04f},
};
#define MODELS (sizeof models / sizeof *models)

static void *aligned(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
        assert_non_null(p);
        return memset(p, 0, size);
}

static struct lf_shard *shard_of(const struct lf_source_record *records, size_t n, struct lf_defect *defects)
{
        struct lf_shard_info info = {.generation = 7, .dataset = 3};
        size_t size;
        assert_int_equal(lf_shard_size(LF_MODALITY_FACE, records, n, &size), 0);
        struct lf_shard *s = aligned(size);
        assert_int_equal(lf_shard_build(LF_MODALITY_FACE, &info, records, n, s, size, defects), 0);
        assert_int_equal(lf_shard_check(s, size), 0);
        return s;
}

static struct lf_shard *gallery_of(const struct lf_generated_model *m, unsigned n)
{
        struct lf_source_record *r = calloc(n, sizeof *r);
        uint8_t *wire = malloc(n * LF_FACE_WIRE_MAX);
        float v[LF_FACE_DIMS_MAX];
        for (unsigned i = 0; i < n; i++) {
                lf_generate_face(m, SEED, i, 0, v);
                r[i].wire = wire + i * LF_FACE_WIRE_MAX;
                r[i].size = lf_generate_face_wire(m, v, wire + i * LF_FACE_WIRE_MAX);
        }
        struct lf_shard *s = shard_of(r, n, NULL);
        assert_int_equal(s->rows, n);
        assert_int_equal(s->model, m->model);
        free(r);
        free(wire);
        return s;
}

static void *probe_of(const struct lf_generated_model *m, uint64_t person)
{
        uint8_t wire[LF_FACE_WIRE_MAX];
        float v[LF_FACE_DIMS_MAX];
        struct lf_defect d;
        void *p = aligned(engine->probe_size);
        lf_generate_face(m, SEED, person, 1, v);
        assert_int_equal(engine->prepare(wire, lf_generate_face_wire(m, v, wire), p, &d), 0);
        return p;
}

static void search(const struct lf_shard *s, void *const *probe, unsigned n, unsigned k, struct lf_topk *top)
{
        struct lf_topk *tops[PROBES];
        for (unsigned i = 0; i < n; i++) {
                lf_topk_init(&top[i], k, -INFINITY);
                tops[i] = &top[i];
        }
        for (uint32_t b = 0; b < s->blocks; b++)
                engine->scan(s, b, (const void *const *)probe, tops, n, scratch);
        for (unsigned i = 0; i < n; i++)
                lf_topk_sort(&top[i]);
}

static void use(enum lf_isa isa)
{
        setenv("LANDFALL_ISA", lf_isa_name(isa), 1);
        assert_int_equal(lf_engines_init(), 0);
}

static void every_instruction_set_gives_the_same(void **state)
{
        static struct lf_topk want[PROBES], is[PROBES];
        void *probe[PROBES];
        for (unsigned m = 0; m < MODELS; m++) {
                struct lf_shard *s = gallery_of(&models[m], FACES);
                unsigned first = 0;
                for (unsigned i = 0; i < PROBES; i++)
                        probe[i] = probe_of(&models[m], i * EVERY);
                use(LF_ISA_SCALAR);
                search(s, probe, PROBES, 16, want);
                for (unsigned i = 0; i * EVERY < FACES; i++)
                        first += want[i].hit[0].record == i * EVERY;
                assert_true(first >= FACES / EVERY * 2 / 3);
                for (int isa = 0; isa < LF_ISA_COUNT; isa++) {
                        if (!lf_isa_has((enum lf_isa)isa)) {
                                printf("this machine has no %s\n", lf_isa_name((enum lf_isa)isa));
                                continue;
                        }
                        use((enum lf_isa)isa);
                        for (unsigned batch = 1; batch <= PROBES; batch = batch * 4 + 1) {
                                memset(is, 0, sizeof is);
                                for (unsigned i = 0; i < PROBES; i += batch)
                                        search(s, &probe[i], i + batch < PROBES ? batch : PROBES - i, 16,
                                               &is[i]);
                                for (unsigned i = 0; i < PROBES; i++) {
                                        assert_int_equal(is[i].n, want[i].n);
                                        assert_memory_equal(is[i].hit, want[i].hit,
                                                            want[i].n * sizeof *want[i].hit);
                                }
                        }
                }
                for (unsigned i = 0; i < PROBES; i++)
                        free(probe[i]);
                free(s);
        }
        unsetenv("LANDFALL_ISA");
        assert_int_equal(lf_engines_init(), 0);
}

/* The cosine that an explanation gives, against floats. */
static void rounding_a_gallery_changes_next_to_nothing(void **state)
{
        const struct lf_generated_model *m = &models[1];
        struct lf_shard *s = gallery_of(m, 100);
        float a[LF_FACE_DIMS_MAX], b[LF_FACE_DIMS_MAX];
        for (unsigned i = 0; i < 20; i++) {
                void *probe = probe_of(m, i);
                struct lf_topk top;
                struct lf_explanation why;
                search(s, &probe, 1, 1, &top);
                engine->explain(s, probe, &top.hit[0], scratch, &why);
                double dot = 0, aa = 0, bb = 0;
                lf_generate_face(m, SEED, i, 1, a);
                lf_generate_face(m, SEED, top.hit[0].record, 0, b);
                for (unsigned k = 0; k < m->dims; k++) {
                        dot += (double)a[k] * b[k];
                        aa += (double)a[k] * a[k];
                        bb += (double)b[k] * b[k];
                }
                assert_int_equal(why.reason[0].code, LF_MATCH_REASON_FACE_COSINE);
                assert_true(fabs(why.reason[0].a - 100 * dot / sqrt(aa * bb)) < 0.8);
                free(probe);
        }
        free(s);
}

/* Rounding the probe chooses nothing and changes no score: what a search keeps is what comparing every record
 * keeps. */
static void searches_keep_what_comparing_all_keeps(void **state)
{
        for (unsigned m = 0; m < MODELS; m++) {
                struct lf_shard *s = gallery_of(&models[m], FACES);
                void *probe[PROBES];
                static struct lf_topk is[PROBES];
                for (unsigned i = 0; i < PROBES; i++)
                        probe[i] = probe_of(&models[m], i * EVERY);
                search(s, probe, PROBES, 16, is);
                for (unsigned i = 0; i < PROBES; i++) {
                        struct lf_topk all;
                        lf_topk_init(&all, 16, -INFINITY);
                        for (uint32_t k = 0; k < FACES; k++) {
                                struct lf_hit h;
                                assert_true(engine->compare(s, probe[i], k, scratch, &h));
                                lf_topk_push(&all, h.record, h.row, h.score);
                        }
                        lf_topk_sort(&all);
                        assert_int_equal(is[i].n, all.n);
                        assert_memory_equal(is[i].hit, all.hit, all.n * sizeof *all.hit);
                        free(probe[i]);
                }
                free(s);
        }
}

/* A gallery of int8 wires keeps every bit of them, so a float probe's score is that of exact arithmetic. */
static void a_float_probe_loses_nothing(void **state)
{
        enum { N = 50 };
        const struct lf_generated_model *m = &models[1];
        static uint8_t wire[N][LF_FACE_WIRE_MAX];
        struct lf_source_record r[N];
        float v[LF_FACE_DIMS_MAX];
        for (unsigned i = 0; i < N; i++) {
                lf_generate_face(m, SEED, i, 0, v);
                r[i] =
                    (struct lf_source_record){.wire = wire[i], .size = lf_generate_face_int8(m, v, wire[i])};
        }
        struct lf_shard *s = shard_of(r, N, NULL);
        void *probe = probe_of(m, 7);
        lf_generate_face(m, SEED, 7, 1, v);
        double angle[N], score[N];
        for (unsigned i = 0; i < N; i++) {
                const int8_t *row = (const int8_t *)wire[i] + sizeof(struct lf_face_head) + sizeof(float);
                double dot = 0, aa = 0, bb = 0;
                for (unsigned k = 0; k < m->dims; k++) {
                        dot += (double)v[k] * row[k];
                        aa += (double)v[k] * (double)v[k];
                        bb += row[k] * row[k];
                }
                struct lf_hit h;
                assert_true(engine->compare(s, probe, i, scratch, &h));
                angle[i] = acos(dot / sqrt(aa * bb));
                score[i] = (double)h.score;
        }
        /* A score is a linear function of the angle: the mate's and the first one's give it. */
        double slope = (score[7] - score[0]) / (angle[7] - angle[0]);
        for (unsigned i = 0; i < N; i++)
                assert_true(fabs(score[0] + slope * (angle[i] - angle[0]) - score[i]) < 1e-4);
        free(probe);
        free(s);
}

static void claimed_rates_are_kept(void **state)
{
        for (unsigned m = 0; m < MODELS; m++) {
                struct lf_shard *s = gallery_of(&models[m], FACES);
                unsigned above[2] = {0}, comparisons = 0;
                for (unsigned i = 0; i < 500; i++) {
                        void *probe = probe_of(&models[m], 100000 + i);
                        struct lf_topk top, *tops[] = {&top};
                        for (uint32_t b = 0; b < s->blocks; b++) {
                                lf_topk_init(&top, LF_TOPK_MAX, -INFINITY);
                                engine->scan(s, b, (const void *const *)&probe, tops, 1, scratch);
                                for (unsigned h = 0; h < top.n; h++) {
                                        above[0] += engine->score_log10_fmr(top.hit[h].score) <= -2.5f;
                                        above[1] += engine->score_log10_fmr(top.hit[h].score) <= -3;
                                }
                        }
                        comparisons += FACES;
                        free(probe);
                }
                for (unsigned k = 0; k < 2; k++) {
                        double claimed = pow(10, -2.5 - k * 0.5), is = (double)above[k] / comparisons;
                        printf("model %u: claimed %.2g, measured %.2g over %u comparisons\n", models[m].model,
                               claimed, is, comparisons);
                        assert_true(is < 2 * claimed && is > claimed / 2);
                }
                free(s);
        }
}

static void small_galleries_claim_little(void **state)
{
        struct lf_shard *s = gallery_of(&models[1], 3);
        void *probe = probe_of(&models[1], 1);
        struct lf_topk top;
        search(s, &probe, 1, 1, &top);
        assert_int_equal(top.hit[0].record, 1);
        printf("of 3 faces: 1e%.1f\n", (double)engine->score_log10_fmr(top.hit[0].score));
        free(probe);
        free(s);
}

static void other_models_are_not_compared(void **state)
{
        struct lf_shard *s = gallery_of(&models[0], 20);
        struct lf_generated_model other = models[0];
        struct lf_topk top;
        void *mate = probe_of(&models[0], 1);
        assert_true(engine->comparable(s, mate));
        other.model++;
        void *probe = probe_of(&other, 1);
        assert_false(engine->comparable(s, probe));
        search(s, &probe, 1, 1, &top);
        assert_int_equal(top.n, 0);
        free(probe);
        other = models[0];
        other.dims = 101;
        probe = probe_of(&other, 1);
        search(s, &probe, 1, 1, &top);
        assert_int_equal(top.n, 0);
        free(probe);
        free(mate);
        free(s);
        /* In a gallery the model that most are of counts, wherever the stray one stands. */
        for (unsigned stray = 0; stray < 3; stray++) {
                uint8_t wire[3][LF_FACE_WIRE_MAX];
                struct lf_source_record r[3];
                struct lf_defect d[3];
                float v[LF_FACE_DIMS_MAX];
                for (unsigned i = 0; i < 3; i++) {
                        const struct lf_generated_model *m = &models[i == stray];
                        lf_generate_face(m, SEED, i, 0, v);
                        r[i] = (struct lf_source_record){.wire = wire[i],
                                                         .size = lf_generate_face_wire(m, v, wire[i])};
                }
                s = shard_of(r, 3, d);
                assert_int_equal(s->rows, 2);
                assert_int_equal(s->model, models[0].model);
                assert_int_equal(d[stray].code, LF_DEFECT_MODEL);
                free(s);
        }
}

static void refused(const void *wire, size_t size, uint16_t code)
{
        struct lf_defect d = {0};
        void *probe = aligned(engine->probe_size);
        assert_int_equal(engine->prepare(wire, size, probe, &d), -EBADMSG);
        free(probe);
        if (d.code != code)
                fail_msg("\"%s\" instead of \"%s\"", lf_defect_text(d.code), lf_defect_text(code));
        struct lf_source_record r = {.wire = wire, .size = size};
        struct lf_shard *s = shard_of(&r, 1, &d);
        assert_int_equal(s->rows, 0);
        assert_int_equal(d.code, code);
        free(s);
}

static void what_cannot_be_compared_is_refused(void **state)
{
        static uint8_t wire[LF_FACE_WIRE_MAX + 8];
        float v[LF_FACE_DIMS_MAX], *value = (float *)(wire + sizeof(struct lf_face_head));
        struct lf_face_head *h = (void *)wire;
        const struct lf_generated_model *m = &models[1];
        lf_generate_face(m, SEED, 1, 0, v);
        uint32_t size = lf_generate_face_wire(m, v, wire);
        struct lf_face_head good = *h;
        refused(wire, 3, LF_DEFECT_TRUNCATED);
        refused(wire, size - 1, LF_DEFECT_LENGTH);
        refused(wire, size + 1, LF_DEFECT_LENGTH);
        h->dims = 63;
        refused(wire, 8 + 4 * 63, LF_DEFECT_NUMBER);
        h->dims = 1025;
        refused(wire, 8 + 4 * 1025, LF_DEFECT_NUMBER);
        *h = good;
        h->model = 0;
        refused(wire, size, LF_DEFECT_MODEL);
        *h = good;
        h->format = 3;
        refused(wire, size, LF_DEFECT_FIELD);
        *h = good;
        h->version = 0;
        refused(wire, size, LF_DEFECT_VERSION);
        *h = good;
        value[5] = NAN;
        refused(wire, size, LF_DEFECT_VALUE);
        value[5] = -INFINITY;
        refused(wire, size, LF_DEFECT_VALUE);
        memset(value, 0, 4 * m->dims);
        refused(wire, size, LF_DEFECT_VALUE);
        h->format = LF_FACE_INT8;
        value[0] = 0;
        memset(value + 1, 3, m->dims);
        refused(wire, 8 + 4 + m->dims, LF_DEFECT_VALUE);
        value[0] = NAN;
        refused(wire, 8 + 4 + m->dims, LF_DEFECT_VALUE);
        value[0] = 1;
        memset(value + 1, 0, m->dims);
        refused(wire, 8 + 4 + m->dims, LF_DEFECT_VALUE);
}

/* Extremes that are allowed: the largest and smallest floats, bytes of -128. */
static void extremes_are_compared(void **state)
{
        static uint8_t wire[2][LF_FACE_WIRE_MAX];
        struct lf_face_head head = {.model = 1, .dims = 64, .format = LF_FACE_FLOAT32, .version = 1};
        struct lf_defect d;
        struct lf_topk top;
        for (unsigned i = 0; i < 3; i++) {
                for (unsigned w = 0; w < 2; w++) {
                        float *value = (float *)(wire[w] + sizeof head);
                        head.format = i == 2 ? LF_FACE_INT8 : LF_FACE_FLOAT32;
                        memcpy(wire[w], &head, sizeof head);
                        for (unsigned k = 0; k < 64; k++)
                                value[k] = i == 0 ? 3.4e38f : 1e-45f;
                        if (i == 2) {
                                value[0] = 1;
                                memset(value + 1, 0x80, 64);
                        }
                }
                size_t size = i == 2 ? 8 + 4 + 64 : 8 + 256;
                struct lf_source_record r = {.wire = wire[0], .size = size};
                struct lf_shard *s = shard_of(&r, 1, NULL);
                void *probe = aligned(engine->probe_size);
                assert_int_equal(engine->prepare(wire[1], size, probe, &d), 0);
                search(s, &probe, 1, 1, &top);
                assert_int_equal(top.n, 1);
                assert_true(engine->score_log10_fmr(top.hit[0].score) < -6);
                free(probe);
                free(s);
        }
}

static void a_damaged_shard_is_refused(void **state)
{
        struct lf_shard *good = gallery_of(&models[0], 50), *s = aligned(good->size);
        size_t size = good->size;
        uint8_t *payload = (uint8_t *)s + good->payload_offset;
#define AGAIN memcpy(s, good, size)
        AGAIN;
        *(uint16_t *)(payload + 4) = 1000; /* dims */
        assert_int_equal(lf_shard_check(s, size), -EBADMSG);
        AGAIN;
        *(float *)(payload + 12) = 0; /* deviation */
        assert_int_equal(lf_shard_check(s, size), -EBADMSG);
        AGAIN;
        ((uint32_t *)(payload + 64))[3] = 50; /* a record */
        assert_int_equal(lf_shard_check(s, size), -EBADMSG);
        AGAIN;
        s->model++;
        assert_int_equal(lf_shard_check(s, size), -EBADMSG);
        AGAIN;
        s->rows += 16;
        assert_int_equal(lf_shard_check(s, size), -EBADMSG);
#undef AGAIN
        free(s);
        free(good);
}

static void invented_faces_are_as_they_should_be(void **state)
{
        for (unsigned m = 0; m < MODELS; m++) {
                double sum[2] = {0}, squares[2] = {0};
                unsigned n = 2000;
                for (unsigned i = 0; i < n; i++)
                        for (unsigned mate = 0; mate < 2; mate++) {
                                float a[LF_FACE_DIMS_MAX], b[LF_FACE_DIMS_MAX];
                                double dot = 0, aa = 0, bb = 0;
                                lf_generate_face(&models[m], SEED, i, 0, a);
                                lf_generate_face(&models[m], SEED, mate ? i : n + i, 1, b);
                                for (unsigned k = 0; k < models[m].dims; k++) {
                                        dot += (double)a[k] * b[k];
                                        aa += (double)a[k] * a[k];
                                        bb += (double)b[k] * b[k];
                                }
                                double c = dot / sqrt(aa * bb);
                                sum[mate] += c / n;
                                squares[mate] += c * c / n;
                        }
                double d0 = sqrt(squares[0] - sum[0] * sum[0]), d1 = sqrt(squares[1] - sum[1] * sum[1]);
                printf("model %u: mates %.3f +- %.3f, others %.3f +- %.3f\n", models[m].model, sum[1], d1,
                       sum[0], d0);
                assert_true(fabs(sum[0] - models[m].other) < 0.03 && fabs(sum[1] - models[m].mate) < 0.03);
                assert_true(fabs(d0 / models[m].other_deviation - 1) < 0.25);
                assert_true(fabs(d1 / models[m].mate_deviation - 1) < 0.35);
        }
}

static int set_up(void **state)
{
        printf("seed %d\n", SEED);
        if (lf_engines_init() < 0)
                return -1;
        engine = lf_engine_for(LF_MODALITY_FACE);
        scratch = aligned(engine->scratch_size);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(invented_faces_are_as_they_should_be),
            cmocka_unit_test(every_instruction_set_gives_the_same),
            cmocka_unit_test(rounding_a_gallery_changes_next_to_nothing),
            cmocka_unit_test(searches_keep_what_comparing_all_keeps),
            cmocka_unit_test(a_float_probe_loses_nothing),
            cmocka_unit_test(claimed_rates_are_kept),
            cmocka_unit_test(small_galleries_claim_little),
            cmocka_unit_test(other_models_are_not_compared),
            cmocka_unit_test(what_cannot_be_compared_is_refused),
            cmocka_unit_test(extremes_are_compared),
            cmocka_unit_test(a_damaged_shard_is_refused),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
