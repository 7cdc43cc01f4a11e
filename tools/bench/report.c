#include "tools/bench/packet.h"

#include "tools/bench/site.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

static const char *const notes[] = {
    "One core has both roles, io and match; the gallery is empty, so nothing is scanned. answer_quantum is "
    "0.",
    "queries_per_second counts answers that came back to the load generator; queries are sealed before they "
    "are sent, and one answer in 64 is opened and must be CLEAR.",
    "lost: no answer for three seconds; other: answers that came after that, and notices.",
    "The load generator, the audit thread, the main thread and the disk's interrupts share load_cpu of the "
    "same "
    "machine: where core_busy is below 1, they or the disk set the pace and not the core.",
    "The echo runs in landfalld's place, on its CPU, over the same port and driver; echo_limit_per_second is "
    "its "
    "rate divided by the share of time in which it found work, so that a slow generator does not lower the "
    "limit.",
    "open_seal is AES-256-GCM (libIPSec_MB) by the calls that the path makes, over as many sessions.",
    "Other work on the machine slows every figure, and not all alike: load_average, before the start, should "
    "be "
    "near 0 and the spreads small.",
    "limit = 1 / (1 / echo_limit + open + seal).",
    "The bench plays control: it says at once that entries are in tiles. Making tiles is not part of this.",
    "without_audit runs landfalld-no-audit, a program of the bench that has no audit stage and is never "
    "installed.",
};

static const char *const probes[] = {[LF_TRAFFIC_DOCUMENT] = "document", [LF_TRAFFIC_NAME] = "name"};

static void cpu_model(char *ret, size_t size)
{
        char line[256];
        FILE *f = fopen("/proc/cpuinfo", "re");
        snprintf(ret, size, "unknown");
        while (f && fgets(line, sizeof line, f)) {
                const char *colon = strchr(line, ':');
                if (strncmp(line, "model name", 10) != 0 || !colon || strlen(colon) < 4)
                        continue;
                snprintf(ret, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
                break;
        }
        if (f)
                fclose(f);
}

static void put(json_t *j, const char *name, double value)
{
        json_object_set_new(j, name, json_real(value));
}

static void put_count(json_t *j, const char *name, uint64_t value)
{
        json_object_set_new(j, name, json_integer((json_int_t)value));
}

static void put_rate(json_t *j, const char *name, const struct lf_bench_rate *r)
{
        json_t *each = json_array();
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++)
                json_array_append_new(each, json_real(r->each[i]));
        put(j, name, r->median);
        put(j, "spread", r->spread);
        json_object_set_new(j, "repeats", each);
}

static void put_load(json_t *j, const struct lf_bench_load *l)
{
        json_t *stages = json_object();
        put_rate(j, "queries_per_second", &l->queries);
        put(j, "core_busy", l->busy);
        put(j, "generator_busy", l->generator_busy);
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++)
                put(stages, lf_stage_name(i), l->stage[i]);
        put(stages, "loop", l->loop);
        json_object_set_new(j, "cycles_per_query", stages);
        put_count(j, "sent", l->sent);
        put_count(j, "answered", l->answered);
        put_count(j, "other", l->other);
        put_count(j, "lost", l->lost);
        put_count(j, "dropped", l->dropped);
        put_count(j, "opened", l->opened);
        put_count(j, "wrong", l->wrong);
        put(j, "latency_us_p50", l->p50_us);
        put(j, "latency_us_p99", l->p99_us);
}

static json_t *audit_json(const struct lf_bench_packet *b)
{
        json_t *j = json_object();
        put(j, "commits_per_second", b->path.commits);
        put(j, "entries_per_commit", b->path.entries_per_commit);
        put(j, "commit_us", b->path.commit_us);
        put(j, "disk_commit_us_p50", b->disk.commit_us_p50);
        put(j, "disk_commit_us_p99", b->disk.commit_us_p99);
        json_object_set_new(j, "filesystem", json_string(b->disk.filesystem));
        return j;
}

static json_t *sizes_json(const struct lf_bench_packet *b)
{
        json_t *j = json_object();
        put_count(j, "query_datagram", LSP_QUERY_DATAGRAM_MIN);
        put_count(j, "query_plaintext", LF_TRAFFIC_PLAIN);
        put_count(j, "answer_datagram", LSP_ANSWER_DATAGRAM);
        put_count(j, "frame", LF_TRAFFIC_FRAME);
        put_count(j, "burst", b->burst);
        put_count(j, "sessions", b->traffic.sessions);
        put_count(j, "contexts", LF_SITE_CONTEXTS);
        put_count(j, "window", b->window);
        return j;
}

