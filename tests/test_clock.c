/* The cores' clock follows real time; legal time never runs backwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "dataplane/clock.h"

#define HZ     2000000000ull
#define SECOND 1000000000ull
#define START  (1800000000ull * SECOND)

/* The TSC when `ns` have passed, at a true frequency of HZ less 200 parts in a million. */
static uint64_t tsc_after(uint64_t ns)
{
        return 5000 + (uint64_t)((double)ns * 2 * 0.9998);
}

static void follows_real_time(void **state)
{
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START, 0);
        uint64_t t = 0, last = 0;
        for (unsigned i = 0; i < 100; i++) {
                for (unsigned k = 0; k < 20; k++, t += SECOND / 100) {
                        uint64_t now = lf_clock_legal(&c, tsc_after(t));
                        assert_true(now >= last);
                        last = now;
                }
                assert_false(lf_clock_update(&c, tsc_after(t), START + t));
        }
        /* The rate that was assumed is off by 200 parts in a million: 4 ms in the 20 s that passed. */
        int64_t error = (int64_t)(lf_clock_real(&c, tsc_after(t)) - (START + t));
        assert_true(llabs(error) < 100000);
}

static void a_step_back_holds_legal_time(void **state)
{
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START, 0);
        uint64_t before = lf_clock_legal(&c, tsc_after(SECOND));
        assert_true(lf_clock_update(&c, tsc_after(SECOND), START + SECOND - 3600 * SECOND));
        uint64_t real = lf_clock_real(&c, tsc_after(SECOND));
        assert_true(real < START);
        uint64_t last = before;
        for (uint64_t t = SECOND; t < 3700 * SECOND; t += SECOND) {
                uint64_t now = lf_clock_legal(&c, tsc_after(t));
                assert_true(now >= last);
                last = now;
        }
        /* It stood still until real time had come up to it. */
        assert_true(lf_clock_legal(&c, tsc_after(1800 * SECOND)) < before + SECOND);
        assert_true(last > before + 60 * SECOND);
}

/* A clock that ran well for a second, then stepped by `ms`. Returns the worst that legal time was ahead of
 * where it would be without the step, in the two seconds after it, and checks that it never ran backwards. */
static int64_t ahead_after_step(int64_t ms)
{
        struct lf_clock c;
        uint64_t t = 0, last = 0;
        int64_t worst = 0, by = ms * 1000000;
        lf_clock_init(&c, HZ, tsc_after(0), START, 0);
        for (unsigned turn = 0; turn < 60; turn++, t += SECOND / 20) {
                uint64_t real = START + t + (uint64_t)(turn >= 20 ? by : 0);
                assert_int_equal(lf_clock_update(&c, tsc_after(t), real), turn == 20);
                for (unsigned k = 0; k < 50; k++) {
                        uint64_t at = t + k * (SECOND / 1000), legal = lf_clock_legal(&c, tsc_after(at));
                        assert_true(legal >= last);
                        last = legal;
                        if ((int64_t)(legal - START - at) > worst)
                                worst = (int64_t)(legal - START - at);
                }
                int64_t error = (int64_t)(lf_clock_real(&c, tsc_after(t)) - real);
                assert_true(llabs(error) < 1000000);
        }
        return worst;
}

static void steps_of_any_size(void **state)
{
        static const int64_t back[] = {-60, -300, -900, -1500, -3600000, -86400000};
        for (unsigned i = 0; i < sizeof back / sizeof *back; i++)
                assert_true(ahead_after_step(back[i]) < 2000000);
        static const int64_t forward[] = {60, 300, 900, 1500, 59000};
        for (unsigned i = 0; i < sizeof forward / sizeof *forward; i++) {
                int64_t ahead = ahead_after_step(forward[i]);
                assert_true(llabs(ahead - forward[i] * 1000000) < 2000000);
        }
}

