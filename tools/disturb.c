/* landfall disturb: what interrupted the cores, and for how long. */
#include "tools/disturb.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/disturb_view.h"
#include "tools/observe_read.h"

#define SHOWN_CULPRITS 10

static const char usage[] =
    "usage: landfall disturb [--seconds N] [--run-dir DIR] [--json]\n"
    "\n"
    "Shows, for each core of landfalld, the gaps that it measured itself and what the kernel's\n"
    "events say interrupted it, by cause and by culprit. What they do not explain is shown as such.\n"
    "\n"
    "  --seconds N     what happens in the next N seconds (default: since watching began;\n"
    "                  the longest single interruption is always that since it began)\n"
    "  --run-dir DIR   default $LANDFALL_RUN, else /run/landfall\n";

static int by_total(const void *a, const void *b)
{
        const struct lf_observe_culprit *x = a, *y = b;
        __u64 p = x->count ? x->total_ns : 0, q = y->count ? y->total_ns : 0;
        return p < q ? 1 : p > q ? -1 : 0;
}

static double ms(uint64_t ns)
{
        return (double)ns / 1e6;
}

static double share(uint64_t ns, double seconds)
{
        return seconds > 0 ? (double)ns / 1e9 / seconds : 0;
}

static void print_row(const char *label, uint64_t count, uint64_t total_ns, uint64_t longest_ns,
                      const char *who)
{
        printf("  %-52s %10llu %12.3f %12.3f  %s\n", label, (unsigned long long)count, ms(total_ns),
               ms(longest_ns), who);
}

static void print_observed(const struct lf_disturb_core *core)
{
        for (uint32_t cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                const struct lf_observe_stat *s = &core->tally.cause[cause];
                if (s->count)
                        print_row(lf_cause_text(cause), s->count, s->total_ns, s->max_ns, s->longest);
        }
        if (core->measured)
                printf("  %-52s %10s %12.3f\n", "not explained", "", ms(core->unexplained_ns));
        printf("  taken %.2f%%, given and late %.2f%% of the time\n",
               share(core->taken_ns, core->seconds) * 100, share(core->given_ns, core->seconds) * 100);
        for (int i = 0; i < SHOWN_CULPRITS && core->tally.culprit[i].count; i++) {
                const struct lf_observe_culprit *c = &core->tally.culprit[i];
                char label[64];
                snprintf(label, sizeof label, "  %s %u (%s)", c->name, c->id, lf_cause_key(c->cause));
                print_row(label, c->count, c->total_ns, c->max_ns, "");
        }
        if (core->tally.unlisted)
                printf("  %llu interruptions by culprits that are not listed\n",
                       (unsigned long long)core->tally.unlisted);
}

static void print_text(const struct lf_disturb_view *view)
{
        for (uint32_t i = 0; i < view->count; i++) {
                const struct lf_disturb_core *core = &view->core[i];
                printf("core %u, CPU %u, thread %u, %.1f s\n", core->core, core->cpu, core->tid,
                       core->seconds);
                printf("  %-52s %10s %12s %12s  %s\n", "", "count", "total ms", "longest ms", "longest by");
                if (core->measured)
                        print_row("gaps that the core measured", core->gap_count, core->gap_ns,
                                  core->gap_longest_ns, "");
                if (core->observed)
                        print_observed(core);
                else
                        printf("  not watched by landfall-observe\n");
        }
        if (!view->has_page)
                printf("landfall-observe does not run: causes are not known\n");
        else if (!view->is_alive)
                printf("landfall-observe has ended: causes are not known any more\n");
        for (uint32_t i = 0; i < view->missing_count; i++)
                printf("missing: %s%s%s\n", view->missing[i].what, view->missing[i].error ? ": " : "",
                       view->missing[i].error ? strerror((int)view->missing[i].error) : "");
}

static json_t *number(uint64_t n)
{
        return json_integer((json_int_t)n);
}

static json_t *histogram(const void *buckets)
{
        json_t *list = json_array();
        for (int i = 0; i < LF_OBSERVE_BUCKETS; i++) {
                uint64_t n;
                memcpy(&n, (const char *)buckets + (size_t)i * sizeof n, sizeof n);
                json_array_append_new(list, number(n));
        }
        return list;
}

static json_t *causes_json(const struct lf_disturb_core *core)
{
        static const char *const kinds[] = {
            [LF_CAUSE_TAKEN] = "taken", [LF_CAUSE_GIVEN] = "given", [LF_CAUSE_OWN] = "own"};
        json_t *all = json_object();
        for (uint32_t cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                const struct lf_observe_stat *s = &core->tally.cause[cause];
                json_object_set_new(all, lf_cause_key(cause),
                                    json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:o}", "kind",
                                              kinds[lf_cause_kind_of(cause)], "count", number(s->count),
                                              "total_ns", number(s->total_ns), "longest_ns",
                                              number(s->max_ns), "longest_by", s->longest, "last_by", s->last,
                                              "histogram_log2_ns", histogram(s->histogram)));
        }
        return all;
}

