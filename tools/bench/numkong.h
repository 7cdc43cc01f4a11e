/* NumKong's packed int8 product (github.com/ashvardanian/NumKong), beside our own. Nothing of it is part of
 * this program: its shared library is loaded when it is given. */
#pragma once

#include "tools/bench/gallery.h"

struct lf_numkong;

/* Loads the library, and packs `rows` rows of `dims` values, read from `values` over and over, as it wants
 * them. -ENOENT after a line on stderr: it cannot be loaded, or lacks what is needed. -ENOMEM. */
int lf_numkong_open(const char *path, const int8_t *values, size_t of_values, uint32_t rows, unsigned dims,
                    struct lf_numkong **ret);
/* All products of the gallery's first part with q's probes by it, and our search of as many rows, in turn.
 * Adds the row `name`. */
int lf_numkong_compare(struct lf_numkong *k, const struct lf_bench_gallery *g, const struct lf_bench_query *q,
                       const char *name, bool table, json_t *rows);
void lf_numkong_close(struct lf_numkong *k);
