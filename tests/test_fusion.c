/* Fusion: ratios rise as rates fall, sums become rates that strangers keep, records are joined by their
 * reference, a missing modality costs nothing, and one that speaks against the others is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/subject.h"
#include "matcher/fusion.h"
#include "tests/data.h"
#include "tools/eval/eval.h"
#include "tools/generate/random.h"

#define SEED 99

static void ratios_rise_as_rates_fall(void **state)
{
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                float last = -100;
                for (float rate = 0; rate >= -9; rate -= 0.1f) {
                        float l = lf_fusion_llr(m, rate);
                        assert_true(l >= last);
                        last = l;
                }
                assert_true(lf_fusion_llr(m, 0) < LF_FUSION_AGAINST && last > 2);
        }
}

static void strangers_keep_the_rate(void **state)
{
        static const uint8_t sets[] = {1 << LF_MODALITY_IRIS | 1 << LF_MODALITY_FACE,
                                       1 << LF_MODALITY_FINGERPRINT | 1 << LF_MODALITY_FACE,
                                       1 << LF_MODALITY_FINGERPRINT | 1 << LF_MODALITY_IRIS |
                                           1 << LF_MODALITY_FACE};
        struct lf_random r = lf_random_seed(SEED);
        for (unsigned s = 0; s < sizeof sets; s++) {
                unsigned n = 200000, above[2] = {0}, said[2] = {0};
                for (unsigned i = 0; i < n; i++) {
                        float sum = 0;
                        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                                if (sets[s] >> m & 1)
                                        sum += lf_fusion_llr(m, (float)log10(1 - lf_random_unit(&r)));
                        if (i % 20)
                                continue;
                        float rate = lf_fusion_log10_fmr(sets[s], sum);
                        for (unsigned k = 0; k < 2; k++)
                                above[k] += rate <= -1 - (float)k;
                        said[0]++;
                }
                for (unsigned k = 0; k < 2; k++) {
                        double is = (double)above[k] / said[0], claimed = pow(10, -1.0 - k);
                        printf("modalities %02x: claimed %.2g, measured %.2g\n", sets[s], claimed, is);
                        assert_true(is < 1.3 * claimed && is > claimed / 2.5);
                }
        }
}

static void floors_are_just_below_their_rates(void **state)
{
        unsigned engines = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                const struct lf_engine *e = lf_engine_for(m);
                if (!e || !e->score_at)
                        continue;
                engines++;
                assert_true(e->score_at(0) == -INFINITY);
                for (float rate = -0.01f; rate > -8.99f; rate -= 0.01f) {
                        float floor = e->score_at(rate);
                        assert_true(e->score_log10_fmr(floor) > rate);
                        assert_true(e->score_log10_fmr(floor + 1e-4f) <= rate);
                }
        }
        assert_int_equal(engines, 3); /* irises, faces, persons */
}

/* A query that wants a finger dataset and a face dataset, each with a shard of two records; scores are set to
 * reach the rates that a test wants. */
static struct {
        struct lf_shard shard;
        struct lf_shard_record record[2];
} gallery[2];
static struct lf_query query;

static float score_at(const struct lf_engine *e, float log10_fmr)
{
        float low = 0, high = 20;
        for (unsigned i = 0; i < 60; i++) {
                float middle = (low + high) / 2;
                if (e->score_log10_fmr(middle) > log10_fmr)
                        low = middle;
                else
                        high = middle;
        }
        return high;
}

static void set_up(void)
{
        static const uint8_t modality[2] = {LF_MODALITY_FINGERPRINT, LF_MODALITY_FACE};
        memset(&query, 0, sizeof query);
        query.wanted_n = 2;
        for (unsigned w = 0; w < 2; w++) {
                memset(&gallery[w], 0, sizeof gallery[w]);
                gallery[w].shard.modality = modality[w];
                gallery[w].shard.records = 2;
                gallery[w].shard.record_offset = sizeof(struct lf_shard);
                for (uint8_t i = 0; i < 2; i++)
                        memset(gallery[w].record[i].reference, 7 + i, 16);
                query.wanted[w] = (struct lf_wanted){
                    .dataset = (uint8_t)w, .modality = modality[w], .candidates = 5, .threshold = -4};
        }
}

static void hit(unsigned w, uint32_t record, float log10_fmr)
{
        struct lf_result *r = &query.result[w];
        r->best[r->n++] = (struct lf_best){
            .shard = &gallery[w].shard,
            .hit = {.record = record, .score = score_at(lf_engine_for(query.wanted[w].modality), log10_fmr)}};
}

static void two_that_agree_say_more_than_each(void **state)
{
        struct lf_subject s[LF_SUBJECTS_MAX];
        set_up();
        hit(0, 0, -3);
        hit(1, 0, -3);
        hit(1, 1, -3);
        assert_int_equal(lf_subjects(&query, NULL, s), 2);
        assert_true(s[0].candidate && s[0].log10_fmr < -4);
        assert_int_equal(s[0].modalities, 1 << LF_MODALITY_FINGERPRINT | 1 << LF_MODALITY_FACE);
        assert_int_equal(lf_subject_against(&s[0]), 0);
        assert_false(s[1].candidate);
        printf("1e-3 and 1e-3 together: 1e%.1f\n", (double)s[0].log10_fmr);
}

