/* landfall bench iris: how many irises one core compares, beside what its memory delivers. */
#include "tools/generate/iris.h"
#include "tools/bench/bench.h"
#include "tools/bench/modality.h"

#include <errno.h>
#include <stdlib.h>

#define SEED    20240601
#define WIRES   8192
#define PROBES  32
#define STRANGE 1000000

static const char usage[] =
    "usage: landfall bench iris [--mib 1024] [--json]\n"
    "\n"
    "Searches a gallery of that size for strangers: one rotation, 31 rotations exactly, in batches, and in "
    "two\n"
    "stages, each with its best 16. LANDFALL_ISA=scalar|avx2|avx512|amx forces an instruction set.\n";

static const char *const notes[] = {
    "read_bandwidth_gb_s: the gallery read from end to end by one core, best of six; limit: that by 512 "
    "bytes, "
    "what code and mask of an iris take.",
    "Rates are comparisons (probe, iris) a second of CPU time, median of three; the best 16 of each probe "
    "are "
    "kept.",
    "The gallery repeats 8,192 invented irises; probes are strangers, so that no mate raises the floor.",
    "two_cores shares one query's blocks between two threads, by the slower one's CPU time: beside one_probe "
    "it "
    "says what a second core adds.",
    "Other work on the machine takes bandwidth and cache from every figure: load_average should be near 0.",
    NULL};

static uint32_t wire(unsigned i, uint8_t *ret)
{
        struct lf_generated_iris iris;
        struct lf_iris_wire w;
        lf_generate_iris(SEED, i, LF_IRIS_EYE_LEFT, &iris);
        lf_generate_iris_capture(&iris, SEED, i, &w);
        return lf_generate_iris_wire(&w, 1, ret);
}

static const struct {
        const char *name;
        uint8_t turn, search;
        unsigned probes, threads;
} kinds[] = {
    {"rotation_1", 0, LF_IRIS_EXACT, 1, 1},
    {"rotations_31_one_probe", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 1, 1},
    {"rotations_31_batch_8", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 8, 1},
    {"rotations_31_batch_32", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 32, 1},
    {"rotations_31_two_stages", LF_IRIS_TURN_MAX, LF_IRIS_TWO_STAGES, 1, 1},
    {"rotations_31_two_cores", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 1, 2},
};

static int rows(const struct lf_bench_gallery *g, double limit, bool table, json_t *ret)
{
        int r = 0;
        for (unsigned k = 0; r == 0 && k < sizeof kinds / sizeof *kinds; k++) {
                void *probe[PROBES] = {NULL};
                uint8_t form[LF_IRIS_WIRE_MAX];
                for (unsigned i = 0; i < kinds[k].probes; i++) {
                        uint32_t size = wire(STRANGE + i, form);
                        ((struct lf_iris_head *)form)->turn = kinds[k].turn;
                        ((struct lf_iris_head *)form)->search = kinds[k].search;
                        probe[i] = lf_bench_probe(LF_MODALITY_IRIS, form, size);
                        r = probe[i] ? r : -ENOMEM;
                }
                struct lf_bench_rate rate;
                if (r == 0)
                        r = lf_bench_search(g, (const void *const *)probe, kinds[k].probes, kinds[k].threads,
                                            &rate);
                if (r == 0)
                        lf_bench_row(ret, kinds[k].name, kinds[k].probes, &rate, limit, table);
                for (unsigned i = 0; i < PROBES; i++)
                        free(probe[i]);
        }
        return r;
}

int lf_bench_iris(int argc, char **argv)
{
        static const struct lf_bench_course course = {.name = "iris",
                                                      .usage = usage,
                                                      .modality = LF_MODALITY_IRIS,
                                                      .row_bytes = 2 * LF_IRIS_BYTES,
                                                      .wires = WIRES,
                                                      .wire_max = LF_IRIS_WIRE_MAX,
                                                      .wire = wire,
                                                      .rows = rows,
                                                      .notes = notes};
        lf_generate_iris_init();
        return lf_bench_course(&course, argc, argv);
}
