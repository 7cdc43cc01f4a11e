/* Names as the person engine compares them: short words of a-z and 0-9.
 *
 * Folding decides what "the same spelling" means: case, marks, script, apostrophes and direction marks do not
 * count. It uses the build's tables only, allocates nothing, and may run on any core. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LF_TOKEN_LETTERS 32 /* a longer word goes on as another token */
#define LF_NAME_TOKENS   32

enum {
        LF_TOKEN_FOREIGN = 1,  /* transliterated from another script */
        LF_TOKEN_ABJAD = 2,    /* from a script without short vowels: only its consonants say something */
        LF_TOKEN_SYLLABLE = 4, /* of a Korean name: few, short, and spelt in one way here */
        LF_TOKEN_HANGUL = 8,
        LF_TOKEN_BY_SOUND = 16, /* Thai or Lao, which is spelt in another way, too */
};

/* Words of at most this weight are particles, titles and forms of companies. */
#define LF_WEIGHT_PARTICLE 150
#define LF_WEIGHT_SYLLABLE 400 /* of a Korean name at most: there are few */
#define LF_WEIGHT_GIVEN    450 /* of a given name that very many bear */
#define LF_WEIGHT_MOST     1000

struct lf_token {
        uint8_t n;
        uint8_t flags;
        uint16_t weight;   /* thousandths of a rare long word's */
        uint32_t spelling; /* hash of the letters before spellings were levelled */
        uint64_t mask;     /* LF_MASK_* */
        char letter[LF_TOKEN_LETTERS];
};
_Static_assert(sizeof(struct lf_token) == 48, "token layout");

/* The next code point of valid UTF-8 in [*p, end), which *p passes. -1: overlong, surrogate, beyond U+10FFFF,
 * cut off, or not UTF-8 at all; *p stays. */
int32_t lf_utf8_next(const uint8_t **p, const uint8_t *end);

/* Splits a name of valid UTF-8 into at most `max` folded tokens. Returns how many, or -E2BIG. A name that has
 * no letter or digit has none. */
int lf_name_fold(const uint8_t *name, size_t size, struct lf_token *token, unsigned max);

/* Some names are read in two ways. Of the name that was folded to `token`, n of them, the other: a Korean one
 * in one spelling for all romanisations, a token for each syllable; a Thai or Lao one by its letters and not
 * by its sound. Returns how many tokens, 0: there is no other reading, or it is too long. */
#define LF_OTHER_WORDS 4
unsigned lf_name_fold_other(const uint8_t *name, size_t size, const struct lf_token *token, unsigned n,
                            struct lf_token ret[LF_OTHER_WORDS]);

/* How many tokens lf_name_fold() gives, of LF_NAME_TOKENS at most; or -E2BIG. */
int lf_name_words(const uint8_t *name, size_t size, unsigned max);

/* Folds a document number to A-Z and 0-9, at most `max` of them. Returns how many. */
size_t lf_number_fold(const uint8_t *number, size_t size, char *out, size_t max);

/* 0: a vowel, y or h, which spellings add and drop freely; else a class 1.. of consonants that stand for one
 * another between spellings. Only for a-z and 0-9. */
extern const uint8_t lf_letter_classes[256];

/* A mask has a bit for each class of consonants that occurs, and one for each letter a-z. */
#define LF_MASK_CLASS(class)   (1ull << (class)) /* 1..20 */
#define LF_MASK_LETTER(letter) (1ull << (32 + (letter) - 'a'))
#define LF_MASK_CLASSES        0x1ffffeull
#define LF_MASK_LETTERS        (0x3ffffffull << 32)
#define LF_MASK_VOWELS                                                                                       \
        (LF_MASK_LETTER('a') | LF_MASK_LETTER('e') | LF_MASK_LETTER('i') | LF_MASK_LETTER('o') |             \
         LF_MASK_LETTER('u') | LF_MASK_LETTER('y'))
