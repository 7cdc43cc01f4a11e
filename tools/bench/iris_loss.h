/* What the first of two stages loses: mates that an exact search accepts and two stages do not find. */
#pragma once

struct lf_bench_loss {
        unsigned accepted; /* pairs whose exact score claims a false-match rate of 1e-4 or less */
        unsigned lost;
        double share_at_most; /* 95% confidence */
};
/* Tries so many pairs of captures of invented eyes. Before: lf_generate_iris_init, lf_engines_init. -ENOMEM.
 */
int lf_bench_iris_loss(unsigned pairs, struct lf_bench_loss *ret);
