/* landfall check: the acceptance of a site: asks what a plan says, and compares the answers with it. */
#include "tools/check/check.h"
#include "matcher/engine.h"
#include "matcher/person_write.h"
#include "tools/check/plan.h"
#include "tools/commands.h"
#include "tools/lane/landfall_lane.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: landfall check --lane BUNDLE [--in-flight 4] [--quiet] [--json] PLAN\n"
    "\n"
    "Sends the queries of a plan and prints each answer as it comes, with reasons and microseconds, then a\n"
    "summary; --quiet prints only what was not as expected, and the summary. Exit status 0 only if every\n"
    "expectation of the plan held; 4 if the appliance did not answer.\n"
    "\n"
    "A plan has a query a line, fields separated by tabs, - for none:\n"
    "  GROUP AGREEMENTS PURPOSE PROBE-FILES NAME BIRTH EXPECTED RECORD\n"
    "PROBE-FILES, with commas: .iris irises, .face an embedding, all others fingerprints.\n"
    "EXPECTED: CLEAR, CANDIDATE, RETRY, REFUSED, or ? when only the group's share counts:\n"
    "  share GROUP CLEAR|CANDIDATE|RETRY|REFUSED|RECORD LEAST MOST\n";

struct run {
        struct lf_plan plan;
        struct lf_lane_result *result; /* by query of the plan */
        const char *bundle;
        unsigned in_flight;
        bool quiet, json;
        unsigned failed;
        unsigned unavailable;
};

static int read_file(const char *path, uint8_t *out, size_t room, size_t *ret_size)
{
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        size_t n = fread(out, 1, room, f);
        int r = ferror(f) ? -EIO : !feof(f) && fgetc(f) != EOF ? -EFBIG : 0;
        fclose(f);
        if (r == 0)
                *ret_size = n;
        return r;
}

static uint16_t type_of(const char *path)
{
        const char *dot = strrchr(path, '.');
        return dot && strcmp(dot, ".iris") == 0   ? LSP_TLV_IRIS
               : dot && strcmp(dot, ".face") == 0 ? LSP_TLV_FACE
                                                  : LSP_TLV_FINGERPRINT;
}

static int put_probes(const struct lf_plan_query *p, struct lf_lane_query *q)
{
        uint8_t buffer[LSP_QUERY_MAX];
        char paths[sizeof p->probes], *rest = NULL;
        size_t size = 0;
        int r = 0;
        strcpy(paths, p->probes);
        for (char *path = strtok_r(paths, ",", &rest); r == 0 && path; path = strtok_r(NULL, ",", &rest)) {
                r = read_file(path, buffer, sizeof buffer, &size);
                if (r == 0)
                        r = lf_lane_query_put(q, type_of(path), buffer, size);
        }
        return r;
}

/* The files without their folders. */
static const char *short_names(const struct lf_plan_query *p, char ret[sizeof p->probes])
{
        char *out = ret;
        for (const char *from = p->probes; *from;) {
                size_t n = strcspn(from, ",");
                const char *base = from;
                for (size_t i = 0; i < n; i++)
                        if (from[i] == '/')
                                base = from + i + 1;
                n -= (size_t)(base - from);
                memcpy(out, base, n);
                out += n;
                from = base + n;
                if (*from == ',') {
                        *out++ = ' ';
                        from++;
                }
        }
        *out = '\0';
        return ret;
}

static int compose(const struct lf_plan_query *p, struct lf_lane_query *q)
{
        uint8_t buffer[LSP_QUERY_MAX];
        size_t size = 0;
        lf_lane_query_reset(q);
        int r = lf_lane_query_agreements(q, p->agreement, p->agreements);
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_PURPOSE, (uint16_t)p->purpose);
        /* As long as the client waits: a plan asks what the answer is, not whether it was quick. */
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_DEADLINE, LSP_UNAVAILABLE_MS);
        if (r == 0)
                r = put_probes(p, q);
        if (r == 0 && p->name[0]) {
                size = 0;
                r = lf_person_put(buffer, sizeof buffer, &size, LF_PERSON_NAME, p->name, strlen(p->name));
                if (r == 0 && p->year)
                        r = lf_person_put_birth(buffer, sizeof buffer, &size, p->year, p->month, p->day);
                if (r == 0)
                        r = lf_lane_query_put(q, LSP_TLV_PERSON, buffer, size);
        }
        return r;
}

