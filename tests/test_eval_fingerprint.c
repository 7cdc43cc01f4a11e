/* landfall eval fingerprint: counts the pairs, measures their rates, and says what is wrong with a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/data.h"
#include "tests/finger_make.h"
#include "tools/eval/eval.h"
#include "tools/eval/rates.h"

static char folder[] = "/tmp/landfall-test-XXXXXX";

static void write_record(const char *name, const struct lf_fmr *f)
{
        static uint8_t wire[64 * 1024];
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        size_t size = fmr_write(f, wire);
        assert_int_equal(fwrite(wire, 1, size, out), size);
        fclose(out);
}

/* Runs the command with stdout in a file; returns its status, and its text (to be freed). */
static int run(int argc, char **argv, char **ret_text)
{
        char path[] = "/tmp/landfall-test-out-XXXXXX";
        int out = mkstemp(path), saved = dup(1);
        assert_true(out >= 0 && saved >= 0);
        unlink(path);
        fflush(stdout);
        dup2(out, 1);
        int status = lf_eval_fingerprint(argc, argv);
        fflush(stdout);
        dup2(saved, 1);
        close(saved);
        off_t size = lseek(out, 0, SEEK_END);
        *ret_text = calloc(1, (size_t)size + 1);
        assert_int_equal(pread(out, *ret_text, (size_t)size, 0), size);
        close(out);
        return status;
}

static json_t *run_json(int argc, char **argv)
{
        char *text;
        assert_int_equal(run(argc, argv, &text), 0);
        json_t *j = json_loads(text, 0, NULL);
        assert_non_null(j);
        free(text);
        return j;
}

static double value(const json_t *o, const char *key)
{
        json_t *v = json_object_get(o, key);
        assert_true(json_is_number(v));
        return json_number_value(v);
}

static void measures_a_folder(void **state)
{
        struct lf_fmr *f = calloc(1, sizeof *f);
        assert_non_null(mkdtemp(folder));
        for (unsigned finger = 1; finger <= 4; finger++) {
                for (unsigned impression = 1; impression <= 3; impression++) {
                        struct finger one = finger_make(100 + finger);
                        struct finger_placement p = finger_placement_any(10 * finger + impression);
                        char name[64];
                        finger_record(&one, &p, LF_FMR_ISO_2005, f);
                        if (finger == 4 && impression == 3)
                                f->view[0].n = 0; /* an image that the extractor refused */
                        snprintf(name, sizeof name, "%u_%u.iso", finger, impression);
                        write_record(name, f);
                }
        }
        write_record("notes.iso", f);
        free(f);
        char curve[300];
        snprintf(curve, sizeof curve, "%s/curve.svg", folder);
        char *argv[] = {"fingerprint", "--json", folder, "--det", curve, NULL};
        json_t *j = run_json(5, argv);
        const json_t *dir = json_array_get(json_object_get(j, "directories"), 0),
                     *mean = json_object_get(j, "mean");
        assert_string_equal(json_string_value(json_object_get(dir, "dir")), folder);
        assert_int_equal(value(dir, "genuine"), 12);
        assert_int_equal(value(dir, "impostor"), 54);
        assert_int_equal(value(dir, "failures"), 1);
        assert_int_equal(value(mean, "genuine"), 12);
        /* Two of twelve genuine pairs hold the empty record. */
        assert_true(fabs(value(dir, "fnmr_at_fmr_1e2") - 2 / 12.0) < 1e-4);
        assert_true(fabs(value(dir, "fnmr_at_fmr_1e3") - 2 / 12.0) < 1e-4);
        assert_true(value(mean, "eer") > 0.05 && value(mean, "eer") < 0.6);
        /* The empty record's own search finds nothing, and no other finds it. */
        const json_t *search = json_object_get(j, "identification"), *pooled = json_object_get(j, "pooled");
        assert_int_equal(value(search, "searches"), 12);
        assert_int_equal(value(search, "mates"), 20);
        assert_true(fabs(value(search, "rank1") - 11 / 12.0) < 1e-4);
        assert_true(fabs(value(search, "fnir_at_fpir_1e2") - 1 / 12.0) < 1e-4);
        assert_true(value(search, "first_stage_loss") == 0 && value(search, "first_stage_kept") == 1);
        assert_true(fabs(value(pooled, "fnmr_at_fmr_1e3") - 2 / 12.0) < 1e-4);
        assert_int_equal(value(pooled, "impostor"), 54);
        assert_int_equal(json_array_size(json_object_get(j, "calibration")), 3);
        json_decref(j);
        static char svg[64 * 1024];
        test_file(folder, "curve.svg", svg, sizeof svg - 1);
        assert_ptr_equal(strstr(svg, "<svg "), svg);
        assert_non_null(strstr(svg, "<polyline"));
        assert_non_null(strstr(svg, "all together"));
        assert_non_null(strstr(svg, "</svg>"));
        char *text;
        char *table[] = {"fingerprint", folder, NULL};
        assert_int_equal(run(2, table, &text), 0);
        assert_non_null(strstr(text, "fnmr@fmr 1e-3"));
        free(text);
        char command[128];
        snprintf(command, sizeof command, "rm -r %s", folder);
        assert_int_equal(system(command), 0);
}

