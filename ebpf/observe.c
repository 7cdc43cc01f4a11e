/* landfall-observe: what interrupted the cores of landfalld, and for how long. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "dataplane/counters.h"
#include "ebpf/observe_drop.h"
#include "ebpf/observe_page.h"
#include "ebpf/observe_watch.h"

#define TICK_MS 250

_Static_assert(LF_OBSERVE_CORES == LF_CORES_MAX, "one place for each core");
_Static_assert(LF_OBSERVE_BUCKETS == LF_GAP_BUCKETS, "both histograms have one shape");

static const char usage[] =
    "usage: landfall-observe [--run-dir DIR] [--user NAME] [--tid TID]...\n"
    "\n"
    "Watches the cores of landfalld (or the threads --tid) and writes DIR/observe, which\n"
    "`landfall disturb` and `landfall status` read. Start it as root; once its programs are\n"
    "attached it becomes NAME (default nobody) and keeps no privilege. NAME must be able to read\n"
    "DIR/counters, where landfalld says which threads are its cores.\n"
    "\n"
    "  --run-dir DIR   default $LANDFALL_RUN, else /run/landfall\n";

static volatile sig_atomic_t ended;

struct observer {
        const char *run_dir;
        uint32_t given[LF_OBSERVE_CORES]; /* --tid */
        uint32_t given_count;
        struct lf_observe_page *page;
        uint32_t missing; /* entries of page->missing that stay */
        struct lf_watch *watch;
        struct lf_page_period period[LF_OBSERVE_CORES];
};

static void on_end(int signal)
{
        ended = signal;
}

static void say_missing(const struct lf_observe_page *page)
{
        for (uint32_t i = 0; i < page->missing_count; i++) {
                const struct lf_observe_missing *m = &page->missing[i];
                const char *text = m->code == LF_OBSERVE_EVENT_ABSENT    ? "this kernel lacks"
                                   : m->code == LF_OBSERVE_EVENT_REFUSED ? "the kernel refused"
                                   : m->code == LF_OBSERVE_NO_PERMISSION ? "not permitted"
                                                                         : "not possible";
                lf_log_error("%s: %s%s%s", text, m->what, m->error ? ": " : "",
                             m->error ? strerror((int)m->error) : "");
        }
}

/* Place `slot` watches `tid` from now on. */
static void aim(struct observer *o, uint32_t slot, uint32_t tid, const struct lf_core_counters *core)
{
        struct lf_observe_core *to = &o->page->core[slot];
        if (to->tid == tid)
                return;
        lf_watch_set(o->watch, slot, tid);
        memset(to, 0, sizeof *to);
        memset(&o->period[slot], 0, sizeof o->period[slot]);
        to->tid = tid;
        to->since_ns = lf_page_clock();
        if (core) {
                to->gap_count_before = lf_read(&core->gap_count);
                to->gap_cycles_before = lf_read(&core->gap_cycles);
        }
}

/* Follows landfalld through its restarts. Returns why there is nothing to watch, 0 otherwise. */
static int follow(struct observer *o)
{
        const struct lf_counters *counters = NULL;
        uint32_t watched = 0;
        int error = 0;
        if (!o->given_count)
                error = lf_counters_map(o->run_dir, &counters);
        bool alive = counters && atomic_load(&counters->pid) != 0;
        for (uint32_t slot = 0; slot < LF_OBSERVE_CORES; slot++) {
                const struct lf_core_counters *core =
                    alive && slot < counters->cores ? &counters->core[slot] : NULL;
                uint32_t tid = core && core->present ? core->tid : o->given[slot];
                aim(o, slot, tid, core);
                watched += tid != 0;
        }
        if (counters)
                lf_counters_unmap(counters);
        return watched ? 0 : error ? error : -ESRCH;
}

static void tick(struct observer *o)
{
        lf_page_begin(o->page);
        int error = follow(o);
        o->page->missing_count = o->missing;
        if (error && o->missing < LF_OBSERVE_MISSING)
                o->page->missing[o->page->missing_count++] =
                    (struct lf_observe_missing){.code = LF_OBSERVE_NO_THREADS,
                                                .error = (uint32_t)-error,
                                                .what = "landfalld does not run"};
        for (uint32_t slot = 0; slot < LF_OBSERVE_CORES; slot++) {
                struct lf_observe_core *core = &o->page->core[slot];
                if (!core->tid)
                        continue;
                lf_watch_copy(o->watch, slot, core);
                lf_page_judge(core, &o->period[slot], lf_page_clock());
        }
        lf_page_end(o->page);
}

static int parse(struct observer *o, int argc, char **argv, const char **ret_user)
{
        static const struct option options[] = {{"run-dir", required_argument, NULL, 'r'},
                                                {"user", required_argument, NULL, 'u'},
                                                {"tid", required_argument, NULL, 't'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                char *end = NULL;
                unsigned long tid;
                switch (option) {
                case 'r':
                        o->run_dir = optarg;
                        break;
                case 'u':
                        *ret_user = optarg;
                        break;
                case 't':
                        tid = strtoul(optarg, &end, 10);
                        if (*end || tid == 0 || tid > INT32_MAX || o->given_count == LF_OBSERVE_CORES)
                                return -EINVAL;
                        o->given[o->given_count++] = (uint32_t)tid;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        exit(0);
                default:
                        return -EINVAL;
                }
        }
        return optind == argc ? 0 : -EINVAL;
}

static void run(struct observer *o)
{
        const struct timespec pause = {.tv_nsec = TICK_MS * 1000000L};
        while (!ended) {
                tick(o);
                clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
}

int main(int argc, char **argv)
{
        static struct observer o;
        const char *user = "nobody", *run_dir = getenv("LANDFALL_RUN");
        struct sigaction action = {.sa_handler = on_end};
        lf_log_program("landfall-observe");
        o.run_dir = run_dir ? run_dir : "/run/landfall";
        if (parse(&o, argc, argv, &user)) {
                fputs(usage, stderr);
                return 2;
        }
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        int error = lf_page_create(o.run_dir, &o.page);
        if (error)
                lf_log_die("%s/%s: %s", o.run_dir, LF_OBSERVE_FILE, strerror(-error));
        error = lf_watch_open(o.page, &o.watch);
        o.missing = o.page->missing_count;
        say_missing(o.page);
        if (error) { /* not fatal: the page says so, and the cores' own gaps are still measured */
                lf_log_error("nothing is observed: %s", strerror(-error));
                lf_page_close(o.page);
                return 0;
        }
        error = lf_observe_drop(user);
        if (error)
                lf_log_die("giving up privileges as %s: %s", user, strerror(-error));
        lf_log_info("%u events", o.page->events);
        run(&o);
        lf_page_close(o.page);
        _exit(0); /* the kernel detaches the programs; bpf() is no longer ours to call */
}
