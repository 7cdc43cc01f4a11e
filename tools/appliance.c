#include "tools/appliance.h"

#include "tools/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STALE_NS        1500000000ull
#define CONTROL_STALE_S 5
#define LOOKS           5 /* for a moment at which both balances hold */

const char *lf_default_run_dir(void)
{
        const char *named = getenv("LANDFALL_RUN");
        return named && *named ? named : LF_DEFAULT_RUN_DIR;
}

static double seconds(clockid_t clock)
{
        struct timespec t;
        clock_gettime(clock, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void copy(struct lf_counters *to, const struct lf_counters *from)
{
        memcpy(to, from, sizeof *to);
}

/* A page read in passing may be off by what is between two counters; a real fault stays. */
static void look_for_balance(struct lf_appliance *a)
{
        for (unsigned i = 0; i < LOOKS && !a->balanced; i++) {
                if (i)
                        usleep(20000);
                copy(a->now, a->page);
                a->balanced = lf_counters_balance(a->now, a->balance, sizeof a->balance);
        }
}

static void read_control(struct lf_appliance *a)
{
        char path[400];
        snprintf(path, sizeof path, "%s/control.json", a->run_dir);
        json_decref(a->control);
        a->control = json_load_file(path, 0, NULL);
        if (a->control && !json_is_object(a->control)) {
                json_decref(a->control);
                a->control = NULL;
        }
        json_int_t written = json_integer_value(json_object_get(a->control, "time"));
        json_int_t pid = json_integer_value(json_object_get(a->control, "pid")); /* 0: a clean stop */
        a->control_alive = pid && (double)written + CONTROL_STALE_S > seconds(CLOCK_REALTIME);
}

static void judge_page(struct lf_appliance *a)
{
        uint64_t now = (uint64_t)(seconds(CLOCK_REALTIME) * 1e9);
        a->alive = a->page && atomic_load(&a->now->pid) && lf_read(&a->page->updated_ns) + STALE_NS > now;
}

int lf_appliance_read(const char *run_dir, unsigned wait_ms, struct lf_appliance *ret)
{
        struct lf_appliance a = {.run_dir = run_dir};
        a.then = calloc(1, sizeof *a.then);
        a.now = calloc(1, sizeof *a.now);
        if (!a.then || !a.now) {
                free(a.then);
                free(a.now);
                return -ENOMEM;
        }
        a.page_error = lf_counters_map(run_dir, &a.page);
        if (a.page) {
                double begin = seconds(CLOCK_MONOTONIC);
                copy(a.then, a.page);
                usleep(wait_ms * 1000);
                look_for_balance(&a);
                a.interval = seconds(CLOCK_MONOTONIC) - begin;
        }
        judge_page(&a);
        read_control(&a);
        lf_disturb_assess(run_dir, 0.05, &a.disturbance);
        *ret = a;
        return 0;
}

void lf_appliance_again(struct lf_appliance *a)
{
        if (!a->page)
                return;
        struct lf_counters *t = a->then;
        a->then = a->now;
        a->now = t;
        copy(a->now, a->page);
        judge_page(a);
}

void lf_appliance_free(struct lf_appliance *a)
{
        lf_counters_unmap(a->page);
        json_decref(a->control);
        free(a->then);
        free(a->now);
}

double lf_core_busy(const struct lf_appliance *a, unsigned core)
{
        const struct lf_core_counters *t = &a->then->core[core], *n = &a->now->core[core];
        double busy = (double)(lf_read(&n->busy_cycles) - lf_read(&t->busy_cycles));
        double idle = (double)(lf_read(&n->idle_cycles) - lf_read(&t->idle_cycles));
        return busy + idle > 0 ? busy / (busy + idle) : 0;
}

const char *lf_core_roles(uint32_t roles)
{
        static const char *const words[] = {"none", "io", "match", "io+match"};
        return words[roles & 3];
}

int lf_look_parse(int argc, char **argv, const char *word, int (*usage)(FILE *to), struct lf_look *ret)
{
        const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                         {word, no_argument, NULL, 'w'},
                                         {"run-dir", required_argument, NULL, 'r'},
                                         {"help", no_argument, NULL, 'h'},
                                         {0}};
        *ret = (struct lf_look){.run_dir = lf_default_run_dir()};
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o == 'j')
                        ret->json = true;
                else if (o == 'w')
                        ret->word = true;
                else if (o == 'r')
                        ret->run_dir = optarg;
                else
                        return usage(stderr);
        }
        return optind == argc ? -1 : usage(stderr);
}
