/* Machine-readable zones: fields and check digits, each slip noticed, confusions reported and nothing
 * repaired. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/manifest/mrz.h"
#include "tests/data.h"
#include "tools/generate/random.h"

#define SEED 9303

/* Zones of invented people; their check digits are computed here, by hand as the standard says it. */
static char digit(const char *text, size_t n)
{
        unsigned sum = 0;
        for (size_t i = 0; i < n; i++) {
                unsigned v = text[i] == '<'   ? 0
                             : text[i] <= '9' ? (unsigned)(text[i] - '0')
                                              : (unsigned)(text[i] - 'A') + 10;
                sum += v * "\7\3\1"[i % 3];
        }
        return (char)('0' + sum % 10);
}

#define NAMES 31

static void fill(char *to, const char *text, size_t n)
{
        memset(to, '<', n);
        memcpy(to, text, strlen(text));
}

/* Second line of TD2, TD3 and visas: number, nationality, birth, sex, expiry, optional. */
static void second_line(char *to, size_t width, const char *optional)
{
        fill(to, "", width);
        fill(to, "X12345678", 9);
        to[9] = digit(to, 9);
        memcpy(to + 10, "UTO800229", 9);
        to[19] = digit(to + 13, 6);
        memcpy(to + 20, "F300131", 7);
        to[27] = digit(to + 21, 6);
        memcpy(to + 28, optional, strlen(optional));
}

static size_t make(enum lf_mrz_format format, char text[140])
{
        char over[128];
        size_t width = format == LF_MRZ_TD1 ? 30 : format == LF_MRZ_TD3 || format == LF_MRZ_MRVA ? 44 : 36;
        char *second = text + width + 1, *third = second + width + 1;
        memset(text, 0, 140);
        if (format == LF_MRZ_TD1) {
                fill(text, "I<UTOAB1234567", 30);
                text[14] = digit(text + 5, 9);
                memcpy(text + 15, "OPT1", 4);
                fill(second, "800229", 30);
                second[6] = digit(second, 6);
                memcpy(second + 7, "F300131", 7);
                second[14] = digit(second + 8, 6);
                memcpy(second + 15, "UTO", 3);
                memcpy(over, text + 5, 25);
                memcpy(over + 25, second, 7);
                memcpy(over + 32, second + 8, 7);
                memcpy(over + 39, second + 18, 11);
                second[29] = digit(over, 50);
                fill(third, "DOE<SMITH<<ANNA<MARIA", 30);
                text[30] = second[30] = '\n';
                return 92;
        }
        fill(text,
             format >= LF_MRZ_MRVA  ? "V<UTODOE<SMITH<<ANNA<MARIA"
             : format == LF_MRZ_TD3 ? "P<UTODOE<SMITH<<ANNA<MARIA"
                                    : "I<UTODOE<SMITH<<ANNA<MARIA",
             width);
        text[width] = '\n';
        second_line(second, width, "OPT1");
        memcpy(over, second, 10);
        memcpy(over + 10, second + 13, 7);
        if (format == LF_MRZ_TD2) {
                memcpy(over + 17, second + 21, 14);
                second[35] = digit(over, 31);
        } else if (format == LF_MRZ_TD3) {
                second[42] = digit(second + 28, 14);
                memcpy(over + 17, second + 21, 22);
                second[43] = digit(over, 39);
        }
        return 2 * width + 1;
}

static void test_formats(void **state)
{
        for (enum lf_mrz_format f = LF_MRZ_TD1; f <= LF_MRZ_MRVB; f++) {
                char text[140];
                struct lf_mrz m;
                size_t n = make(f, text);
                assert_int_equal(lf_mrz_read(text, n, &m), 0);
                assert_int_equal(m.format, f);
                for (unsigned i = 0; i < LF_MRZ_FAULTS; i++)
                        if (m.faults >> i & 1)
                                print_error("%s: %s\n", lf_mrz_format_name(f), lf_mrz_fault_text(i));
                assert_int_equal(m.faults, 0);
                assert_string_equal(m.issuer, "UTO");
                assert_string_equal(m.nation, "UTO");
                assert_string_equal(m.number, f == LF_MRZ_TD1 ? "AB1234567" : "X12345678");
                assert_string_equal(m.family, "DOE SMITH");
                assert_string_equal(m.given, "ANNA MARIA");
                assert_false(m.name_truncated);
                assert_int_equal(m.sex, 'F');
                assert_int_equal(m.birth.year, 80);
                assert_int_equal(m.birth.month, 2);
                assert_int_equal(m.birth.day, 29);
                assert_int_equal(m.expiry.year, 30);
                assert_string_equal(m.optional[0], "OPT1");
                assert_int_equal(m.confusions, 0);
        }
}

/* A number of more than nine characters goes on in the optional data of TD1 and TD2, and its check digit is
 * behind it there. */
