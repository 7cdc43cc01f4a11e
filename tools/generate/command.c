/* landfall generate: invented fingers, irises, faces and people. */
#include "tools/commands.h"
#include "tools/generate/generate.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: landfall generate travellers DIR [--seed N] [--count 10] [--strangers 2] [--captures 1]\n"
    "       landfall generate irises FILE|- [--seed N] [--count 1000] [--eyes 2] [--capture 0]\n"
    "       landfall generate faces FILE|- [--seed N] [--count 1000] [--capture 0] [--model 1] [--dims 512]\n"
    "                         [--int8] [--mate 0.70,0.08] [--other 0.05,0.06]\n"
    "       landfall generate fingers DIR [--seed N] [--count 10] [--impressions 8]\n"
    "       landfall generate people FILE [--seed N] [--count 1000]\n"
    "\n"
    "travellers: whole people. DIR/gallery/MODALITY.records are fingers, both eyes, faces and names of "
    "--count\n"
    "enrolled people, under one reference each, for `landfall feed add --records`; "
    "DIR/probes/NUMBER_CAPTURE.iso,\n"
    ".iris and .face are later captures of them and of strangers; DIR/travellers.tsv says who is who.\n"
    "irises, faces: records alone, as a stream of any length; capture 0 is the enrolment, others are mates "
    "of\n"
    "it. --int8: embeddings as bytes, a quarter as long. --mate and --other: mean and deviation of the "
    "cosine of two captures of one person, and of two "
    "people.\n"
    "fingers: DIR/FINGER_IMPRESSION.iso (ISO/IEC 19794-2:2005). people: a list in the columns of OFAC's\n"
    "sdn.csv. All of it is invented, and the same for the same seed (default 1).\n"
    "--json: what was made, for programs; not with a stream to -.\n";

struct arguments {
        uint64_t seed, count, capture;
        unsigned impressions, captures, strangers, eyes;
        bool bytes;
        struct lf_generated_model model;
};

static int bad(const char *option, const char *value, const char *want)
{
        fprintf(stderr, "landfall generate: --%s %s: %s\n", option, value, want);
        return -EINVAL;
}

static int whole(const char *option, const char *value, uint64_t least, uint64_t most, uint64_t *ret)
{
        char *end;
        errno = 0;
        *ret = strtoull(value, &end, 0);
        if (*value < '0' || *value > '9' || *end || errno || *ret < least || *ret > most)
                return bad(option, value, "a whole number in range is wanted");
        return 0;
}

static int spread(const char *option, const char *value, float *ret_mean, float *ret_deviation)
{
        char more;
        if (sscanf(value, "%f,%f%c", ret_mean, ret_deviation, &more) != 2 || !(*ret_mean >= 0) ||
            !(*ret_mean < 1) || !(*ret_deviation > 0) || !(*ret_deviation < 1))
                return bad(option, value, "MEAN,DEVIATION are wanted, of cosines from 0 to 1");
        return 0;
}

static int take(int c, const char *name, const char *value, struct arguments *a)
{
        uint64_t n = 0;
        int r;
        switch (c) {
        case 's':
                return whole(name, value, 0, UINT64_MAX, &a->seed);
        case 'c':
                return whole(name, value, 1, 1ull << 32, &a->count);
        case 'C':
                return whole(name, value, 0, 999, &a->capture);
        case 'M':
                return spread(name, value, &a->model.mate, &a->model.mate_deviation);
        case 'O':
                return spread(name, value, &a->model.other, &a->model.other_deviation);
        case 'b':
                a->bytes = true;
                return 0;
        case 'i':
                r = whole(name, value, 1, 1000, &n);
                a->impressions = (unsigned)n;
                return r;
        case 'p':
                r = whole(name, value, 0, 999, &n);
                a->captures = (unsigned)n;
                return r;
        case 'S':
                r = whole(name, value, 0, 1000000, &n);
                a->strangers = (unsigned)n;
                return r;
        case 'e':
                r = whole(name, value, 1, LF_IRIS_MAX, &n);
                a->eyes = (unsigned)n;
                return r;
        case 'm':
                r = whole(name, value, 1, UINT32_MAX, &n);
                a->model.model = (uint32_t)n;
                return r;
        default:
                r = whole(name, value, LF_FACE_DIMS_MIN, LF_FACE_DIMS_MAX, &n);
                a->model.dims = (uint16_t)n;
                return r;
        }
}