static json_t *culprits_json(const struct lf_disturb_core *core)
{
        json_t *list = json_array();
        for (int i = 0; i < LF_OBSERVE_CULPRITS && core->tally.culprit[i].count; i++) {
                const struct lf_observe_culprit *c = &core->tally.culprit[i];
                json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", c->name,
                                                      "cause", lf_cause_key(c->cause), "id", number(c->id),
                                                      "count", number(c->count), "total_ns",
                                                      number(c->total_ns), "longest_ns", number(c->max_ns)));
        }
        return list;
}

static json_t *core_json(const struct lf_disturb_core *core)
{
        json_t *one = json_pack("{s:o, s:o, s:o, s:f}", "core", number(core->core), "cpu", number(core->cpu),
                                "tid", number(core->tid), "seconds", core->seconds);
        if (core->measured)
                json_object_set_new(one, "gaps",
                                    json_pack("{s:o, s:o, s:o, s:o}", "count", number(core->gap_count),
                                              "total_ns", number(core->gap_ns), "longest_ns",
                                              number(core->gap_longest_ns), "histogram_log2_ns",
                                              histogram(core->gap_histogram)));
        if (!core->observed)
                return one;
        json_object_set_new(one, "causes", causes_json(core));
        json_object_set_new(one, "culprits", culprits_json(core));
        json_object_set_new(one, "unlisted", number(core->tally.unlisted));
        json_object_set_new(one, "taken_ns", number(core->taken_ns));
        json_object_set_new(one, "given_ns", number(core->given_ns));
        json_object_set_new(one, "taken_share", json_real(share(core->taken_ns, core->seconds)));
        json_object_set_new(one, "given_share", json_real(share(core->given_ns, core->seconds)));
        if (core->measured)
                json_object_set_new(one, "unexplained_ns", number(core->unexplained_ns));
        return one;
}

static void print_json(const struct lf_disturb_view *view)
{
        static const char *const codes[] = {[LF_OBSERVE_EVENT_ABSENT] = "event_absent",
                                            [LF_OBSERVE_EVENT_REFUSED] = "event_refused",
                                            [LF_OBSERVE_NO_PERMISSION] = "no_permission",
                                            [LF_OBSERVE_PID_NAMESPACE] = "pid_namespace",
                                            [LF_OBSERVE_NO_THREADS] = "no_threads"};
        json_t *cores = json_array(), *missing = json_array();
        for (uint32_t i = 0; i < view->count; i++)
                json_array_append_new(cores, core_json(&view->core[i]));
        for (uint32_t i = 0; i < view->missing_count; i++) {
                const struct lf_observe_missing *m = &view->missing[i];
                bool known = m->code < sizeof codes / sizeof *codes && codes[m->code];
                json_array_append_new(missing, json_pack("{s:s, s:s, s:s}", "code",
                                                         known ? codes[m->code] : "unknown", "what", m->what,
                                                         "error", m->error ? strerror((int)m->error) : ""));
        }
        json_t *all = json_pack("{s:s, s:o, s:o, s:o}", "observer",
                                !view->has_page  ? "absent"
                                : view->is_alive ? "running"
                                                 : "ended",
                                "events", number(view->events), "missing", missing, "cores", cores);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
}

static int show(const char *run_dir, unsigned seconds, bool json)
{
        struct lf_disturb_view *view = malloc(sizeof *view), *before = malloc(sizeof *before);
        int error = view && before ? lf_disturb_look(run_dir, before) : -ENOMEM;
        if (!error && seconds) {
                struct timespec pause = {.tv_sec = seconds};
                while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
                        ;
        }
        if (!error)
                error = lf_disturb_look(run_dir, view);
        int code = 1;
        if (!error) {
                if (seconds)
                        lf_disturb_subtract(view, before);
                for (uint32_t i = 0; i < view->count; i++)
                        qsort(view->core[i].tally.culprit, LF_OBSERVE_CULPRITS,
                              sizeof *view->core[i].tally.culprit, by_total);
                json ? print_json(view) : print_text(view);
                code = !view->has_counters && !view->has_page   ? 4
                       : !view->is_alive || view->missing_count ? 3
                                                                : 0;
        } else {
                fprintf(stderr, "landfall disturb: %s\n", strerror(-error));
        }
        free(view);
        free(before);
        return code;
}

int lf_cmd_disturb(int argc, char **argv)
{
        static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
                                                {"run-dir", required_argument, NULL, 'r'},
                                                {"json", no_argument, NULL, 'j'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        const char *run_dir = getenv("LANDFALL_RUN");
        unsigned long seconds = 0;
        bool json = false;
        char *end = NULL;
        if (!run_dir)
                run_dir = "/run/landfall";
        optind = 0;
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                switch (option) {
                case 's':
                        seconds = strtoul(optarg, &end, 10);
                        if (*end || seconds == 0 || seconds > 86400) {
                                fputs(usage, stderr);
                                return 2;
                        }
                        break;
                case 'r':
                        run_dir = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                default:
                        fputs(usage, stderr);
                        return 2;
                }
        }
        if (optind != argc) {
                fputs(usage, stderr);
                return 2;
        }
        return show(run_dir, (unsigned)seconds, json);
}
