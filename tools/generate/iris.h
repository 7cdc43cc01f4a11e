/* Invented irises whose statistics are those of real codes of a public set (see iris.c). Not thread-safe only
 * in lf_generate_iris_init; all else is a function of its arguments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "matcher/iris.h"

/* What an eye looks like: the filter's answers before they became bits, by ring and column. */
struct lf_generated_iris {
        float answer[LF_IRIS_RINGS][LF_IRIS_COLUMNS];
        uint8_t eye;
};

/* Prepares tables; once. */
void lf_generate_iris_init(void);
/* The eye (enum lf_iris_eye) of person `number`: the same for the same seed. */
void lf_generate_iris(uint64_t seed, uint64_t number, uint8_t eye, struct lf_generated_iris *ret);
/* One capture of it: with noise and lids of its own, and turned as heads are. */
void lf_generate_iris_capture(const struct lf_generated_iris *iris, uint64_t seed, uint64_t capture,
                              struct lf_iris_wire *ret);
/* Puts captures into the wire form; returns its size. */
uint32_t lf_generate_iris_wire(const struct lf_iris_wire *irises, unsigned n, uint8_t *ret);