static bool names_record(const struct lf_plan_query *p, const struct lsp_answer *a)
{
        for (unsigned i = 0; p->has_record && i < a->candidates; i++)
                if (memcmp(a->candidate[i].reference, p->record, 16) == 0)
                        return true;
        return false;
}

static bool as_expected(const struct lf_plan_query *p, const struct lf_lane_result *r)
{
        if (r->error)
                return false;
        if (p->expected && r->answer.verdict != p->expected)
                return false;
        return !(p->expected == LSP_CANDIDATE && p->has_record) || names_record(p, &r->answer);
}

static void print_candidate(const struct lsp_candidate *c)
{
        char decade[LF_LANE_DECADE_TEXT], text[160], shares[LF_LANE_SHARES_TEXT];
        printf("      dataset %u, record %02x%02x%02x%02x…, %s:", c->dataset, c->reference[0],
               c->reference[1], c->reference[2], c->reference[3], lf_lane_decade_text(c->decade, decade));
        if (lf_lane_shares_text(c, shares)[0])
                printf(" decades %s;", shares);
        for (unsigned i = 0, shown = 0; i < c->reasons; i++) {
                if (c->reason[i].code == LF_MATCH_REASON_MODALITY_SHARE ||
                    c->reason[i].code == LF_MATCH_REASON_MODALITY_AGAINST)
                        continue;
                struct lf_match_reason reason = {c->reason[i].code, c->reason[i].a, c->reason[i].b,
                                                 c->reason[i].c};
                printf("%s %s", shown++ ? ";" : "", lf_match_reason_text(reason, text, sizeof text));
        }
        putchar('\n');
}

static void print_result(const struct run *run, unsigned i)
{
        const struct lf_plan_query *p = &run->plan.query[i];
        const struct lf_lane_result *r = &run->result[i];
        char names[sizeof p->probes];
        if (run->json || (run->quiet && as_expected(p, r)))
                return;
        printf("%c %-22s %-11s %7u us  %s%s%s", as_expected(p, r) ? ' ' : '!', p->group,
               r->error ? "UNAVAILABLE" : lf_lane_verdict_text(r->answer.verdict), r->microseconds,
               short_names(p, names), p->probes[0] && p->name[0] ? ", " : "", p->name);
        if (!r->error && r->answer.verdict == LSP_RETRY && r->answer.defect)
                printf(": %s, at byte %u", lf_defect_text(r->answer.defect), r->answer.defect_offset);
        else if (!r->error && r->answer.detail)
                printf(": %s", lf_lane_detail_text(r->answer.detail));
        if (!r->error && r->answer.flags & LSP_FLAG_CONTRADICTION)
                printf(": modalities contradict each other");
        putchar('\n');
        for (unsigned c = 0; !r->error && c < r->answer.candidates; c++)
                print_candidate(&r->answer.candidate[c]);
        fflush(stdout);
}

static int collect(struct run *run, struct lf_lane *lane, unsigned *under_way)
{
        struct lf_lane_result result;
        struct pollfd fd = {.fd = lf_lane_fd(lane), .events = POLLIN};
        if (poll(&fd, 1, lf_lane_timeout_ms(lane)) < 0 && errno != EINTR)
                return -errno;
        lf_lane_process(lane);
        while (lf_lane_collect(lane, &result) == 0) {
                unsigned i = (unsigned)(uintptr_t)result.user;
                run->result[i] = result;
                run->unavailable += result.error != 0;
                run->failed += !as_expected(&run->plan.query[i], &result);
                (*under_way)--;
                print_result(run, i);
        }
        return 0;
}

