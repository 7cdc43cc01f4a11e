/* Every defect and reason has a text; numbers are filled in; nothing is written past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "matcher/engine.h"

static void every_code_has_a_text(void **state)
{
        char out[256];
        for (uint16_t i = 0; i < LF_DEFECT_COUNT; i++)
                assert_string_not_equal(lf_defect_text(i), "unknown defect");
        assert_string_equal(lf_defect_text(LF_DEFECT_COUNT), "unknown defect");
        for (uint8_t i = 0; i < LF_MATCH_REASON_COUNT; i++) {
                struct lf_match_reason r = {i, 255, 255, 255};
                lf_match_reason_text(r, out, sizeof out);
                assert_string_not_equal(out, "unknown reason");
                assert_null(strchr(out, '{'));
                assert_true(strlen(out) < 128);
        }
        struct lf_match_reason r = {LF_MATCH_REASON_COUNT, 0, 0, 0};
        assert_string_equal(lf_match_reason_text(r, out, sizeof out), "unknown reason");
}

static void numbers_are_filled_in(void **state)
{
        char out[256];
        struct lf_match_reason r = {LF_MATCH_REASON_MINUTIAE_AGREE, 12, 0, 255};
        assert_string_equal(lf_match_reason_text(r, out, sizeof out),
                            "12 minutiae agree, of 0 in the probe and 255 in the record");
}

static void the_end_is_kept(void **state)
{
        char out[16];
        struct lf_match_reason r = {LF_MATCH_REASON_MINUTIAE_AGREE, 1, 2, 3};
        for (size_t size = 0; size < 10; size++) {
                memset(out, '#', sizeof out);
                lf_match_reason_text(r, out, size);
                for (size_t i = size; i < sizeof out; i++)
                        assert_int_equal(out[i], '#');
                if (size)
                        assert_int_equal(strlen(out), size - 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_code_has_a_text),
            cmocka_unit_test(numbers_are_filled_in),
            cmocka_unit_test(the_end_is_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
