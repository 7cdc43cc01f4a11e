/* Irises read from the wire, and turned. */
#include "matcher/iris_scan.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

/* Rows that stand apart tell more than neighbours, which agree in two of three bits. */
const uint8_t lf_iris_ring[LF_IRIS_RINGS] = {2, 3, 6, 7, 10, 11, 4, 5, 8, 9, 0, 1, 12, 13, 14, 15};

static int defective(struct lf_defect *d, uint16_t code, size_t offset)
{
        *d = (struct lf_defect){.code = code, .offset = (uint32_t)offset};
        return -EBADMSG;
}

static void read_code(const struct lf_iris_wire *w, struct lf_iris_code *ret)
{
        *ret = (struct lf_iris_code){.eye = w->eye};
        for (unsigned i = 0; i < LF_IRIS_WORDS; i++) {
                unsigned at = lf_iris_ring[i / 4] * 16u + i % 4 * 4u;
                ret->mask[i] = lf_get_le32(w->mask + at);
                ret->code[i] = lf_get_le32(w->code + at) & ret->mask[i];
                ret->bits += (uint16_t)__builtin_popcount(ret->mask[i]);
                if (i + 1 == LF_IRIS_FIRST_WORDS)
                        ret->first_bits = ret->bits;
        }
}

static int check_head(const struct lf_iris_head *h, size_t size, struct lf_defect *d)
{
        if (h->version != 1)
                return defective(d, LF_DEFECT_VERSION, 0);
        if (h->irises < 1 || h->irises > LF_IRIS_MAX)
                return defective(d, LF_DEFECT_NUMBER, 1);
        if (h->turn > LF_IRIS_TURN_MAX)
                return defective(d, LF_DEFECT_FIELD, 2);
        if (h->search > LF_IRIS_TWO_STAGES)
                return defective(d, LF_DEFECT_FIELD, 3);
        if (size != sizeof *h + h->irises * sizeof(struct lf_iris_wire))
                return defective(d, LF_DEFECT_LENGTH, size);
        return 0;
}

int lf_iris_read(const void *wire, size_t size, struct lf_iris_head *ret_head,
                 struct lf_iris_code ret[LF_IRIS_MAX], struct lf_defect *ret_defect)
{
        struct lf_iris_head h;
        if (size < sizeof h)
                return defective(ret_defect, LF_DEFECT_TRUNCATED, size);
        memcpy(&h, wire, sizeof h);
        int r = check_head(&h, size, ret_defect), n = 0;
        uint8_t eyes = 0;
        struct lf_iris_code code[LF_IRIS_MAX];
        for (unsigned i = 0; r == 0 && i < h.irises; i++) {
                size_t at = sizeof h + i * sizeof(struct lf_iris_wire);
                const struct lf_iris_wire *w = (const void *)((const uint8_t *)wire + at);
                if (w->eye > LF_IRIS_EYE_LEFT || (w->eye && eyes >> w->eye & 1))
                        return defective(ret_defect, LF_DEFECT_FIELD, at);
                if (w->reserved[0] | w->reserved[1] | w->reserved[2])
                        return defective(ret_defect, LF_DEFECT_FIELD, at + 1);
                eyes |= (uint8_t)(1u << w->eye);
                read_code(w, &code[n]);
                n += code[n].bits >= LF_IRIS_BITS_MIN;
        }
        if (r < 0)
                return r;
        if (n == 0)
                return defective(ret_defect, LF_DEFECT_TOO_FEW_BITS,
                                 sizeof h + offsetof(struct lf_iris_wire, mask));
        memcpy(ret, code, (unsigned)n * sizeof *ret);
        *ret_head = h;
        return n;
}
