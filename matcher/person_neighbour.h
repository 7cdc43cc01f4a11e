/* What a letter becomes beside others, which a table for single code points cannot know. Pure; any core. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next code point of valid UTF-8, as lf_utf8_next; Hangul that was taken apart (NFD) is put together. */
int32_t lf_letter_next(const uint8_t **p, const uint8_t *end);

/* What `c` adds to an open word of *n folded letters, which it may change or shorten; NULL: its own letters.
 */
const char *lf_letter_behind(int32_t c, char *word, uint8_t *n);

/* The letters are of a Ukrainian or Belarusian name. */
bool lf_letters_ukrainian(const uint8_t *name, size_t size);
