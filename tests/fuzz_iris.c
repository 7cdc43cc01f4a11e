/* Irises of any shape: as probe and, where they can be read, as gallery; then as a damaged shard.
 *
 * Input: the wire form. One that begins with 0xff is made of the rest: a head that is well, codes and masks
 * repeated from what there is, so that the fuzzer comes past the length. */
#include "matcher/iris.h"
#include "tests/fuzz_wire.h"

static size_t make(const uint8_t *data, size_t size, uint8_t wire[LF_IRIS_WIRE_MAX])
{
        struct lf_iris_head head = {.version = 1,
                                    .irises = (uint8_t)(1 + data[0] % 2),
                                    .turn = data[0] / 2 % (LF_IRIS_TURN_MAX + 1),
                                    .search = data[0] / 32 % 2};
        size_t n = sizeof head + head.irises * sizeof(struct lf_iris_wire);
        for (size_t i = sizeof head; i < n; i++)
                wire[i] = size > 1 ? data[1 + (i - sizeof head) % (size - 1)] : 0xff;
        memcpy(wire, &head, sizeof head);
        for (unsigned i = 0; i < head.irises; i++) {
                uint8_t *eye = wire + sizeof head + i * sizeof(struct lf_iris_wire);
                memset(eye, 0, 4);
                eye[0] = (uint8_t)(data[0] / 64 % 2 ? i + 1 : 0);
        }
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t wire[LF_IRIS_WIRE_MAX];
        if (size > 1 && data[0] == 0xff)
                fuzz_wire(LF_MODALITY_IRIS, wire, make(data + 1, size - 1, wire), data[1]);
        else
                fuzz_wire(LF_MODALITY_IRIS, data, size, 0);
        return 0;
}