static int ask_all(struct run *run, struct lf_lane *lane)
{
        struct lf_lane_query *q;
        unsigned under_way = 0;
        int r = lf_lane_query_create(&q);
        for (unsigned i = 0; r == 0 && i < run->plan.queries;) {
                if (under_way < run->in_flight) {
                        r = compose(&run->plan.query[i], q);
                        if (r < 0) {
                                fprintf(stderr, "landfall check: query %u (%s): %s\n", i + 1,
                                        run->plan.query[i].probes, strerror(-r));
                                break;
                        }
                        r = lf_lane_submit(lane, q, (void *)(uintptr_t)i, NULL);
                        if (r == 0) {
                                under_way++;
                                i++;
                                continue;
                        }
                        if (r != -EAGAIN)
                                break;
                }
                r = collect(run, lane, &under_way);
        }
        while (r == 0 && under_way)
                r = collect(run, lane, &under_way);
        lf_lane_query_destroy(q);
        return r;
}

/* The share of a group that brought this verdict (0: that named its record). */
static double share_of(const struct run *run, const char *group, uint8_t verdict, unsigned *ret_total)
{
        unsigned total = 0, with = 0;
        for (unsigned i = 0; i < run->plan.queries; i++) {
                const struct lf_plan_query *p = &run->plan.query[i];
                const struct lf_lane_result *r = &run->result[i];
                if (strcmp(p->group, group) != 0)
                        continue;
                total++;
                with += !r->error && (verdict ? r->answer.verdict == verdict : names_record(p, &r->answer));
        }
        *ret_total = total;
        return total ? (double)with / total : 0;
}

static int by_number(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

static json_t *group_summary(const struct run *run, const char *group)
{
        uint32_t *us = calloc(run->plan.queries, sizeof *us);
        unsigned n = 0, verdicts[LSP_VERDICT_COUNT] = {0}, unexpected = 0;
        for (unsigned i = 0; us && i < run->plan.queries; i++) {
                const struct lf_lane_result *r = &run->result[i];
                if (strcmp(run->plan.query[i].group, group) != 0)
                        continue;
                us[n++] = r->microseconds;
                verdicts[r->error ? 0 : r->answer.verdict]++;
                unexpected += !as_expected(&run->plan.query[i], r);
        }
        if (n)
                qsort(us, n, sizeof *us, by_number);
        json_t *o = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "group", group, "queries",
                              n, "clear", verdicts[LSP_CLEAR], "candidate", verdicts[LSP_CANDIDATE], "retry",
                              verdicts[LSP_RETRY], "refused", verdicts[LSP_REFUSED], "unavailable",
                              verdicts[0], "unexpected", unexpected, "p50_us", n ? us[n / 2] : 0, "p99_us",
                              n ? us[n * 99 / 100] : 0);
        free(us);
        return o;
}

static bool first_of_group(const struct run *run, unsigned i)
{
        for (unsigned j = 0; j < i; j++)
                if (strcmp(run->plan.query[j].group, run->plan.query[i].group) == 0)
                        return false;
        return true;
}

static json_t *summarize(struct run *run)
{
        json_t *groups = json_array(), *shares = json_array();
        for (unsigned i = 0; i < run->plan.queries; i++)
                if (first_of_group(run, i))
                        json_array_append_new(groups, group_summary(run, run->plan.query[i].group));
        for (unsigned i = 0; i < run->plan.shares; i++) {
                const struct lf_plan_share *s = &run->plan.share[i];
                unsigned total;
                double share = share_of(run, s->group, s->verdict, &total);
                bool held = total && share >= s->least && share <= s->most;
                run->failed += !held;
                json_array_append_new(
                    shares, json_pack("{s:s, s:s, s:f, s:f, s:f, s:b}", "group", s->group, "what",
                                      s->verdict ? lf_lane_verdict_text(s->verdict) : "RECORD", "share",
                                      share, "least", s->least, "most", s->most, "held", held));
        }
        return json_pack("{s:i, s:i, s:i, s:o, s:o}", "queries", run->plan.queries, "unavailable",
                         run->unavailable, "failed_expectations", run->failed, "groups", groups, "shares",
                         shares);
}

