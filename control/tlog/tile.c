#include "control/tlog/tile.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

void lf_tile_path(int level, uint64_t number, unsigned width, char path[LF_TILE_PATH])
{
        unsigned group[7], n = 0;
        do {
                group[n++] = (unsigned)(number % 1000);
                number /= 1000;
        } while (number);
        int at = level < 0 ? sprintf(path, "tile/entries") : sprintf(path, "tile/%d", level);
        while (n-- > 0)
                at += sprintf(path + at, n ? "/x%03u" : "/%03u", group[n]);
        if (width < LF_TLOG_WIDTH)
                sprintf(path + at, ".p/%u", width);
}

void lf_tile_root(const uint8_t (*hashes)[LF_TLOG_HASH], unsigned n, uint8_t ret[LF_TLOG_HASH])
{
        if (n == 1) {
                memcpy(ret, hashes[0], LF_TLOG_HASH);
                return;
        }
        unsigned left = 1;
        while (left * 2 < n)
                left *= 2;
        uint8_t l[LF_TLOG_HASH], r[LF_TLOG_HASH];
        lf_tile_root(hashes, left, l);
        lf_tile_root(hashes + left, n - left, r);
        lf_tlog_node_hash(l, r, ret);
}

/* At each level the tree is its complete subtrees and, to their right, what the levels below have left over.
 */
void lf_tile_edge_root(const uint8_t (*const hashes[LF_TILE_LEVELS])[LF_TLOG_HASH], uint64_t size,
                       uint8_t ret[LF_TLOG_HASH])
{
        uint8_t items[LF_TLOG_WIDTH][LF_TLOG_HASH], carry[LF_TLOG_HASH];
        bool carried = false;
        for (unsigned level = 0; level < LF_TILE_LEVELS; level++) {
                unsigned n = (unsigned)(size >> (8 * level)) & 0xff;
                if (n)
                        memcpy(items, hashes[level], n * LF_TLOG_HASH);
                if (carried)
                        memcpy(items[n++], carry, LF_TLOG_HASH);
                if (n) {
                        lf_tile_root((const uint8_t(*)[LF_TLOG_HASH])items, n, carry);
                        carried = true;
                }
        }
        if (!carried)
                SHA256((const uint8_t *)"", 0, carry);
        memcpy(ret, carry, LF_TLOG_HASH);
}

int lf_bundle_parse(const uint8_t *data, size_t size, unsigned width, int exact, uint32_t *ret_at,
                    unsigned *ret_bad)
{
        struct lf_reader r = lf_reader_over(data, size);
        for (unsigned i = 0; i < width; i++) {
                ret_at[i] = (uint32_t)lf_reader_offset(&r);
                lf_reader_take(&r, lf_reader_be16(&r));
                if (r.failed) {
                        *ret_bad = i;
                        return -EBADMSG;
                }
        }
        ret_at[width] = (uint32_t)lf_reader_offset(&r);
        if (exact && lf_reader_left(&r)) {
                *ret_bad = width ? width - 1 : 0;
                return -EBADMSG;
        }
        return 0;
}
