/* The fingerprint engine on generated fingers: mates score high and strangers low however the finger lies on
 * the sensor and whatever its resolution; poor, huge and hostile records are refused or answered in time; a
 * damaged shard is refused. */
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
#include <time.h>

#include "matcher/fingerprint.h"
#include "matcher/isa.h"
#include "tests/finger_make.h"

static const struct lf_engine *engine;
static unsigned seed;
static void *scratch;

static void *aligned(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
        assert_non_null(p);
        return p;
}

static void *prepared(const struct lf_fmr *f)
{
        static uint8_t wire[64 * 1024];
        struct lf_defect defect;
        void *probe = aligned(engine->probe_size);
        int r = engine->prepare(wire, fmr_write(f, wire), probe, &defect);
        if (r == 0)
                return probe;
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(defect.code, LF_DEFECT_TOO_FEW_MINUTIAE);
        free(probe);
        return NULL;
}

/* A checked shard of n records. */
static struct lf_shard *shard_of(const struct lf_fmr *f, unsigned n, size_t *ret_size,
                                 struct lf_defect *defects)
{
        struct lf_source_record *records = calloc(n, sizeof *records);
        uint8_t *wire = malloc(n * 8192u);
        for (unsigned i = 0; i < n; i++) {
                records[i].wire = wire + i * 8192u;
                records[i].size = fmr_write(&f[i], wire + i * 8192u);
                assert_true(records[i].size <= 8192);
                memset(records[i].reference, (int)i, 16);
                records[i].expiry = i;
        }
        struct lf_shard_info info = {.generation = 7, .dataset = 3, .category = 5, .index = 1};
        assert_int_equal(lf_shard_size(LF_MODALITY_FINGERPRINT, records, n, ret_size), 0);
        struct lf_shard *s = aligned(*ret_size);
        assert_int_equal(lf_shard_build(LF_MODALITY_FINGERPRINT, &info, records, n, s, *ret_size, defects),
                         0);
        assert_int_equal(lf_shard_check(s, *ret_size), 0);
        assert_int_equal(s->records, n);
        assert_int_equal(s->generation, 7);
        free(records);
        free(wire);
        return s;
}

static struct lf_topk search(const struct lf_shard *s, const void *probe)
{
        struct lf_topk top, *tops[] = {&top};
        lf_topk_init(&top, 8, -1);
        for (uint32_t b = 0; b < s->blocks; b++)
                engine->scan(s, b, &probe, tops, 1, scratch);
        lf_topk_sort(&top);
        return top;
}

static float score(const struct lf_fmr *a, const struct lf_fmr *b)
{
        size_t size;
        struct lf_shard *s = shard_of(b, 1, &size, NULL);
        void *probe = prepared(a);
        struct lf_topk top = search(s, probe);
        free(probe);
        free(s);
        assert_int_equal(top.n, 1);
        return top.hit[0].score;
}

static void mates_score_above_strangers_however_they_lie(void **state)
{
        struct lf_fmr *a = calloc(3, sizeof *a);
        for (unsigned round = 0; round < 30; round++) {
                struct finger one = finger_make(seed + 2 * round), other = finger_make(seed + 2 * round + 1);
                struct finger_placement far = finger_placement_any(seed + round);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[0]);
                finger_record(&one, &far, (enum lf_fmr_format)(LF_FMR_ISO_2005 + round % 5), &a[1]);
                finger_record(&other, &far, LF_FMR_ISO_2005, &a[2]);
                float mate = score(&a[1], &a[0]), stranger = score(&a[2], &a[0]);
                assert_true(engine->score_log10_fmr(mate) <= -4.5f);
                assert_true(engine->score_log10_fmr(stranger) > -4.0f);
        }
        free(a);
}

/* Rotation and translation change a score by no more than rounding to pixels and angle steps does. */
static void placement_does_not_change_the_score(void **state)
{
        struct lf_fmr *a = calloc(2, sizeof *a);
        for (unsigned round = 0; round < 30; round++) {
                struct finger one = finger_make(seed + round);
                struct finger_placement p = finger_straight;
                p.turn = ((float)(round % 7) - 3) * 0.2f;
                p.x += (float)(round * 3);
                p.y += (float)(round * 2);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[0]);
                finger_record(&one, &p, LF_FMR_ISO_2005, &a[1]);
                float same = score(&a[0], &a[0]), moved = score(&a[1], &a[0]);
                if (moved < 0.75f * same)
                        fail_msg("round %u: %g instead of %g", round, (double)moved, (double)same);
        }
        free(a);
}

