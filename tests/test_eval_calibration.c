/* What scores claim: the fit finds a law that is known, the check's interval holds it, and on public
 * fingerprints a calibration holds for databases that it was not fitted to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/data.h"
#include "tests/finger_make.h"
#include "tools/eval/calibration.h"

/* Under sanitizers, which look for other faults, a part of the pairs. */
#ifdef __SANITIZE_ADDRESS__
#define LISTS       1
#define ACROSS      6000
#define PAIRS_LEAST 5000
#else
#define LISTS       2
#define ACROSS      SIZE_MAX
#define PAIRS_LEAST 50000
#endif

static unsigned seed;

/* Strangers among `fingers` fingers of two folders whose scores follow a law. */
static struct lf_comparisons invent(const struct lf_finger_calibration *law, unsigned fingers, uint64_t s)
{
        struct lf_comparisons c = {.item = calloc((size_t)fingers * fingers, sizeof *c.item)};
        assert_non_null(c.item);
        for (unsigned a = 0; a < fingers; a++)
                for (unsigned b = a; b < fingers; b++) {
                        unsigned half = fingers / 2;
                        struct lf_comparison one = {.a = a < half ? a : a + LF_IMPRESSIONS_STEP,
                                                    .b = b < half ? b : b + LF_IMPRESSIONS_STEP};
                        /* The rate is (1 + exp((score - start) / bend)) to the power of -slope * bend /
                         * ln 10. */
                        double rate =
                            ((double)finger_random(&s) + (double)finger_random(&s) / (1 << 24) + 1e-9) /
                            1.0001;
                        double power = (double)law->slope * (double)law->bend * M_LN10;
                        one.score =
                            (float)((double)law->start + (double)law->bend * log(pow(rate, -1 / power) - 1));
                        if (a == b)
                                one.score = 1000; /* genuine: no business here */
                        c.item[c.n++] = one;
                }
        return c;
}

static void a_known_law_is_found_and_holds(void **state)
{
        const struct lf_finger_calibration law = {.slope = 1.2f, .start = 1.5f, .bend = 0.4f};
        struct lf_comparisons c = invent(&law, 500, seed), d = invent(&law, 700, seed + 1);
        struct lf_strangers s[] = {{.of = &c}, {.of = &d}};
        struct lf_finger_calibration found;
        assert_int_equal(lf_calibration_fit(s, 2, &found), 0);
        print_message("slope %.3f, start %.3f, bend %.2f\n", (double)found.slope, (double)found.start,
                      (double)found.bend);
        assert_true(fabsf(found.slope - law.slope) < 0.15f && fabsf(found.start - law.start) < 0.2f);
        for (double claimed = 0.1; claimed > 5e-4; claimed /= 10) {
                struct lf_calibration_check check;
                assert_int_equal(lf_calibration_check(s, 2, &law, claimed, &check), 0);
                assert_int_equal(check.pairs, 500 * 499 / 2 + 700 * 699 / 2);
                assert_true(check.measured > claimed * 0.7 && check.measured < claimed * 1.4);
                assert_true(check.low <= check.measured && check.measured <= check.high);
                assert_true(check.high < 2 * check.low || claimed < 1e-2);
                assert_int_equal(lf_calibration_check(s, 2, &found, claimed, &check), 0);
                assert_true(check.measured > claimed * 0.7 && check.measured < claimed * 1.4);
        }
        struct lf_comparisons few = {.item = c.item, .n = 1000};
        struct lf_strangers t = {.of = &few};
        assert_int_equal(lf_calibration_fit(&t, 1, &found), -EINVAL);
        few.n = 1; /* genuine */
        struct lf_calibration_check check;
        assert_int_equal(lf_calibration_check(&t, 1, &law, 1e-3, &check), -EINVAL);
        free(c.item);
        free(d.item);
}

static bool of_one_half(const struct lf_comparison *c, const void *context)
{
        const unsigned *folder = context;
        return lf_folder_of(c->a) / 2 == *folder && lf_folder_of(c->b) / 2 == *folder;
}

static bool of_other_half(const struct lf_comparison *c, const void *context)
{
        return !of_one_half(c, context);
}

