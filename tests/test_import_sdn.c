/* Reading OFAC's list: a small text of our own for each case, and the real list where there is one, counted
 * by another way of reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "matcher/engine.h"
#include "matcher/person_write.h"
#include "tools/import/sdn.h"

#define NULLS ",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"

struct seen {
        unsigned records, aliases, weak, births, documents, persons, stop_at;
        char text[65536]; /* each field as "id.type=value;" */
};

static void describe(struct seen *s, const char *id, unsigned type, const uint8_t *v, size_t n)
{
        char one[400];
        size_t at = strlen(s->text);
        int len = snprintf(one, sizeof one, "%s.%u=", id, type);
        for (size_t i = 0; i < n; i++) {
                bool binary = type == LF_PERSON_BIRTH || type == LF_PERSON_BIRTH_RANGE;
                len += snprintf(one + len, sizeof one - (size_t)len, binary ? "%02x" : "%c", v[i]);
        }
        snprintf(s->text + at, sizeof s->text - at, "%s;", one);
}

static int collect(void *context, const struct lf_import_record *r)
{
        struct seen *s = context;
        struct lf_reader in = lf_reader_over(r->wire, r->size);
        s->records++;
        s->persons += r->kind == 'P';
        while (lf_reader_left(&in) > 0) {
                unsigned type = lf_reader_u8(&in), n = lf_reader_le16(&in);
                const uint8_t *v = lf_reader_take(&in, n);
                assert_non_null(v);
                s->aliases += type == LF_PERSON_ALIAS;
                s->weak += type == LF_PERSON_WEAK_ALIAS;
                s->births += type == LF_PERSON_BIRTH || type == LF_PERSON_BIRTH_RANGE;
                s->documents += type == LF_PERSON_DOCUMENT;
                if (strlen(s->text) < sizeof s->text - 500)
                        describe(s, r->id, type, v, n);
        }
        return s->stop_at && s->records == s->stop_at ? 7 : 0;
}

static int import(const char *sdn, const char *alt, struct seen *s, struct lf_import_error *e)
{
        char *a = strdup(sdn), *b = alt ? strdup(alt) : NULL;
        memset(s, 0, sizeof *s);
        int r = lf_import_sdn_text(a, strlen(a), b, b ? strlen(b) : 0, collect, s, e);
        free(a);
        free(b);
        return r;
}

static void entries_and_aliases(void **state)
{
        struct seen *s = malloc(sizeof *s);
        struct lf_import_error e = {0};
        const char *sdn =
            "12,\"PLOTNIK, Vera\",individual,\"X\"" NULLS "-0- \r\n"
            "7,\"BLUE, \"\"STAR\"\" TRADING\",-0- ,\"X\"" NULLS "\"a.k.a. 'BST'.\"\r\n"
            "9,SEA ROSE,\"vessel\",\"X\"" NULLS "\"Vessel Registration Identification IMO 7654321\" \r\n\x1a";
        const char *alt = "7,1,\"fka\",\"BLUE LTD\",-0- \r\n12,2,\"aka\",\"CARPENTER, Vera\",-0- \r\n"
                          "12,3,\"aka\",\"VERUSHKA\",\"weak\"\r\n99,4,\"aka\",\"NOBODY\",-0- \r\n\x1a";
        assert_int_equal(import(sdn, alt, s, &e), 0);
        assert_string_equal(s->text, "12.9=P;12.1=PLOTNIK, Vera;12.2=CARPENTER, Vera;12.3=VERUSHKA;"
                                     "7.9=E;7.1=BLUE, \"STAR\" TRADING;7.2=BLUE LTD;7.3=BST;"
                                     "9.9=V;9.1=SEA ROSE;9.8=O<<<IMO 7654321;");
        assert_int_equal(import(sdn, NULL, s, &e), 0);
        assert_int_equal(s->records, 3);
        assert_int_equal(s->aliases, 0);
        free(s);
}