/* What a score claims is what strangers do, within a factor of two. */
static void claims_hold(const json_t *checks, double pairs)
{
        assert_int_equal(json_array_size(checks), 3);
        for (unsigned i = 0; i < 3; i++) {
                const json_t *c = json_array_get(checks, i);
                double claimed = value(c, "claimed"), measured = value(c, "measured");
                print_message("claimed %g, measured %.3g (%.3g .. %.3g) of %.0f pairs\n", claimed, measured,
                              value(c, "low"), value(c, "high"), value(c, "pairs"));
                assert_true(value(c, "pairs") == pairs);
                assert_true(value(c, "low") <= measured && measured <= value(c, "high"));
                if (claimed >= 1e-3) /* of 1e-4 there are too few to say */
                        assert_true(measured >= claimed / 2 && measured <= claimed * 2);
        }
}

static void says_what_is_wrong(void **state)
{
        char *text;
        char *none[] = {"fingerprint", NULL}, *help[] = {"fingerprint", "--help", NULL},
             *option[] = {"fingerprint", "--fast", NULL},
             *missing[] = {"fingerprint", "/nowhere/at/all", NULL};
        assert_int_equal(run(1, none, &text), 2);
        free(text);
        assert_int_equal(run(2, option, &text), 2);
        free(text);
        assert_int_equal(run(2, missing, &text), 1);
        assert_string_equal(text, "");
        free(text);
        assert_int_equal(run(2, help, &text), 0);
        assert_non_null(strstr(text, "usage"));
        free(text);
        char empty[] = "/tmp/landfall-test-XXXXXX";
        assert_non_null(mkdtemp(empty));
        char *nothing[] = {"fingerprint", empty, NULL};
        assert_int_equal(run(2, nothing, &text), 1);
        free(text);
        rmdir(empty);
}

static void rates_are_those_of_small_lists(void **state)
{
        float genuine[] = {9, 8, 7, 2}, impostor[] = {1, 3, 2.5f, 0};
        struct lf_scores g = {genuine, 4, 4}, i = {impostor, 4, 4};
        struct lf_rates r = lf_rates_of(&g, &i);
        assert_true(r.eer == 0.25);
        assert_true(r.fnmr_1e3 == 0.25);
        float same[] = {1, 1, 1, 1}, too[] = {1, 1, 1, 1};
        g = (struct lf_scores){same, 4, 4};
        i = (struct lf_scores){too, 4, 4};
        r = lf_rates_of(&g, &i);
        assert_true(r.fnmr_1e2 == 1);
        assert_true(r.eer >= 0.5);
}

static void public_databases_meet_the_promised_error_rate(void **state)
{
        static const char *const databases[] = {"fvc2002/DB1_B", "fvc2002/DB3_B", "fvc2004/DB2_B",
                                                "fvc2004/DB4_B"};
        const char *data = test_data();
        if (!data)
                return;
        char path[4][4352], *argv[] = {"fingerprint", path[0], path[1], path[2], path[3], "--json", NULL};
        for (unsigned i = 0; i < 4; i++)
                snprintf(path[i], sizeof path[i], "%s/fingerprint/secugen/%s", data, databases[i]);
        json_t *j = run_json(6, argv);
        const json_t *mean = json_object_get(j, "mean");
        print_message("mean EER %.4f, FNMR at FMR 1e-3 %.4f\n", value(mean, "eer"),
                      value(mean, "fnmr_at_fmr_1e3"));
        assert_true(value(mean, "eer") <= 0.036);
        assert_true(value(mean, "fnmr_at_fmr_1e3") <= 0.10);
        for (unsigned i = 0; i < 4; i++) {
                const json_t *dir = json_array_get(json_object_get(j, "directories"), i);
                assert_int_equal(value(dir, "genuine"), 280);
                assert_int_equal(value(dir, "impostor"), 2880);
        }
        const json_t *search = json_object_get(j, "identification"), *pooled = json_object_get(j, "pooled");
        print_message("rank-1 %.4f, FNIR at FPIR 1e-2 %.4f; first stage keeps %.3f, loses %.4f\n",
                      value(search, "rank1"), value(search, "fnir_at_fpir_1e2"),
                      value(search, "first_stage_kept"), value(search, "first_stage_loss"));
        assert_int_equal(value(search, "searches"), 320);
        assert_true(value(search, "rank1") >= 0.98 && value(search, "fnir_at_fpir_1e2") <= 0.03);
        assert_true(value(search, "first_stage_kept") <= 0.051 && value(search, "first_stage_loss") <= 0.03);
        assert_true(value(pooled, "fnmr_at_fmr_1e3") <= 0.10);
        assert_true(value(pooled, "fnmr_at_fmr_1e4") >= value(pooled, "fnmr_at_fmr_1e3"));
        claims_hold(json_object_get(j, "calibration"), 320 * 319 / 2 - 4 * 280);
        claims_hold(json_object_get(j, "calibration_within"), 4 * 2880);
        json_decref(j);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(measures_a_folder),
            cmocka_unit_test(says_what_is_wrong),
            cmocka_unit_test(rates_are_those_of_small_lists),
            cmocka_unit_test(public_databases_meet_the_promised_error_rate),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
