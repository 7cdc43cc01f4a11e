/* landfall eval iris, face and fusion: what they print, that claimed rates are kept on what was not used for
 * calibrating, and what they refuse. On invented data; faces on the data folder, too, where it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/data.h"
#include "tools/eval/eval.h"
#include "tools/generate/generate.h"

#define SEED 90210

static char dir[] = "/tmp/landfall-eval.XXXXXX";

static const char *data; /* the data folder, or NULL */
#define PEOPLE 500

/* Runs a command; what it printed as JSON in *ret. Its exit status. */
static int run(int (*command)(int, char **), const char *const *args, json_t **ret)
{
        char *argv[16] = {NULL};
        int argc = 0, out = dup(1), status;
        for (; args[argc]; argc++)
                argv[argc] = (char *)args[argc];
        fflush(stdout);
        assert_non_null(freopen("out", "w", stdout));
        status = command(argc, argv);
        fflush(stdout);
        dup2(out, 1);
        close(out);
        *ret = json_load_file("out", 0, NULL);
        return status;
}

static double number(const json_t *j, const char *key)
{
        const json_t *v = json_object_get(j, key);
        if (!json_is_number(v))
                fail_msg("no number \"%s\"", key);
        return json_number_value(v);
}

static void kept(const char *what, double claimed, double measured)
{
        printf("%s: claimed %.1e, measured %.2e\n", what, claimed, measured);
        assert_true(measured < 2 * claimed && measured > claimed / 2);
}

/* Other irises than those that the calibration was made of. */
static void iris_with(unsigned eyes, const char *what)
{
        json_t *j;
        for (unsigned capture = 0; capture < 2; capture++) {
                FILE *f = fopen(capture ? "probes" : "gallery", "w");
                assert_non_null(f);
                assert_int_equal(lf_generate_iris_records(f, SEED, PEOPLE, capture, eyes), 0);
                fclose(f);
        }
        const char *args[] = {"iris", "--gallery", "gallery", "--probes", "probes", "--json", NULL};
        assert_int_equal(run(lf_eval_iris, args, &j), 0);
        assert_int_equal(number(j, "mates"), PEOPLE);
        assert_int_equal(number(j, "others"), PEOPLE * (PEOPLE - 1));
        kept(what, 1e-3, number(j, "fmr_at_claimed_1e3"));
        printf("  missed at 1e-4: %.4f; lost by two stages: %.0f of %.0f\n", number(j, "fnmr_at_fmr_1e4"),
               number(j, "lost_by_two_stages"), number(j, "accepted_at_1e4"));
        assert_true(number(j, "fnmr_at_fmr_1e4") < 0.03);
        assert_true(number(j, "lost_by_two_stages") <= number(j, "accepted_at_1e4") / 500);
        json_decref(j);
}

static void one_eye(void **state)
{
        iris_with(1, "iris, one eye");
}

static void both_eyes(void **state)
{
        iris_with(2, "iris, both eyes");
}

/* Three captures each of so many people, of two models, and who they are. */
static void write_faces(unsigned people, const struct lf_generated_model model[2])
{
        FILE *f[2] = {fopen("first", "w"), fopen("second", "w")}, *l = fopen("labels", "w");
        assert_true(f[0] && f[1] && l);
        fprintf(l, "row,subject\n");
        for (unsigned i = 0; i < 3 * people; i++) {
                for (unsigned m = 0; m < 2; m++) {
                        float v[LF_FACE_DIMS_MAX];
                        lf_generate_face(&model[m], SEED, i / 3, i % 3, v);
                        fwrite(v, sizeof *v, model[m].dims, f[m]);
                }
                fprintf(l, "%u,%u\n", i, i / 3);
        }
        fclose(f[0]);
        fclose(f[1]);
        fclose(l);
}

static json_t *face(const char *embeddings, const char *dims, const char *labels)
{
        json_t *j;
        const char *args[] = {"face",     "--embeddings", embeddings, "--dim", dims,
                              "--labels", labels,         "--json",   NULL};
        assert_int_equal(run(lf_eval_face, args, &j), 0);
        assert_true(number(j, "rank1") > 0 && number(j, "rank1") <= 1);
        assert_true(number(j, "fnmr_at_fmr_1e2") <= number(j, "fnmr_at_fmr_1e3"));
        assert_true(fabs(number(j, "fnmr_at_fmr_1e3") - number(j, "float_fnmr_at_fmr_1e3")) < 0.005);
        assert_true(number(j, "rank1") > number(j, "float_rank1") - 0.005);
        assert_true(fabs(number(j, "rotated_rank1") - number(j, "float_rank1")) < 0.0015);
        return j;
}

static void faces(void **state)
{
        write_faces(150, lf_generated_models);
        json_t *good = face("first", "512", "labels"), *weak = face("second", "128", "labels");
        kept("face, model 1", 1e-3, number(good, "fmr_at_claimed_1e3"));
        kept("face, model 2", 1e-3, number(weak, "fmr_at_claimed_1e3"));
        assert_true(number(good, "fnmr_at_fmr_1e3") < number(weak, "fnmr_at_fmr_1e3"));
        assert_int_equal(number(good, "rows"), 450);
        json_decref(good);
        json_decref(weak);
}

