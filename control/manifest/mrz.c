#include "control/manifest/mrz.h"

#include <errno.h>
#include <string.h>

/* Where fields are, in (line, column from 0, length); length 0: the format has none. */
struct field {
        uint8_t line, column, n;
};

struct layout {
        uint8_t lines, width;
        const char *codes; /* what the document code may begin with */
        struct field code, issuer, number, birth, sex, expiry, nation, optional, optional2, name;
        struct field composite[4]; /* what the composite check digit is over, and where it is: */
        struct field composite_digit;
        bool optional_check; /* a check digit follows the optional data */
};

/* ICAO 9303-5, -6, -4 and -7, "data structure of the MRZ"; first what the formats of two lines share. */
#define TWO_LINES(columns)                                                                                   \
        .lines = 2, .width = columns, .code = {0, 0, 2}, .issuer = {0, 2, 3}, .name = {0, 5, columns - 5},   \
        .number = {1, 0, 9}, .nation = {1, 10, 3}, .birth = {1, 13, 6}, .sex = {1, 20, 1},                   \
        .expiry = {1, 21, 6}

static const struct layout layouts[] = {
    [LF_MRZ_TD1] = {.lines = 3,
                    .width = 30,
                    .codes = "ACI",
                    .code = {0, 0, 2},
                    .issuer = {0, 2, 3},
                    .number = {0, 5, 9},
                    .optional = {0, 15, 15},
                    .birth = {1, 0, 6},
                    .sex = {1, 7, 1},
                    .expiry = {1, 8, 6},
                    .nation = {1, 15, 3},
                    .optional2 = {1, 18, 11},
                    .name = {2, 0, 30},
                    .composite = {{0, 5, 25}, {1, 0, 7}, {1, 8, 7}, {1, 18, 11}},
                    .composite_digit = {1, 29, 1}},
    [LF_MRZ_TD2] = {TWO_LINES(36), .codes = "ACI", .optional = {1, 28, 7},
                    .composite = {{1, 0, 10}, {1, 13, 7}, {1, 21, 14}}, .composite_digit = {1, 35, 1}},
    [LF_MRZ_TD3] = {TWO_LINES(44), .codes = "P", .optional = {1, 28, 14}, .optional_check = true,
                    .composite = {{1, 0, 10}, {1, 13, 7}, {1, 21, 22}}, .composite_digit = {1, 43, 1}},
    [LF_MRZ_MRVA] = {TWO_LINES(44), .codes = "V", .optional = {1, 28, 16}},
    [LF_MRZ_MRVB] = {TWO_LINES(36), .codes = "V", .optional = {1, 28, 8}},
};

#define LINES_MAX 3
#define WIDTH_MAX 44

/* The zone that is read. */
struct zone {
        const struct layout *layout;
        char line[LINES_MAX][WIDTH_MAX + 1];
};

const char *lf_mrz_format_name(enum lf_mrz_format format)
{
        static const char *const names[] = {"", "TD1", "TD2", "TD3", "MRV-A", "MRV-B"};
        return (unsigned)format < sizeof names / sizeof names[0] ? names[format] : "";
}

const char *lf_mrz_fault_text(unsigned bit)
{
        static const char *const text[LF_MRZ_FAULTS] = {
            "a character that MRZ do not have (ICAO 9303-3, 4.3)",
            "not a document code of this format (ICAO 9303-4 to -7)",
            "the issuer is not a code of letters (ICAO 9303-3, 5)",
            "the nationality is not a code of letters (ICAO 9303-3, 5)",
            "the check digit of the document number is wrong (ICAO 9303-3, 4.9)",
            "the date of birth is not a date (ICAO 9303-3, 4.8)",
            "the check digit of the date of birth is wrong (ICAO 9303-3, 4.9)",
            "the sex is none of M, F, X and < (ICAO 9303-3, 4)",
            "the date of expiry is not a date (ICAO 9303-3, 4.8)",
            "the check digit of the date of expiry is wrong (ICAO 9303-3, 4.9)",
            "the check digit of the optional data is wrong (ICAO 9303-4, 4.2.2)",
            "the composite check digit is wrong (ICAO 9303-3, 4.9)",
            "no name, or a digit in it (ICAO 9303-3, 4.6)",
            "characters behind the end of the name (ICAO 9303-3, 4.6)",
        };
        return bit < LF_MRZ_FAULTS ? text[bit] : "";
}

static int value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 10;
        return c == '<' ? 0 : -1;
}

