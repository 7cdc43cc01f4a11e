/* Embeddings of any shape: as probe and, where they can be read, as gallery; then as a damaged shard.
 *
 * Input: the wire form. One that begins with 0xff is made of the rest: a head that is well, values repeated
 * from what there is, so that the fuzzer comes past the length. */
#include "matcher/face.h"
#include "tests/fuzz_wire.h"

static size_t make(const uint8_t *data, size_t size, uint8_t wire[LF_FACE_WIRE_MAX])
{
        struct lf_face_head head = {.model = 1 + data[0] % 2,
                                    .dims = (uint16_t)(LF_FACE_DIMS_MIN + data[0] % 70),
                                    .format = data[0] / 128 ? LF_FACE_INT8 : LF_FACE_FLOAT32,
                                    .version = 1};
        size_t n = sizeof head + (head.format == LF_FACE_INT8 ? 4u + head.dims : 4u * head.dims);
        for (size_t i = sizeof head; i < n; i++)
                wire[i] = size > 1 ? data[1 + (i - sizeof head) % (size - 1)] : 0x3f;
        memcpy(wire, &head, sizeof head);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t wire[LF_FACE_WIRE_MAX];
        if (size > 1 && data[0] == 0xff)
                fuzz_wire(LF_MODALITY_FACE, wire, make(data + 1, size - 1, wire), data[1]);
        else
                fuzz_wire(LF_MODALITY_FACE, data, size, 0);
        return 0;
}
