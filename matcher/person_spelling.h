/* Spellings of one word, levelled before words are compared. No tables of ICU's are needed: what these are
 * made by levels its own words by it, too. Any thread. */
#pragma once

#include <stdbool.h>

/* Another number whenever words are levelled otherwise: it is part of lf_fold_table_id, by which a list that
 * was levelled by other rules is refused. */
#define LF_SPELLING_VERSION 6

/* Levels the word letter[0..n) of a-z and 0-9 in place, in room for 32 letters, n at most 32. Returns its new
 * length, which is at least 1 where n is. */
unsigned lf_spelling_level(char *letter, unsigned n);

/* Whether the word letter[0..n) is the Arabic article, written as it sounds before next[0..m): "ar-Rashid".
 */
bool lf_spelling_article(const char *letter, unsigned n, const char *next, unsigned m);
