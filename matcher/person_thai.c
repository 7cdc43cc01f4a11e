/* Thai and Lao, whose letters correspond: Lao ones are read as the Thai ones 0x80 before them. */
#include <string.h>

#include "matcher/person_syllabic.h"

enum {
        KO_KAI = 0xe01,
        RO = 0xe23,
        RU = 0xe24,
        LO = 0xe25,
        LU = 0xe26,
        WO = 0xe27,
        HO = 0xe2b,
        O = 0xe2d,
        HO_NOKHUK = 0xe2e,
        YO = 0xe22,
        CHO_CHANG = 0xe0a, /* Lao: so tam; "ch" to everybody, where a syllable begins */
        LAO_NYO = 0xe0d,
        A = 0xe30,
        HAN_AKAT = 0xe31,
        AA = 0xe32,
        AM = 0xe33,
        I = 0xe34,
        II = 0xe35,
        UE = 0xe36,
        UEE = 0xe37,
        U = 0xe38,
        UU = 0xe39,
        LAO_O = 0xe3b, /* mai kon */
        LAO_L = 0xe3c, /* below a consonant */
        LAO_IA = 0xe3d,
        E = 0xe40,
        AE = 0xe41,
        OO = 0xe42,
        AI = 0xe43,
        AI_MALAI = 0xe44,
        LAKKHANG = 0xe45,
        THANTHAKHAT = 0xe4c,
        NIKHAHIT = 0xe4d,
        LAO_HN = 0xe5c,
        LAO_HM = 0xe5d,
        SILENT = 1, /* where a silent letter stood: a syllable ends */
};

/* From KO_KAI on: as it begins a syllable and ends one; by etymology, both. */
static const struct {
        char first[4], last[3], letter[4];
} consonant[] = {
    {"k", "k", "k"},   {"kh", "k", "k"},   {"kh", "k", "k"},  {"kh", "k", "k"},  {"kh", "k", "k"},
    {"kh", "k", "g"},  {"ng", "ng", "ng"}, {"ch", "t", "j"},  {"ch", "t", "j"},  {"ch", "t", "j"},
    {"s", "t", "s"},   {"ch", "t", "j"},   {"y", "n", "y"},   {"d", "t", "d"},   {"t", "t", "t"},
    {"th", "t", "th"}, {"th", "t", "t"},   {"th", "t", "dh"}, {"n", "n", "n"},   {"d", "t", "d"},
    {"t", "t", "t"},   {"th", "t", "t"},   {"th", "t", "th"}, {"th", "t", "dh"}, {"n", "n", "n"},
    {"b", "p", "b"},   {"p", "p", "p"},    {"ph", "p", "p"},  {"f", "p", "f"},   {"ph", "p", "p"},
    {"f", "p", "f"},   {"ph", "p", "bh"},  {"m", "m", "m"},   {"y", "i", "y"},   {"r", "n", "r"},
    {"ri", "", "ri"},  {"l", "n", "l"},    {"l", "", "l"},    {"w", "o", "w"},   {"s", "t", "s"},
    {"s", "t", "s"},   {"s", "t", "s"},    {"h", "", "h"},    {"l", "n", "l"},   {"", "", ""},
    {"h", "", "h"},
};

struct reading {
        uint16_t u[LF_SYLLABIC_RUN + 4]; /* zeros behind the last one */
        unsigned n, i;
        bool lao, etymological;
        struct lf_letters_out *out;
};

static bool is_consonant(uint16_t c)
{
        return c >= KO_KAI && c <= HO_NOKHUK;
}

static bool is_vowel_sign(uint16_t c)
{
        return (c >= A && c <= LAO_IA) || c == LAKKHANG || c == NIKHAHIT;
}

