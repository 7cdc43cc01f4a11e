/* Comparisons of labelled fingerprints, each made as a query makes it: one impression is the probe, another
 * the only record of a shard. */
#pragma once

#include <stdbool.h>

#include "tools/eval/impressions.h"

#define LF_NO_MATCH -1.0f /* of an impression that cannot be compared: below every score of the engine */

struct lf_comparison {
        float score;
        unsigned a, b; /* fingers */
};
static inline bool lf_is_genuine(const struct lf_comparison *c)
{
        return c->a == c->b;
}
static inline unsigned lf_folder_of(unsigned finger)
{
        return finger / LF_IMPRESSIONS_STEP;
}
static inline bool lf_is_across(const struct lf_comparison *c)
{
        return lf_folder_of(c->a) != lf_folder_of(c->b);
}

struct lf_comparisons {
        struct lf_comparison *item;
        size_t n;
};

/* Impressions, prepared. */
struct lf_trial {
        const struct lf_impressions *all;
        struct lf_trial_side *side;
        void *scratch;
};
/* `all` must live longer. -errno; release in any case. */
int lf_trial_prepare(const struct lf_impressions *all, struct lf_trial *ret);
void lf_trial_free(struct lf_trial *t);
/* The impressions of a folder that cannot be compared. */
size_t lf_trial_failures(const struct lf_trial *t, unsigned folder);
/* Compares all pairs within each of the folders that `folders` has a bit for (those beyond the 32nd: always),
 * and of the pairs across them no more than about `across`, evenly chosen. The list is released with
 * free(ret->item). -errno. */
int lf_trial_run(const struct lf_trial *t, uint32_t folders, size_t across, struct lf_comparisons *ret);
