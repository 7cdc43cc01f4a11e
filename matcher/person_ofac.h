/* Scores as OFAC's Sanctions List Search gives them, for those who must explain a difference from it.
 *
 * Its manual names the methods and not the formula: Jaro-Winkler over the names as wholes and over their
 * parts, the higher of the two. Which weight a part has was found from answers that the tool gave. Pure; any
 * core; allocates nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The tool's lowest setting that is offered as sensible: what is below is taken as not returned. */
#define LF_OFAC_LEAST 80

/* A name as letters with single spaces: what is compared. */
#define LF_OFAC_LETTERS 255
struct lf_ofac_text {
        uint8_t n;
        char letter[LF_OFAC_LETTERS];
};

/* Of valid UTF-8, of which at most 255 bytes count. */
void lf_ofac_read(const char *name, size_t n, struct lf_ofac_text *ret);

/* 0..100. Not symmetric: every word of `query` is looked for in `name`, which are n and m letters. */
unsigned lf_ofac_points(const char *query, unsigned n, const char *name, unsigned m);

/* The same for two names as they are written. */
unsigned lf_person_ofac_score(const char *query, size_t n, const char *name, size_t m);

/* The engine's score that is as rare among strangers as so many points: so a dataset's threshold, which is a
 * false-match rate, means the same in either way of scoring. Grows with the points. */
float lf_ofac_score(unsigned points);