static void faces_of_the_data_folder(void **state)
{
        char first[4200], labels[4200];
        if (!data)
                return;
        snprintf(first, sizeof first, "%s/face/embeddings128.f32", data);
        snprintf(labels, sizeof labels, "%s/face/labels.csv", data);
        json_t *good = face(first, "128", labels);
        printf("rank 1 %.4f, missed at 1e-2 %.4f, at 1e-3 %.4f\n", number(good, "rank1"),
               number(good, "fnmr_at_fmr_1e2"), number(good, "fnmr_at_fmr_1e3"));
        assert_true(number(good, "rank1") >= 0.95);
        assert_true(number(good, "fnmr_at_fmr_1e3") < 0.09);
        for (size_t h = 0; h < 2; h++)
                kept("face, half of the data folder", 1e-3,
                     json_real_value(json_array_get(json_object_get(good, "fmr_at_claimed_1e3_halves"), h)));
        json_decref(good);
}

static void two_invented_models_fused(void **state)
{
        static const struct lf_generated_model poor[2] = {{.model = 1,
                                                           .dims = 128,
                                                           .mate = 0.5f,
                                                           .mate_deviation = 0.12f,
                                                           .other = 0.05f,
                                                           .other_deviation = 0.12f},
                                                          {.model = 2,
                                                           .dims = 64,
                                                           .mate = 0.45f,
                                                           .mate_deviation = 0.12f,
                                                           .other = 0.05f,
                                                           .other_deviation = 0.13f}};
        json_t *j;
        write_faces(150, poor);
        const char *args[] = {"fusion", "--embeddings", "first", "--dim",    "128",    "--second",
                              "second", "--second-dim", "64",    "--labels", "labels", "--json",
                              NULL};
        assert_int_equal(run(lf_eval_fusion, args, &j), 0);
        double alone = number(json_object_get(j, "first"), "fnmr_at_fmr_1e3"),
               fused = number(json_object_get(j, "fused"), "fnmr_at_fmr_1e3");
        printf("invented models, missed at 1e-3: %.4f alone, %.4f fused\n", alone, fused);
        assert_true(alone > 0.05 && fused < alone);
        json_decref(j);
}

static void refused(int (*command)(int, char **), const char *const *args, int status)
{
        json_t *j;
        assert_int_equal(run(command, args, &j), status);
        assert_null(j);
}

static void what_is_malformed_is_refused(void **state)
{
        write_faces(2, lf_generated_models);
        const char *first = "first", *labels = "labels";
        refused(lf_eval_face,
                (const char *[]){"face", "--embeddings", first, "--dim", "500", "--labels", labels, NULL}, 1);
        refused(lf_eval_face,
                (const char *[]){"face", "--embeddings", first, "--dim", "63", "--labels", labels, NULL}, 2);
        refused(lf_eval_face, (const char *[]){"face", "--embeddings", first, "--labels", labels, NULL}, 2);
        refused(lf_eval_face,
                (const char *[]){"face", "--embeddings", "none", "--dim", "512", "--labels", labels, NULL},
                1);
        static const float bad[] = {NAN, INFINITY};
        for (unsigned i = 0; i < 2; i++) {
                FILE *f = fopen(first, "r+");
                assert_non_null(f);
                fwrite(&bad[i], sizeof bad[i], 1, f);
                fclose(f);
                refused(
                    lf_eval_face,
                    (const char *[]){"face", "--embeddings", first, "--dim", "512", "--labels", labels, NULL},
                    1);
        }
        write_faces(2, lf_generated_models);
        FILE *f = fopen(labels, "w");
        fputs("0,0\n1,0\n1,1\n", f);
        fclose(f);
        refused(lf_eval_face,
                (const char *[]){"face", "--embeddings", first, "--dim", "512", "--labels", labels, NULL}, 1);
        /* Streams of irises: cut, empty, without mates. */
        const char *stream = "stream", *other = "other";
        f = fopen(stream, "w");
        assert_int_equal(lf_generate_iris_records(f, SEED, 3, 0, 1), 0);
        fclose(f);
        f = fopen(other, "w");
        assert_int_equal(lf_generate_iris_records(f, SEED + 1, 3, 0, 1), 0);
        fclose(f);
        refused(lf_eval_iris, (const char *[]){"iris", "--gallery", stream, "--probes", other, NULL}, 1);
        assert_int_equal(truncate(other, 100), 0);
        refused(lf_eval_iris, (const char *[]){"iris", "--gallery", stream, "--probes", other, NULL}, 1);
        assert_int_equal(truncate(other, 0), 0);
        refused(lf_eval_iris, (const char *[]){"iris", "--gallery", stream, "--probes", other, NULL}, 1);
        refused(lf_eval_iris, (const char *[]){"iris", "--gallery", stream, NULL}, 2);
}

int main(void)
{
        printf("seed %d\n", SEED);
        static char absolute[4200];
        if (test_data() && realpath(test_data(), absolute))
                data = absolute;
        if (!mkdtemp(dir) || chdir(dir) < 0)
                return 1;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_eye),
            cmocka_unit_test(both_eyes),
            cmocka_unit_test(faces),
            cmocka_unit_test(faces_of_the_data_folder),
            cmocka_unit_test(two_invented_models_fused),
            cmocka_unit_test(what_is_malformed_is_refused),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", dir);
        return system(command) != 0 || failed;
}
