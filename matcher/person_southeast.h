/* Names in Thai, Lao, Khmer and Burmese script, whose vowels stand before, around and behind their consonants
 * and whose letters sound otherwise at a syllable's end: no table of single letters can read them. Bopomofo,
 * too. Read as passports spell them: Thai by the Royal Thai General System of Transcription (Royal Institute,
 * 1999), the others by the BGN/PCGN agreements. Pure; any core. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_SOUTHEAST_LETTERS 160
_Static_assert(LF_SOUTHEAST_LETTERS >= 8, "a syllable, at least");

/* Whether lf_southeast_read() reads what begins with code point c. */
bool lf_southeast_begins(int32_t c);

/* Reads the letters at [*p, end), a word or, of Burmese and Bopomofo, a syllable: names are written with a
 * space after each one in Latin letters. *p passes them, by one code point at least. `etymological`: as many
 * families spell theirs, by the letters and not by the sound ("-bhol", "-bol" for "-phon"). Returns how many
 * letters of a-z and 0-9, at most LF_SOUTHEAST_LETTERS, are in `out`; *ret_word: they are a word of their
 * own. */
unsigned lf_southeast_read(const uint8_t **p, const uint8_t *end, bool etymological,
                           char out[LF_SOUTHEAST_LETTERS], bool *ret_word);

/* A script's letters, marks that change nothing left out. */
#define LF_SOUTHEAST_RUN 36 /* code points that are read as one; more go on as another */
struct lf_letters_out {
        char *letter;
        unsigned n;
};
static inline void lf_letters_put(struct lf_letters_out *o, const char *s)
{
        while (*s && o->n < LF_SOUTHEAST_LETTERS)
                o->letter[o->n++] = *s++;
}
void lf_thai_read(const uint16_t *u, unsigned n, bool lao, bool etymological, struct lf_letters_out *out);
void lf_khmer_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
/* One syllable each. Return how many of u it was, at least 1. */
unsigned lf_bopomofo_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
unsigned lf_burmese_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