static void resolution_is_honoured(void **state)
{
        struct lf_fmr *a = calloc(2, sizeof *a);
        struct finger one = finger_make(seed);
        struct finger_placement fine = finger_straight;
        fine.resolution = 394; /* 1,000 dpi */
        finger_record(&one, &finger_straight, LF_FMR_ISO_2011, &a[0]);
        finger_record(&one, &fine, LF_FMR_ISO_2011, &a[1]);
        assert_true(score(&a[1], &a[0]) > 0.75f * score(&a[0], &a[0]));
        a[1].view[0].resolution_x = a[1].view[0].resolution_y = 197; /* the same pixels under a wrong label */
        assert_true(score(&a[1], &a[0]) < 0.5f * score(&a[0], &a[0]));
        free(a);
}

static void every_finger_of_probe_and_record_is_searched(void **state)
{
        struct lf_fmr *a = calloc(3, sizeof *a);
        struct finger f[4];
        for (unsigned i = 0; i < 4; i++)
                f[i] = finger_make(seed + i);
        struct finger_placement p = finger_straight;
        /* Record 0 holds fingers 0 (right index) and 1 (left index); record 1 holds finger 2, unknown. */
        p.position = 2;
        finger_record(&f[0], &p, LF_FMR_ISO_2011, &a[0]);
        p.position = 7;
        finger_add(&f[1], &p, &a[0]);
        p.position = 0;
        finger_record(&f[2], &p, LF_FMR_ISO_2011, &a[1]);
        size_t size;
        struct lf_shard *s = shard_of(a, 2, &size, NULL);
        assert_int_equal(s->rows, 3);

        /* A probe of two fingers: a stranger's and finger 1. */
        p.position = 0;
        finger_record(&f[3], &p, LF_FMR_ISO_2011, &a[2]);
        p.position = 7;
        finger_add(&f[1], &p, &a[2]);
        void *probe = prepared(&a[2]);
        struct lf_topk top = search(s, probe);
        assert_int_equal(top.n, 2);
        assert_int_equal(top.hit[0].record, 0);
        assert_int_equal(top.hit[0].row, 1);
        struct lf_explanation why;
        engine->explain(s, probe, &top.hit[0], scratch, &why);
        assert_int_equal(why.n, 3);
        assert_int_equal(why.reason[0].code, LF_MATCH_REASON_MINUTIAE_AGREE);
        assert_int_equal(why.reason[0].b, 40);
        assert_int_equal(why.reason[0].c, 40);
        assert_true(why.reason[0].a >= 15);
        assert_int_equal(why.reason[1].code, LF_MATCH_REASON_ALIGNMENT);
        assert_int_equal(why.reason[1].a, 0);
        assert_int_equal(why.reason[2].code, LF_MATCH_REASON_FINGER_POSITION);
        assert_int_equal(why.reason[2].a, 7);
        assert_int_equal(why.reason[2].b, 7);
        char text[200];
        assert_string_equal(lf_match_reason_text(why.reason[2], text, sizeof text),
                            "finger position 7 against 7");
        free(probe);

        /* Finger 1 said to be another known finger is not compared with itself. */
        p.position = 8;
        finger_record(&f[1], &p, LF_FMR_ISO_2011, &a[2]);
        probe = prepared(&a[2]);
        top = search(s, probe);
        assert_int_equal(top.n, 1);
        assert_int_equal(top.hit[0].record, 1);
        free(probe);
        free(s);
        free(a);
}

static void the_explanation_gives_the_turn(void **state)
{
        struct lf_fmr *a = calloc(2, sizeof *a);
        struct finger one = finger_make(seed);
        struct finger_placement p = finger_straight;
        p.turn = (float)M_PI / 8; /* 16 of 256 */
        finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[0]);
        finger_record(&one, &p, LF_FMR_ISO_2005, &a[1]);
        size_t size;
        struct lf_shard *s = shard_of(a, 1, &size, NULL);
        void *probe = prepared(&a[1]);
        struct lf_topk top = search(s, probe);
        struct lf_explanation why;
        engine->explain(s, probe, &top.hit[0], scratch, &why);
        assert_in_range(why.reason[1].a, 15, 17);
        assert_in_range(why.reason[1].b, 40, 100);
        free(probe);
        free(s);
        free(a);
}

