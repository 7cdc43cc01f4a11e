/* landfall bench iris: how many irises one core compares, beside what its memory delivers. */
#include "tools/generate/iris.h"
#include "tools/bench/bench.h"
#include "tools/bench/iris_loss.h"
#include "tools/bench/modality.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED    20240601
#define WIRES   8192
#define PROBES  32
#define STRANGE 1000000
#define MATES   6000

static const char usage[] =
    "usage: landfall bench iris [--mib 1024] [--json]\n"
    "\n"
    "Searches a gallery of that size for strangers: one rotation, 31 rotations exactly, in batches, and in "
    "two\n"
    "stages, each with its best 16. LANDFALL_ISA=scalar|avx2|avx512|amx forces an instruction set.\n";

static const char *const notes[] = {
    "read_bandwidth_gb_s: the gallery read from end to end by as many cores, in as many streams as is "
    "fastest; "
    "limit: that by 512 bytes, what code and mask of an iris take.",
    "Rates are comparisons (probe, iris) a second of CPU time, of_limit by the reading of the same round; "
    "each "
    "the median of five rounds. The best 16 of each probe are kept.",
    "The gallery repeats 8,192 invented irises; probes are strangers, so that no mate raises the floor. "
    "Batches "
    "search a part of it.",
    "Two stages read a quarter of the memory, which is why they may pass the limit. mates_lost: of `mates` "
    "pairs "
    "that an exact search accepts at a false-match rate of 1e-4, those that two stages do not find; "
    "share_lost_at_most bounds their share (95% confidence).",
    "Rows of two cores share one query's blocks between two threads, each on a core of its own, by the "
    "slower one's CPU time.",
    "Other work on the machine, on the same core's other thread above all, takes bandwidth, cache and the "
    "matrix "
    "unit from every figure: load_average should be near 0.",
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
        unsigned probes, threads, part;
} kinds[] = {
    {"rotation_1", 0, LF_IRIS_EXACT, 1, 1, 1},
    {"rotations_31_one_probe", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 1, 1, 1},
    {"rotations_31_batch_8", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 8, 1, 4},
    {"rotations_31_batch_32", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 32, 1, 8},
    {"rotations_31_two_stages", LF_IRIS_TURN_MAX, LF_IRIS_TWO_STAGES, 1, 1, 1},
    {"rotation_1_two_cores", 0, LF_IRIS_EXACT, 1, 2, 1},
    {"rotations_31_two_cores", LF_IRIS_TURN_MAX, LF_IRIS_EXACT, 1, 2, 1},
};

static int count_lost(json_t *row, bool table)
{
        struct lf_bench_loss l;
        int r = lf_bench_iris_loss(MATES, &l);
        if (r < 0)
                return r;
        if (table)
                printf("%34s lost %u of %u accepted mates: at most %.3f%% (95%% confidence)\n", "two stages",
                       l.lost, l.accepted, 100 * l.share_at_most);
        json_object_set_new(row, "mates", json_integer(l.accepted));
        json_object_set_new(row, "mates_lost", json_integer(l.lost));
        json_object_set_new(row, "share_lost_at_most", json_real(l.share_at_most));
        return 0;
}

static void *probe_of(unsigned i, uint8_t turn, uint8_t search)
{
        uint8_t form[LF_IRIS_WIRE_MAX];
        uint32_t size = wire(i, form);
        ((struct lf_iris_head *)form)->turn = turn;
        ((struct lf_iris_head *)form)->search = search;
        return lf_bench_probe(LF_MODALITY_IRIS, form, size);
}

static int rows(const struct lf_bench_gallery *g, const char *numkong, bool table, json_t *ret)
{
        int r = 0;
        for (unsigned k = 0; r == 0 && k < sizeof kinds / sizeof *kinds; k++) {
                void *probe[PROBES] = {NULL};
                for (unsigned i = 0; i < kinds[k].probes; i++) {
                        probe[i] = probe_of(STRANGE + i, kinds[k].turn, kinds[k].search);
                        r = probe[i] ? r : -ENOMEM;
                }
                struct lf_bench_query q = {(const void *const *)probe, kinds[k].probes, kinds[k].threads,
                                           kinds[k].part};
                struct lf_bench_scan scan;
                r = r < 0 ? r : lf_bench_search(g, &q, &scan);
                if (r == 0)
                        lf_bench_row(ret, kinds[k].name, &q, &scan, table);
                for (unsigned i = 0; i < PROBES; i++)
                        free(probe[i]);
        }
        return r < 0 ? r : count_lost(json_object_get(ret, "rotations_31_two_stages"), table);
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
