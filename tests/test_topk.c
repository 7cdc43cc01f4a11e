/* lf_topk keeps the same best hits whatever the order in which a scan meets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "matcher/engine.h"

static void keeps_one_hit_a_record(void **state)
{
        struct lf_topk t;
        lf_topk_init(&t, 3, 0.0f);
        lf_topk_push(&t, 7, 1, 0.5f);
        lf_topk_push(&t, 7, 2, 0.9f);
        lf_topk_push(&t, 7, 3, 0.7f);
        lf_topk_push(&t, 8, 4, 0.0f);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.hit[0].row, 2);
}

static void order_of_arrival_does_not_matter(void **state)
{
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        for (int round = 0; round < 200; round++) {
                struct lf_hit all[100];
                for (int i = 0; i < 100; i++)
                        all[i] = (struct lf_hit){rand() % 20, rand() % 50, 0.125f * (1 + rand() % 12)};
                struct lf_topk a, b;
                lf_topk_init(&a, 5, 0.1f);
                lf_topk_init(&b, 5, 0.1f);
                for (int i = 0; i < 100; i++) {
                        lf_topk_push(&a, all[i].record, all[i].row, all[i].score);
                        lf_topk_push(&b, all[99 - i].record, all[99 - i].row, all[99 - i].score);
                }
                lf_topk_sort(&a);
                lf_topk_sort(&b);
                assert_int_equal(a.n, b.n);
                for (uint32_t i = 0; i < a.n; i++) {
                        assert_int_equal(a.hit[i].record, b.hit[i].record);
                        assert_int_equal(a.hit[i].row, b.hit[i].row);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keeps_one_hit_a_record),
            cmocka_unit_test(order_of_arrival_does_not_matter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