static void poor_records_are_left_out_and_said(void **state)
{
        struct lf_fmr *a = calloc(3, sizeof *a);
        struct finger one = finger_make(seed);
        for (unsigned i = 0; i < 3; i++)
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[i]);
        a[1].view[0].n = 3;
        a[2].view[0].resolution_x = 0; /* written into the header: unreadable */
        struct lf_defect defects[3];
        size_t size;
        struct lf_shard *s = shard_of(a, 3, &size, defects);
        assert_int_equal(s->records, 3);
        assert_int_equal(s->rows, 1);
        assert_int_equal(defects[0].code, LF_DEFECT_NONE);
        assert_int_equal(defects[1].code, LF_DEFECT_TOO_FEW_MINUTIAE);
        assert_int_equal(defects[2].code, LF_DEFECT_RESOLUTION);
        assert_int_equal(lf_shard_records(s)[2].expiry, 2);
        assert_null(prepared(&a[1]));
        free(s);

        s = shard_of(a, 0, &size, NULL);
        assert_int_equal(s->blocks, 0);
        free(s);
        free(a);
}

/* 255 minutiae in one place, in one line, or as dense as can be; ten views of them. */
static void crowded_records_are_answered(void **state)
{
        struct lf_fmr *a = calloc(1, sizeof *a);
        for (unsigned shape = 0; shape < 3; shape++) {
                struct finger one = finger_make(seed);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2011, a);
                a->minutiae = 0;
                a->n = 10;
                for (unsigned v = 0; v < 10; v++) {
                        a->view[v] = a->view[0];
                        a->view[v].n = 255;
                        a->view[v].first = 0;
                }
                for (unsigned i = 0; i < 255; i++)
                        a->minutia[i] = (struct lf_fmr_minutia){
                            .x = (uint16_t)(100 + (shape == 0   ? 0
                                                   : shape == 1 ? i
                                                                : i % 16)),
                            .y = (uint16_t)(100 + (shape == 2 ? i / 16 : 0)),
                            .type = LF_FMR_ENDING,
                        };
                a->minutiae = 255;
                void *probe = prepared(a);
                if (probe) {
                        a->n = 1;
                        size_t size;
                        struct lf_shard *s = shard_of(a, 1, &size, NULL);
                        struct lf_topk top = search(s, probe);
                        assert_true(top.n <= 1);
                        free(s);
                        free(probe);
                }
        }
        free(a);
}

static void damaged_shards_are_refused_or_stay_inside(void **state)
{
        struct lf_fmr *a = calloc(5, sizeof *a);
        for (unsigned i = 0; i < 5; i++) {
                struct finger one = finger_make(seed + i);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[i]);
        }
        size_t size;
        struct lf_shard *s = shard_of(a, 5, &size, NULL), *bad = aligned(size);
        void *probe = prepared(&a[0]);
        unsigned refused = 0;
        size_t head = s->payload_offset + 5 * sizeof(uint32_t) * 4;
        for (size_t at = 0; at < head; at++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                        memcpy(bad, s, size);
                        ((uint8_t *)bad)[at] ^= (uint8_t)(1u << bit);
                        if (lf_shard_check(bad, size) < 0)
                                refused++;
                        else
                                search(bad, probe);
                }
        }
        assert_true(refused > 500);
        for (size_t cut = 0; cut < size; cut += 13)
                assert_int_equal(lf_shard_check(s, cut), -EBADMSG);
        memcpy(bad, s, size);
        bad->abi++;
        assert_int_equal(lf_shard_check(bad, size), -ENOTSUP);
        memcpy(bad, s, size);
        bad->modality = LF_MODALITY_CONSIGNMENT;
        assert_int_equal(lf_shard_check(bad, size), -ENOTSUP);
        free(probe);
        free(bad);
        free(s);
        free(a);
}

static void the_calibration_falls_with_the_score(void **state)
{
        float last = 0;
        for (float x = -1; x < 130; x += 0.01f) {
                float rate = engine->score_log10_fmr(x);
                assert_true(rate <= last);
                last = rate;
        }
        assert_true(last < -5);
        assert_true(engine->score_log10_fmr(NAN) == 0);
}