static void test_long_numbers(void **state)
{
        static const char rest[] = "734";
        for (enum lf_mrz_format f = LF_MRZ_TD1; f <= LF_MRZ_TD2; f++) {
                char text[140], joined[16], over[128];
                struct lf_mrz m;
                size_t n = make(f, text);
                char *second = text + (f == LF_MRZ_TD1 ? 31 : 37),
                     *number = f == LF_MRZ_TD1 ? text + 5 : second,
                     *optional = f == LF_MRZ_TD1 ? text + 15 : second + 28;
                memcpy(joined, number, 9);
                memcpy(joined + 9, rest, 3);
                number[9] = '<';
                memcpy(optional, rest, 3);
                optional[3] = digit(joined, 12);
                if (f == LF_MRZ_TD1) {
                        memcpy(over, text + 5, 25);
                        memcpy(over + 25, second, 7);
                        memcpy(over + 32, second + 8, 7);
                        memcpy(over + 39, second + 18, 11);
                        second[29] = digit(over, 50);
                } else {
                        memcpy(over, second, 10);
                        memcpy(over + 10, second + 13, 7);
                        memcpy(over + 17, second + 21, 14);
                        second[35] = digit(over, 31);
                }
                assert_int_equal(lf_mrz_read(text, n, &m), 0);
                assert_int_equal(m.faults, 0);
                assert_memory_equal(m.number, joined, 12);
                assert_string_equal(m.optional[0], "");
                optional[3] = optional[3] == '9' ? '0' : (char)(optional[3] + 1);
                assert_int_equal(lf_mrz_read(text, n, &m), 0);
                assert_true(m.faults & LF_MRZ_NUMBER_CHECK);
        }
}

/* Examples that the standard prints: Doc 9303-4, 9303-5, 9303-6, 9303-7, appendices. */
static void test_specimens(void **state)
{
        static const char *const specimens[] = {
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
            "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\r\nD231458907UTO7408122F1204159<<<<<<<6\r\n",
            "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<|L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
            "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<",
            /* a number of more than nine characters */
            "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<",
        };
        struct lf_mrz m;
        for (unsigned i = 0; i < sizeof specimens / sizeof specimens[0]; i++) {
                assert_int_equal(lf_mrz_read(specimens[i], strlen(specimens[i]), &m), 0);
                assert_int_equal(m.faults, 0);
        }
        assert_string_equal(m.number, "D23145890734");
        assert_int_equal(lf_mrz_check_digit("D23145890734", 12), 9);
        assert_int_equal(lf_mrz_check_digit("a", 1), -1);
}

/* Another digit anywhere in what a check digit covers is noticed, and stays as it is. */
static void test_every_slip(void **state)
{
        for (enum lf_mrz_format f = LF_MRZ_TD1; f <= LF_MRZ_MRVB; f++) {
                char text[140];
                struct lf_mrz m;
                size_t n = make(f, text), line = f == LF_MRZ_TD1 ? 0 : (n - 1) / 2 + 1;
                size_t number = f == LF_MRZ_TD1 ? 5 : line, birth = f == LF_MRZ_TD1 ? 31 : line + 13,
                       expiry = f == LF_MRZ_TD1 ? 39 : line + 21;
                const size_t from[] = {number + 2, birth, expiry}, length[] = {8, 7, 7};
                for (unsigned k = 0; k < 3; k++)
                        for (size_t at = from[k]; at < from[k] + length[k]; at++)
                                for (char d = '0'; d <= '9'; d++) {
                                        char before = text[at];
                                        if (d == before)
                                                continue;
                                        text[at] = d;
                                        assert_int_equal(lf_mrz_read(text, n, &m), 0);
                                        assert_true(m.faults != 0);
                                        text[at] = before;
                                }
        }
}

static void test_confusions(void **state)
{
        char text[140];
        struct lf_mrz m;
        size_t n = make(LF_MRZ_TD3, text);
        char *second = text + 45;
        text[6] = '0';    /* DOE -> D0E */
        second[13] = 'B'; /* birth 80.. -> B0.. */
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_int_equal(m.confusions, 2);
        assert_int_equal(m.confusion[0].line, 2);
        assert_int_equal(m.confusion[0].column, 14);
        assert_int_equal(m.confusion[0].read, 'B');
        assert_int_equal(m.confusion[0].likely, '8');
        assert_int_equal(m.confusion[1].line, 1);
        assert_int_equal(m.confusion[1].column, 7);
        assert_int_equal(m.confusion[1].read, '0');
        assert_int_equal(m.confusion[1].likely, 'O');
        assert_string_equal(m.family, "D0E SMITH"); /* never repaired */
        assert_int_equal(m.birth.month, 0);
        assert_true(m.faults & LF_MRZ_BIRTH);
        assert_true(m.faults & LF_MRZ_BIRTH_CHECK);
        assert_true(m.faults & LF_MRZ_NAME);
        assert_int_equal(m.at[5].line, 2); /* of LF_MRZ_BIRTH */
        assert_int_equal(m.at[5].column, 14);
}

