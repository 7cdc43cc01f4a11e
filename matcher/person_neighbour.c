#include "matcher/person_neighbour.h"

#include <stdbool.h>
#include <string.h>

#include "matcher/person_fold.h"

/* The Unicode Standard, 3.12: conjoining jamo */
enum {
        LEAD = 0x1100,
        VOWEL = 0x1161,
        TAIL = 0x11a7,
        LEADS = 19,
        VOWELS = 21,
        TAILS = 28,
        SYLLABLES = 0xac00
};

int32_t lf_letter_next(const uint8_t **p, const uint8_t *end)
{
        int32_t c = lf_utf8_next(p, end);
        if (c < LEAD || c >= LEAD + LEADS)
                return c;
        const uint8_t *q = *p;
        int32_t v = lf_utf8_next(&q, end);
        if (v < VOWEL || v >= VOWEL + VOWELS)
                return c;
        *p = q;
        c = SYLLABLES + ((c - LEAD) * VOWELS + v - VOWEL) * TAILS;
        int32_t t = lf_utf8_next(&q, end);
        if (t <= TAIL || t >= TAIL + TAILS)
                return c;
        *p = q;
        return c + t - TAIL;
}

static bool ends(const char *word, unsigned n, const char *with)
{
        size_t m = strlen(with);
        return n >= m && !memcmp(word + n - m, with, m);
}

/* Kana's marks of voiced and half voiced consonants, where they are letters of their own. */
static void voice(char *word, uint8_t *n, bool half)
{
        static const struct {
                char from[4], full[3], half[3];
        } sound[] = {{"shi", "ji", ""}, {"chi", "ji", ""}, {"tsu", "zu", ""}, {"fu", "bu", "pu"}};
        for (unsigned i = 0; i < sizeof sound / sizeof sound[0]; i++)
                if (ends(word, *n, sound[i].from)) {
                        const char *to = half ? sound[i].half : sound[i].full;
                        if (!to[0])
                                return;
                        *n = (uint8_t)(*n - strlen(sound[i].from) + 2);
                        memcpy(word + *n - 2, to, 2);
                        return;
                }
        if (*n < 2)
                return;
        static const char plain[] = "ksth", voiced[] = "gzdb";
        const char *at = memchr(plain, word[*n - 2], 4);
        if (at && (!half || *at == 'h'))
                word[*n - 2] = half ? 'p' : voiced[at - plain];
}

/* "ki" and a small "yo" are "kyo"; "shi" and a small "yo" are "sho". */
static const char *small_y(char *word, uint8_t *n, const char *letters)
{
        if (*n < 2 || word[*n - 1] != 'i')
                return NULL;
        --*n;
        return word[*n - 1] == 'h' || word[*n - 1] == 'j' ? letters + 1 : letters;
}

/* Long vowels are written as short ones, but for two that meet in between (Hepburn, as in passports). */
static const char *long_vowel(const char *word, uint8_t n, char letter)
{
        char last = n ? word[n - 1] : 0;
        return last == 'o' || (last == 'u' && letter == 'u') ? "" : NULL;
}

/* ISO 843 (ELOT 743): "ou", and "av", "ev" */
static const char *upsilon(const char *word, uint8_t n)
{
        char last = n ? word[n - 1] : 0;
        return last == 'o' ? "u" : last == 'a' || last == 'e' ? "v" : NULL;
}

const char *lf_letter_behind(int32_t c, char *word, uint8_t *n)
{
        switch (c) {
        case 0x3a5: /* Greek upsilon, with an accent, too */
        case 0x3c5:
        case 0x38e:
        case 0x3cd:
                return upsilon(word, *n);
        case 0x3083: /* small hiragana, katakana, half-width */
        case 0x30e3:
        case 0xff6c:
                return small_y(word, n, "ya");
        case 0x3085:
        case 0x30e5:
        case 0xff6d:
                return small_y(word, n, "yu");
        case 0x3087:
        case 0x30e7:
        case 0xff6e:
                return small_y(word, n, "yo");
        case 0x3046: /* u */
        case 0x30a6:
        case 0xff73:
                return long_vowel(word, *n, 'u');
        case 0x304a: /* o */
        case 0x30aa:
        case 0xff75:
                return long_vowel(word, *n, 'o');
        case 0x3099:
        case 0x309b:
        case 0xff9e:
                voice(word, n, false);
                return "";
        case 0x309a:
        case 0x309c:
        case 0xff9f:
                voice(word, n, true);
                return "";
        }
        return NULL;
}

bool lf_letters_ukrainian(const uint8_t *name, size_t size)
{
        const uint8_t *p = name, *end = name + size;
        bool found = false;
        for (int32_t c; (c = lf_utf8_next(&p, end)) >= 0;) {
                if (c >= 0x492 && c < 0x530) /* Kazakh and others have the same "i" */
                        return false;
                found |= c == 0x454 || c == 0x456 || c == 0x457 || c == 0x404 || c == 0x406 || c == 0x407 ||
                         c == 0x490 || c == 0x491 || c == 0x40e || c == 0x45e;
        }
        return found;
}
