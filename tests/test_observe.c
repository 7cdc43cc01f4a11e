/* landfall-observe finds what disturbs a thread. Needs root for all but the last test. */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/counters.h"
#include "ebpf/observe_watch.h"
#include "tools/disturb.h"
#include "tools/observe_read.h"

#define PLANTED "lf-planted"
#define WAIT_MS 30000
#define NOBODY  65534

static char dir[] = "/tmp/landfall-observe.XXXXXX";
static struct lf_observe_page page;
static pid_t observer;
static int cpu; /* where the threads of a test run */

enum behaviour { SPIN, YIELD, SLEEP };

static void pin_here(void)
{
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set))
                _exit(10);
}

static pid_t start_task(const char *name, enum behaviour behaviour)
{
        pid_t pid = fork();
        if (pid)
                return pid;
        const struct timespec pause = {.tv_nsec = 200000};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        pin_here();
        for (volatile unsigned long n = 0;; n++) {
                if (behaviour == YIELD)
                        sched_yield();
                else if (behaviour == SLEEP)
                        nanosleep(&pause, NULL);
        }
}

static void start_observer(pid_t watched)
{
        char program[512], tid[16];
        snprintf(program, sizeof program, "%s/landfall-observe", getenv("LANDFALL_BUILD"));
        snprintf(tid, sizeof tid, "%d", watched);
        observer = fork();
        if (observer == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                execl(program, "landfall-observe", "--run-dir", dir, watched ? "--tid" : NULL, tid, NULL);
                _exit(127);
        }
}

static void kill_task(pid_t pid, struct rusage *ret_usage)
{
        int status;
        kill(pid, SIGKILL);
        assert_int_equal(wait4(pid, &status, 0, ret_usage), pid);
}

static void stop_observer(void)
{
        int status;
        kill(observer, SIGTERM);
        assert_int_equal(waitpid(observer, &status, 0), observer);
        assert_int_equal(status, 0);
        assert_int_equal(lf_observe_read(dir, &page), 0);
        assert_int_equal(page.pid, 0);
        assert_false(lf_observe_is_alive(&page));
}

/* Reads the page of the observer that now runs until `holds` does. */
static void wait_until(bool (*holds)(const struct lf_observe_core *core), const char *what)
{
        for (int i = 0; i < WAIT_MS / 20; i++) {
                if (lf_observe_read(dir, &page) == 0 && page.pid == (uint32_t)observer && page.core[0].tid &&
                    holds(&page.core[0]))
                        return;
                int status;
                if (waitpid(observer, &status, WNOHANG) == observer)
                        fail_msg("landfall-observe ended: %x", status);
                usleep(20000);
        }
        fail_msg("never seen: %s", what);
}

static uint64_t planted_ns(const struct lf_observe_core *core, uint32_t cause)
{
        uint64_t sum = 0;
        for (int i = 0; i < LF_OBSERVE_CULPRITS; i++) {
                const struct lf_observe_culprit *c = &core->tally.culprit[i];
                if (c->count && c->cause == cause && strcmp(c->name, PLANTED) == 0)
                        sum += c->total_ns;
        }
        return sum;
}

static bool is_watched(const struct lf_observe_core *core)
{
        return core->tid != 0;
}

static bool is_preempted(const struct lf_observe_core *core)
{
        return planted_ns(core, LF_CAUSE_TASK) > 500000000;
}

static bool has_yielded(const struct lf_observe_core *core)
{
        return planted_ns(core, LF_CAUSE_YIELD) > 200000000;
}

static bool is_late(const struct lf_observe_core *core)
{
        return planted_ns(core, LF_CAUSE_LATE) > 20000000 && core->tally.cause[LF_CAUSE_SLEPT].count > 100;
}

static void expect_harmless(pid_t pid)
{
        char path[64], line[128];
        int right = 0;
        snprintf(path, sizeof path, "/proc/%d/status", pid);
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        while (fgets(line, sizeof line, file))
                right += strcmp(line, "CapEff:\t0000000000000000\n") == 0 ||
                         strcmp(line, "CapPrm:\t0000000000000000\n") == 0 ||
                         strcmp(line, "NoNewPrivs:\t1\n") == 0 || strcmp(line, "Seccomp:\t2\n") == 0 ||
                         strcmp(line, "Uid:\t65534\t65534\t65534\t65534\n") == 0;
        fclose(file);
        assert_int_equal(right, 5);
}

static void print_core(const struct lf_observe_core *core)
{
        for (int i = 0; i < LF_CAUSE_COUNT; i++)
                if (core->tally.cause[i].count)
                        print_message(
                            "%-8s %6llu times, %9.3f ms, longest %8.3f ms by %s\n", lf_cause_key((__u32)i),
                            core->tally.cause[i].count, (double)core->tally.cause[i].total_ns / 1e6,
                            (double)core->tally.cause[i].max_ns / 1e6, core->tally.cause[i].longest);
}

