/* landfall explain fingerprint: text, JSON and picture say the same, and the picture is well-formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/finger_make.h"
#include "tools/explain/explain.h"
#include "tools/explain/fingerprint.h"

static unsigned seed;
static char folder[] = "/tmp/landfall-test-XXXXXX";
static char path_a[64], path_b[64], path_svg[64];

static void write_record(const char *path, const struct lf_fmr *f)
{
        static uint8_t wire[64 * 1024];
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        size_t size = fmr_write(f, wire);
        assert_int_equal(fwrite(wire, 1, size, out), size);
        fclose(out);
}

static char *read_text(FILE *f)
{
        char *text = calloc(1, 1 << 20);
        assert_non_null(text);
        rewind(f);
        assert_true(fread(text, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
        return text;
}

/* Runs the command; returns its status, and what it printed (to be freed). */
static int run(int argc, char **argv, char **ret_text)
{
        FILE *out = tmpfile();
        int saved = dup(1);
        assert_true(out && saved >= 0);
        fflush(stdout);
        dup2(fileno(out), 1);
        int status = lf_explain_fingerprint(argc, argv);
        fflush(stdout);
        dup2(saved, 1);
        close(saved);
        *ret_text = read_text(out);
        fclose(out);
        return status;
}

static json_t *explained(void)
{
        char *text, *argv[] = {"fingerprint", path_a, path_b, "--svg", path_svg, "--json", NULL};
        assert_int_equal(run(6, argv, &text), 0);
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

static char *picture(void)
{
        FILE *f = fopen(path_svg, "rb");
        assert_non_null(f);
        char *text = read_text(f);
        fclose(f);
        return text;
}

static unsigned count(const char *text, const char *what)
{
        unsigned n = 0;
        for (const char *at = text; (at = strstr(at, what)); at++)
                n++;
        return n;
}

/* Elements close in the order they open, attributes are quoted, nothing is left bare. */
static void assert_well_formed(const char *s)
{
        char open[64][32];
        unsigned depth = 0, roots = 0;
        while (*s) {
                if (*s != '<') {
                        assert_true(*s != '>' && (depth > 0 || isspace((unsigned char)*s)));
                        if (*s == '&')
                                assert_true(s[1] == '#' && strspn(s + 2, "0123456789") > 0);
                        s++;
                        continue;
                }
                bool closes = *++s == '/';
                size_t name = strcspn(s += closes, " />\n");
                assert_true(name > 0 && name < 32);
                if (closes) {
                        assert_true(depth > 0 && strlen(open[depth - 1]) == name &&
                                    strncmp(open[depth - 1], s, name) == 0);
                        depth--;
                        s += name;
                        assert_true(*s++ == '>');
                        continue;
                }
                roots += depth == 0;
                assert_true(depth < 64);
                snprintf(open[depth++], 32, "%.*s", (int)name, s);
                for (s += name; *s != '>' && *s != '/';) {
                        size_t blank = strspn(s, " \n"), key = strcspn(s + blank, "=<> ");
                        assert_true(blank > 0 && key > 0);
                        s += blank + key;
                        assert_true(s[0] == '=' && s[1] == '"');
                        size_t end = strcspn(s + 2, "\"<&");
                        assert_true(s[2 + end] == '"');
                        s += 3 + end;
                }
                if (*s == '/') {
                        depth--;
                        s++;
                }
                assert_true(*s++ == '>');
        }
        assert_int_equal(depth, 0);
        assert_int_equal(roots, 1);
}

static void picture_and_json_say_the_same(void **state)
{
        struct lf_fmr *f = calloc(1, sizeof *f);
        for (unsigned i = 0; i < 5; i++) {
                struct finger one = finger_make(seed + i), other = finger_make(seed + i + (i == 4));
                struct finger_placement p = finger_placement_any(seed + i);
                finger_record(&one, &finger_straight, LF_FMR_ISO_2005, f);
                write_record(path_a, f);
                finger_record(&other, &p, LF_FMR_ANSI_2004, f); /* the last of another finger */
                write_record(path_b, f);
                json_t *j = explained(), *pairs = json_object_get(j, "pairs");
                char *svg = picture(), title[64];
                unsigned agree = (unsigned)value(j, "agree");
                assert_well_formed(svg);
                snprintf(title, sizeof title, "<title>%u minutiae agree</title>", agree);
                assert_non_null(strstr(svg, title));
                assert_int_equal(json_array_size(pairs), agree);
                assert_int_equal(count(svg, "class=\"pair\""), agree);
                assert_int_equal(count(svg, "class=\"n\""), 3 * agree);
                assert_int_equal(count(svg, "<image"), 0);
                /* The others are hollow: A's in two panels, B's in two. */
                double hollow = 2 * (value(j, "minutiae_a") + value(j, "minutiae_b")) - 4 * agree;
                assert_int_equal(count(svg, "fill=\"white\" stroke"), hollow);
                if (i < 4) {
                        assert_true(agree >= FINGER_MINUTIAE / 2);
                        assert_true(value(j, "log10_fmr") < -6);
                        double turn = (double)p.turn * 180 / M_PI;
                        assert_true(fabs(value(j, "turn_degrees") - turn) < 3);
                }
                /* Both extractors listed a finger's minutiae in one order; the false ones come first. */
                for (size_t k = 0; i < 4 && k < agree; k++) {
                        const json_t *pair = json_array_get(pairs, k);
                        if (value(pair, "a") >= p.replaced && value(pair, "b") >= p.replaced)
                                assert_int_equal(value(pair, "a"), value(pair, "b"));
                        assert_true(value(pair, "distance") < 17 && fabs(value(pair, "turn")) < 32);
                }
                free(svg);
                json_decref(j);
        }
        free(f);
}

static void the_closest_fingers_are_explained(void **state)
{
        struct lf_fmr *f = calloc(1, sizeof *f);
        struct finger one = finger_make(seed), other = finger_make(seed + 1);
        struct finger_placement p = finger_straight;
        finger_record(&one, &p, LF_FMR_ISO_2005, f);
        write_record(path_a, f);
        finger_record(&other, &p, LF_FMR_ISO_2005, f);
        finger_add(&one, &p, f);
        write_record(path_b, f);
        json_t *j = explained();
        assert_int_equal(value(j, "view_a"), 0);
        assert_int_equal(value(j, "view_b"), 1);
        assert_int_equal(value(j, "agree"), FINGER_MINUTIAE);
        json_decref(j);

        /* Positions that are known and differ are not compared. */
        char *text, *argv[] = {"fingerprint", path_a, path_b, NULL};
        p.position = 2;
        finger_record(&one, &p, LF_FMR_ISO_2005, f);
        write_record(path_a, f);
        p.position = 7;
        finger_record(&one, &p, LF_FMR_ISO_2005, f);
        write_record(path_b, f);
        assert_int_equal(run(3, argv, &text), 1);
        assert_string_equal(text, "");
        free(text);
        free(f);
}

static void poor_records_are_not_explained(void **state)
{
        struct lf_fmr *f = calloc(1, sizeof *f);
        struct finger one = finger_make(seed);
        char *text, *argv[] = {"fingerprint", path_a, path_b, "--svg", path_svg, NULL};
        finger_record(&one, &finger_straight, LF_FMR_ISO_2005, f);
        write_record(path_a, f);
        for (unsigned n = 0; n <= 2; n++) {
                f->view[0].n = (uint16_t)n;
                write_record(path_b, f);
                remove(path_svg);
                assert_int_equal(run(5, argv, &text), 1);
                assert_string_equal(text, "");
                assert_int_not_equal(access(path_svg, F_OK), 0);
                free(text);
        }
        FILE *out = fopen(path_b, "wb");
        fputs("no record", out);
        fclose(out);
        assert_int_equal(run(5, argv, &text), 1);
        free(text);
        remove(path_b);
        assert_int_equal(run(5, argv, &text), 1);
        free(text);
        char *half[] = {"fingerprint", path_a, NULL},
             *none[] = {"fingerprint", path_a, path_b, "--picture", NULL};
        assert_int_equal(run(2, half, &text), 2);
        free(text);
        assert_int_equal(run(4, none, &text), 2);
        free(text);
        free(f);
}

/* Names come from the command line: they are text in the picture, never markup. */
static void names_are_plain_text(void **state)
{
        static uint8_t wire[64 * 1024];
        struct lf_fmr *f = calloc(1, sizeof *f);
        struct finger one = finger_make(seed);
        finger_record(&one, &finger_straight, LF_FMR_ISO_2005, f);
        size_t n = fmr_write(f, wire), sizes[2] = {n, n};
        const char *names[2] = {"</text><script>&\x01\xff", ""};
        const void *wires[2] = {wire, wire};
        struct lf_explained e;
        struct lf_defect defect;
        unsigned bad;
        assert_int_equal(lf_explained_compare(names, wires, sizes, &e, &bad, &defect), 0);
        FILE *out = tmpfile();
        lf_explained_draw(&e, out);
        char *svg = read_text(out);
        assert_well_formed(svg);
        assert_null(strstr(svg, "<script"));
        fclose(out);
        free(svg);
        lf_explained_free(&e);
        free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(picture_and_json_say_the_same),
            cmocka_unit_test(the_closest_fingers_are_explained),
            cmocka_unit_test(poor_records_are_not_explained),
            cmocka_unit_test(names_are_plain_text),
        };
        seed = getenv("LANDFALL_SEED") ? (unsigned)atoi(getenv("LANDFALL_SEED")) : (unsigned)time(NULL);
        print_message("seed %u (LANDFALL_SEED repeats it)\n", seed);
        if (!mkdtemp(folder) || lf_engines_init() < 0)
                return 1;
        snprintf(path_a, sizeof path_a, "%s/a.iso", folder);
        snprintf(path_b, sizeof path_b, "%s/b.iso", folder);
        snprintf(path_svg, sizeof path_svg, "%s/pair.svg", folder);
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        remove(path_a);
        remove(path_b);
        remove(path_svg);
        rmdir(folder);
        return r;
}