/* In a number both letters and digits may stand: its check digit tells which of them was misread. */
static void test_confusions_in_a_number(void **state)
{
        char text[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
                      "L8989O2C36UTO7408122F1204159ZE184226B<<<<<10";
        struct lf_mrz m;
        assert_int_equal(lf_mrz_read(text, sizeof text - 1, &m), 0);
        assert_int_equal(m.faults, LF_MRZ_NUMBER_CHECK | LF_MRZ_COMPOSITE_CHECK);
        assert_int_equal(m.confusions, 1);
        assert_int_equal(m.confusion[0].line, 2);
        assert_int_equal(m.confusion[0].column, 6);
        assert_int_equal(m.confusion[0].read, 'O');
        assert_int_equal(m.confusion[0].likely, '0');
        assert_string_equal(m.number, "L8989O2C3");
}

static void test_odd_fields(void **state)
{
        char text[140];
        struct lf_mrz m;
        size_t n = make(LF_MRZ_MRVB, text);
        char *second = text + 37;
        memcpy(second + 13, "80<<<<", 6); /* month and day are not known */
        second[19] = digit(second + 13, 6);
        second[20] = '<';
        memset(second + 21, '<', 7); /* no expiry */
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_int_equal(m.faults, 0);
        assert_true(m.birth_year && m.birth.year == 80 && m.birth.month == 0 && m.birth.day == 0);
        assert_false(m.expiry_year);
        assert_int_equal(m.sex, 0);
        second[20] = 'Q';
        memcpy(text + 5, "DOE<<ANNA<<B<<<", 15);
        text[2] = '<';
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_int_equal(m.faults, LF_MRZ_SEX | LF_MRZ_FILLER | LF_MRZ_ISSUER);
        memcpy(second + 13, "800230", 6); /* 30 February */
        second[19] = digit(second + 13, 6);
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_true(m.faults & LF_MRZ_BIRTH);
        memcpy(second + 13, "810229", 6); /* neither 1981 nor 2081 has it */
        second[19] = digit(second + 13, 6);
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_true(m.faults & LF_MRZ_BIRTH);
        assert_int_equal(lf_mrz_read_as(text, n, LF_MRZ_TD2, &m), 0);
        assert_true(m.faults & LF_MRZ_DOCUMENT_CODE);
        text[8] = 'e';
        assert_int_equal(lf_mrz_read(text, n, &m), 0);
        assert_true(m.faults & LF_MRZ_CHARACTER);
}

static void test_not_zones(void **state)
{
        static const char *const texts[] = {
            "", "\n", "P<UTO", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "A\nB", "|||||"};
        struct lf_mrz m = {.format = LF_MRZ_TD1, .faults = 77};
        for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
                assert_int_equal(lf_mrz_read(texts[i], strlen(texts[i]), &m), -EBADMSG);
        char text[140];
        size_t n = make(LF_MRZ_TD3, text);
        assert_int_equal(lf_mrz_read(text, n - 1, &m), -EBADMSG);
        assert_int_equal(lf_mrz_read_as(text, n, LF_MRZ_TD1, &m), -EBADMSG);
        assert_int_equal(lf_mrz_read_as(text, n, (enum lf_mrz_format)9, &m), -EINVAL);
        assert_int_equal(m.faults, 77);
}

/* Every line of the data folder is judged as it is labelled. */
static void test_data_labels(void **state)
{
        static char text[1 << 20];
        const char *data = test_data();
        unsigned lines = 0;
        if (!data)
                return;
        char folder[4200];
        snprintf(folder, sizeof folder, "%s/manifests/mrz", data);
        text[test_file(folder, "mrz_samples.tsv", text, sizeof text - 1)] = 0;
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
                char format[8], label[8], zone[160];
                struct lf_mrz m;
                assert_int_equal(sscanf(line, "%7s\t%7s\t%159s", format, label, zone), 3);
                enum lf_mrz_format f = !strcmp(format, "TD1")   ? LF_MRZ_TD1
                                       : !strcmp(format, "TD2") ? LF_MRZ_TD2
                                       : !strcmp(format, "TD3") ? LF_MRZ_TD3
                                                                : LF_MRZ_MRVB;
                assert_int_equal(lf_mrz_read_as(zone, strlen(zone), f, &m), 0);
                if ((m.faults == 0) != !strcmp(label, "valid"))
                        print_error("%s\n", line);
                assert_int_equal(m.faults == 0, !strcmp(label, "valid"));
        }
        assert_true(lines > 50);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_formats),     cmocka_unit_test(test_long_numbers),
            cmocka_unit_test(test_specimens),   cmocka_unit_test(test_every_slip),
            cmocka_unit_test(test_confusions),  cmocka_unit_test(test_confusions_in_a_number),
            cmocka_unit_test(test_odd_fields),  cmocka_unit_test(test_not_zones),
            cmocka_unit_test(test_data_labels),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
