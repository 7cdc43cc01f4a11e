/* `landfall disturb` and the judgement for `landfall status`, on pages that the test writes. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/counters.h"
#include "ebpf/observe_page.h"
#include "tools/disturb.h"
#include "tools/disturb_view.h"
#include "tools/observe_read.h"

#define HZ 2000000000ull /* two cycles a nanosecond */
#define MS 1000000ull

static char dir[] = "/tmp/landfall-disturb.XXXXXX";
static struct lf_counters *counters;
static struct lf_observe_page *page;
static struct lf_disturb_view view, before;

static struct lf_counters *make_counters(void)
{
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, LF_COUNTERS_FILE);
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_return_code(fd, errno);
        assert_return_code(ftruncate(fd, sizeof *counters), errno);
        struct lf_counters *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(c, MAP_FAILED);
        close(fd);
        c->abi = LF_COUNTERS_ABI;
        c->size = sizeof *c;
        c->cores = 1;
        c->tsc_hz = HZ;
        c->pid = (uint32_t)getpid();
        c->started_ns = lf_page_clock() - 10000 * MS;
        c->core[0].present = 1;
        c->core[0].cpu = 3;
        c->core[0].tid = 4711;
        lf_set(&c->core[0].gap_count, 12);
        lf_set(&c->core[0].gap_cycles, 2 * 700 * MS);
        lf_set(&c->core[0].gap_max_cycles, 2 * 50 * MS);
        c->magic = LF_COUNTERS_MAGIC;
        return c;
}

static void charge(uint32_t place, enum lf_cause cause, uint32_t id, const char *name, uint64_t ns)
{
        struct lf_observe_tally *tally = &page->core[0].tally;
        struct lf_observe_culprit *c = &tally->culprit[place];
        struct lf_observe_stat *s = &tally->cause[cause];
        c->cause = cause;
        c->id = id;
        snprintf(c->name, sizeof c->name, "%s", name);
        snprintf(s->longest, sizeof s->longest, "%s", name);
        c->count++;
        c->total_ns += ns;
        c->max_ns = ns > c->max_ns ? ns : c->max_ns;
        s->count++;
        s->total_ns += ns;
        s->max_ns = ns > s->max_ns ? ns : s->max_ns;
        s->histogram[20]++;
}

static int set_up(void **state)
{
        if (!mkdtemp(dir) || lf_page_create(dir, &page))
                return -1;
        counters = make_counters();
        page->events = 24;
        page->core[0].tid = 4711;
        page->core[0].cpu = 3;
        page->core[0].since_ns = lf_page_clock() - 1000 * MS;
        page->core[0].gap_count_before = 2;
        page->core[0].gap_cycles_before = 2 * 200 * MS;
        charge(7, LF_CAUSE_TASK, 99, "hog", 300 * MS);
        charge(9, LF_CAUSE_TIMER, 0, "local timer", 10 * MS);
        charge(8, LF_CAUSE_YIELD, 99, "hog", 40 * MS);
        charge(3, LF_CAUSE_CALL, 3, "NET_RX", 90 * MS);
        return 0;
}

static int tear_down(void **state)
{
        char command[160];
        lf_page_close(page);
        munmap(counters, sizeof *counters);
        snprintf(command, sizeof command, "rm -r %s", dir);
        return system(command);
}

static void test_join(void **state)
{
        assert_int_equal(lf_disturb_look(dir, &view), 0);
        assert_true(view.has_counters && view.has_page && view.is_alive);
        assert_int_equal(view.count, 1);
        const struct lf_disturb_core *core = &view.core[0];
        assert_true(core->measured && core->observed);
        assert_int_equal(core->gap_count, 10);
        assert_int_equal(core->gap_ns, 500 * MS);
        assert_int_equal(core->gap_longest_ns, 50 * MS);
        assert_int_equal(core->taken_ns, 310 * MS);
        assert_int_equal(core->given_ns, 40 * MS);
        assert_int_equal(core->unexplained_ns, 190 * MS);
}