static void a_missing_modality_costs_nothing(void **state)
{
        struct lf_subject s[LF_SUBJECTS_MAX];
        set_up();
        hit(0, 1, -5);
        assert_int_equal(lf_subjects(&query, NULL, s), 1);
        assert_true(s[0].candidate && fabsf(s[0].log10_fmr + 5) < 0.05f);
}

static void what_speaks_against_is_named_and_hides_nothing(void **state)
{
        struct lf_subject s[LF_SUBJECTS_MAX];
        set_up();
        hit(0, 1, -5);
        hit(1, 1, -0.2f);
        assert_int_equal(lf_subjects(&query, NULL, s), 1);
        assert_true(s[0].candidate);
        assert_int_equal(s[0].lead, LF_MODALITY_FINGERPRINT);
        assert_int_equal(lf_subject_against(&s[0]), 1 << LF_MODALITY_FACE);
        assert_true(s[0].log10_fmr > -5);
}

static void a_pair_without_correlation_is_the_sum(void **state)
{
        struct lf_fusion_pair pair = {.mean = {6.2, 5.7}, .deviation = {2.5, 0.85}};
        for (float rate = -0.5f; rate > -8; rate -= 0.7f) {
                /* a rate's z, from the ratio that it makes on its own */
                double z = 0;
                while (log10(0.5 * erfc((z + 1e-4) * M_SQRT1_2)) > (double)rate)
                        z += 1e-4;
                double sum = (double)lf_fusion_llr(LF_MODALITY_FINGERPRINT, rate) +
                             (double)lf_fusion_llr(LF_MODALITY_IRIS, rate);
                assert_true(fabs(lf_fusion_pair_llr(&pair, z, z) - sum) < 0.02);
        }
        /* What both say says less when strangers, too, are alike in both. */
        struct lf_fusion_pair same = pair;
        same.strangers = same.mates = 0.6;
        assert_true(lf_fusion_pair_llr(&same, 4, 4) < lf_fusion_pair_llr(&pair, 4, 4));
}

/* Each agreement's records serve its own purposes: the same reference elsewhere is another record. */
static void records_of_two_agreements_are_not_joined(void **state)
{
        struct lf_subject s[LF_SUBJECTS_MAX];
        set_up();
        query.wanted[1].agreement = 1;
        hit(0, 0, -3);
        hit(1, 0, -3);
        assert_int_equal(lf_subjects(&query, NULL, s), 2);
        for (unsigned i = 0; i < 2; i++) {
                assert_false(s[i].candidate);
                assert_int_equal(__builtin_popcount(s[i].modalities), 1);
                assert_true(fabsf(s[i].log10_fmr + 3) < 0.05f);
        }
}

static void two_models_together_are_better_than_one(void **state)
{
        const char *data = test_data();
        char first[8192], second[8192], labels[8192];
        if (!data)
                return;
        snprintf(first, sizeof first, "%s/face/embeddings128.f32", data);
        snprintf(second, sizeof second, "%s/face/second256.f32", data);
        snprintf(labels, sizeof labels, "%s/face/labels.csv", data);
        char path[] = "/tmp/landfall-fusion.XXXXXX", text[4096] = "";
        int fd = mkstemp(path), out = dup(1);
        fflush(stdout);
        dup2(fd, 1);
        char *argv[] = {"fusion", "--embeddings", first, "--dim",    "128",  "--second",
                        second,   "--second-dim", "256", "--labels", labels, NULL};
        int r = lf_eval_fusion(11, argv);
        fflush(stdout);
        dup2(out, 1);
        assert_int_equal(r, 0);
        assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
        close(fd);
        close(out);
        unlink(path);
        double alone = 0, fused = 1, eer, at2;
        const char *p = strstr(text, "first"), *q = strstr(text, "fused");
        assert_true(p && q);
        assert_int_equal(sscanf(p + 5, "%lf %lf %lf", &eer, &at2, &alone), 3);
        assert_int_equal(sscanf(q + 5, "%lf %lf %lf", &eer, &at2, &fused), 3);
        printf("missed at 1e-3: %.4f alone, %.4f fused\n", alone, fused);
        assert_true(fused < alone);
}

int main(void)
{
        printf("seed %d\n", SEED);
        if (lf_engines_init() < 0)
                return 1;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(ratios_rise_as_rates_fall),
            cmocka_unit_test(strangers_keep_the_rate),
            cmocka_unit_test(floors_are_just_below_their_rates),
            cmocka_unit_test(two_that_agree_say_more_than_each),
            cmocka_unit_test(a_missing_modality_costs_nothing),
            cmocka_unit_test(what_speaks_against_is_named_and_hides_nothing),
            cmocka_unit_test(a_pair_without_correlation_is_the_sum),
            cmocka_unit_test(records_of_two_agreements_are_not_joined),
            cmocka_unit_test(two_models_together_are_better_than_one),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