static void expect_remarks(const char *remarks, const char *want)
{
        struct seen *s = malloc(sizeof *s);
        struct lf_import_error e = {0};
        char sdn[1024];
        snprintf(sdn, sizeof sdn, "1,\"A\",individual,\"X\"" NULLS "\"%s\"\n", remarks);
        assert_int_equal(import(sdn, NULL, s, &e), 0);
        assert_string_equal(s->text + strlen("1.9=P;1.1=A;"), want);
        free(s);
}

static void remarks(void **state)
{
        expect_remarks("DOB 12 Mar 1960; POB Here.", "1.4=a807030c;");
        expect_remarks("DOB 12 Mar 1960; alt. DOB 1961.", "1.4=a807030c;1.4=a9070000;");
        expect_remarks("DOB Mar 1960", "1.4=a8070300;");
        expect_remarks("DOB circa 1960", "1.5=a607aa07;");
        expect_remarks("DOB circa 1955-1957", "1.5=a307a507;");
        expect_remarks("DOB 1955 to 1957.", "1.5=a307a507;");
        expect_remarks("DOB 01 Jan 1960 to 31 Dec 1961", "1.5=a807a907;");
        expect_remarks("DOB 01 Mar 1960 to 31 Mar 1960", "1.4=a8070300;");
        expect_remarks("DOB 1957 to 1955; DOB 12 Foo 1960; DOB unknown; DOB", "");
        expect_remarks("nationality Iran; citizen Korea, North; nationality Atlantis; Gender Female",
                       "1.7=IR;1.7=KP;1.6=F;");
        expect_remarks("Passport A 123-4 (Iran) expires 01 Jan 2010; alt. Passport X9 issued 2001; Passport",
                       "1.8=PIR<A 123-4;1.8=P<<<X9;");
        expect_remarks("National ID No. 55.66 (Turkey); VisaNumberID 77 (Mexico); Passport unknown (Iran)",
                       "1.8=ITR<55.66;1.8=VMX<77;");
        expect_remarks("a.k.a. 'THE CARPENTER'; f.k.a. ''; (Linked To: SOME BODY)", "1.3=THE CARPENTER;");
}

static void expect_error(const char *sdn, const char *alt, const char *file, uint32_t line, uint32_t column)
{
        struct seen *s = malloc(sizeof *s);
        struct lf_import_error e = {0};
        assert_int_equal(import(sdn, alt, s, &e), -EBADMSG);
        assert_string_equal(e.file, file);
        assert_int_equal(e.line, line);
        assert_int_equal(e.column, column);
        assert_non_null(e.text);
        free(s);
}

static void errors_have_a_place(void **state)
{
        const char *good = "1,\"A\",individual,\"X\"" NULLS "-0- \n";
        char two[600];
        expect_error("1,\"A\nB", NULL, "sdn.csv", 1, 3);
        expect_error("1,\"A\"B,individual\n", NULL, "sdn.csv", 1, 6);
        snprintf(two, sizeof two, "%sx,\"A\",individual,\"X\"" NULLS "-0- \n", good);
        expect_error(two, NULL, "sdn.csv", 2, 1);
        snprintf(two, sizeof two, "%s\n2,-0- ,individual,\"X\"" NULLS "-0- \n", good);
        expect_error(two, NULL, "sdn.csv", 3, 3);
        snprintf(two, sizeof two, "%s2,\"A\",individual\n", good);
        expect_error(two, NULL, "sdn.csv", 2, 1);
        snprintf(two, sizeof two,
                 "1,\"two\nlines\",individual,\"X\"" NULLS "-0- \n2,\"\xff\",individual,\"X\"" NULLS
                 "-0- \n");
        expect_error(two, NULL, "sdn.csv", 3, 3);
        expect_error(good, "1,1,aka,\"\",-0- \n", "alt.csv", 1, 9);
        expect_error(good, "1,1,aka,B\n", "alt.csv", 1, 1);
        expect_error("1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7\n", NULL, "sdn.csv", 1, 33);
        struct lf_import_error e = {0};
        assert_int_equal(lf_import_sdn("/nonexistent/sdn.csv", NULL, collect, NULL, &e), -ENOENT);
        assert_string_equal(e.file, "/nonexistent/sdn.csv");
}