/* Events that explain more than the core measured leave nothing over, not less than nothing. */
static void test_never_negative(void **state)
{
        uint64_t was = page->core[0].tally.cause[LF_CAUSE_TASK].total_ns;
        page->core[0].tally.cause[LF_CAUSE_TASK].total_ns = 900 * MS;
        assert_int_equal(lf_disturb_look(dir, &view), 0);
        assert_int_equal(view.core[0].unexplained_ns, 0);
        page->core[0].tally.cause[LF_CAUSE_TASK].total_ns = was;
}

static void test_other_thread(void **state)
{
        counters->core[0].tid = 4712;
        assert_int_equal(lf_disturb_look(dir, &view), 0);
        assert_int_equal(view.count, 1);
        assert_false(view.core[0].observed);
        assert_int_equal(view.core[0].gap_ns, 700 * MS);
        counters->core[0].tid = 4711;
}

static void test_window(void **state)
{
        assert_int_equal(lf_disturb_look(dir, &before), 0);
        charge(7, LF_CAUSE_TASK, 99, "hog", 5 * MS);
        charge(10, LF_CAUSE_HARDIRQ, 33, "nic", 2 * MS);
        lf_count(&counters->core[0].gap_cycles, 2 * 9 * MS);
        lf_count(&counters->core[0].gap_count, 2);
        assert_int_equal(lf_disturb_look(dir, &view), 0);
        lf_disturb_subtract(&view, &before);
        const struct lf_disturb_core *core = &view.core[0];
        assert_int_equal(core->gap_count, 2);
        assert_int_equal(core->gap_ns, 9 * MS);
        assert_int_equal(core->taken_ns, 7 * MS);
        assert_int_equal(core->given_ns, 0);
        assert_int_equal(core->unexplained_ns, 2 * MS);
        assert_int_equal(core->tally.culprit[7].total_ns, 5 * MS);
        assert_int_equal(core->tally.culprit[9].count, 0);
        assert_int_equal(core->tally.culprit[10].count, 1);
}