static void many_records_are_found_across_blocks(void **state)
{
        enum { N = LF_FINGER_BLOCK + 76 };
        struct lf_fmr *a = calloc(N, sizeof *a), *b = calloc(1, sizeof *b);
        for (unsigned i = 0; i < N; i++) {
                struct finger one = finger_make(seed + i);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &a[i]);
        }
        size_t size;
        struct lf_shard *s = shard_of(a, N, &size, NULL);
        assert_true(s->blocks > 1);
        for (unsigned i = 0; i < N; i += 311) {
                struct finger one = finger_make(seed + i);
                struct finger_placement far = finger_placement_any(seed + i);
                finger_record(&one, &far, LF_FMR_ANSI_2004, b);
                void *probe = prepared(b);
                struct lf_topk top = search(s, probe);
                assert_int_equal(top.n, 8);
                assert_int_equal(top.hit[0].record, i);
                free(probe);
        }
        free(s);
        free(b);
        free(a);
}

static const struct lf_finger_kernels *const kernels_of[LF_ISA_COUNT] = {[LF_ISA_SCALAR] = &lf_finger_scalar,
                                                                         [LF_ISA_AVX2] = &lf_finger_avx2,
                                                                         [LF_ISA_AVX512] = &lf_finger_avx512,
                                                                         [LF_ISA_AMX] = &lf_finger_avx512};

/* A search by each instruction set that this machine has finds what the reference does, to the last bit. */
static void search_by_every_set(const struct lf_shard *s, const void *probe)
{
        const struct lf_finger_kernels *chosen = lf_finger_kernels;
        lf_finger_kernels = &lf_finger_scalar;
        struct lf_topk expected = search(s, probe);
        for (unsigned isa = 0; isa < LF_ISA_COUNT; isa++) {
                if (!lf_isa_has((enum lf_isa)isa))
                        continue;
                lf_finger_kernels = kernels_of[isa];
                struct lf_topk top = search(s, probe);
                assert_int_equal(top.n, expected.n);
                assert_memory_equal(top.hit, expected.hit, top.n * sizeof *top.hit);
        }
        lf_finger_kernels = chosen;
}

#define SIFTED 600 /* rows: enough for every part of the first stage to have work */

static struct lf_shard *shard_of_fingers(unsigned n, size_t *ret_size)
{
        struct lf_fmr *a = calloc(n, sizeof *a);
        for (unsigned i = 0; i < n; i++) {
                struct finger one = finger_make(seed + i);
                struct finger_placement p = finger_placement_any(seed + i);
                finger_record(&one, &p, LF_FMR_ISO_2005, &a[i]);
        }
        struct lf_shard *s = shard_of(a, n, ret_size, NULL);
        free(a);
        return s;
}

static void every_instruction_set_codes_alike(void **state)
{
        const struct lf_finger_kernels *chosen = lf_finger_kernels;
        size_t size, other;
        lf_finger_kernels = &lf_finger_scalar;
        struct lf_shard *expected = shard_of_fingers(100, &size);
        for (unsigned isa = 0; isa < LF_ISA_COUNT; isa++) {
                if (!lf_isa_has((enum lf_isa)isa))
                        continue;
                lf_finger_kernels = kernels_of[isa];
                struct lf_shard *s = shard_of_fingers(100, &other);
                assert_int_equal(other, size);
                assert_memory_equal(s, expected, size);
                free(s);
        }
        lf_finger_kernels = chosen;
        free(expected);
}

static void every_instruction_set_gives_equal_results(void **state)
{
        struct lf_fmr *b = calloc(1, sizeof *b);
        size_t size;
        struct lf_shard *s = shard_of_fingers(SIFTED, &size);
        for (unsigned i = 0; i < SIFTED; i += 30) {
                struct finger one = finger_make(seed + i);
                struct finger_placement p = finger_placement_any(seed + SIFTED + i);
                finger_record(&one, &p, LF_FMR_ISO_2005, b);
                void *probe = prepared(b);
                search_by_every_set(s, probe);
                free(probe);
        }
        for (unsigned isa = 0; isa < LF_ISA_COUNT; isa++)
                if (lf_isa_has((enum lf_isa)isa))
                        print_message("compared: %s\n", lf_isa_name((enum lf_isa)isa));
        free(s);
        free(b);
}

