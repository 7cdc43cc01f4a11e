#include "matcher/person_syllabic.h"

/* Pinyin of Bopomofo, U+3105 to U+3129 (GB/T 16159, ISO 7098). */
static const char initial[][3] = {"b", "p", "m", "f",  "d",  "t",  "n", "l", "g", "k", "h",
                                  "j", "q", "x", "zh", "ch", "sh", "r", "z", "c", "s"};
static const char final[][4] = {"a", "o", "e", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "er"};
enum { FIRST = 0x3105, A = 0x311a, O, E, EH, AI, EI, AO, OU, AN, EN, ANG, ENG, ER, I, U, IU };

/* What the vowel before it makes of a final. */
static const char *behind(uint16_t medial, uint16_t c, bool alone)
{
        if (c == EN && medial)
                return medial == U && alone ? "en" : "n";
        if (c == ENG && medial)
                return medial == I ? "ng" : medial == IU ? "ong" : alone ? "eng" : "ong";
        if (!alone && ((medial == U && c == EI) || (medial == I && c == OU)))
                return c == EI ? "i" : "u";
        return final[c - A];
}

unsigned lf_bopomofo_read(const uint16_t *u, unsigned n, struct lf_letters_out *out)
{
        unsigned i = 0;
        bool alone = u[0] >= A;
        if (!alone)
                lf_letters_put(out, initial[u[i++] - FIRST]);
        uint16_t medial = i < n && u[i] >= I ? u[i++] : 0;
        uint16_t c = i < n && u[i] >= A && u[i] < I ? u[i++] : 0;
        bool ong = c == ENG && ((medial == U && !alone) || medial == IU);
        bool glide = alone && c && !((c == EN || c == ENG) && medial == I) && !(medial == IU && c != ENG);
        if (alone && medial)
                lf_letters_put(out, medial == U ? "w" : "y");
        if (medial && !glide && !ong)
                lf_letters_put(out, medial == I ? "i" : "u");
        else if (!medial && !c && u[0] >= FIRST + 14) /* "zhi", "si" */
                lf_letters_put(out, "i");
        if (c)
                lf_letters_put(out, behind(medial, c, alone));
        return i;
}
