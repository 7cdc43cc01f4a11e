/* Numbers that never go back: ruleset, generation, legal time; across restarts, crashes and a clock that
 * jumps. */
#include "control/daemon/state.h"

#include "control/file/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[96];

static int begin(void **state)
{
        strcpy(dir, "/tmp/landfall-state.XXXXXX");
        if (!mkdtemp(dir))
                return -1;
        snprintf(path, sizeof path, "%s/control", dir);
        return 0;
}

static int end(void **state)
{
        unlink(path);
        return rmdir(dir);
}

static struct lf_state *opened(void)
{
        struct lf_state *s;
        assert_int_equal(lf_state_open(path, &s), 0);
        return s;
}

static void rulesets(void **state)
{
        uint8_t a[32] = {1}, b[32] = {2};
        uint32_t n;
        struct lf_state *s = opened();
        assert_int_equal(lf_state_ruleset(s, a, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(lf_state_ruleset(s, a, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(lf_state_ruleset(s, b, &n), 0);
        assert_int_equal(n, 2);
        lf_state_close(s);
        s = opened();
        assert_int_equal(lf_state_ruleset(s, b, &n), 0);
        assert_int_equal(n, 2); /* the same law after a restart */
        assert_int_equal(lf_state_ruleset(s, a, &n), 0);
        assert_int_equal(n, 3); /* an old law comes back under a new number */
        lf_state_close(s);
}

static void generations(void **state)
{
        uint64_t n;
        struct lf_state *s = opened();
        assert_int_equal(lf_state_generation(s, 0, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(lf_state_generation(s, 41, &n), 0);
        assert_int_equal(n, 42);
        lf_state_close(s);
        s = opened();
        assert_int_equal(lf_state_generation(s, 7, &n), 0);
        assert_int_equal(n, 43);
        lf_state_close(s);
}

static void legal_time(void **state)
{
        struct lf_state *s = opened();
        assert_int_equal(lf_state_legal_time(s, 1000), 1000);
        assert_int_equal(lf_state_legal_time(s, 900), 1000);
        assert_int_equal(lf_state_legal_time(s, 1003), 1003);
        lf_state_close(s);
        s = opened();
        uint64_t after = lf_state_legal_time(s, 500); /* the clock was set back, and we restarted */
        assert_int_equal(after, 1003);
        assert_int_equal(lf_state_legal_time(s, 2000), 2000);
        struct lf_state *crashed = s; /* it gives nothing back */
        s = opened();
        after = lf_state_legal_time(s, 500);
        assert_true(after >= 2000 && after <= 2000 + LF_STATE_RESERVE_S);
        lf_state_close(s);
        lf_state_close(crashed);
}

/* The clock as it was on one start of the machine; a file from before it was kept can be read. */
static void clock_of_a_start(void **state)
{
        struct lf_state *s = opened();
        assert_int_equal(lf_state_clock(s, 7), 0);
        assert_int_equal(lf_state_set_clock(s, 7, 1234), 0);
        lf_state_close(s);
        s = opened();
        assert_int_equal(lf_state_clock(s, 7), 1234);
        assert_int_equal(lf_state_clock(s, 8), 0);
        assert_int_equal(lf_state_clock(s, 0), 0);
        lf_state_close(s);
        char old[200];
        snprintf(old, sizeof old, "landfall-state 1\nruleset 3\npolicy %064d\ngeneration 4\nlegal_time 500\n",
                 0);
        assert_int_equal(lf_file_replace(AT_FDCWD, path, old, strlen(old), 0600, true), 0);
        s = opened();
        assert_int_equal(lf_state_clock(s, 7), 0);
        assert_int_equal(lf_state_last(s), 500);
        lf_state_close(s);
}

static void damaged(void **state)
{
        static const char *const texts[] = {"", "nonsense\n", "landfall-state 1\nruleset 1\npolicy 00\n",
                                            "landfall-state 2\n"};
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(lf_file_replace(AT_FDCWD, path, texts[i], strlen(texts[i]), 0600, true), 0);
                struct lf_state *s = (struct lf_state *)1;
                assert_int_equal(lf_state_open(path, &s), -EBADMSG);
                assert_ptr_equal(s, (void *)1);
        }
        struct lf_state *s;
        assert_int_equal(lf_state_open("/nonexistent/state", &s), 0); /* no file yet */
        uint64_t n = 7;
        assert_true(lf_state_generation(s, 0, &n) < 0); /* but a number must be durable first */
        assert_int_equal(n, 7);
        assert_int_equal(lf_state_legal_time(s, 1000), 0); /* and so must time */
        lf_state_close(s);
}

static void whole_or_not_at_all(void **state)
{
        char again[128];
        struct stat st;
        assert_int_equal(lf_file_replace(AT_FDCWD, path, "one", 3, 0600, true), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        snprintf(again, sizeof again, "%s.new", path);
        assert_int_equal(mkdir(again, 0700), 0); /* in the way of the temporary file */
        assert_int_equal(lf_file_replace(AT_FDCWD, path, "twice", 5, 0600, true), -EEXIST);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 3);
        assert_int_equal(rmdir(again), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
        const struct CMUnitTest tests[] = {TEST(rulesets),   TEST(generations),
                                           TEST(legal_time), TEST(clock_of_a_start),
                                           TEST(damaged),    TEST(whole_or_not_at_all)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
