/* The figures of one `landfall bench packet`. Rates are per second, times of day in ISO 8601. */
#pragma once

#include "dataplane/counters.h"
#include "tools/bench/disk.h"

#include <stdbool.h>

#define LF_BENCH_REPEATS 3

/* Repeated; median, and how far the repeats lie apart: (largest - smallest) / median. */
struct lf_bench_rate {
        double each[LF_BENCH_REPEATS], median, spread;
};

/* One program under load. */
struct lf_bench_load {
        struct lf_bench_rate queries; /* answered, per second */
        double busy;                  /* share of the core's time in which it found work */
        double generator_busy;
        double stage[LF_STAGE_COUNT]; /* cycles for an answered query */
        double loop;                  /* the same, in no stage: the polling loop and the cores' hand-over */
        uint64_t answered, lost, notices, opened, wrong, drops; /* over all repeats */
        double p50_us, p99_us;                                  /* of the median repeat */
        double commits, entries_per_commit, commit_us;          /* commits per second */
};

struct lf_bench_packet {
        struct lf_bench_load path, without_audit;
        struct lf_bench_rate echo;
        double echo_busy, echo_limit; /* what the echo's core would do if it were always busy */
        double open_seal_ns;
        double limit;
        struct lf_disk_figures disk;
        double tsc_hz;
        unsigned cpu, load_cpu;
        uint32_t sessions, window, burst;
        double seconds;
        char isa[32];
};

void lf_bench_packet_json(const struct lf_bench_packet *b);
void lf_bench_packet_table(const struct lf_bench_packet *b);
