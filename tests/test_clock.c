/* The cores' clock follows real time; legal time never runs backwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
        lf_clock_init(&c, HZ, tsc_after(0), START);
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
        lf_clock_init(&c, HZ, tsc_after(0), START);
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

static void a_step_forward_is_followed(void **state)
{
        struct lf_clock c;
        lf_clock_init(&c, HZ, tsc_after(0), START);
        assert_false(lf_clock_update(&c, tsc_after(SECOND), START + SECOND));
        assert_true(lf_clock_update(&c, tsc_after(2 * SECOND), START + 50 * SECOND));
        assert_true(lf_clock_legal(&c, tsc_after(2 * SECOND)) == START + 50 * SECOND);
        assert_false(lf_clock_update(&c, tsc_after(3 * SECOND), START + 51 * SECOND));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(follows_real_time),
            cmocka_unit_test(a_step_back_holds_legal_time),
            cmocka_unit_test(a_step_forward_is_followed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
