/* The shards of one dataset: its records grouped by category, each group dealt out to a number of shards. */
#pragma once

#include "control/feed/feed.h"
#include "control/replica/replica.h"

/* Appends the dataset's shards to `g`. Records that cannot be searched are counted in ret_left_out. On
 * failure `g` holds what was built so far, for lf_generation_wipe_destroy. -ENOMEM, -ENOTSUP. */
int lf_group_build(const struct lf_replica_dataset *dataset, const struct lf_feed_record *records, size_t n,
                   uint64_t number, unsigned per_group, uint64_t now, struct lf_generation *g,
                   uint64_t *ret_left_out);
