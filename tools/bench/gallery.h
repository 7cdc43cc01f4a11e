/* A large gallery in memory, and how fast one core reads and searches it. */
#pragma once

#include "matcher/shard.h"
#include "tools/bench/packet.h"

struct lf_bench_gallery {
        struct lf_shard *shard;
        size_t size;
        double read_bytes; /* a second: reading it from end to end, one core */
};

/* Before anything is made: 0, or -ENOMEM after a line with need and have. */
int lf_bench_fits(uint64_t need);
/* Builds a shard of n records, which may share their wire forms, and measures reading it. Refused with need
 * and have on stderr when memory does not suffice (-ENOMEM). */
int lf_bench_gallery(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                     struct lf_bench_gallery *ret);
void lf_bench_gallery_free(struct lf_bench_gallery *g);

/* Comparisons a second: n probes in one batch through the whole gallery, with their best 16, on `threads`
 * cores that share the blocks. Time is that of the threads' CPUs, the longest of them. 0, -ENOMEM. */
int lf_bench_search(const struct lf_bench_gallery *g, const void *const *probes, unsigned n, unsigned threads,
                    struct lf_bench_rate *ret);

/* One row of figures: its name, rate, spread and share of the limit (in rows a second). */
#include <jansson.h>
void lf_bench_row(json_t *rows, const char *name, unsigned probes, const struct lf_bench_rate *rate,
                  double limit, bool table);