int lf_mrz_check_digit(const char *text, size_t n)
{
        static const int weight[3] = {7, 3, 1};
        int sum = 0;
        for (size_t i = 0; i < n; i++) {
                int v = value(text[i]);
                if (v < 0)
                        return -1;
                sum = (sum + v * weight[i % 3]) % 10;
        }
        return sum;
}

static bool filler(const char *text, size_t n)
{
        while (n > 0 && text[n - 1] == '<')
                n--;
        return n == 0;
}

/* A field that holds nothing may have a filler as its check digit. */
static bool digit_right(const char *text, size_t n, char digit)
{
        return digit == '0' + lf_mrz_check_digit(text, n) || (digit == '<' && filler(text, n));
}

static void fault(struct lf_mrz *m, enum lf_mrz_fault f, unsigned line, unsigned column)
{
        unsigned bit = (unsigned)__builtin_ctz(f);
        if (m->faults & f)
                return;
        m->faults |= f;
        m->at[bit].line = (uint8_t)(line + 1);
        m->at[bit].column = (uint8_t)(column + 1);
}

static const char *at(const struct zone *z, struct field f)
{
        return z->line[f.line] + f.column;
}

/* Without fillers behind it. */
static void copy(char *to, const char *from, size_t n)
{
        while (n > 0 && from[n - 1] == '<')
                n--;
        memcpy(to, from, n);
        to[n] = 0;
}

/* ---- Characters that optical readers take for one another ---- */
static const char digit_like[][2] = {{'O', '0'}, {'Q', '0'}, {'D', '0'}, {'I', '1'}, {'L', '1'}, {'Z', '2'},
                                     {'A', '4'}, {'S', '5'}, {'G', '6'}, {'T', '7'}, {'B', '8'}};
static const char letter_like[][2] = {{'0', 'O'}, {'1', 'I'}, {'2', 'Z'}, {'4', 'A'},
                                      {'5', 'S'}, {'6', 'G'}, {'7', 'T'}, {'8', 'B'}};

static void confused(struct lf_mrz *m, unsigned line, unsigned column, char c, char likely)
{
        if (m->confusions < LF_MRZ_CONFUSIONS)
                m->confusion[m->confusions++] =
                    (struct lf_mrz_confusion){(uint8_t)(line + 1), (uint8_t)(column + 1), c, likely};
}

static void look_for_confusions(struct lf_mrz *m, const struct zone *z, struct field f, bool digits)
{
        const char(*like)[2] = digits ? digit_like : letter_like;
        size_t n = digits ? sizeof digit_like / 2 : sizeof letter_like / 2;
        for (unsigned i = 0; i < f.n; i++)
                for (size_t k = 0; k < n; k++)
                        if (like[k][0] == at(z, f)[i])
                                confused(m, f.line, f.column + i, like[k][0], like[k][1]);
}

/* Where letters and digits may both stand, the check digit tells: each place at which the character that is
 * taken for the one there would make it right. */
static void look_in_number(struct lf_mrz *m, const struct zone *z, struct field f)
{
        char text[32];
        memcpy(text, at(z, f), f.n);
        for (unsigned i = 0; i < f.n; i++) {
                char read = text[i];
                for (size_t k = 0; k < (sizeof digit_like + sizeof letter_like) / 2; k++) {
                        const char *like = k < sizeof digit_like / 2 ? digit_like[k]
                                                                     : letter_like[k - sizeof digit_like / 2];
                        text[i] = like[1];
                        if (like[0] == read && digit_right(text, f.n, at(z, f)[f.n]))
                                confused(m, f.line, f.column + i, read, like[1]);
                }
                text[i] = read;
        }
        look_for_confusions(m, z, (struct field){f.line, (uint8_t)(f.column + f.n), 1}, true);
}

/* ---- Fields ---- */
static void read_code(struct lf_mrz *m, const struct zone *z)
{
        const char *code = at(z, z->layout->code);
        copy(m->code, code, 2);
        if (!strchr(z->layout->codes, code[0]) || code[0] == 0 || (code[1] >= '0' && code[1] <= '9'))
                fault(m, LF_MRZ_DOCUMENT_CODE, 0, 0);
        look_for_confusions(m, z, z->layout->code, false);
}

static void read_country(struct lf_mrz *m, const struct zone *z, struct field f, enum lf_mrz_fault wrong,
                         char to[4])
{
        const char *code = at(z, f);
        bool letters = code[0] != '<', ended = false;
        for (unsigned i = 0; i < f.n; i++) {
                letters = letters && ((code[i] >= 'A' && code[i] <= 'Z' && !ended) || code[i] == '<');
                ended = ended || code[i] == '<';
        }
        copy(to, code, f.n);
        if (!letters)
                fault(m, wrong, f.line, f.column);
        look_for_confusions(m, z, f, false);
}