/* Letters that sound, in the order in which they are written. */
static void sort_out(struct reading *r, const uint16_t *u, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                uint16_t c = r->lao && u[i] ? (uint16_t)(u[i] - 0x80) : u[i];
                if (c == THANTHAKHAT) {
                        if (r->n > 0 && is_vowel_sign(r->u[r->n - 1]))
                                r->n--;
                        if (r->n > 0 && is_consonant(r->u[r->n - 1]))
                                r->u[r->n - 1] = SILENT;
                } else if (c == LAO_HN || c == LAO_HM)
                        r->u[r->n++] = c == LAO_HN ? 0xe19 : 0xe21;
                else if (is_consonant(c) || is_vowel_sign(c) || (c >= E && c <= AI_MALAI))
                        r->u[r->n++] = c;
        }
        memset(r->u + r->n, 0, (sizeof r->u / sizeof r->u[0] - r->n) * sizeof r->u[0]);
}

/* The consonant at i has no vowel written of its own. */
static bool bare(const struct reading *r, unsigned i)
{
        const uint16_t *u = r->u + i;
        if (!is_consonant(u[0]) || u[0] == RU || u[0] == LU || is_vowel_sign(u[1]) || u[1] == LAO_L)
                return false;
        if (u[1] == O || u[1] == WO)
                return is_vowel_sign(u[2]) || (u[1] == WO && !is_consonant(u[2]));
        return !(u[1] == RO && u[2] == RO);
}

/* Two consonants that begin a syllable together. */
static bool cluster(const struct reading *r, unsigned i)
{
        static const uint16_t first[] = {0xe01, 0xe02, 0xe04, 0xe15, 0xe17,
                                         0xe1b, 0xe1c, 0xe1e, 0xe28, 0xe2a};
        uint16_t c = r->u[i], d = r->u[i + 1];
        if (c == HO)
                return d == 0xe07 || d == 0xe0d || d == 0xe19 || d == 0xe21 || d == YO || d == RO ||
                       d == LO || d == WO;
        for (unsigned k = 0; k < sizeof first / sizeof first[0]; k++)
                if (c == first[k])
                        return d == RO || (d == LO && c != 0xe15 && c < 0xe28) || (d == WO && c < 0xe05);
        return false;
}

static void put_first(struct reading *r, uint16_t c)
{
        const char *s =
            r->etymological && c != CHO_CHANG ? consonant[c - KO_KAI].letter : consonant[c - KO_KAI].first;
        if (r->lao)
                s = c == CHO_CHANG ? "s" : c == LAO_NYO ? "y" : c == WO ? "v" : s;
        lf_letters_put(r->out, s);
}

static void put_last(struct reading *r, uint16_t c)
{
        c = r->lao && c == LAO_NYO ? YO : c;
        bool glide = c == YO || c == WO;
        lf_letters_put(r->out,
                       r->etymological && !glide ? consonant[c - KO_KAI].letter : consonant[c - KO_KAI].last);
}

/* What stands around the consonants, the vowel before them being `before` or 0. NULL: no vowel is written. */
static const char *vowel(struct reading *r, uint16_t before)
{
        uint16_t *u = r->u + r->i;
        unsigned used = 1;
        const char *sound = NULL;
        if (before == E) {
                if (u[0] == II && u[1] == YO)
                        used = 2, sound = "ia";
                else if (u[0] == UEE && u[1] == O)
                        used = 2, sound = "uea";
                else if (u[0] == AA)
                        used = u[1] == A ? 2 : 1, sound = used == 2 ? "o" : "ao";
                else if (u[0] == LAO_O && u[1] == AA)
                        used = 2, sound = "ao";
                else if (u[0] == O && !is_vowel_sign(u[1]))
                        sound = "oe";
                else if (u[0] == I || u[0] == II)
                        sound = "oe";
                else
                        used = u[0] == A || u[0] == HAN_AKAT, sound = "e";
        } else if (before) {
                used = u[0] == A || u[0] == HAN_AKAT || (before >= AI && u[0] == YO && bare(r, r->i));
                sound = before == AE ? "ae" : before == OO ? "o" : "ai";
        } else if (u[0] == HAN_AKAT && u[1] == WO)
                used = 2, sound = "ua";
        else if (u[0] == LAO_O && u[1] == WO)
                used = 2, sound = "ua";
        else if (u[0] == UEE && u[1] == O)
                used = 2, sound = "ue";
        else if (u[0] == RO && u[1] == RO)
                used = 2, sound = is_consonant(u[2]) && bare(r, r->i + 2) ? "a" : "an";
        else if (u[0] == O && !is_vowel_sign(u[1]))
                sound = "o";
        else if (u[0] == WO && !is_vowel_sign(u[1]) && is_consonant(u[1]))
                sound = "ua";
        else if (u[0] == LAO_IA)
                sound = "ia";
        else if (u[0] == LAO_O || u[0] == NIKHAHIT)
                sound = "o";
        else if (is_vowel_sign(u[0])) {
                static const char *const sign[] = {"a", "a", "a", "am", "i", "i", "ue", "ue", "u", "u"};
                sound = u[0] <= UU ? sign[u[0] - A] : "";
        }
        r->i += sound ? used : 0;
        return sound;
}

