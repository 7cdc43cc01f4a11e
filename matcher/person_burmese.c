#include "matcher/person_syllabic.h"

enum {
        KA = 0x1000,
        NGA = 0x1004,
        CA = 0x1005,
        SMALL_NYA = 0x1009,
        NYA = 0x100a,
        NA = 0x1014,
        MA = 0x1019,
        YA = 0x101a,
        RA = 0x101b,
        LA = 0x101c,
        VA = 0x101d,
        A = 0x1021,
        INDEPENDENT_LAST = 0x102a,
        TALL_AA = 0x102b,
        AA = 0x102c,
        I = 0x102d,
        II = 0x102e,
        U = 0x102f,
        UU = 0x1030,
        E = 0x1031,
        AI = 0x1032,
        ANUSVARA = 0x1036,
        CREAKY = 0x1037,
        HIGH = 0x1038,
        STACKED = 0x1039, /* the next consonant stands below the one before it */
        ASAT = 0x103a,    /* no vowel behind the consonant before it */
        MEDIAL_YA = 0x103b,
        MEDIAL_HA = 0x103e,
};

static const char consonant[][3] = {"k", "kh", "g", "g", "ng", "s",  "s",  "z", "z", "ny", "ny", "t",
                                    "t", "d",  "d", "n", "t",  "ht", "d",  "d", "n", "p",  "ph", "b",
                                    "b", "m",  "y", "y", "l",  "w",  "th", "h", "l", ""};
static const char independent[][3] = {"a", "i", "i", "u", "u", "e", "e", "aw", "aw"};

/* What a syllable's end sounds like: vowels of one row, by its last consonant. */
enum end { OPEN, STOP_K, NASAL_NG, STOP_C, SOFT_NY, NASAL_NY, STOP_T, NASAL_N, SOFT_Y, ENDS };
static const char rhyme[][ENDS][5] = {
    {"a", "et", "in", "it", "i", "in", "at", "an", "e"},           /* no vowel is written */
    {"wa", "wet", "win", "wit", "we", "win", "ut", "un", "we"},    /* the same behind w */
    {"aw", "auk", "aung", "aw", "aw", "aung", "aw", "aung", "aw"}, /* e, aa */
    {"o", "aik", "aing", "aik", "o", "aing", "aik", "aing", "o"},  /* i, u */
    {"i", "eik", "ein", "eik", "i", "ein", "eik", "ein", "i"},     /* i */
    {"u", "ok", "on", "ok", "u", "on", "ok", "on", "u"},           /* u */
    {"e", "it", "in", "it", "e", "in", "it", "in", "e"},           /* e, ai */
    {"a", "at", "an", "at", "a", "an", "at", "an", "a"},           /* aa */
};

static bool is_consonant(uint16_t c)
{
        return c >= KA && c <= A;
}

static enum end end_of(uint16_t c)
{
        return c == KA                             ? STOP_K
               : c == NGA                          ? NASAL_NG
               : c == CA                           ? STOP_C
               : c == NYA                          ? SOFT_NY
               : c == SMALL_NYA                    ? NASAL_NY
               : c == NA || c == 0x100f || c == MA ? NASAL_N
               : c == YA                           ? SOFT_Y
               : c == LA || c == RA || c == 0x101f ? OPEN
                                                   : STOP_T;
}

/* What stands between a consonant and its vowel, as bits: y, r, w, h. */
static void put_first(uint16_t c, unsigned medials, struct lf_letters_out *out)
{
        bool y = medials & 3, h = medials & 8;
        if (c == 0x1001 && y)
                lf_letters_put(out, "ch");
        else if (h && (c == RA || (c == LA && y)))
                lf_letters_put(out, "sh");
        else {
                lf_letters_put(out, h ? "h" : "");
                lf_letters_put(out, consonant[c - KA]);
                lf_letters_put(out, y ? "y" : "");
        }
}

/* The consonant at i ends a syllable. */
static bool ends(const uint16_t *u, unsigned n, unsigned i)
{
        if (i >= n || !is_consonant(u[i]))
                return false;
        while (++i < n && (u[i] == CREAKY || u[i] == HIGH))
                ;
        return i < n && (u[i] == ASAT || u[i] == STACKED);
}

static unsigned row_of(unsigned vowels, bool w)
{
        bool i = vowels & 3 << (I - AA), u = vowels & 3 << (U - AA), e = vowels & 1 << (E - AA);
        if (e)
                return vowels & 1 ? 2 : 6;
        if (i)
                return u ? 3 : 4;
        if (u)
                return 5;
        if (vowels & 1 << (AI - AA))
                return 6;
        return vowels & 1 ? 7 : w;
}

unsigned lf_burmese_read(const uint16_t *u, unsigned n, struct lf_letters_out *out)
{
        unsigned i = 0, medials = 0, vowels = 0;
        enum end end = OPEN;
        bool creaky = false, high = false;
        if (u[0] > A && u[0] <= INDEPENDENT_LAST) {
                vowels = u[0] == 0x1025 || u[0] == 0x1026 ? 1u << (U - AA) : 0;
                if (!vowels)
                        lf_letters_put(out, independent[u[0] - A - 1]);
        } else if (!is_consonant(u[0]))
                return 1;
        for (i = 1; i < n && u[i] >= MEDIAL_YA && u[i] <= MEDIAL_HA; i++)
                medials |= 1u << (u[i] - MEDIAL_YA);
        if (is_consonant(u[0]))
                put_first(u[0], medials, out);
        for (; i < n && u[i] >= TALL_AA && u[i] <= AI; i++)
                vowels |= 1u << (u[i] == TALL_AA ? 0 : u[i] - AA);
        for (; i < n && ((u[i] >= ANUSVARA && u[i] <= HIGH) || u[i] == ASAT); i++) {
                creaky |= u[i] == CREAKY;
                high |= u[i] == HIGH;
                end = u[i] == ANUSVARA ? NASAL_N : end;
        }
        if (ends(u, n, i)) {
                end = end_of(u[i++]);
                for (; i < n && ((u[i] >= CREAKY && u[i] <= ASAT)); i++)
                        creaky |= u[i] == CREAKY;
        }
        unsigned row = row_of(vowels, medials & 4 || u[0] == VA);
        bool own = u[0] > A && !vowels;
        const char *sound = rhyme[row][end];
        if (high && end == OPEN && !(medials & 7)) /* as names have it: Aye, Htay, Soe */
                sound = row == 3 ? "oe" : row != 6 ? sound : u[0] == A ? "aye" : "ay";
        if (row > 1 && medials & 4)
                lf_letters_put(out, "w");
        if (row == 1 && u[0] == VA && sound[0] == 'w')
                sound++;
        if (!own)
                lf_letters_put(out, sound);
        if (creaky && (end == NASAL_NG || end == NASAL_NY || end == NASAL_N))
                lf_letters_put(out, "t");
        return i;
}
