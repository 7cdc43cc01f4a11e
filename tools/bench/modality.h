/* The course of `landfall bench iris` and `landfall bench face`: options, gallery, rows, output. */
#pragma once

#include "tools/bench/gallery.h"

#include <jansson.h>

struct lf_bench_course {
        const char *name, *usage;
        bool peer; /* --numkong is for it */
        enum lf_modality modality;
        unsigned row_bytes; /* what the limit counts for a row */
        unsigned wires;     /* different records, which a gallery repeats; 0: all differ */
        size_t wire_max;
        uint32_t (*wire)(unsigned i, uint8_t *ret); /* record i */
        /* `numkong`: NULL, or the library to run beside. */
        int (*rows)(const struct lf_bench_gallery *g, const char *numkong, bool table, json_t *rows);
        const char *const *notes; /* ends with NULL */
};
int lf_bench_course(const struct lf_bench_course *c, int argc, char **argv);

/* A prepared probe, for free(); NULL: no memory. */
void *lf_bench_probe(enum lf_modality modality, const void *wire, size_t size);
