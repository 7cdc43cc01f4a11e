/* Any bytes as a frame; what parses must lead to a reply that our own parser accepts, turned round. */
#include "dataplane/ports/frame.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct lf_return_path back, again;
        size_t offset, length, offset_again, length_again;
        if (size < 2 || size > 9000)
                return 0;
        /* The first two bytes choose the port, so that it can be met. */
        uint16_t port = lf_get_be16(data);
        uint8_t *frame = malloc(size - 2);
        if (!frame)
                return 0;
        memcpy(frame, data + 2, size - 2);
        if (lf_frame_parse(frame, size - 2, port, &back, &offset, &length) == LF_FRAME_DATAGRAM) {
                if (offset + length > size - 2 || back.length > sizeof back.bytes ||
                    back.l4 + 8 != back.length)
                        abort();
                size_t reply_size = back.length + length;
                uint8_t *reply = malloc(reply_size);
                if (!reply)
                        abort();
                memcpy(reply, back.bytes, back.length);
                memcpy(reply + back.length, frame + offset, length);
                lf_frame_finish(reply, reply_size, back.l3, back.l4);
                enum lf_frame_kind kind = lf_frame_parse(reply, reply_size, lf_get_be16(reply + back.l4 + 2),
                                                         &again, &offset_again, &length_again);
                /* What we asked from may be an address that nobody can have (0/8, loopback): the only excuse.
                 */
                if (kind != LF_FRAME_DATAGRAM && kind != LF_FRAME_MALFORMED)
                        abort();
                if (kind == LF_FRAME_DATAGRAM && length_again != length)
                        abort();
                free(reply);
        }
        free(frame);
        return 0;
}
