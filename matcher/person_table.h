/* The tables that person_table_gen.c makes of ICU's data: how a code point folds, and country codes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum lf_fold_kind {
        LF_FOLD_NOTHING = 0,    /* leaves no trace: marks, apostrophes, direction marks, symbols */
        LF_FOLD_SPACE = 1,      /* ends a word */
        LF_FOLD_LETTERS = 2,    /* Latin letters and digits */
        LF_FOLD_FOREIGN = 3,    /* letters of another script, transliterated */
        LF_FOLD_ABJAD = 4,      /* of a script that writes no short vowels */
        LF_FOLD_WORD = 5,       /* a word of its own: Han */
        LF_FOLD_VOWEL_SIGN = 6, /* Indic: first takes the inherent "a" from the consonant before it */
        LF_FOLD_SYLLABLE = 7,   /* Hangul: three and more written as one are a family name and a given name */
};

/* An entry: kind in bits 0-2, number of letters in bits 3-7, their place in the pool above. */
#define LF_FOLD_CODE_POINTS 0x20000
extern const uint32_t lf_fold_page[][256];
extern const uint16_t lf_fold_page_of[LF_FOLD_CODE_POINTS / 256];
extern const char lf_fold_pool[];
/* Names folded by tables of different ids are not comparable. */
extern const uint32_t lf_fold_table_id;

/* Words that say little (matcher/person_words.def), by hash of their letters; n 0 ends a search. */
struct lf_word_weight {
        char letter[24];
        uint8_t n;
        uint16_t weight;
};
#define LF_WORD_WEIGHTS 1024
extern const struct lf_word_weight lf_word_weight[LF_WORD_WEIGHTS];

/* Syllables of Korean names (matcher/person_korean.def), by hash of their letters; n 0 ends a search. */
struct lf_syllable {
        char letter[8], own[8]; /* as it is spelt; as names are compared */
        uint8_t n, own_n;
        bool family; /* a family name, too */
};
#define LF_SYLLABLES 1024
extern const struct lf_syllable lf_syllable[LF_SYLLABLES];

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo) */
static inline uint32_t lf_letters_fnv(const char *letter, unsigned n)
{
        uint32_t h = 2166136261u;
        for (unsigned i = 0; i < n; i++)
                h = (h ^ (uint8_t)letter[i]) * 16777619u;
        return h;
}

struct lf_country {
        char two[3], three[4];
};
extern const struct lf_country lf_country[];
extern const unsigned lf_countries;
