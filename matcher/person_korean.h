/* Korean names in Latin letters: one spelling for each syllable, however it was romanised. Pure; any core. */
#pragma once

#include <stdbool.h>

#include "matcher/person_fold.h"

/* Whether a name may be a Korean one: its words as lf_name_fold() gives them begin or end with a family name.
 */
bool lf_korean_possible(const struct lf_token *token, unsigned n);
/* Respells the words of a name that may be a Korean one, and is: all but one of three are syllables that
 * Korean names have. A word for each syllable; their letters are as written, not levelled. Returns how many
 * words there are then; 0: it is none, and stays as it is. */
unsigned lf_korean_level(struct lf_token token[LF_OTHER_WORDS], unsigned n);