static void expect_consistent(const struct lf_observe_core *core)
{
        for (int i = 0; i < LF_CAUSE_COUNT; i++) {
                const struct lf_observe_stat *s = &core->tally.cause[i];
                uint64_t sum = 0;
                for (int k = 0; k < LF_OBSERVE_BUCKETS; k++)
                        sum += s->histogram[k];
                assert_int_equal(sum, s->count);
                assert_true(s->max_ns <= s->total_ns);
        }
}

static void test_preempted(void **state)
{
        struct rusage usage, watched_usage;
        struct lf_disturb_verdict verdict;
        pid_t watched = start_task("lf-watched", SPIN);
        start_observer(watched);
        wait_until(is_watched, "the watched thread");
        expect_harmless(observer);
        assert_int_equal(page.core[0].tid, watched);
        assert_true(page.events >= 2);
        pid_t planted = start_task(PLANTED, SPIN);
        wait_until(is_preempted, "the planted task");
        for (int i = 0; i < WAIT_MS / 50; i++) {
                assert_int_equal(lf_disturb_assess(dir, 0.02, &verdict), 0);
                if (verdict.state == LF_DISTURB_OVER && strcmp(verdict.culprit, PLANTED) == 0)
                        break;
                usleep(50000);
        }
        print_message("%s\n", verdict.text);
        assert_int_equal(verdict.state, LF_DISTURB_OVER);
        assert_string_equal(verdict.culprit, PLANTED);
        assert_int_equal(verdict.cpu, cpu);
        assert_true(verdict.share > 0.02 && verdict.share <= 1);
        kill_task(planted, &usage);
        stop_observer();
        kill_task(watched, &watched_usage);
        print_core(&page.core[0]);
        expect_consistent(&page.core[0]);
        /* It was charged with no more than it ran (1 ms of error a switch is far too much), and with most of
         * it. */
        uint64_t ran = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
                       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
        uint64_t charged = planted_ns(&page.core[0], LF_CAUSE_TASK);
        print_message("planted ran %.3f ms, charged %.3f ms\n", (double)ran / 1e6, (double)charged / 1e6);
        assert_true(charged < ran + ran / 4);
        assert_true(charged > ran / 2);
        assert_int_equal(planted_ns(&page.core[0], LF_CAUSE_YIELD), 0);
        assert_int_equal(page.core[0].tally.cause[LF_CAUSE_SLEPT].count, 0);
}

static void watch_beside_planted(enum behaviour behaviour, bool (*seen)(const struct lf_observe_core *core),
                                 const char *what)
{
        struct rusage usage;
        pid_t watched = start_task("lf-watched", behaviour);
        start_observer(watched);
        wait_until(is_watched, "the watched thread");
        pid_t planted = start_task(PLANTED, SPIN);
        wait_until(seen, what);
        kill_task(planted, &usage);
        stop_observer();
        kill_task(watched, &usage);
        print_core(&page.core[0]);
        expect_consistent(&page.core[0]);
}

static void test_yielded(void **state)
{
        watch_beside_planted(YIELD, has_yielded, "time given by yielding");
}

static void test_late(void **state)
{
        watch_beside_planted(SLEEP, is_late, "late waking");
        assert_true(page.core[0].tally.cause[LF_CAUSE_SLEPT].total_ns > 0);
}

