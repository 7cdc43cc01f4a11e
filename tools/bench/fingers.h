/* A gallery of fingers to search: real ones among strangers made from them. */
#pragma once

#include "matcher/shard.h"
#include "tools/eval/impressions.h"

struct lf_fingers {
        struct lf_impressions real; /* of all folders */
        struct lf_shard **shard;
        size_t shards;
        size_t rows, bytes;
        double seconds; /* of processor time that reading and laying out took */
        size_t *at;     /* of each real impression: its record among all */
};
#define LF_FINGERS_SHARD 16384 /* records of a shard, at most */

/* Reads the folders and lays out a gallery of at least `n` records: the real ones, evenly spread, and, when
 * there are fewer than n, strangers: real ones mirrored, turned and shifted, with minutiae moved, lost and
 * added. A mirrored finger is nobody's, and as hard to tell apart as a real one. -errno, having said why. */
int lf_fingers_make(char **dirs, int dirs_n, size_t n, struct lf_fingers *ret);
void lf_fingers_free(struct lf_fingers *f);
