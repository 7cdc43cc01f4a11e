/* landfall bench face: how many faces one core compares, beside what its memory delivers. */
#include "tools/generate/face.h"
#include "tools/bench/bench.h"
#include "tools/bench/modality.h"
#include "tools/bench/numkong.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED    20240602
#define FACES   8192
#define PROBES  256
#define STRANGE 1000000
#define DIMS    512
#define MODEL   (&lf_generated_models[0]) /* of 512 values */
#define WIRE    (sizeof(struct lf_face_head) + 4 + DIMS)

static const char usage[] = "usage: landfall bench face [--mib 1024] [--numkong FILE] [--json]\n"
                            "\n"
                            "Searches a gallery of that size, embeddings of 512 values as int8, for 1, 64 "
                            "and 256 strangers, each with\n"
                            "its best 16. LANDFALL_ISA=scalar|avx2|avx512|amx forces an instruction set.\n"
                            "FILE: numkong.node of the npm package @numkong/linux-x64 (npm pack "
                            "@numkong/linux-x64), 7.8: its packed\n"
                            "product, without the best of any probe, is run in turn with ours.\n";

static const char *const notes[] = {
    "read_bandwidth_gb_s: the gallery read from end to end by as many cores, in as many streams as is "
    "fastest; "
    "limit: that by 512 bytes.",
    "Rates are comparisons (probe, face) a second of CPU time, of_limit by the reading of the same round; "
    "each "
    "the median of five rounds. The best 16 of each probe are kept.",
    "The gallery is made of 8,192 invented faces, each turned by another number of values for every 8,192 "
    "rows: no "
    "two rows are the same. Probes are strangers. From 64 probes on half of it is searched.",
    "Rows of two cores share the blocks between two threads, each on a core of its own, by the slower one's "
    "CPU "
    "time. "
    "Where two CPUs are one core's two threads, they share its ways to memory and its matrix unit: then "
    "against_one_core is far from 2, in two_cores, in reading alone or in probes_64_two_cores.",
    "numkong rows: its packed product on half of the gallery, packed beforehand, in calls of 1,024 rows, at "
    "which it was "
    "fastest. Of it the products alone are timed, written out as int32; of ours the search as queries have "
    "it: "
    "products, "
    "cosines, scores and the best 16 of each probe. ours_against_it: the median of fifteen turns of both, "
    "ours "
    "by its.",
    "Other work on the machine, on the same core's other thread above all, takes bandwidth, cache and the "
    "matrix "
    "unit from every figure: load_average should be near 0.",
    NULL};

static int8_t faces[FACES][DIMS];

static void make_faces(void)
{
        for (unsigned i = 0; i < FACES; i++) {
                float v[LF_FACE_DIMS_MAX], most = 0;
                lf_generate_face(MODEL, SEED, i, 0, v);
                for (unsigned k = 0; k < DIMS; k++)
                        most = fmaxf(most, fabsf(v[k]));
                for (unsigned k = 0; k < DIMS; k++)
                        faces[i][k] = (int8_t)lrintf(v[k] * (127 / most));
        }
}

/* A base face, its values moved on by as many as were made of it before. */
static uint32_t wire(unsigned i, uint8_t *ret)
{
        const struct lf_face_head head = {.model = 1, .dims = DIMS, .format = LF_FACE_INT8, .version = 1};
        const float scale = 1;
        unsigned by = i / FACES % DIMS;
        const int8_t *face = faces[i % FACES];
        memcpy(ret, &head, sizeof head);
        ret += sizeof head;
        memcpy(ret, &scale, sizeof scale);
        ret += sizeof scale;
        memcpy(ret, face + by, DIMS - by);
        memcpy(ret + DIMS - by, face, by);
        return WIRE;
}

static void *probe_of(unsigned i)
{
        float v[LF_FACE_DIMS_MAX];
        uint8_t form[LF_FACE_WIRE_MAX];
        lf_generate_face(MODEL, SEED, STRANGE + i, 0, v);
        uint32_t size = lf_generate_face_wire(MODEL, v, form);
        ((struct lf_face_head *)form)->model = 1;
        return lf_bench_probe(LF_MODALITY_FACE, form, size);
}

static const struct {
        const char *name;
        unsigned probes, threads, part;
} kinds[] = {{"probes_1", 1, 1, 1},     {"probes_8", 8, 1, 1},  {"probes_64", 64, 1, 2},
             {"probes_256", 256, 1, 2}, {"two_cores", 1, 2, 1}, {"probes_64_two_cores", 64, 2, 2}};

/* NumKong's rows: half of the gallery, which takes as much memory again. */
static int compare(const struct lf_bench_gallery *g, const char *numkong, void *const *probe, bool table,
                   json_t *ret)
{
        static const struct {
                const char *name;
                unsigned probes;
        } peers[] = {{"numkong_64", 64}, {"numkong_256", 256}};
        struct lf_numkong *k;
        int r = lf_numkong_open(numkong, faces[0], sizeof faces, g->shard->rows / 2, DIMS, &k);
        if (r < 0)
                return r;
        for (unsigned i = 0; r == 0 && i < sizeof peers / sizeof *peers; i++) {
                struct lf_bench_query q = {(const void *const *)probe, peers[i].probes, 1, 2};
                r = lf_numkong_compare(k, g, &q, peers[i].name, table, ret);
        }
        lf_numkong_close(k);
        return r;
}

static int rows(const struct lf_bench_gallery *g, const char *numkong, bool table, json_t *ret)
{
        int r = 0;
        void *probe[PROBES] = {NULL};
        for (unsigned i = 0; i < PROBES; i++) {
                probe[i] = probe_of(i);
                r = probe[i] ? r : -ENOMEM;
        }
        for (unsigned k = 0; r == 0 && k < sizeof kinds / sizeof *kinds; k++) {
                struct lf_bench_query q = {(const void *const *)probe, kinds[k].probes, kinds[k].threads,
                                           kinds[k].part};
                struct lf_bench_scan scan;
                r = lf_bench_search(g, &q, &scan);
                if (r == 0)
                        lf_bench_row(ret, kinds[k].name, &q, &scan, table);
        }
        if (r == 0 && numkong)
                r = compare(g, numkong, probe, table, ret);
        for (unsigned i = 0; i < PROBES; i++)
                free(probe[i]);
        return r;
}

int lf_bench_face(int argc, char **argv)
{
        static const struct lf_bench_course course = {.name = "face",
                                                      .usage = usage,
                                                      .peer = true,
                                                      .modality = LF_MODALITY_FACE,
                                                      .row_bytes = DIMS,
                                                      .wire_max = WIRE,
                                                      .wire = wire,
                                                      .rows = rows,
                                                      .notes = notes};
        make_faces();
        return lf_bench_course(&course, argc, argv);
}
