/* The writer of person records stays within its buffer and writes the documented layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "matcher/person_write.h"

static void writes_the_layout(void **state)
{
        uint8_t buf[64];
        size_t n = 0;
        assert_int_equal(lf_person_put(buf, sizeof buf, &n, LF_PERSON_NAME, "ANA", 3), 0);
        assert_int_equal(lf_person_put_birth(buf, sizeof buf, &n, 1960, 3, 12), 0);
        assert_int_equal(lf_person_put_birth_range(buf, sizeof buf, &n, 1955, 1957), 0);
        assert_int_equal(lf_person_put_document(buf, sizeof buf, &n, 'P', "D", "A1", 2), 0);
        assert_int_equal(n, 6 + 7 + 7 + 9);
        const uint8_t name[] = {1, 3, 0, 'A', 'N', 'A'}, birth[] = {4, 4, 0, 0xa8, 7, 3, 12},
                      range[] = {5, 4, 0, 0xa3, 7, 0xa5, 7},
                      document[] = {8, 6, 0, 'P', 'D', '<', '<', 'A', '1'};
        assert_memory_equal(buf, name, sizeof name);
        assert_memory_equal(buf + 6, birth, sizeof birth);
        assert_memory_equal(buf + 13, range, sizeof range);
        assert_memory_equal(buf + 20, document, sizeof document);
}

static void refuses_what_does_not_fit(void **state)
{
        uint8_t buf[LF_PERSON_RECORD_MAX + 16];
        char long_name[LF_PERSON_NAME_MAX + 1] = {0};
        size_t n = 0;
        assert_int_equal(lf_person_put(buf, 5, &n, LF_PERSON_NAME, "ANA", 3), -ENOSPC);
        assert_int_equal(lf_person_put(buf, 6, &n, LF_PERSON_NAME, "ANA", 3), 0);
        assert_int_equal(lf_person_put(buf, 6, &n, LF_PERSON_SEX, "F", 1), -ENOSPC);
        assert_int_equal(n, 6);
        assert_int_equal(lf_person_put(buf, sizeof buf, &n, LF_PERSON_NAME, "", 0), -EINVAL);
        assert_int_equal(lf_person_put(buf, sizeof buf, &n, LF_PERSON_NAME, long_name, sizeof long_name),
                         -EINVAL);
        assert_int_equal(lf_person_put(buf, sizeof buf, &n, (enum lf_person_field)200, "x", 1), -EINVAL);
        assert_int_equal(lf_person_put_birth(buf, sizeof buf, &n, 0, 0, 0), -EINVAL);
        assert_int_equal(lf_person_put_birth(buf, sizeof buf, &n, 1960, 13, 1), -EINVAL);
        assert_int_equal(lf_person_put_birth(buf, sizeof buf, &n, 1960, 0, 1), -EINVAL);
        assert_int_equal(lf_person_put_birth_range(buf, sizeof buf, &n, 1960, 1959), -EINVAL);
        assert_int_equal(lf_person_put_document(buf, sizeof buf, &n, 'Q', "D", "A1", 2), -EINVAL);
        assert_int_equal(lf_person_put_document(buf, sizeof buf, &n, 'P', "DEUT", "A1", 2), -EINVAL);
        assert_int_equal(lf_person_put_document(buf, sizeof buf, &n, 'P', NULL, "", 0), -EINVAL);
        assert_int_equal(n, 6);
        while (lf_person_put(buf, sizeof buf, &n, LF_PERSON_ALIAS, long_name, 100) == 0)
                ;
        assert_true(n <= LF_PERSON_RECORD_MAX && n > LF_PERSON_RECORD_MAX - 103);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(writes_the_layout),
            cmocka_unit_test(refuses_what_does_not_fit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