static void test_calm(void **state)
{
        struct lf_disturb_verdict verdict;
        struct rusage usage;
        assert_int_equal(lf_disturb_assess("/nonexistent", 0.5, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_UNKNOWN);
        pid_t watched = start_task("lf-watched", SLEEP);
        start_observer(watched);
        wait_until(is_watched, "the watched thread");
        for (int i = 0; i < WAIT_MS / 50; i++) {
                assert_int_equal(lf_disturb_assess(dir, 1, &verdict), 0);
                if (verdict.state != LF_DISTURB_UNKNOWN)
                        break;
                usleep(50000);
        }
        print_message("%s\n", verdict.text);
        assert_int_equal(verdict.state, LF_DISTURB_CALM);
        stop_observer();
        assert_int_equal(lf_disturb_assess(dir, 1, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_UNKNOWN);
        print_message("%s\n", verdict.text);
        kill_task(watched, &usage);
}

static void write_counters(pid_t tid)
{
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, LF_COUNTERS_FILE);
        struct lf_counters *counters = calloc(1, sizeof *counters);
        assert_non_null(counters);
        counters->magic = LF_COUNTERS_MAGIC;
        counters->abi = LF_COUNTERS_ABI;
        counters->size = sizeof *counters;
        counters->cores = 1;
        counters->tsc_hz = 1000000000;
        counters->pid = (uint32_t)tid;
        counters->core[0].present = tid != 0;
        counters->core[0].tid = (uint32_t)tid;
        lf_set(&counters->core[0].gap_cycles, 4711);
        unlink(path);
        FILE *file = fopen(path, "wxe");
        assert_non_null(file);
        assert_int_equal(fwrite(counters, sizeof *counters, 1, file), 1);
        fclose(file);
        free(counters);
}

static bool is_unwatched(const struct lf_observe_page *p)
{
        return p->pid == (uint32_t)observer && p->core[0].tid == 0 && p->missing_count &&
               p->missing[p->missing_count - 1].code == LF_OBSERVE_NO_THREADS;
}

/* It watches the threads that landfalld's counters name, and follows it through an end and a new start. */
static void test_follows_landfalld(void **state)
{
        char path[128];
        struct rusage usage;
        pid_t first = start_task("lf-first", SLEEP), second = start_task("lf-second", SLEEP);
        assert_return_code(chmod(dir, 0755), errno);
        write_counters(first);
        start_observer(0);
        wait_until(is_watched, "the first thread");
        assert_int_equal(page.core[0].tid, first);
        assert_int_equal(page.core[0].gap_cycles_before, 4711);
        write_counters(0);
        for (int i = 0; i < WAIT_MS / 20 && !is_unwatched(&page); i++) {
                usleep(20000);
                assert_int_equal(lf_observe_read(dir, &page), 0);
        }
        assert_true(is_unwatched(&page));
        write_counters(second);
        wait_until(is_watched, "the second thread");
        assert_int_equal(page.core[0].tid, second);
        stop_observer();
        kill_task(first, &usage);
        kill_task(second, &usage);
        snprintf(path, sizeof path, "%s/%s", dir, LF_COUNTERS_FILE);
        assert_return_code(unlink(path), errno);
}

static void test_absent_event(void **state)
{
        struct btf *kernel = btf__load_vmlinux_btf();
        assert_non_null(kernel);
        assert_true(lf_watch_has_event(kernel, "sched_switch"));
        assert_false(lf_watch_has_event(kernel, "an_event_that_no_kernel_has"));
        btf__free(kernel);
}

static void test_without_permission(void **state)
{
        char own[] = "/tmp/landfall-observe.XXXXXX", program[512], text[4096] = "";
        int status, out[2];
        struct lf_disturb_verdict verdict;
        assert_non_null(mkdtemp(own));
        assert_return_code(chmod(own, 0777), errno);
        assert_return_code(pipe(out), errno);
        snprintf(program, sizeof program, "%s/landfall-observe", getenv("LANDFALL_BUILD"));
        pid_t pid = fork();
        if (pid == 0) {
                if (dup2(out[1], STDERR_FILENO) < 0 ||
                    (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
                                        setresuid(NOBODY, NOBODY, NOBODY))))
                        _exit(10);
                execl(program, "landfall-observe", "--run-dir", own, NULL);
                _exit(127);
        }
        close(out[1]);
        for (ssize_t n, at = 0; (n = read(out[0], text + at, sizeof text - 1 - (size_t)at)) > 0;)
                at += n;
        close(out[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        print_message("%s", text);
        assert_int_equal(status, 0);
        assert_non_null(strstr(text, "not permitted: loading BPF programs needs root"));
        assert_int_equal(lf_observe_read(own, &page), 0);
        assert_int_equal(page.missing_count, 1);
        assert_int_equal(page.missing[0].code, LF_OBSERVE_NO_PERMISSION);
        assert_int_equal(lf_disturb_assess(own, 0.5, &verdict), 0);
        assert_int_equal(verdict.state, LF_DISTURB_UNKNOWN);
        assert_non_null(strstr(verdict.text, "needs root"));
        snprintf(text, sizeof text, "%s/%s", own, LF_OBSERVE_FILE);
        assert_return_code(unlink(text), errno);
        assert_return_code(rmdir(own), errno);
}

static int set_up(void **state)
{
        cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
        return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, LF_OBSERVE_FILE);
        unlink(path);
        return rmdir(dir);
}

int main(void)
{
        if (geteuid() != 0) {
                print_error("test_observe loads BPF programs: run it as root\n");
                return 1;
        }
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_preempted),
            cmocka_unit_test(test_yielded),
            cmocka_unit_test(test_late),
            cmocka_unit_test(test_calm),
            cmocka_unit_test(test_follows_landfalld),
            cmocka_unit_test(test_absent_event),
            cmocka_unit_test(test_without_permission),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
