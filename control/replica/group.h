/* The shards of one dataset: its records grouped by category, each group cut into a number of shards.
 * Payloads are opened for one shard at a time and wiped when it is built. */
#pragma once

#include "control/feed/feed.h"
#include "control/replica/replica.h"

struct lf_group_options {
        const struct lf_replica_dataset *dataset;
        struct lf_feed_reader *feed;
        uint64_t number;    /* of the generation */
        unsigned per_group; /* shards of a category: this many, or a multiple where there is much; of an
                               indexed modality no more than need be */
        uint64_t now;       /* seconds since 1970: what has expired by then is left out */
        uint64_t memory;    /* bytes that all shards of the generation may take */
};

/* Appends the dataset's shards to `g`. Records that cannot be searched are counted in ret_left_out. On
 * failure `g` holds what was built so far, for lf_generation_wipe_destroy, and `why` (LF_FEED_WHY) may say
 * more. -ENOMEM, -ENOTSUP, and what lf_feed_reader_payload fails with. */
int lf_group_build(const struct lf_group_options *options, struct lf_generation *g, uint64_t *ret_left_out,
                   char *why);
/* About how many bytes that would take, reckoned from at most 1,536 records of each category. */
int lf_group_need(const struct lf_group_options *options, uint64_t *ret, char *why);
uint64_t lf_generation_size(const struct lf_generation *g);
