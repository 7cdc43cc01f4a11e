/* landfall bench face: how many faces one core compares, beside what its memory delivers. */
#include "tools/generate/face.h"
#include "tools/bench/bench.h"
#include "tools/bench/modality.h"

#include <errno.h>
#include <stdlib.h>

#define SEED    20240602
#define WIRES   8192
#define PROBES  256
#define STRANGE 1000000
#define MODEL   (&lf_generated_models[0]) /* 512 values */

static const char usage[] = "usage: landfall bench face [--mib 1024] [--json]\n"
                            "\n"
                            "Searches a gallery of that size, embeddings of 512 values as int8, for 1, 64 "
                            "and 256 strangers, each with\n"
                            "its best 16. LANDFALL_ISA=scalar|avx2|avx512|amx forces an instruction set.\n";

static const char *const notes[] = {
    "read_bandwidth_gb_s: the gallery read from end to end by one core, best of six; limit: that by 512 "
    "bytes.",
    "Rates are comparisons (probe, face) a second of CPU time, median of three; the best 16 of each probe "
    "are "
    "kept.",
    "The gallery repeats 8,192 invented faces; probes are strangers, so that no mate raises the floor.",
    "two_cores shares one query's blocks between two threads, by the slower one's CPU time.",
    "Other work on the machine takes bandwidth and cache from every figure: load_average should be near 0.",
    NULL};

static uint32_t wire(unsigned i, uint8_t *ret)
{
        float v[LF_FACE_DIMS_MAX];
        lf_generate_face(MODEL, SEED, i, 0, v);
        return lf_generate_face_wire(MODEL, v, ret);
}

static const struct {
        const char *name;
        unsigned probes, threads;
} kinds[] = {{"probes_1", 1, 1},
             {"probes_8", 8, 1},
             {"probes_64", 64, 1},
             {"probes_256", 256, 1},
             {"two_cores", 1, 2}};

static int rows(const struct lf_bench_gallery *g, double limit, bool table, json_t *ret)
{
        int r = 0;
        void *probe[PROBES] = {NULL};
        uint8_t form[LF_FACE_WIRE_MAX];
        for (unsigned i = 0; i < PROBES; i++) {
                probe[i] = lf_bench_probe(LF_MODALITY_FACE, form, wire(STRANGE + i, form));
                r = probe[i] ? r : -ENOMEM;
        }
        for (unsigned k = 0; r == 0 && k < sizeof kinds / sizeof *kinds; k++) {
                struct lf_bench_rate rate;
                r = lf_bench_search(g, (const void *const *)probe, kinds[k].probes, kinds[k].threads, &rate);
                if (r == 0)
                        lf_bench_row(ret, kinds[k].name, kinds[k].probes, &rate, limit, table);
        }
        for (unsigned i = 0; i < PROBES; i++)
                free(probe[i]);
        return r;
}

int lf_bench_face(int argc, char **argv)
{
        static const struct lf_bench_course course = {.name = "face",
                                                      .usage = usage,
                                                      .modality = LF_MODALITY_FACE,
                                                      .row_bytes = 512,
                                                      .wires = WIRES,
                                                      .wire_max = LF_FACE_WIRE_MAX,
                                                      .wire = wire,
                                                      .rows = rows,
                                                      .notes = notes};
        return lf_bench_course(&course, argc, argv);
}
