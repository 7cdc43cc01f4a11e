/* landfall top: where the cycles go, each second. */
#include "tools/appliance.h"
#include "tools/commands.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
        ended = number;
}

#define DELTA(a, i, member) (lf_read(&(a)->now->core[i].member) - lf_read(&(a)->then->core[i].member))

static uint64_t blocks(const struct lf_appliance *a, unsigned core)
{
        uint64_t sum = 0;
        for (int m = 0; m < LF_MODALITY_COUNT; m++)
                sum += lf_read(&a->now->core[core].scan_blocks[m]);
        return sum;
}

static uint64_t pairs(const struct lf_appliance *a, unsigned core)
{
        uint64_t sum = 0;
        for (int m = 0; m < LF_MODALITY_COUNT; m++)
                sum += lf_read(&a->now->core[core].scan_pairs[m]);
        return sum;
}

/* Cycles for each query in the interval; over all time when none passed in it. */
static double cycles(const struct lf_appliance *a, unsigned core, unsigned stage, uint64_t *ret_queries)
{
        uint64_t n = DELTA(a, core, stage_count[stage]), c = DELTA(a, core, stage_cycles[stage]);
        *ret_queries = n;
        if (n == 0) {
                n = lf_read(&a->now->core[core].stage_count[stage]);
                c = lf_read(&a->now->core[core].stage_cycles[stage]);
        }
        return n ? (double)c / (double)n : 0;
}

static json_t *core_json(const struct lf_appliance *a, unsigned i)
{
        const struct lf_core_counters *k = &a->now->core[i];
        json_t *stages = json_array();
        for (unsigned s = 0; s < LF_STAGE_COUNT; s++) {
                uint64_t n;
                double c = cycles(a, i, s, &n);
                json_array_append_new(stages,
                                      json_pack("{s:s, s:I, s:f, s:f}", "stage", lf_stage_name(s), "queries",
                                                (json_int_t)lf_read(&k->stage_count[s]), "queries_per_second",
                                                (double)n / a->interval, "cycles_per_query", c));
        }
        return json_pack(
            "{s:i, s:i, s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "core", (int)i, "cpu",
            (int)k->cpu, "roles", lf_core_roles(k->roles), "busy", lf_core_busy(a, i), "inbox_depth",
            (json_int_t)lf_read(&k->inbox_depth), "audit_depth", (json_int_t)lf_read(&k->audit_depth), "naps",
            (json_int_t)lf_read(&k->naps), "scan_blocks", (json_int_t)blocks(a, i), "scan_comparisons",
            (json_int_t)pairs(a, i), "received_per_second", (double)DELTA(a, i, received) / a->interval,
            "opened_per_second", (double)DELTA(a, i, opened) / a->interval, "answered_per_second",
            (double)DELTA(a, i, answered) / a->interval, "stages", stages);
}

static void say_json(const struct lf_appliance *a, bool compact)
{
        json_t *cores = json_array();
        for (unsigned i = 0; i < a->now->cores; i++)
                json_array_append_new(cores, core_json(a, i));
        json_t *all = json_pack("{s:b, s:f, s:I, s:o}", "alive", a->alive, "interval", a->interval, "tsc_hz",
                                (json_int_t)a->now->tsc_hz, "cores", cores);
        json_dumpf(all, stdout, compact ? JSON_COMPACT : JSON_INDENT(2));
        printf("\n");
        fflush(stdout);
        json_decref(all);
}

static void say(const struct lf_appliance *a)
{
        const struct lf_counters *c = a->now;
        printf("landfall top: %s, port %s, generation %" PRIu64 ", %.2f GHz%s\n", a->run_dir, c->interface,
               lf_read(&c->generation), (double)c->tsc_hz * 1e-9,
               a->alive ? "" : " -- landfalld does not run, its last state:");
        printf("\n%-5s %-4s %-9s %6s %7s %7s %11s %11s %11s %9s\n", "core", "cpu", "roles", "busy", "inbox",
               "audit", "received/s", "answered/s", "blocks", "naps/s");
        for (unsigned i = 0; i < c->cores; i++)
                printf("%-5u %-4u %-9s %5.1f%% %7" PRIu64 " %7" PRIu64 " %11.0f %11.0f %11" PRIu64 " %9.0f\n",
                       i, c->core[i].cpu, lf_core_roles(c->core[i].roles), 100 * lf_core_busy(a, i),
                       lf_read(&c->core[i].inbox_depth), lf_read(&c->core[i].audit_depth),
                       (double)DELTA(a, i, received) / a->interval,
                       (double)DELTA(a, i, answered) / a->interval, blocks(a, i),
                       (double)DELTA(a, i, naps) / a->interval);
        printf("\n%-8s", "stage");
        for (unsigned i = 0; i < c->cores; i++)
                printf("  core %u: %9s %12s", i, "queries/s", "cycles/query");
        for (unsigned s = 0; s < LF_STAGE_COUNT; s++) {
                printf("\n%-8s", lf_stage_name(s));
                for (unsigned i = 0; i < c->cores; i++) {
                        uint64_t n;
                        double each = cycles(a, i, s, &n);
                        printf("  %17.0f %12.0f", (double)n / a->interval, each);
                }
        }
        printf("\n");
        fflush(stdout);
}

static int usage(FILE *to)
{
        fprintf(to,
                "usage: landfall top [--once] [--json] [--run-dir DIR]\n"
                "Each second: cycles per query of every stage and core, busy share, queue depth, rates. "
                "Where no\n"
                "query passed a stage in that second, its cycles are those since the start.\n"
                "Exit status: 0 ok, 2 usage, 4 landfalld does not run (with --once), or never ran here.\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

static void watch(struct lf_appliance *a, bool json)
{
        bool terminal = isatty(STDOUT_FILENO);
        struct sigaction act = {.sa_handler = on_signal};
        sigaction(SIGINT, &act, NULL);
        sigaction(SIGTERM, &act, NULL);
        while (!ended && !ferror(stdout)) {
                if (terminal && !json)
                        printf("\033[H\033[2J");
                if (json)
                        say_json(a, true);
                else
                        say(a);
                const struct timespec second = {.tv_sec = 1};
                struct timespec before, after;
                clock_gettime(CLOCK_MONOTONIC, &before);
                nanosleep(&second, NULL);
                clock_gettime(CLOCK_MONOTONIC, &after);
                lf_appliance_again(a);
                a->interval =
                    (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9;
                if (a->interval <= 0)
                        a->interval = 1;
        }
}

int lf_cmd_top(int argc, char **argv)
{
        struct lf_look look;
        int code = lf_look_parse(argc, argv, "once", usage, &look);
        if (code >= 0)
                return code;
        struct lf_appliance a;
        if (lf_appliance_read(look.run_dir, look.word ? 500 : 200, &a) < 0)
                return LF_EXIT_FAILED;
        code = LF_EXIT_OK;
        if (!a.page) {
                fprintf(stderr, "landfall top: no landfalld in %s: %s\n", look.run_dir,
                        strerror(-a.page_error));
                code = LF_EXIT_UNREACHABLE;
        } else if (!look.word) {
                watch(&a, look.json);
        } else {
                if (look.json)
                        say_json(&a, false);
                else
                        say(&a);
                code = a.alive ? LF_EXIT_OK : LF_EXIT_UNREACHABLE;
        }
        lf_appliance_free(&a);
        return code;
}
