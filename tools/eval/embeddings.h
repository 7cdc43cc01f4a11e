/* Labelled embeddings: a file of rows of little-endian floats, and a table of row and subject. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct lf_embeddings {
        unsigned dims;
        size_t n;
        float *value; /* n rows of dims, scaled to length 1 */
        unsigned *subject;
};

/* -errno after a line on stderr that says what and where: a size that is no number of rows, a value that is
 * not finite, a row of zeroes, a row without a subject. Release with lf_embeddings_free(). */
int lf_embeddings_read(const char *path, unsigned dims, const char *labels, struct lf_embeddings *ret);
void lf_embeddings_free(struct lf_embeddings *e);
float lf_embeddings_cosine(const struct lf_embeddings *e, size_t a, size_t b);