/* What the generator can make: see tools/generate/face.h. */
static int check_model(const struct lf_generated_model *m)
{
        double least = (1 - (double)m->other) / sqrt(m->dims);
        if (m->mate <= m->other) {
                fprintf(stderr, "landfall generate: mates must be more alike than others\n");
                return -EINVAL;
        }
        if ((double)m->other_deviation < least * 0.999) {
                fprintf(stderr,
                        "landfall generate: cosines of others in %u dimensions deviate by %.3f at least\n",
                        m->dims, least);
                return -EINVAL;
        }
        return 0;
}

static int stream(const char *what, const char *where, const struct arguments *a)
{
        bool out = strcmp(where, "-") == 0;
        FILE *f = out ? stdout : fopen(where, "we");
        if (!f)
                return -errno;
        uint64_t count = a->count ? a->count : 1000;
        int r = strcmp(what, "irises") == 0
                    ? lf_generate_iris_records(f, a->seed, count, a->capture, a->eyes)
                    : lf_generate_face_records(f, &a->model, a->seed, count, a->capture, a->bytes);
        if ((out ? fflush(f) : fclose(f)) != 0 && r == 0)
                r = -errno;
        return r;
}

static int generate(const char *what, const char *where, const struct arguments *a)
{
        struct lf_generated_crowd crowd = {.seed = a->seed,
                                           .people = (unsigned)(a->count ? a->count : 10),
                                           .strangers = a->strangers,
                                           .captures = a->captures};
        if (strcmp(what, "irises") == 0 || strcmp(what, "faces") == 0)
                return stream(what, where, a);
        if (a->count > 10000000) {
                fprintf(stderr, "landfall generate: --count of %s is 10,000,000 at most\n", what);
                return -EINVAL;
        }
        if (strcmp(what, "travellers") == 0)
                return lf_generate_travellers(where, &crowd);
        if (strcmp(what, "fingers") == 0)
                return lf_generate_fingers(where, a->seed, crowd.people, a->impressions);
        return lf_generate_people(where, a->seed, (unsigned)(a->count ? a->count : 1000));
}

int lf_cmd_generate(int argc, char **argv)
{
        static const struct option options[] = {
            {"seed", 1, 0, 's'},     {"count", 1, 0, 'c'},     {"impressions", 1, 0, 'i'},
            {"captures", 1, 0, 'p'}, {"strangers", 1, 0, 'S'}, {"eyes", 1, 0, 'e'},
            {"capture", 1, 0, 'C'},  {"model", 1, 0, 'm'},     {"dims", 1, 0, 'd'},
            {"mate", 1, 0, 'M'},     {"other", 1, 0, 'O'},     {"json", 0, 0, 'j'},
            {"int8", 0, 0, 'b'},     {"help", 0, 0, 'h'},      {0}};
        static const char *const kinds[] = {"travellers", "irises", "faces", "fingers", "people"};
        struct arguments a = {.seed = 1,
                              .impressions = 8,
                              .captures = 1,
                              .strangers = 2,
                              .eyes = 2,
                              .model = lf_generated_models[0]};
        int index = 0;
        bool json = false;
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "h", options, &index)) != -1;) {
                if (c == 'h') {
                        fputs(help, stdout);
                        return LF_EXIT_OK;
                }
                if (c == 'j') {
                        json = true;
                        continue;
                }
                if (c == '?' || take(c, options[index].name, optarg, &a) < 0)
                        return LF_EXIT_USAGE;
        }
        if (argc - optind != 2) {
                fputs(help, stderr);
                return LF_EXIT_USAGE;
        }
        const char *what = argv[optind], *where = argv[optind + 1];
        unsigned kind = 0;
        while (kind < sizeof kinds / sizeof *kinds && strcmp(what, kinds[kind]) != 0)
                kind++;
        if (kind == sizeof kinds / sizeof *kinds) {
                fprintf(stderr, "landfall generate: no such kind: %s\n", what);
                return LF_EXIT_USAGE;
        }
        if (check_model(&a.model) < 0)
                return LF_EXIT_USAGE;
        if (json && strcmp(where, "-") == 0) {
                fprintf(stderr, "landfall generate: --json and a stream do not go to one place\n");
                return LF_EXIT_USAGE;
        }
        int r = generate(what, where, &a);
        if (r < 0)
                fprintf(stderr, "landfall generate: cannot write %s: %s\n", where, strerror(-r));
        else if (json) {
                json_t *j =
                    json_pack("{s:s, s:s, s:I}", "kind", what, "where", where, "seed", (json_int_t)a.seed);
                json_dumpf(j, stdout, JSON_INDENT(2));
                printf("\n");
                json_decref(j);
        }
        return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
}