/* The number; in TD1 and TD2 one that is too long goes on in the optional data, where its check digit
 * follows: some issuers count the filler that stands in the digit's own place, ICAO does not (9303-5 and
 * -6, 4.2.2, note j). */
static void read_number(struct lf_mrz *m, const struct zone *z)
{
        const struct layout *l = z->layout;
        const char *number = at(z, l->number), digit = number[l->number.n];
        const char *more = at(z, l->optional);
        size_t n = 0;
        bool full = number[l->number.n - 1] != '<';
        if ((m->format == LF_MRZ_TD1 || m->format == LF_MRZ_TD2) && digit == '<' && full)
                while (n < l->optional.n && more[n] != '<')
                        n++;
        if (n < 2) {
                copy(m->number, number, l->number.n);
                copy(m->optional[0], more, l->optional.n);
                if (!digit_right(number, l->number.n, digit)) {
                        fault(m, LF_MRZ_NUMBER_CHECK, l->number.line, l->number.column + l->number.n);
                        look_in_number(m, z, l->number);
                }
                return;
        }
        char joined[32], with[32];
        memcpy(joined, number, l->number.n);
        memcpy(joined + l->number.n, more, n - 1);
        memcpy(with, number, l->number.n + 1u);
        memcpy(with + l->number.n + 1, more, n - 1);
        copy(m->number, joined, l->number.n + n - 1);
        copy(m->optional[0], more + n, l->optional.n - n);
        if (!digit_right(joined, l->number.n + n - 1, more[n - 1]) &&
            !digit_right(with, l->number.n + n, more[n - 1]))
                fault(m, LF_MRZ_NUMBER_CHECK, l->optional.line, l->optional.column + (unsigned)n - 1);
}

static bool two(const char *text, unsigned *ret)
{
        if (text[0] == '<' && text[1] == '<') {
                *ret = 0;
                return true;
        }
        if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
                return false;
        *ret = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
        return true;
}

/* YYMMDD; what is not known is filled. */
static void read_date(struct lf_mrz *m, const struct zone *z, struct field f, enum lf_mrz_fault wrong,
                      enum lf_mrz_fault wrong_digit, struct lf_manifest_time *ret, bool *ret_year)
{
        static const uint8_t days[13] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        const char *text = at(z, f);
        unsigned year, month, day;
        bool filled[3] = {text[0] == '<', text[2] == '<', text[4] == '<'};
        bool right = two(text, &year) && two(text + 2, &month) && two(text + 4, &day) && month <= 12 &&
                     (filled[1] || month > 0) && (filled[2] || day > 0) && day <= days[month] &&
                     (month != 2 || day != 29 || filled[0] || year % 4 == 0); /* in neither century */
        if (right) {
                ret->year = (uint16_t)year;
                ret->month = (uint8_t)month;
                ret->day = (uint8_t)day;
                *ret_year = !filled[0];
        } else {
                fault(m, wrong, f.line, f.column);
        }
        if (!digit_right(text, f.n, text[f.n]))
                fault(m, wrong_digit, f.line, f.column + f.n);
        look_for_confusions(m, z, (struct field){f.line, f.column, (uint8_t)(f.n + 1)}, true);
}

static void read_sex(struct lf_mrz *m, const struct zone *z)
{
        struct field f = z->layout->sex;
        char c = *at(z, f);
        if (c == 'M' || c == 'F' || c == 'X')
                m->sex = c;
        else if (c != '<')
                fault(m, LF_MRZ_SEX, f.line, f.column);
}

/* Words: a filler becomes a space. */
static void words(char *to, const char *from, size_t n)
{
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
                if (from[i] != '<')
                        to[k++] = from[i];
                else if (k > 0 && to[k - 1] != ' ')
                        to[k++] = ' ';
        while (k > 0 && to[k - 1] == ' ')
                k--;
        to[k] = 0;
}

/* Family name, two fillers, given names. */
static void read_name(struct lf_mrz *m, const struct zone *z)
{
        struct field f = z->layout->name;
        const char *text = at(z, f);
        size_t family = 0, n = f.n;
        while (family + 1 < n && !(text[family] == '<' && text[family + 1] == '<'))
                family++;
        if (family + 1 == n)
                family = n;
        size_t given = family + 2 < n ? family + 2 : n, end = given;
        while (end < n && !(text[end] == '<' && (end + 1 == n || text[end + 1] == '<')))
                end++;
        words(m->family, text, family);
        words(m->given, text + given, end - given);
        m->name_truncated = text[n - 1] != '<';
        bool digit = false;
        for (size_t i = 0; i < n; i++)
                digit = digit || (text[i] >= '0' && text[i] <= '9');
        if (digit || (!m->family[0] && !m->given[0]))
                fault(m, LF_MRZ_NAME, f.line, f.column);
        if (!filler(text + end, n - end))
                fault(m, LF_MRZ_FILLER, f.line, f.column + (unsigned)end);
        look_for_confusions(m, z, f, false);
}