static void a_jump_forward_is_not_taken_whole(void **state)
{
        assert_true(ahead_after_step(3600000) < 60002000000);
        assert_true(ahead_after_step(86400000ll * 365 * 12) < 60002000000);
        /* Nor in pieces; and real time is followed. */
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START, 0);
        uint64_t t = 0, jumped = 0;
        for (unsigned i = 0; i < 100; i++) {
                t += SECOND / 20;
                jumped += 10 * SECOND;
                assert_true(lf_clock_update(&c, tsc_after(t), START + t + jumped));
        }
        assert_true(lf_clock_real(&c, tsc_after(t)) == START + t + jumped);
        uint64_t legal = lf_clock_legal(&c, tsc_after(t));
        assert_true(legal < START + t + 61 * SECOND && legal > START + t + 59 * SECOND);
        /* The clock is set right again: legal time does not run back, and goes on once the clock is there. */
        t += SECOND;
        assert_true(lf_clock_update(&c, tsc_after(t), START + t));
        assert_true(lf_clock_legal(&c, tsc_after(t)) >= legal);
        t += 100 * SECOND;
        int64_t error = (int64_t)(lf_clock_legal(&c, tsc_after(t)) - (START + t));
        assert_true(llabs(error) < 100000000);
}

static void a_restart_does_not_turn_legal_time_back(void **state)
{
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START, START + 3600 * SECOND);
        assert_true(lf_clock_legal(&c, tsc_after(SECOND)) == START + 3600 * SECOND);
        assert_true(lf_clock_real(&c, tsc_after(SECOND)) < START + 2 * SECOND);
        assert_true(lf_clock_legal(&c, tsc_after(3700 * SECOND)) > START + 3698 * SECOND);
}

/* A reading that was delayed between its two halves is a step there and back; the rate stays what it was. */
static void a_bad_reading_leaves_the_rate_alone(void **state)
{
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START, 0);
        uint64_t t = 0;
        for (unsigned i = 0; i < 200; i++, t += SECOND / 20)
                lf_clock_update(&c, tsc_after(t), START + t + (i % 50 == 49 ? 15000000 : 0));
        int64_t error = (int64_t)(lf_clock_real(&c, tsc_after(t + SECOND)) - (START + t + SECOND));
        assert_true(llabs(error) < 5000000);
}

/* Before the start the clock was set forward, too: control knows what legal time was. */
static void a_jump_waits_for_two_people(void **state)
{
        struct lf_clock c;
        uint64_t jump = 7200 * SECOND;
        lf_clock_init(&c, HZ, tsc_after(0), START + jump, START);
        assert_true(lf_clock_legal(&c, tsc_after(SECOND)) < START + 62 * SECOND);
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START, false),
                         -ERANGE); /* not what they saw */
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START + jump + 120 * SECOND, false),
                         -ERANGE);
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START + jump, true), 1);
        assert_true(lf_clock_legal(&c, tsc_after(SECOND)) < START + 62 * SECOND);
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START + jump, false), 1);
        int64_t error = (int64_t)(lf_clock_legal(&c, tsc_after(SECOND)) - (START + jump + SECOND));
        assert_true(llabs(error) < 10000000);
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START + jump, false), 0); /* said twice */
        /* The next jump needs them again. */
        uint64_t before = lf_clock_legal(&c, tsc_after(SECOND));
        assert_true(lf_clock_update(&c, tsc_after(SECOND), START + 2 * jump));
        assert_true(lf_clock_legal(&c, tsc_after(2 * SECOND)) < before + 62 * SECOND);
        assert_int_equal(lf_clock_approve(&c, tsc_after(SECOND), START + jump, false), -ERANGE);
        /* A clock that control has followed is taken as it is. */
        lf_clock_init(&c, HZ, tsc_after(0), START + SECOND, START);
        error = (int64_t)(lf_clock_legal(&c, tsc_after(0)) - (START + SECOND));
        assert_true(llabs(error) < 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(follows_real_time),
            cmocka_unit_test(a_step_back_holds_legal_time),
            cmocka_unit_test(steps_of_any_size),
            cmocka_unit_test(a_jump_forward_is_not_taken_whole),
            cmocka_unit_test(a_restart_does_not_turn_legal_time_back),
            cmocka_unit_test(a_bad_reading_leaves_the_rate_alone),
            cmocka_unit_test(a_jump_waits_for_two_people),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
