/* landfall eval person: its figures over small files whose figures are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/eval/person.h"

static void write_file(char *path, const char *text)
{
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        FILE *f = fdopen(fd, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}
#define FILE_OF(name, text)                                                                                  \
        char name[] = "/tmp/landfall-eval-XXXXXX";                                                           \
        write_file(name, text)

static double number(const json_t *j, const char *name)
{
        assert_non_null(json_object_get(j, name));
        return json_number_value(json_object_get(j, name));
}

static void pairs(void **state)
{
        FILE_OF(path, "schema,name1,name2,is_match,quality\n"
                      "Person,Yusuf Qaradawi,\"QARADAWI, Yusuf\",TRUE,STRONG\n"  /* true hit */
                      "Person,Sergey Petrov,Sergey Petrov,false,STRONG\n"        /* false hit */
                      "Person,Sergey Petrov,Maria Lopez,true,MEDIUM\n"           /* missed */
                      "Company,Nanshan Group,Nanshan Group Co Ltd,true,MEDIUM\n" /* true hit */
                      "Vessel,Hellenic Spirit,Southern Cross,false,STRONG\n");   /* true miss */
        json_t *j = json_object();
        assert_int_equal(lf_eval_person_pairs(path, (float)LF_EVAL_PERSON_THRESHOLD, j), 0);
        const json_t *p = json_object_get(j, "person");
        assert_non_null(p);
        assert_true(number(j, "pairs") == 5 && number(p, "pairs") == 3);
        assert_true(number(j, "strong_errors") == 1 && number(p, "strong_errors") == 1);
        assert_float_equal(number(j, "precision"), 2.0 / 3, 1e-9);
        assert_float_equal(number(j, "recall"), 2.0 / 3, 1e-9);
        assert_float_equal(number(j, "f1"), 2.0 / 3, 1e-9);
        assert_float_equal(number(p, "f1"), 0.5, 1e-9);
        const json_t *halves = json_object_get(j, "halves");
        assert_int_equal(json_array_size(halves), 2);
        assert_true(number(json_array_get(halves, 0), "pairs") == 3 &&
                    number(json_array_get(halves, 1), "pairs") == 2);
        assert_float_equal(number(json_array_get(halves, 0), "f1"), 2.0 / 3, 1e-9);
        json_decref(j);
        unlink(path);
}

static void altered(void **state)
{
        FILE_OF(listed,
                "row,full_name,date_of_birth\n4,YUSUF QARADAWI,1960\n7,BERNARD BYAMUNGU,1974-01-12\n");
        FILE_OF(alter, "row,full_name,date_of_birth\n4,YUSSUF QARADAWI,1960\n7,BERNARD BYAMUNGU,1974-01-32\n"
                       "9,SERGEY PETROV,\n");
        FILE_OF(one, "full_name,date_of_birth\nMaria Lopez,1990-02-03\n");
        FILE_OF(two, "full_name,date_of_birth\nBernard Byamungu,1999-05-04\nHannah Smith,1980-01-01\n");
        json_t *j = json_object();
        char *negatives[] = {one, two};
        assert_int_equal(
            lf_eval_person_altered(listed, alter, negatives, 2, (float)LF_EVAL_PERSON_THRESHOLD, j), 0);
        assert_true(number(j, "altered") == 3 && number(j, "negatives") == 3);
        assert_float_equal(number(j, "recall"), 2.0 / 3, 1e-9);
        assert_float_equal(number(j, "false_hit_rate"), 1.0 / 3, 1e-9);
        assert_float_equal(number(json_object_get(j, "with_birth_date"), "recall"), 2.0 / 3, 1e-9);
        const json_t *halves = json_object_get(j, "halves");
        assert_int_equal(json_array_size(halves), 2);
        assert_true(number(json_array_get(halves, 0), "altered") == 2 &&
                    number(json_array_get(halves, 1), "altered") == 1);
        json_decref(j);
        unlink(listed);
        unlink(alter);
        unlink(one);
        unlink(two);
}

static void claims(void **state)
{
        FILE_OF(list, "1,\"QARADAWI, Yusuf\",\"individual\",-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n"
                      "2,\"Nanshan Group\",-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n"); /* no individual */
        FILE_OF(aliases, "1,7,\"aka\",\"PETROV, Sergey\",-0-\n");
        FILE_OF(people, "full_name,date_of_birth\nSergey Petrov,\nMaria Lopez,\nYusuf Qaradawi,\n");
        char *negatives[] = {people};
        json_t *j = json_object();
        assert_int_equal(lf_eval_person_claims(list, aliases, negatives, 1, j), 0);
        assert_true(number(j, "names") == 2 && number(j, "people") == 3 && number(j, "comparisons") == 6);
        const json_t *rates = json_object_get(j, "rates"), *halves = json_object_get(j, "halves");
        const json_t *last = json_array_get(rates, json_array_size(rates) - 1);
        assert_true(number(json_array_get(rates, 0), "reached") == 2);
        assert_true(number(last, "score") > 0.9 && number(last, "score") < 1 && number(last, "reached") == 0);
        assert_float_equal(number(json_array_get(rates, 0), "counted_log10_fmr"), -0.477121, 1e-5);
        assert_true(number(json_array_get(halves, 0), "people") == 2 &&
                    number(json_array_get(halves, 1), "people") == 1);
        assert_true(lf_eval_person_claims("/nowhere/at/all", NULL, negatives, 1, j) < 0);
        json_decref(j);
        unlink(list);
        unlink(aliases);
        unlink(people);
}

static void bad_files(void **state)
{
        FILE_OF(columns, "schema,name1,name2,is_match\nPerson,A,B,true\n");
        FILE_OF(row, "schema,name1,name2,is_match,quality\nPerson,A,B,true\n");
        FILE_OF(label, "schema,name1,name2,is_match,quality\nPerson,A,B,perhaps,STRONG\n");
        FILE_OF(latin1, "schema,name1,name2,is_match,quality\nPerson,Jos\xe9,Jose,true,STRONG\n");
        json_t *j = json_object();
        assert_true(lf_eval_person_pairs(label, 0.5f, j) < 0);
        assert_true(lf_eval_person_pairs(latin1, 0.5f, j) < 0);
        assert_true(lf_eval_person_pairs("/nowhere/at/all", 0.5f, j) < 0);
        assert_true(lf_eval_person_pairs(columns, 0.5f, j) < 0);
        assert_true(lf_eval_person_pairs(row, 0.5f, j) < 0);
        assert_int_equal(json_object_size(j), 0);
        json_decref(j);
        unlink(columns);
        unlink(row);
        unlink(label);
        unlink(latin1);
}

int main(void)
{
        assert_int_equal(lf_engines_init(), 0);
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(pairs),
            cmocka_unit_test(altered),
            cmocka_unit_test(claims),
            cmocka_unit_test(bad_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
