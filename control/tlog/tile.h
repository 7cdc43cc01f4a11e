/* Tiles: their paths and their trees. */
#pragma once

#include <stdint.h>

#include "control/tlog/tlog.h"

#define LF_TILE_ENTRIES (-1) /* the level of entry bundles, in paths */
#define LF_TILE_LEVELS  8
#define LF_TILE_PATH    96
#define LF_BUNDLE_MAX   (LF_TLOG_WIDTH * (2 + LF_TLOG_ENTRY_MAX))

/* "tile/0/x001/234", with ".p/7" behind it when width is less than LF_TLOG_WIDTH. */
void lf_tile_path(int level, uint64_t number, unsigned width, char path[LF_TILE_PATH]);

/* Hash of the tree over n >= 1 hashes. */
void lf_tile_root(const uint8_t (*hashes)[LF_TLOG_HASH], unsigned n, uint8_t ret[LF_TLOG_HASH]);

/* Hash of the whole tree of `size` entries from the last, partial tile of each level: counts are the base-256
 * digits of the size. */
void lf_tile_edge_root(const uint8_t (*const hashes[LF_TILE_LEVELS])[LF_TLOG_HASH], uint64_t size,
                       uint8_t ret[LF_TLOG_HASH]);

/* Offsets of `width` entries in a bundle: entry i is data[ret_at[i] + 2 .. ret_at[i + 1]). ret_at has width +
 * 1 places. -EBADMSG: the bundle does not hold at least `width` entries, or, with `exact`, holds more. ret_at
 * is then right up to the entry that fails, *ret_bad. */
int lf_bundle_parse(const uint8_t *data, size_t size, unsigned width, int exact, uint32_t *ret_at,
                    unsigned *ret_bad);
