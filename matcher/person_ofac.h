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

/* 0..100 for two names in valid UTF-8, of which at most 255 bytes count. Not symmetric: every word of `query`
 * is looked for in `name`. */
unsigned lf_person_ofac_score(const char *query, size_t n, const char *name, size_t m);
