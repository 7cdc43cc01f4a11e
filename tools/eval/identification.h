/* One finger among many: the engine's search over a gallery of every impression. */
#pragma once

#include "tools/eval/impressions.h"

/* Shares, of searches or of mates. */
struct lf_identification {
        double rank1;    /* searches whose best hit, the probe itself aside, is of the same finger */
        double fnir_1e2; /* searches without a mate above the threshold that 1% of searches exceed with a
                          * stranger */
        double
            first_stage_loss; /* mates that a comparison with them alone accepts and the first stage drops */
        double first_stage_kept; /* of the pairs that it saw */
        size_t searches, mates;
};

/* Every impression is a probe and a record. A mate is accepted above `accept`, a score. -errno. */
int lf_identify(const struct lf_impressions *all, float accept, struct lf_identification *ret);
