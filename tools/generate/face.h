/* Invented embeddings with given distributions of the cosine: of two captures of one person (mates) and of
 * two persons. Any thread. */
#pragma once

#include <stdint.h>

#include "matcher/face.h"

struct lf_generated_model {
        uint32_t model;
        uint16_t dims;
        float mate, mate_deviation;
        float other, other_deviation; /* deviation at least (1 - other) / sqrt(dims) */
};
/* What demos and benches use: model 1 is a good one, model 2 a weaker one. */
extern const struct lf_generated_model lf_generated_models[2];

/* Capture `capture` of person `person`: the same for the same seed. `ret` has m->dims values. */
void lf_generate_face(const struct lf_generated_model *m, uint64_t seed, uint64_t person, uint64_t capture,
                      float *ret);
/* The wire form in float32; returns its size. */
uint32_t lf_generate_face_wire(const struct lf_generated_model *m, const float *values, uint8_t *ret);
/* The same in int8, the largest value at 127. */
uint32_t lf_generate_face_int8(const struct lf_generated_model *m, const float *values, uint8_t *ret);