static void claims_hold_for_unseen_databases(void **state)
{
        static const char *const extractor[] = {"secugen", "mindtct"}, *const database[] = {
                                                                           "fvc2002/DB1_B", "fvc2004/DB2_B",
                                                                           "fvc2002/DB3_B", "fvc2004/DB4_B"};
        const char *data = test_data();
        if (!data)
                return;
        struct lf_impressions all[LISTS] = {{0}};
        struct lf_trial trial[LISTS];
        struct lf_comparisons c[LISTS];
        for (unsigned e = 0; e < LISTS; e++) {
                char path[4][4352], *dirs[4];
                for (unsigned i = 0; i < 4; i++) {
                        snprintf(path[i], sizeof path[i], "%s/fingerprint/%s/%s", data, extractor[e],
                                 database[i]);
                        dirs[i] = path[i];
                }
                assert_int_equal(lf_impressions_read_all(dirs, 4, &all[e]), 0);
                assert_int_equal(lf_trial_prepare(&all[e], &trial[e]), 0);
                assert_int_equal(lf_trial_run(&trial[e], UINT32_MAX, ACROSS, &c[e]), 0);
        }
        for (unsigned half = 0; half < 2; half++) {
                struct lf_strangers seen[LISTS], unseen[LISTS];
                struct lf_finger_calibration line;
                struct lf_calibration_check check;
                for (unsigned e = 0; e < LISTS; e++) {
                        seen[e] = (struct lf_strangers){&c[e], of_one_half, &half};
                        unseen[e] = (struct lf_strangers){&c[e], of_other_half, &half};
                }
                assert_int_equal(lf_calibration_fit(seen, LISTS, &line), 0);
                assert_int_equal(lf_calibration_check(unseen, LISTS, &line, 1e-3, &check), 0);
                print_message(
                    "calibrated on %s and %s: claimed 1e-3, measured %.2e (%.2e .. %.2e) of %zu pairs\n",
                    database[2 * half], database[2 * half + 1], check.measured, check.low, check.high,
                    check.pairs);
                assert_true(check.pairs >= PAIRS_LEAST);
                /* So few pairs bear only the interval out. */
                bool few = check.pairs < 50000;
                assert_true((few ? check.high : check.measured) >= 0.5e-3);
                assert_true((few ? check.low : check.measured) <= 2e-3);
        }
        for (unsigned e = 0; e < LISTS; e++) {
                free(c[e].item);
                lf_trial_free(&trial[e]);
                lf_impressions_free(&all[e]);
        }
}

/* Of pairs across folders no more are compared than asked for, and those within always. */
static void pairs_across_are_thinned_evenly(void **state)
{
        enum { FOLDERS = 3, FINGERS = 4 };
        static uint8_t wire[FOLDERS * FINGERS][4096];
        struct lf_impression item[FOLDERS * FINGERS];
        static struct lf_fmr f;
        for (unsigned i = 0; i < FOLDERS * FINGERS; i++) {
                struct finger one = finger_make(seed + i);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, &f);
                if (i == 5)
                        f.view[0].n = 2;
                item[i] = (struct lf_impression){.finger = i / FINGERS * LF_IMPRESSIONS_STEP + i % FINGERS,
                                                 .wire = wire[i]};
                item[i].size = fmr_write(&f, wire[i]);
        }
        struct lf_impressions all = {item, FOLDERS * FINGERS};
        struct lf_trial t;
        assert_int_equal(lf_trial_prepare(&all, &t), 0);
        assert_int_equal(lf_trial_failures(&t, 0), 0);
        assert_int_equal(lf_trial_failures(&t, 1), 1);
        static const size_t across[] = {0, 10, 47, 48, SIZE_MAX}, expected[] = {0, 9, 24, 48, 48};
        for (unsigned i = 0; i < 5; i++) {
                struct lf_comparisons c;
                assert_int_equal(lf_trial_run(&t, UINT32_MAX, across[i], &c), 0);
                size_t outside = 0;
                for (size_t k = 0; k < c.n; k++) {
                        outside += lf_is_across(&c.item[k]);
                        bool failed =
                            c.item[k].a == LF_IMPRESSIONS_STEP + 1 || c.item[k].b == LF_IMPRESSIONS_STEP + 1;
                        assert_true(failed ? c.item[k].score == LF_NO_MATCH : c.item[k].score >= 0);
                }
                assert_int_equal(c.n - outside, FOLDERS * FINGERS * (FINGERS - 1) / 2);
                assert_int_equal(outside, expected[i]);
                free(c.item);
        }
        lf_trial_free(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_known_law_is_found_and_holds),
            cmocka_unit_test(pairs_across_are_thinned_evenly),
            cmocka_unit_test(claims_hold_for_unseen_databases),
        };
        seed = getenv("LANDFALL_SEED") ? (unsigned)atoi(getenv("LANDFALL_SEED")) : (unsigned)time(NULL);
        print_message("seed %u (LANDFALL_SEED repeats it)\n", seed);
        if (lf_engines_init() < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
