/* A large gallery in memory, and how fast cores read and search it. */
#pragma once

#include "matcher/shard.h"

#include <jansson.h>

struct lf_bench_gallery {
        struct lf_shard *shard;
        size_t size;
        unsigned row_bytes; /* what the limit counts for a row */
        unsigned streams;   /* side by side, by which one core reads it fastest */
};

/* Before anything is made: 0, or -ENOMEM after a line with need and have. */
int lf_bench_fits(uint64_t need);
/* Builds a shard of n records, which may share their wire forms, and tries how it is read fastest. Refused
 * with need and have on stderr when memory does not suffice (-ENOMEM). */
int lf_bench_gallery(enum lf_modality modality, const struct lf_source_record *records, size_t n,
                     unsigned row_bytes, struct lf_bench_gallery *ret);
void lf_bench_gallery_free(struct lf_bench_gallery *g);

struct lf_bench_query {
        const void *const *probe; /* in one batch */
        unsigned probes;
        unsigned threads; /* share the blocks; several: each on a core of its own */
        unsigned part;    /* only the first of so many parts of the gallery is searched */
};

/* Medians of rounds; each round reads the whole gallery and searches it, so that whatever else the machine
 * does meets both. Times are those of threads' CPUs, the longest of them. */
struct lf_bench_scan {
        double rate;             /* comparisons a second, with each probe's best 16 */
        double spread;           /* (largest - smallest) / median */
        double read_bytes;       /* a second, by as many threads */
        double of_limit;         /* rate by the rows a second that reading alone allows */
        double against_one;      /* rate by that of one thread; with several threads */
        double read_against_one; /* the same of reading */
};
/* 0, -ENOMEM, -EAGAIN. */
int lf_bench_search(const struct lf_bench_gallery *g, const struct lf_bench_query *q,
                    struct lf_bench_scan *ret);
/* Comparisons a second, once. */
int lf_bench_search_once(const struct lf_bench_gallery *g, const struct lf_bench_query *q, unsigned threads,
                         double *ret);
/* Of n values, which it sorts; their spread, if it is wanted. */
double lf_bench_median(double *v, unsigned n, double *ret_spread);
/* One row of figures, added under its name. */
void lf_bench_row(json_t *rows, const char *name, const struct lf_bench_query *q,
                  const struct lf_bench_scan *s, bool table);