static void put_machine(json_t *j, const struct lf_bench_packet *b)
{
        char text[128];
        time_t now = time(NULL);
        struct tm tm;
        cpu_model(text, sizeof text);
        json_object_set_new(j, "cpu", json_string(text));
        json_object_set_new(j, "isa", json_string(b->isa));
        put(j, "tsc_hz", b->tsc_hz);
        put_count(j, "core_cpu", b->cpu);
        put_count(j, "load_cpu", b->load_cpu);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        json_object_set_new(j, "date", json_string(text));
        put(j, "seconds", b->seconds);
        put(j, "load_average", b->load_average);
}

void lf_bench_packet_json(const struct lf_bench_packet *b)
{
        json_t *j = json_object(), *bare = json_object(), *list = json_array();
        json_object_set_new(j, "bench", json_string("packet"));
        json_object_set_new(j, "probe", json_string(probes[b->traffic.probe]));
        put_load(j, &b->path);
        put(j, "echo_per_second", b->echo.median);
        put(j, "echo_spread", b->echo.spread);
        put(j, "echo_busy", b->echo_busy);
        put(j, "echo_limit_per_second", b->echo_limit);
        put(j, "open_seal_per_second", 1e9 / b->open_seal_ns);
        put(j, "open_seal_ns", b->open_seal_ns);
        put(j, "limit_per_second", b->limit);
        put(j, "of_limit", b->path.queries.median / b->limit);
        json_object_set_new(j, "audit", audit_json(b));
        put_load(bare, &b->without_audit);
        put(bare, "of_limit", b->without_audit.queries.median / b->limit);
        json_object_set_new(j, "without_audit", bare);
        json_object_set_new(j, "sizes", sizes_json(b));
        put_machine(j, b);
        for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
                json_array_append_new(list, json_string(notes[i]));
        json_object_set_new(j, "notes", list);
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static void line(const char *name, const struct lf_bench_load *l, double limit)
{
        printf("%-22s %12.0f %8.1f%% %9.1f%% %8.1f%% %10.0f %10.0f\n", name, l->queries.median,
               100 * l->queries.spread, 100 * l->queries.median / limit, 100 * l->busy, l->p50_us, l->p99_us);
}

void lf_bench_packet_table(const struct lf_bench_packet *b)
{
        double total = b->path.loop, bare = b->without_audit.loop;
        printf("%-22s %12s %9s %10s %9s %10s %10s\n", "per core", "per second", "spread", "of limit", "busy",
               "p50 us", "p99 us");
        line("queries", &b->path, b->limit);
        line("queries, no audit", &b->without_audit, b->limit);
        printf("%-22s %12.0f\n", "limit", b->limit);
        printf("%-22s %12.0f %8.1f%% %20.1f%%\n", "  echo", b->echo.median, 100 * b->echo.spread,
               100 * b->echo_busy);
        printf("%-22s %12.0f\n", "  open and seal", 1e9 / b->open_seal_ns);
        printf("\n%-22s %12s %12s\n", "cycles per query", "", "no audit");
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++) {
                total += b->path.stage[i];
                bare += b->without_audit.stage[i];
                printf("%-22s %12.0f %12.0f\n", lf_stage_name(i), b->path.stage[i],
                       b->without_audit.stage[i]);
        }
        printf("%-22s %12.0f %12.0f\n", "loop", b->path.loop, b->without_audit.loop);
        printf("%-22s %12.0f %12.0f\n", "all", total, bare);
        printf("\naudit log: %.0f commits a second of %.1f entries; %.0f us each. The disk alone (%s), 64 "
               "KiB and "
               "fdatasync: %.0f us, at the 99th percentile %.0f us\n",
               b->path.commits, b->path.entries_per_commit, b->path.commit_us, b->disk.filesystem,
               b->disk.commit_us_p50, b->disk.commit_us_p99);
        printf("sent %llu, answered %llu, other %llu, lost %llu, dropped %llu; opened %llu, not CLEAR %llu\n",
               (unsigned long long)b->path.sent, (unsigned long long)b->path.answered,
               (unsigned long long)b->path.other, (unsigned long long)b->path.lost,
               (unsigned long long)b->path.dropped, (unsigned long long)b->path.opened,
               (unsigned long long)b->path.wrong);
        printf("CPU %u for the core; CPU %u for generator, audit thread and disk; load average before the "
               "start %.1f\n\n",
               b->cpu, b->load_cpu, b->load_average);
        for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
                printf("- %s\n", notes[i]);
}
