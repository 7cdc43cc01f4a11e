/* Names in Thai, Lao, Khmer and Burmese script, whose vowels stand before, around and behind their consonants
 * and whose letters sound otherwise at a syllable's end: no table of single letters can read them. Bopomofo,
 * too. Read as passports spell them: Thai by the Royal Thai General System of Transcription (Royal Institute,
 * 1999), the others by the BGN/PCGN agreements. Pure; any core. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_SYLLABIC_LETTERS 160
_Static_assert(LF_SYLLABIC_LETTERS >= 8, "a syllable, at least");

/* Whether lf_syllabic_read() reads what begins with code point c. */
bool lf_syllabic_begins(int32_t c);

/* What was read: letters of a word, the same by their sound where another spelling is usual, too, or a
 * syllable, which is a word in Latin letters ("Aung San"). */
enum lf_syllabic { LF_SYLLABIC_LETTERS_OF_WORD, LF_SYLLABIC_BY_SOUND, LF_SYLLABIC_SYLLABLE };

/* Reads what stands at [*p, end); *p passes it, by one code point at least. `etymological`: what has another
 * spelling is read in that, by its letters ("-bol" for "-phon"). Returns how many letters of a-z, at most
 * LF_SYLLABIC_LETTERS, are in `out`. */
unsigned lf_syllabic_read(const uint8_t **p, const uint8_t *end, bool etymological,
                          char out[LF_SYLLABIC_LETTERS], enum lf_syllabic *ret_kind);

#define LF_SYLLABIC_RUN 36 /* code points that are read as one; more go on as another */
/* Where letters go; what finds no room is left out. */
struct lf_letters_out {
        char *letter;
        unsigned n;
};
static inline void lf_letters_put(struct lf_letters_out *o, const char *s)
{
        while (*s && o->n < LF_SYLLABIC_LETTERS)
                o->letter[o->n++] = *s++;
}
void lf_thai_read(const uint16_t *u, unsigned n, bool lao, bool etymological, struct lf_letters_out *out);
void lf_khmer_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
/* One syllable each. Return how many of u it was, at least 1. */
unsigned lf_bopomofo_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
unsigned lf_burmese_read(const uint16_t *u, unsigned n, struct lf_letters_out *out);