static void print_summary(const json_t *summary)
{
        size_t i;
        json_t *o;
        printf("\n%-22s %7s %6s %9s %5s %7s %4s %8s %8s\n", "group", "queries", "clear", "candidate", "retry",
               "refused", "n/a", "p50 us", "p99 us");
        json_array_foreach(json_object_get(summary, "groups"), i, o)
        {
                const char *group;
                int n, clear, candidate, retry, refused, unavailable, p50, p99;
                if (json_unpack(o, "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "group", &group,
                                "queries", &n, "clear", &clear, "candidate", &candidate, "retry", &retry,
                                "refused", &refused, "unavailable", &unavailable, "p50_us", &p50, "p99_us",
                                &p99) == 0)
                        printf("%-22s %7d %6d %9d %5d %7d %4d %8d %8d\n", group, n, clear, candidate, retry,
                               refused, unavailable, p50, p99);
        }
        json_array_foreach(json_object_get(summary, "shares"), i, o)
        {
                const char *group, *what;
                double share, least, most;
                int held;
                if (json_unpack(o, "{s:s, s:s, s:f, s:f, s:f, s:b}", "group", &group, "what", &what, "share",
                                &share, "least", &least, "most", &most, "held", &held) == 0)
                        printf("%c %s: %s in %.1f%% (expected %.1f%% to %.1f%%)\n", held ? ' ' : '!', group,
                               what, 100 * share, 100 * least, 100 * most);
        }
        printf("%lld queries, %lld expectations failed\n",
               json_integer_value(json_object_get(summary, "queries")),
               json_integer_value(json_object_get(summary, "failed_expectations")));
}

static int run_plan(struct run *run)
{
        struct lf_lane_options options = {.bundle = run->bundle, .in_flight = run->in_flight};
        struct lf_lane *lane;
        int r = lf_lane_open(&options, &lane);
        if (r < 0) {
                fprintf(stderr, "landfall check: no session with the appliance: %s\n", strerror(-r));
                return LF_EXIT_UNREACHABLE;
        }
        r = ask_all(run, lane);
        lf_lane_close(lane);
        if (r < 0) {
                fprintf(stderr, "landfall check: %s\n", strerror(-r));
                return LF_EXIT_FAILED;
        }
        json_t *summary = summarize(run);
        if (run->json) {
                json_dumpf(summary, stdout, JSON_INDENT(2));
                putchar('\n');
        } else {
                print_summary(summary);
        }
        json_decref(summary);
        return run->unavailable ? LF_EXIT_UNREACHABLE : run->failed ? LF_EXIT_FAILED : LF_EXIT_OK;
}

int lf_cmd_check(int argc, char **argv)
{
        static const struct option options[] = {{"lane", 1, 0, 'l'},  {"in-flight", 1, 0, 'n'},
                                                {"quiet", 0, 0, 'q'}, {"json", 0, 0, 'j'},
                                                {"help", 0, 0, 'h'},  {0}};
        struct run run = {.in_flight = 4};
        unsigned line = 0;
        const char *why = "";
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
                switch (c) {
                case 'l':
                        run.bundle = optarg;
                        break;
                case 'n':
                        run.in_flight = (unsigned)atoi(optarg);
                        break;
                case 'q':
                        run.quiet = true;
                        break;
                case 'j':
                        run.json = true;
                        break;
                case 'h':
                        fputs(help, stdout);
                        return LF_EXIT_OK;
                default:
                        return LF_EXIT_USAGE;
                }
        }
        if (argc - optind != 1 || !run.bundle || run.in_flight < 1 || run.in_flight > 65536) {
                fputs(help, stderr);
                return LF_EXIT_USAGE;
        }
        int r = lf_plan_read(argv[optind], &run.plan, &line, &why);
        if (r < 0) {
                if (r == -EBADMSG)
                        fprintf(stderr, "landfall check: %s:%u: %s\n", argv[optind], line, why);
                else
                        fprintf(stderr, "landfall check: cannot read %s: %s\n", argv[optind], strerror(-r));
                return LF_EXIT_FAILED;
        }
        run.result = calloc(run.plan.queries + 1, sizeof *run.result);
        r = run.result ? run_plan(&run) : LF_EXIT_FAILED;
        free(run.result);
        lf_plan_finish(&run.plan);
        return r;
}