/* Bare consonants from the one at hand on. */
static unsigned bare_ones(const struct reading *r)
{
        unsigned n = 0;
        while (is_consonant(r->u[r->i + n]) && bare(r, r->i + n))
                n++;
        return n;
}

/* The consonant at hand ends the syllable whose vowel is `sound`, NULL: none is written. Two bare consonants
 * are a syllable of their own ("phon"), but for those like "-tr" that are written for a single sound. */
static bool ends(const struct reading *r, const char *sound)
{
        uint16_t last = r->u[r->i - 1], c = r->u[r->i];
        unsigned n = bare_ones(r);
        if (n == 0 || last == A || last == AM || c == O || c == HO)
                return false;
        if (cluster(r, r->i) && n == 1 && is_consonant(r->u[r->i + 1]))
                return false;
        bool stop = c == 0xe08 || c == 0xe0a || (c >= 0xe0e && c <= 0xe18 && c != 0xe13);
        return n != 2 || last == HAN_AKAT || (sound && stop);
}

/* A bare consonant behind a closed syllable, that nothing follows. */
static bool unheard(const struct reading *r)
{
        return bare_ones(r) == 1 && (r->i + 1 == r->n || r->u[r->i + 1] == SILENT);
}

static void syllable(struct reading *r)
{
        uint16_t before = r->u[r->i] >= E && r->u[r->i] <= AI_MALAI ? r->u[r->i++] : 0;
        if (!is_consonant(r->u[r->i])) {
                const char *sound = vowel(r, before);
                if (sound)
                        lf_letters_put(r->out, sound);
                else if (r->i < r->n)
                        r->i++;
                return;
        }
        uint16_t c = r->u[r->i];
        bool two = cluster(r, r->i) && (before || !bare(r, r->i + 1)) &&
                   !(c != HO && !before && r->u[r->i + 1] == WO && bare(r, r->i + 2));
        bool apart = before == E && !two && is_consonant(r->u[r->i + 1]) && r->u[r->i + 2] == I;
        if (!(two && c == HO))
                put_first(r, c);
        r->i++;
        if (apart)
                lf_letters_put(r->out, "a");
        if (two || apart) {
                bool s = (c == 0xe28 || c == 0xe2a) && r->u[r->i] == RO && !r->etymological;
                if (!s)
                        put_first(r, r->u[r->i]);
                r->i++;
        }
        if (c == RU || c == LU)
                return;
        if (r->u[r->i] == LAO_L)
                lf_letters_put(r->out, "l"), r->i++;
        const char *sound = vowel(r, before);
        bool closed = ends(r, sound);
        lf_letters_put(r->out, sound ? sound : closed ? "o" : "a");
        if (!closed)
                return;
        put_last(r, r->u[r->i++]);
        if (!unheard(r))
                return;
        if (r->etymological)
                put_last(r, r->u[r->i]);
        r->i++;
}

void lf_thai_read(const uint16_t *u, unsigned n, bool lao, bool etymological, struct lf_letters_out *out)
{
        struct reading r = {.lao = lao, .etymological = etymological, .out = out};
        sort_out(&r, u, n);
        while (r.i < r.n)
                syllable(&r);
}