/* Runs the command with its output in a file. */
static int command(char *output, size_t size, int argc, char **argv)
{
        char path[128];
        snprintf(path, sizeof path, "%s/output", dir);
        fflush(stdout);
        int was = dup(STDOUT_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_return_code(fd, errno);
        dup2(fd, STDOUT_FILENO);
        int code = lf_cmd_disturb(argc, argv);
        fflush(stdout);
        dup2(was, STDOUT_FILENO);
        close(was);
        ssize_t n = pread(fd, output, size - 1, 0);
        assert_return_code(n, errno);
        output[n] = 0;
        close(fd);
        return code;
}

static void test_command(void **state)
{
        static char output[200000];
        char *json[] = {"disturb", "--json", "--run-dir", dir, NULL},
             *text[] = {"disturb", "--run-dir", dir, NULL};
        char *none[] = {"disturb", "--run-dir", "/nonexistent", NULL};
        assert_int_equal(command(output, sizeof output, 4, json), 0);
        json_t *all = json_loads(output, 0, NULL);
        assert_non_null(all);
        assert_string_equal(json_string_value(json_object_get(all, "observer")), "running");
        json_t *core = json_array_get(json_object_get(all, "cores"), 0);
        assert_int_equal(json_integer_value(json_object_get(core, "tid")), 4711);
        json_t *first = json_array_get(json_object_get(core, "culprits"), 0);
        assert_string_equal(json_string_value(json_object_get(first, "name")), "hog");
        assert_string_equal(json_string_value(json_object_get(first, "cause")), "task");
        assert_int_equal(json_integer_value(json_object_get(
                             json_object_get(json_object_get(core, "causes"), "call"), "total_ns")),
                         90 * MS);
        assert_true(json_is_integer(json_object_get(core, "unexplained_ns")));
        json_decref(all);
        assert_int_equal(command(output, sizeof output, 3, text), 0);
        print_message("%s", output);
        assert_non_null(strstr(output, "not explained"));
        assert_non_null(strstr(output, "hog 99 (task)"));
        assert_int_equal(command(output, sizeof output, 3, none), 4);
        page->missing_count = 1;
        page->missing[0] =
            (struct lf_observe_missing){.code = LF_OBSERVE_EVENT_ABSENT, .what = "irq_work_entry"};
        assert_int_equal(command(output, sizeof output, 3, text), 3);
        assert_non_null(strstr(output, "missing: irq_work_entry"));
        page->missing_count = 0;
}

static void test_usage(void **state)
{
        static char output[4096];
        char *bad[][4] = {{"disturb", "--seconds", "0", NULL},
                          {"disturb", "--seconds", "x", NULL},
                          {"disturb", "more", NULL, NULL},
                          {"disturb", "--what", NULL, NULL}};
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(command(output, sizeof output, bad[i][2] ? 3 : 2, bad[i]), 2);
}

static void test_assess(void **state)
{
        struct lf_disturb_verdict verdict;
        struct lf_page_period period = {0};
        struct lf_observe_core *core = &page->core[0];
        assert_int_equal(lf_disturb_assess(dir, 0.1, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_UNKNOWN);
        uint64_t now = lf_page_clock();
        lf_page_judge(core, &period, now);
        assert_int_equal(core->recent.window_ns, 0);
        charge(7, LF_CAUSE_TASK, 99, "hog", 100 * MS);
        charge(8, LF_CAUSE_YIELD, 99, "hog", 100 * MS);
        charge(9, LF_CAUSE_TIMER, 0, "local timer", 150 * MS);
        charge(3, LF_CAUSE_CALL, 3, "NET_RX", 500 * MS);
        lf_page_judge(core, &period, now + LF_PAGE_PERIOD_NS - 1);
        assert_int_equal(core->recent.window_ns, 0);
        lf_page_judge(core, &period, now + LF_PAGE_PERIOD_NS);
        assert_int_equal(core->recent.taken_ns, 250 * MS);
        assert_int_equal(core->recent.given_ns, 100 * MS);
        assert_int_equal(core->recent.worst.total_ns, 200 * MS);
        assert_int_equal(lf_disturb_assess(dir, 0.1, &verdict), 0);
        print_message("%s\n", verdict.text);
        assert_int_equal(verdict.state, LF_DISTURB_OVER);
        assert_true(verdict.share > 0.174 && verdict.share < 0.176);
        assert_true(verdict.culprit_share > 0.099 && verdict.culprit_share < 0.101);
        assert_string_equal(verdict.culprit, "hog");
        assert_int_equal(verdict.cpu, 3);
        assert_int_equal(lf_disturb_assess(dir, 0.2, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_CALM);
        /* A core that is kept from its CPU for the whole period has finished no interruption. */
        core->absent_ns = 60000 * MS;
        snprintf(core->absent_for, sizeof core->absent_for, "forever");
        lf_page_judge(core, &period, now + 2 * LF_PAGE_PERIOD_NS);
        assert_int_equal(lf_disturb_assess(dir, 0.2, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_OVER);
        assert_string_equal(verdict.culprit, "forever");
        assert_true(verdict.share == 1);
}

/* Whatever a page holds, reading it ends well: names end, numbers index nothing. */
static void test_hostile_page(void **state)
{
        struct lf_disturb_verdict verdict;
        char *json[] = {"disturb", "--json", "--run-dir", dir, NULL};
        static char output[4000000];
        struct lf_observe_page *was = malloc(sizeof *was);
        assert_non_null(was);
        *was = *page;
        memset(page->missing, 0xff, sizeof page->missing);
        memset(page->core, 0xff, sizeof page->core);
        page->missing_count = 0xffffffff;
        lf_page_begin(page); /* and its writer died */
        page->sequence |= 1;
        assert_int_equal(lf_disturb_assess(dir, 0.2, &verdict), 0);
        assert_int_equal(command(output, sizeof output, 4, json), 3);
        page->abi++;
        assert_int_equal(lf_disturb_assess(dir, 0.2, &verdict), -EPROTO);
        assert_int_equal(verdict.state, LF_DISTURB_UNKNOWN);
        *page = *was;
        free(was);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_join),         cmocka_unit_test(test_never_negative),
            cmocka_unit_test(test_other_thread), cmocka_unit_test(test_window),
            cmocka_unit_test(test_command),      cmocka_unit_test(test_usage),
            cmocka_unit_test(test_assess),       cmocka_unit_test(test_hostile_page),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