static void check_composite(struct lf_mrz *m, const struct zone *z)
{
        const struct layout *l = z->layout;
        char over[128];
        size_t n = 0;
        if (l->composite_digit.n == 0)
                return;
        for (unsigned i = 0; i < 4; i++) {
                memcpy(over + n, at(z, l->composite[i]), l->composite[i].n);
                n += l->composite[i].n;
        }
        char digit = *at(z, l->composite_digit);
        if (digit != '0' + lf_mrz_check_digit(over, n))
                fault(m, LF_MRZ_COMPOSITE_CHECK, l->composite_digit.line, l->composite_digit.column);
        look_for_confusions(m, z, l->composite_digit, true);
}

/* ---- Lines ---- */

/* Cuts text into lines of equal width. Returns how many; 0: not so. */
static unsigned cut(const char *text, size_t n, struct zone *z, size_t *ret_width)
{
        unsigned lines = 0;
        size_t width = 0;
        for (size_t i = 0; i < n;) {
                size_t from = i;
                while (i < n && text[i] != '\n' && text[i] != '|')
                        i++;
                size_t length = i - from - (i > from && text[i - 1] == '\r');
                i++;
                if (length == 0 && i >= n)
                        break;
                if (lines == LINES_MAX || length > WIDTH_MAX || (lines > 0 && length != width))
                        return 0;
                memcpy(z->line[lines], text + from, length);
                z->line[lines][length] = 0;
                width = length;
                lines++;
        }
        *ret_width = width;
        return lines;
}

static void read_zone(struct lf_mrz *m, const struct zone *z)
{
        const struct layout *l = z->layout;
        for (unsigned i = 0; i < l->lines; i++)
                for (unsigned k = 0; k < l->width; k++)
                        if (value(z->line[i][k]) < 0)
                                fault(m, LF_MRZ_CHARACTER, i, k);
        read_code(m, z);
        read_country(m, z, l->issuer, LF_MRZ_ISSUER, m->issuer);
        read_number(m, z);
        read_date(m, z, l->birth, LF_MRZ_BIRTH, LF_MRZ_BIRTH_CHECK, &m->birth, &m->birth_year);
        read_sex(m, z);
        read_date(m, z, l->expiry, LF_MRZ_EXPIRY, LF_MRZ_EXPIRY_CHECK, &m->expiry, &m->expiry_year);
        read_country(m, z, l->nation, LF_MRZ_NATIONALITY, m->nation);
        copy(m->optional[1], at(z, l->optional2), l->optional2.n);
        if (l->optional_check &&
            !digit_right(at(z, l->optional), l->optional.n, at(z, l->optional)[l->optional.n]))
                fault(m, LF_MRZ_OPTIONAL_CHECK, l->optional.line, l->optional.column + l->optional.n);
        check_composite(m, z);
        read_name(m, z);
}

int lf_mrz_read_as(const char *text, size_t n, enum lf_mrz_format format, struct lf_mrz *ret)
{
        struct zone z = {0};
        size_t width;
        if (format < LF_MRZ_TD1 || format > LF_MRZ_MRVB)
                return -EINVAL;
        z.layout = &layouts[format];
        if (cut(text, n, &z, &width) != z.layout->lines || width != z.layout->width)
                return -EBADMSG;
        struct lf_mrz m = {.format = format};
        read_zone(&m, &z);
        *ret = m;
        return 0;
}

int lf_mrz_read(const char *text, size_t n, struct lf_mrz *ret)
{
        struct zone z = {0};
        size_t width;
        unsigned lines = cut(text, n, &z, &width);
        bool visa = lines > 0 && z.line[0][0] == 'V';
        if (lines == 3 && width == 30)
                return lf_mrz_read_as(text, n, LF_MRZ_TD1, ret);
        if (lines == 2 && width == 36)
                return lf_mrz_read_as(text, n, visa ? LF_MRZ_MRVB : LF_MRZ_TD2, ret);
        if (lines == 2 && width == 44)
                return lf_mrz_read_as(text, n, visa ? LF_MRZ_MRVA : LF_MRZ_TD3, ret);
        return -EBADMSG;
}
