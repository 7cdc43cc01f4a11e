/* The figures of one `landfall bench packet`, and what measures them. Rates are per second. */
#pragma once

#include "dataplane/counters.h"
#include "tools/bench/disk.h"
#include "tools/bench/site.h"

#define LF_BENCH_REPEATS 3

/* Repeated; median, and how far the repeats lie apart: (largest - smallest) / median. */
struct lf_bench_rate {
        double each[LF_BENCH_REPEATS], median, spread;
};
void lf_bench_settle(struct lf_bench_rate *r);

/* One program under load. */
struct lf_bench_load {
        struct lf_bench_rate queries; /* answered, per second */
        double busy;                  /* share of the core's time in which it found work */
        double generator_busy;
        double stage[LF_STAGE_COUNT]; /* cycles for an answered query */
        double loop;                  /* the same, in no stage: the polling loop itself */
        /* over all repeats: sent = answered + other + lost, but for answers that came after they were given
         * up; those that were opened, and not CLEAR; named drops */
        uint64_t sent, answered, other, lost, opened, wrong, dropped;
        double p50_us, p99_us;                         /* of the median repeat */
        double commits, entries_per_commit, commit_us; /* commits per second */
};

struct lf_bench_packet {
        /* what to do */
        struct lf_traffic_options traffic;
        uint32_t window; /* queries in flight */
        double seconds;  /* of a repeat */
        unsigned cpu, load_cpu;
        /* what came of it */
        struct lf_bench_load path, without_audit;
        struct lf_bench_rate echo;
        double echo_busy, echo_limit; /* the limit: what its core would do if it were always busy */
        double open_seal_ns;
        double limit;
        struct lf_disk_figures disk;
        uint32_t burst;
        double tsc_hz;
        double load_average; /* of the machine, before the start */
        char isa[32];
};

/* Each -errno, said on standard error. */
int lf_bench_open_seal(struct lf_bench_packet *b);
int lf_bench_echo(const struct lf_site_dirs *d, struct lf_bench_packet *b);
/* Fills in tsc_hz and isa, too. */
int lf_bench_program(const char *program, const struct lf_site_dirs *d, struct lf_bench_packet *b,
                     struct lf_bench_load *ret);

void lf_bench_packet_json(const struct lf_bench_packet *b);
void lf_bench_packet_table(const struct lf_bench_packet *b);