/* A shard whose rows are well and whose fingers are noise: searched all the same, and by every set alike. */
static void noise_for_fingers_is_searched(void **state)
{
        struct lf_fmr *b = calloc(1, sizeof *b);
        size_t size;
        uint64_t random = seed;
        struct lf_shard *s = shard_of_fingers(SIFTED, &size);
        struct finger one = finger_make(seed);
        finger_record(&one, &finger_straight, LF_FMR_ISO_2005, b);
        void *probe = prepared(b);
        struct lf_finger_row *row = (struct lf_finger_row *)lf_finger_rows(s);
        for (unsigned round = 0; round < 2; round++) {
                for (uint32_t i = 0; i < s->rows; i++)
                        for (unsigned k = 0; k < LF_FINGER_BUCKETS; k++)
                                row[i].first[k] = (uint8_t)(finger_random(&random) * row[i].cylinders);
                uint8_t *data = (uint8_t *)lf_finger_of_shard(s, 0).bits;
                size_t left = size - (size_t)(data - (uint8_t *)s);
                for (size_t i = 0; i < left; i++)
                        data[i] = round == 0 ? 0xff : (uint8_t)(256 * finger_random(&random));
                assert_int_equal(lf_shard_check(s, size), 0);
                search_by_every_set(s, probe);
                struct lf_topk top = search(s, probe);
                for (uint32_t i = 0; i < top.n; i++)
                        assert_true(top.hit[i].score >= 0 && isfinite(top.hit[i].score));
        }
        free(probe);
        free(s);
        free(b);
}

/* A finger of n minutiae anywhere within so many quarters of a pixel, or in one place, of any direction. */
static struct lf_finger finger_anyhow(unsigned n, unsigned spread, uint64_t *random,
                                      struct lf_finger_row *row, void *data)
{
        *row = (struct lf_finger_row){.n = (uint8_t)n};
        struct lf_finger f = lf_finger_at(row, data);
        for (unsigned i = 0; i < lf_finger_padded(row); i++) {
                bool real = i < n;
                ((int16_t *)f.x)[i] =
                    real ? (int16_t)((finger_random(random) - 0.5f) * (float)spread) : INT16_MAX;
                ((int16_t *)f.y)[i] =
                    real ? (int16_t)((finger_random(random) - 0.5f) * (float)spread) : INT16_MAX;
                ((uint16_t *)f.angle)[i] = (uint16_t)(finger_random(random) * 65535);
        }
        for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++)
                ((int16_t *)f.support)[h] = (int16_t)(finger_random(random) * (float)spread / 2);
        return f;
}

static void fingers_are_laid_over_alike_by_every_set(void **state)
{
        uint64_t random = seed;
        struct lf_finger_row row[2];
        void *data[2] = {aligned(LF_FINGER_DATA_MAX), aligned(LF_FINGER_DATA_MAX)};
        unsigned met = 0, inside = 0;
        for (unsigned round = 0; round < 400; round++) {
                unsigned n = round % 125 + 4, spread = (unsigned[]){1, 200, 1200, 6000, 65535}[round % 5];
                struct lf_finger a = finger_anyhow(n, spread, &random, &row[0], data[0]),
                                 b = finger_anyhow(132 - n, spread, &random, &row[1], data[1]);
                float turn = finger_random(&random) * 6.28f;
                struct lf_finger_placement p = {
                    .c = cosf(turn),
                    .s = sinf(turn),
                    .x = finger_random(&random) * (float)spread / 100,
                    .y = finger_random(&random) * (float)spread / 100,
                    .turn = (uint16_t)(finger_random(&random) * 65535),
                };
                struct lf_finger_meeting reference, m;
                lf_finger_scalar.meet(&a, &b, &p, 20, &reference);
                unsigned within = lf_finger_scalar.within(&a, &b, &p);
                met += reference.n;
                inside += within;
                for (unsigned isa = 0; isa < LF_ISA_COUNT; isa++) {
                        if (!lf_isa_has((enum lf_isa)isa))
                                continue;
                        kernels_of[isa]->meet(&a, &b, &p, 20, &m);
                        assert_int_equal(m.n, reference.n);
                        assert_memory_equal(m.a, reference.a, m.n);
                        assert_memory_equal(m.b, reference.b, m.n);
                        assert_memory_equal(m.close, reference.close, m.n * sizeof *m.close);
                        assert_int_equal(kernels_of[isa]->within(&a, &b, &p), within);
                }
        }
        print_message("%u meet, %u lie within\n", met, inside);
        assert_true(met > 0 && inside > 0);
        free(data[0]);
        free(data[1]);
}

/* Poor impressions, with a third of the minutiae false: of the mates that a comparison with them alone takes,
 * a search of a full block loses few. */
