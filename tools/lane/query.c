#include "tools/lane/lane_internal.h"

#include "base/bytes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define TLV_HEAD 4

int lf_lane_query_create(struct lf_lane_query **ret)
{
        struct lf_lane_query *q = calloc(1, sizeof *q);
        if (!q)
                return -ENOMEM;
        *ret = q;
        return 0;
}

void lf_lane_query_reset(struct lf_lane_query *q)
{
        OPENSSL_cleanse(q->plain, q->size);
        q->size = 0;
}

void lf_lane_query_destroy(struct lf_lane_query *q)
{
        if (!q)
                return;
        lf_lane_query_reset(q);
        free(q);
}

static bool has(const struct lf_lane_query *q, uint16_t type)
{
        for (uint32_t at = 0; at < q->size; at += TLV_HEAD + (uint32_t)lf_get_le16(q->plain + at + 2))
                if (lf_get_le16(q->plain + at) == type)
                        return true;
        return false;
}

int lf_lane_query_put(struct lf_lane_query *q, uint16_t type, const void *value, size_t size)
{
        if (type == LSP_TLV_PAD)
                return -EINVAL;
        if (has(q, type))
                return -EEXIST;
        if (size > LSP_QUERY_MAX - TLV_HEAD ||
            lf_padded_size(q->size + TLV_HEAD + (uint32_t)size) > LSP_QUERY_MAX)
                return -EMSGSIZE;
        lf_put_le16(q->plain + q->size, type);
        lf_put_le16(q->plain + q->size + 2, (uint16_t)size);
        if (size > 0)
                memcpy(q->plain + q->size + TLV_HEAD, value, size);
        q->size += TLV_HEAD + (uint32_t)size;
        return 0;
}

int lf_lane_query_u8(struct lf_lane_query *q, uint16_t type, uint8_t value)
{
        return lf_lane_query_put(q, type, &value, 1);
}

int lf_lane_query_u16(struct lf_lane_query *q, uint16_t type, uint16_t value)
{
        uint8_t bytes[2];
        lf_put_le16(bytes, value);
        return lf_lane_query_put(q, type, bytes, sizeof bytes);
}

int lf_lane_query_u32(struct lf_lane_query *q, uint16_t type, uint32_t value)
{
        uint8_t bytes[4];
        lf_put_le32(bytes, value);
        return lf_lane_query_put(q, type, bytes, sizeof bytes);
}

int lf_lane_query_agreements(struct lf_lane_query *q, const uint16_t *agreements, unsigned n)
{
        uint8_t bytes[16];
        if (n < 1 || n > 8)
                return -EINVAL;
        for (unsigned i = 0; i < n; i++)
                lf_put_le16(bytes + 2 * i, agreements[i]);
        return lf_lane_query_put(q, LSP_TLV_AGREEMENTS, bytes, 2 * n);
}

int lf_lane_query_irises(struct lf_lane_query *q, const struct lf_iris_wire *irises, unsigned n,
                         unsigned turn, enum lf_iris_search search)
{
        uint8_t bytes[LF_IRIS_WIRE_MAX];
        struct lf_iris_head head = {
            .version = 1, .irises = (uint8_t)n, .turn = (uint8_t)turn, .search = (uint8_t)search};
        if (n < 1 || n > LF_IRIS_MAX || turn > LF_IRIS_TURN_MAX)
                return -EINVAL;
        memcpy(bytes, &head, sizeof head);
        memcpy(bytes + sizeof head, irises, n * sizeof *irises);
        int r = lf_lane_query_put(q, LSP_TLV_IRIS, bytes, sizeof head + n * sizeof *irises);
        OPENSSL_cleanse(bytes, sizeof bytes);
        return r;
}

int lf_lane_query_face(struct lf_lane_query *q, uint32_t model, const float *values, unsigned dims)
{
        uint8_t bytes[LF_FACE_WIRE_MAX];
        struct lf_face_head head = {
            .model = model, .dims = (uint16_t)dims, .format = LF_FACE_FLOAT32, .version = 1};
        if (model == 0 || dims < LF_FACE_DIMS_MIN || dims > LF_FACE_DIMS_MAX)
                return -EINVAL;
        memcpy(bytes, &head, sizeof head);
        memcpy(bytes + sizeof head, values, dims * sizeof *values);
        int r = lf_lane_query_put(q, LSP_TLV_FACE, bytes, sizeof head + dims * sizeof *values);
        OPENSSL_cleanse(bytes, sizeof bytes);
        return r;
}
