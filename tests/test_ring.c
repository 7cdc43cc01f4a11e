/* Several take from one ring, and one takes from several: each object once, each producer in its turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "dataplane/path.h"

#define OBJECTS   300000u
#define CONSUMERS 3
#define CAPACITY  16

static struct lf_ring shared;
static _Atomic uint8_t taken[OBJECTS];
static _Atomic uint32_t all;

static void *consume(void *unused)
{
        while (atomic_load(&all) < OBJECTS) {
                uintptr_t object = (uintptr_t)lf_ring_take(&shared);
                if (!object) {
                        sched_yield();
                        continue;
                }
                atomic_fetch_add(&taken[object - 1], 1);
                atomic_fetch_add(&all, 1);
        }
        return NULL;
}

static void each_object_is_taken_once(void **state)
{
        void *slots[CAPACITY];
        pthread_t thread[CONSUMERS];
        assert_int_equal(lf_ring_init(&shared, slots, CAPACITY), 0);
        for (unsigned i = 0; i < CONSUMERS; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, consume, NULL), 0);
        for (uintptr_t i = 1; i <= OBJECTS; i++)
                while (lf_ring_push(&shared, (void *)i) < 0)
                        sched_yield();
        for (unsigned i = 0; i < CONSUMERS; i++)
                pthread_join(thread[i], NULL);
        for (unsigned i = 0; i < OBJECTS; i++)
                assert_int_equal(taken[i], 1);
        assert_int_equal(lf_ring_depth(&shared), 0);
}

/* The first io core's ring is full whenever the match core looks. */
static void a_busy_io_core_does_not_keep_another_waiting(void **state)
{
        enum { IOS = 2, MOST = 4 };
        static struct lf_generations generations = {.place[0].id = 1};
        static struct lf_ring any[IOS * LSP_PRIORITY_COUNT];
        static void *slots[IOS * LSP_PRIORITY_COUNT][CAPACITY];
        struct lf_dataplane *dp = calloc(1, sizeof *dp);
        struct lf_match *m = calloc(1, sizeof *m);
        struct lf_query *query = calloc(1, sizeof *query);
        struct lf_task *task = calloc(4 * CAPACITY, sizeof *task), *late = &task[4 * CAPACITY - 1];
        assert_true(dp && m && query && task);
        for (unsigned i = 0; i < IOS * LSP_PRIORITY_COUNT; i++)
                assert_int_equal(lf_ring_init(&any[i], slots[i], CAPACITY), 0);
        dp->ios = IOS;
        dp->any = any;
        dp->generations = &generations;
        m->dp = dp;
        query->generation = &generations.place[0];
        for (unsigned i = 0; i < 4 * CAPACITY; i++)
                task[i].query = query;
        unsigned class = query->request.priority, used = 0;
        assert_int_equal(lf_ring_push(lf_any_ring(dp, 1, class), late), 0);
        for (unsigned round = 0; round < 2; round++) {
                while (lf_ring_push(lf_any_ring(dp, 0, class), &task[used]) == 0)
                        used++;
                assert_int_equal(lf_inbox_any(m, class, MOST), MOST);
        }
        assert_int_equal(lf_ring_depth(lf_any_ring(dp, 1, class)), 0);
        assert_int_equal(m->waiting, 2 * MOST);
        free(task);
        free(query);
        free(m);
        free(dp);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_object_is_taken_once),
            cmocka_unit_test(a_busy_io_core_does_not_keep_another_waiting),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