static void a_full_block_hides_few_mates(void **state)
{
        struct lf_fmr *b = calloc(1, sizeof *b);
        size_t size;
        unsigned mates = 0, lost = 0;
        struct lf_shard *s = shard_of_fingers(LF_FINGER_BLOCK, &size);
        for (unsigned i = 0; i < LF_FINGER_BLOCK; i += 43) {
                struct finger one = finger_make(seed + i);
                struct finger_placement p = finger_placement_any(seed + 7 * i + 1);
                p.jitter = 4;
                p.replaced = 13;
                finger_record(&one, &p, LF_FMR_ISO_2005, b);
                void *probe = prepared(b);
                struct lf_finger_match m;
                if (lf_finger_closest(s, probe, i, scratch, &m) == 0 &&
                    engine->score_log10_fmr(m.score) <= -4) {
                        struct lf_topk top = search(s, probe);
                        mates++;
                        lost += top.hit[0].record != i;
                }
                free(probe);
        }
        print_message("%u of %u mates lost\n", lost, mates);
        assert_true(mates >= 25);
        assert_true(lost * 25 <= mates);
        free(s);
        free(b);
}

/* 255 minutiae that are all alike, as probe, as gallery, or as both: no more than fifty times the work of a
 * search without them. Work is counted: cylinders, pairs and minutiae held against one another. */
static uint64_t work_of(const struct lf_fmr *probe, const struct lf_fmr *gallery, unsigned n)
{
        struct lf_finger_core *core = scratch;
        size_t size;
        struct lf_shard *s = shard_of(gallery, n, &size, NULL);
        void *p = prepared(probe);
        uint64_t before = core->work;
        search(s, p);
        free(p);
        free(s);
        return core->work - before;
}

static void all_alike(const struct lf_fmr *like, struct lf_fmr *ret)
{
        *ret = *like;
        ret->minutiae = ret->view[0].n = 255;
        for (unsigned i = 0; i < 255; i++)
                ret->minutia[i] = like->minutia[0];
}

static void the_worst_record_costs_a_bounded_share(void **state)
{
        struct lf_fmr *normal = calloc(SIFTED, sizeof *normal), *worst = calloc(SIFTED, sizeof *worst),
                      *mixed = calloc(SIFTED, sizeof *mixed);
        for (unsigned i = 0; i < SIFTED; i++) {
                struct finger one = finger_make(seed + i);
                struct finger_placement p = finger_placement_any(seed + i);
                finger_record(&one, &p, LF_FMR_ISO_2005, &normal[i]);
                all_alike(&normal[i], &worst[i]);
                mixed[i] = i % 2 ? worst[i] : normal[i];
        }
        uint64_t usual = work_of(normal, normal, SIFTED), most = 0;
        const struct lf_fmr *gallery[] = {normal, worst, mixed};
        for (unsigned g = 0; g < 3; g++) {
                uint64_t work = work_of(worst, gallery[g], SIFTED),
                         other = work_of(normal, gallery[g], SIFTED);
                most = work > most ? work : most;
                most = other > most ? other : most;
        }
        print_message("the worst costs %.1f times the usual\n", (double)most / (double)usual);
        assert_true(usual > 0 && most <= 50 * usual);
        free(normal);
        free(worst);
        free(mixed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(mates_score_above_strangers_however_they_lie),
            cmocka_unit_test(placement_does_not_change_the_score),
            cmocka_unit_test(resolution_is_honoured),
            cmocka_unit_test(every_finger_of_probe_and_record_is_searched),
            cmocka_unit_test(the_explanation_gives_the_turn),
            cmocka_unit_test(poor_records_are_left_out_and_said),
            cmocka_unit_test(crowded_records_are_answered),
            cmocka_unit_test(damaged_shards_are_refused_or_stay_inside),
            cmocka_unit_test(the_calibration_falls_with_the_score),
            cmocka_unit_test(many_records_are_found_across_blocks),
            cmocka_unit_test(every_instruction_set_codes_alike),
            cmocka_unit_test(every_instruction_set_gives_equal_results),
            cmocka_unit_test(noise_for_fingers_is_searched),
            cmocka_unit_test(fingers_are_laid_over_alike_by_every_set),
            cmocka_unit_test(a_full_block_hides_few_mates),
            cmocka_unit_test(the_worst_record_costs_a_bounded_share),
        };
        seed = getenv("LANDFALL_SEED") ? (unsigned)atoi(getenv("LANDFALL_SEED")) : (unsigned)time(NULL);
        print_message("seed %u (LANDFALL_SEED repeats it)\n", seed);
        if (lf_engines_init() < 0)
                return 1;
        engine = lf_engine_for(LF_MODALITY_FINGERPRINT);
        scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~(size_t)63);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        free(scratch);
        return r;
}
