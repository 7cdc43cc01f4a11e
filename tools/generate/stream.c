/* Galleries of any size as streams of records: one record at a time is in memory. */
#include "tools/generate/generate.h"
#include "tools/generate/iris.h"
#include "tools/records.h"

uint32_t lf_generate_irises_of(uint64_t seed, uint64_t number, uint64_t capture, unsigned eyes,
                               uint8_t ret[LF_IRIS_WIRE_MAX])
{
        static const uint8_t eye[LF_IRIS_MAX] = {LF_IRIS_EYE_RIGHT, LF_IRIS_EYE_LEFT};
        struct lf_iris_wire wire[LF_IRIS_MAX];
        for (unsigned e = 0; e < eyes; e++) {
                struct lf_generated_iris iris;
                lf_generate_iris(seed, number, eye[e], &iris);
                lf_generate_iris_capture(&iris, seed, (number * 1000 + capture) * 2 + e, &wire[e]);
        }
        return lf_generate_iris_wire(wire, eyes, ret);
}

int lf_generate_iris_records(FILE *to, uint64_t seed, uint64_t count, uint64_t capture, unsigned eyes)
{
        int r = 0;
        lf_generate_iris_init();
        for (uint64_t n = 1; r == 0 && n <= count; n++) {
                uint8_t wire[LF_IRIS_WIRE_MAX];
                struct lf_generated_person p;
                lf_generate_person(seed, n, &p);
                r = lf_record_write(to, p.reference, wire,
                                    lf_generate_irises_of(seed, n, capture, eyes, wire));
        }
        return r;
}

int lf_generate_face_records(FILE *to, const struct lf_generated_model *model, uint64_t seed, uint64_t count,
                             uint64_t capture, bool bytes)
{
        int r = 0;
        for (uint64_t n = 1; r == 0 && n <= count; n++) {
                uint8_t wire[LF_FACE_WIRE_MAX];
                float value[LF_FACE_DIMS_MAX];
                struct lf_generated_person p;
                lf_generate_person(seed, n, &p);
                lf_generate_face(model, seed, n, capture, value);
                r = lf_record_write(to, p.reference, wire,
                                    bytes ? lf_generate_face_int8(model, value, wire)
                                          : lf_generate_face_wire(model, value, wire));
        }
        return r;
}
