/* How alike two folded names are, and which words account for it.
 *
 * Words are paired so that most is explained, whatever their order; then runs of up to three words are tried
 * as one ("Rami Makhlouf", "Ramimakhlouf"). What finds no partner costs: fully on the side that has less of
 * it, little on the other, because lists give more names than tickets do. Pure; any core; allocates nothing.
 */
#pragma once

#include <stdbool.h>

#include "matcher/person_assign.h"
#include "matcher/person_fold.h"

_Static_assert(LF_NAME_TOKENS <= LF_ASSIGN_MAX && 1000u * 2 * LF_WEIGHT_MOST < LF_ASSIGN_VALUE,
               "every word of a name can be assigned");

#define LF_RUN_WORDS 3 /* neighbouring words that are tried as one */

struct lf_name {
        const struct lf_token *token;
        unsigned n;
        unsigned weight; /* of all words */
};

/* A run of words of one name that corresponds to a run of words of the other. */
struct lf_pairing {
        uint8_t a, a_words, b, b_words;
        uint8_t initial; /* one is an initial of the other */
        uint16_t similarity;
};

struct lf_alignment {
        unsigned n;
        struct lf_pairing pair[LF_NAME_TOKENS];
        unsigned left_a, left_b; /* words without a partner, particles not counted */
};

/* The name over tokens[0..n). */
struct lf_name lf_name_over(const struct lf_token *token, unsigned n);

/* 0 (nothing in common) to below 1. Symmetric, and the same for any order of the words as long as no run of
 * words is written as one. Exactly 0 is returned when the similarity is certainly below `floor`. `ret` may be
 * NULL. */
float lf_name_similarity(const struct lf_name *a, const struct lf_name *b, float floor,
                         struct lf_alignment *ret);

/* How alike two words are, initials included, in thousandths. */
unsigned lf_word_similarity(const struct lf_token *s, const struct lf_token *t);

/* The same as lf_name_similarity(), without a floor, for words whose likeness is known: value[i][j] is the
 * similarity of word i of `a` and word j of `b`, in thousandths, times the sum of their weights. Only of
 * words run_a and run_b (bits) may runs correspond. */
float lf_name_similarity_of_words(const struct lf_name *a, const struct lf_name *b,
                                  uint32_t (*value)[LF_ASSIGN_MAX], uint32_t run_a, uint32_t run_b);
