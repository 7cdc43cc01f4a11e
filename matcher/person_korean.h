/* Korean names in Latin letters: one spelling for each syllable, however it was romanised. Pure; any core. */
#pragma once

#include "matcher/person_fold.h"

/* Respells the words of a name that is a Korean one, a word for each syllable: all but one of three are
 * syllables that Korean names have, and the first or the last is a family name. Others stay as they are.
 * Returns how many words there are, `max` at most. */
unsigned lf_korean_level(struct lf_token *token, unsigned n, unsigned max);
