/* The choice of an instruction set: names, what LANDFALL_ISA forces, what it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "matcher/engine.h"

static void the_best_is_taken_unless_another_is_named(void **state)
{
        enum lf_isa best, one;
        unsetenv("LANDFALL_ISA");
        assert_int_equal(lf_isa_choose(&best), 0);
        assert_true(lf_isa_has(best));
        for (int i = best + 1; i < LF_ISA_COUNT; i++)
                assert_false(lf_isa_has((enum lf_isa)i));
        for (int i = 0; i < LF_ISA_COUNT; i++) {
                setenv("LANDFALL_ISA", lf_isa_name((enum lf_isa)i), 1);
                int r = lf_isa_choose(&one);
                assert_int_equal(r, lf_isa_has((enum lf_isa)i) ? 0 : -ENOTSUP);
                if (r == 0)
                        assert_int_equal(one, i);
        }
}

static void what_is_no_name_stops_the_start(void **state)
{
        setenv("LANDFALL_ISA", "avx9000", 1);
        assert_int_equal(lf_engines_init(), -EINVAL);
        setenv("LANDFALL_ISA", "scalar", 1);
        assert_int_equal(lf_engines_init(), 0);
        assert_int_equal(lf_engines_isa(), LF_ISA_SCALAR);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_best_is_taken_unless_another_is_named),
            cmocka_unit_test(what_is_no_name_stops_the_start),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