static void the_caller_can_stop(void **state)
{
        struct seen *s = calloc(1, sizeof *s);
        struct lf_import_error e = {0};
        char text[] =
            "1,A,individual,X" NULLS "-0- \n2,B,individual,X" NULLS "-0- \n3,C,individual,X" NULLS "-0- \n";
        s->stop_at = 2;
        assert_int_equal(lf_import_sdn_text(text, strlen(text), NULL, 0, collect, s, &e), 7);
        assert_int_equal(s->records, 2);
        free(s);
}

static int readable(void *context, const struct lf_import_record *r)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_source_record source = {.wire = r->wire, .size = r->size};
        struct lf_defect defect;
        size_t size;
        uint32_t rows, blocks;
        assert_int_equal(engine->build(&source, 1, NULL, &size, &rows, &blocks, &defect), 0);
        if (defect.code)
                fail_msg("entry %s: %s at %u", r->id, lf_defect_text(defect.code), defect.offset);
        return collect(context, r);
}

/* Counts lines that begin with a digit: OFAC's fields hold no line ends. */
static unsigned count_lines(const char *path, const char *having)
{
        FILE *f = fopen(path, "re");
        char line[65536];
        unsigned n = 0;
        assert_non_null(f);
        while (fgets(line, sizeof line, f))
                n += line[0] >= '0' && line[0] <= '9' && (!having || strstr(line, having));
        fclose(f);
        return n;
}

/* Lines of alt.csv whose entry is in sdn.csv. */
static unsigned count_aliases(const char *sdn, const char *alt)
{
        enum { IDS = 1000000 };
        char *listed = calloc(IDS, 1), line[65536];
        unsigned n = 0;
        for (int pass = 0; pass < 2; pass++) {
                FILE *f = fopen(pass ? alt : sdn, "re");
                assert_non_null(f);
                while (fgets(line, sizeof line, f)) {
                        unsigned long id = strtoul(line, NULL, 10);
                        if (id == 0 || id >= IDS)
                                continue;
                        if (pass)
                                n += (unsigned)listed[id];
                        else
                                listed[id] = 1;
                }
                fclose(f);
        }
        free(listed);
        return n;
}

static void the_real_list(void **state)
{
        char sdn[700], alt[700], fallback[600];
        const char *data = getenv("LANDFALL_DATA"), *source = getenv("LANDFALL_SOURCE");
        snprintf(fallback, sizeof fallback, "%s/../shared/data", source ? source : ".");
        snprintf(sdn, sizeof sdn, "%.600s/lists/sdn.csv", data ? data : fallback);
        snprintf(alt, sizeof alt, "%.600s/lists/alt.csv", data ? data : fallback);
        FILE *f = fopen(sdn, "re");
        if (!f) {
                print_message("no list at %s: only the texts of this test were read\n", sdn);
                return;
        }
        fclose(f);
        struct seen *s = calloc(1, sizeof *s);
        struct lf_import_error e = {0};
        int r = lf_import_sdn(sdn, alt, readable, s, &e);
        if (r < 0)
                fail_msg("%s:%u:%u: %s", e.file, e.line, e.column, e.text);
        print_message("%u entries, %u persons, %u aliases, %u weak, %u births, %u documents\n", s->records,
                      s->persons, s->aliases, s->weak, s->births, s->documents);
        assert_int_equal(s->records, count_lines(sdn, NULL));
        assert_int_equal(s->persons, count_lines(sdn, ",\"individual\","));
        assert_int_equal(s->aliases, count_aliases(sdn, alt));
        assert_true(s->births >= count_lines(sdn, "DOB ") - 10);
        free(s);
}

static int init(void **state)
{
        return lf_engines_init();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(entries_and_aliases), cmocka_unit_test(remarks),
            cmocka_unit_test(errors_have_a_place), cmocka_unit_test(the_caller_can_stop),
            cmocka_unit_test(the_real_list),
        };
        return cmocka_run_group_tests(tests, init, NULL);
}
