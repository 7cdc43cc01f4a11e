#include "matcher/person_syllabic.h"

enum {
        KA = 0x1780,
        BA = 0x1794,
        A = 0x17a2,
        INDEPENDENT = 0x17a3,
        INDEPENDENT_LAST = 0x17b3,
        VOWEL = 0x17b6,
        VOWEL_LAST = 0x17c8,
        AM = 0x17c6,
        AH = 0x17c7,
        SHORT = 0x17cb,
        SERIES_A = 0x17c9,
        SERIES_O = 0x17ca,
        SILENCED = 0x17cd,
        BELOW = 0x17d2, /* the next consonant stands below the one before it */
};

/* Each consonant has its own vowel, a or o, which decides how signs sound, too. */
static const char series_o[] = "00111001110011000111001111111000000";
static const char consonant[][4] = {"k", "kh", "k", "kh", "ng", "ch", "ch", "ch", "ch", "nh", "d", "th",
                                    "d", "th", "n", "t",  "th", "t",  "th", "n",  "b",  "ph", "p", "ph",
                                    "m", "y",  "r", "l",  "v",  "s",  "s",  "s",  "h",  "l",  ""};
static const char independent[][4] = {"a",  "a", "e", "i", "u",  "u", "u", "ov", "ri",
                                      "ri", "l", "l", "e", "ai", "o", "o", "au"};
/* From VOWEL on: behind either series. */
static const char sign[][2][4] = {{"a", "ea"},  {"i", "i"},   {"i", "i"},    {"oe", "eu"},   {"eu", "eu"},
                                  {"o", "u"},   {"u", "u"},   {"uo", "uo"},  {"oeu", "oeu"}, {"oeu", "oeu"},
                                  {"ie", "ie"}, {"e", "e"},   {"e", "e"},    {"ai", "ey"},   {"ao", "o"},
                                  {"au", "ov"}, {"am", "um"}, {"ah", "eah"}, {"a", "a"}};

static bool is_consonant(uint16_t c)
{
        return c >= KA && c <= A;
}

static unsigned series(uint16_t c)
{
        return series_o[c - KA] == '1';
}

/* Nasals, y, r, l and v below another consonant leave it its series. */
static bool yields(uint16_t c)
{
        return c == 0x1784 || c == 0x1789 || c == 0x1793 || (c >= 0x1798 && c <= 0x179c);
}

static void put_last(struct lf_letters_out *out, uint16_t c)
{
        lf_letters_put(out, c == BA                      ? "p"
                            : c == 0x178a || c == 0x178c ? "t"
                            : c == 0x179c                ? "u"
                                                         : consonant[c - KA]);
}

/* Of the consonant u[i], neither a vowel nor a sign nor another consonant below is written. */
static bool bare(const uint16_t *u, unsigned n, unsigned i)
{
        if (i >= n || !is_consonant(u[i]) || u[i] == A)
                return false;
        return i + 1 == n || is_consonant(u[i + 1]) || u[i + 1] == SHORT || u[i + 1] == 0 ||
               (u[i + 1] >= INDEPENDENT && u[i + 1] <= INDEPENDENT_LAST);
}

/* The consonant u[i] ends a syllable; of two such ones, the first begins one. */
static bool ends(const uint16_t *u, unsigned n, unsigned i)
{
        unsigned k = i;
        while (bare(u, n, k))
                k++;
        return (k - i) % 2 == 1 && u[i - 1] != AM && u[i - 1] != AH;
}

static unsigned syllable(const uint16_t *u, unsigned n, unsigned i, struct lf_letters_out *out)
{
        unsigned o = series(u[i]);
        bool b = u[i] == BA && i + 1 < n && u[i + 1] == SERIES_A;
        lf_letters_put(out, b ? "p" : consonant[u[i] - KA]);
        for (i++; i + 1 < n && u[i] == BELOW && is_consonant(u[i + 1]); i += 2) {
                o = yields(u[i + 1]) ? o : series(u[i + 1]);
                lf_letters_put(out, consonant[u[i + 1] - KA]);
        }
        if (i < n && (u[i] == SERIES_A || u[i] == SERIES_O))
                o = u[i++] == SERIES_O;
        if (i < n && u[i] >= VOWEL && u[i] <= VOWEL_LAST) {
                for (; i < n && u[i] >= VOWEL && u[i] <= VOWEL_LAST; i++)
                        lf_letters_put(out, sign[u[i] - VOWEL][o]);
        } else
                lf_letters_put(out, o ? "o" : "a");
        if (ends(u, n, i))
                put_last(out, u[i++]);
        return i;
}

void lf_khmer_read(const uint16_t *u, unsigned n, struct lf_letters_out *out)
{
        for (unsigned i = 0; i < n;) {
                if (is_consonant(u[i]) && i + 1 < n && u[i + 1] == SILENCED)
                        i += 2;
                else if (is_consonant(u[i]))
                        i = syllable(u, n, i, out);
                else if (u[i] >= INDEPENDENT && u[i] <= INDEPENDENT_LAST)
                        lf_letters_put(out, independent[u[i++] - INDEPENDENT]);
                else
                        i++;
        }
}
