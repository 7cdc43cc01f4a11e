/* Invented embeddings. What all faces share, what a person has and what a capture adds are vectors at right
 * angles, or nearly; their shares make the cosines. Fewer independent values than dimensions make strangers
 * spread more: each value is one of them, with a sign of its own. */
#include "tools/generate/face.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "tools/generate/random.h"

const struct lf_generated_model lf_generated_models[2] = {
    {.model = 1,
     .dims = 512,
     .mate = 0.70f,
     .mate_deviation = 0.08f,
     .other = 0.05f,
     .other_deviation = 0.06f},
    {.model = 2,
     .dims = 128,
     .mate = 0.62f,
     .mate_deviation = 0.10f,
     .other = 0.10f,
     .other_deviation = 0.12f},
};

static unsigned independent(const struct lf_generated_model *m)
{
        float n = (1 - m->other) / m->other_deviation;
        n = fminf(fmaxf(n * n, 2), (float)m->dims);
        return (unsigned)lrintf(n);
}

/* Adds `share` times a random direction. */
static void add_direction(const struct lf_generated_model *m, struct lf_random *r, float share, float *ret)
{
        float value[LF_FACE_DIMS_MAX], squares = 0;
        unsigned n = independent(m);
        for (unsigned i = 0; i < n; i++)
                value[i] = (float)lf_random_normal(r);
        for (unsigned i = 0; i < m->dims; i++)
                squares += value[i % n] * value[i % n];
        for (unsigned i = 0; i < m->dims; i++) {
                uint32_t coin = (i / n + 1) * 0x9e3779b9u * (i % n + 1);
                ret[i] += share / sqrtf(squares) * (coin >> 16 & 1 ? value[i % n] : -value[i % n]);
        }
}

void lf_generate_face(const struct lf_generated_model *m, uint64_t seed, uint64_t person, uint64_t capture,
                      float *ret)
{
        struct lf_random all = lf_random_seed(m->model * 0x2545f4914f6cdd1du),
                         own = lf_random_seed((seed + m->model) * 0x9e3779b97f4a7c15u + person),
                         now = lf_random_seed(((seed + m->model) * 0xd1342543de82ef95u + person) *
                                                  0x9fb21c651e98df25u +
                                              capture + 1);
        /* mate = other + (1 - other) a a', with a of each capture around its mean. */
        float mean = sqrtf((m->mate - m->other) / (1 - m->other));
        float spread = m->mate_deviation / ((1 - m->other) * mean * (float)M_SQRT2);
        float a = fminf(fmaxf(mean + spread * (float)lf_random_normal(&now), 0), 1);
        memset(ret, 0, m->dims * sizeof *ret);
        add_direction(m, &all, sqrtf(m->other), ret);
        add_direction(m, &own, a * sqrtf(1 - m->other), ret);
        add_direction(m, &now, sqrtf((1 - a * a) * (1 - m->other)), ret);
}

uint32_t lf_generate_face_int8(const struct lf_generated_model *m, const float *values, uint8_t *ret)
{
        struct lf_face_head head = {.model = m->model, .dims = m->dims, .format = LF_FACE_INT8, .version = 1};
        float scale = 0;
        for (unsigned i = 0; i < m->dims; i++)
                scale = fmaxf(scale, fabsf(values[i]) / 127);
        memcpy(ret, &head, sizeof head);
        memcpy(ret + sizeof head, &scale, sizeof scale);
        ret += sizeof head + sizeof scale;
        for (unsigned i = 0; i < m->dims; i++)
                ret[i] = (uint8_t)(int8_t)lrintf(values[i] / scale);
        return (uint32_t)(sizeof head + sizeof scale + m->dims);
}

uint32_t lf_generate_face_wire(const struct lf_generated_model *m, const float *values, uint8_t *ret)
{
        struct lf_face_head head = {
            .model = m->model, .dims = m->dims, .format = LF_FACE_FLOAT32, .version = 1};
        memcpy(ret, &head, sizeof head);
        memcpy(ret + sizeof head, values, m->dims * sizeof *values);
        return (uint32_t)(sizeof head + m->dims * sizeof *values);
}
