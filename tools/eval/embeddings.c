#include "tools/eval/embeddings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static int read_values(const char *path, struct lf_embeddings *e)
{
        FILE *f = fopen(path, "rbe");
        if (!f || fseek(f, 0, SEEK_END) != 0) {
                int error = errno;
                lf_log_error("%s: %s", path, strerror(error));
                if (f)
                        fclose(f);
                return -error;
        }
        long size = ftell(f);
        size_t row = e->dims * sizeof *e->value;
        int r = size > 0 && (size_t)size % row == 0 ? 0 : -EBADMSG;
        if (r < 0)
                lf_log_error("%s: %ld bytes are no number of rows of %u floats", path, size, e->dims);
        e->n = r == 0 ? (size_t)size / row : 0;
        rewind(f);
        if (r == 0 && !(e->value = malloc((size_t)size)))
                r = -ENOMEM;
        if (r == 0 && fread(e->value, row, e->n, f) != e->n)
                r = -EIO;
        fclose(f);
        return r;
}

static int normalise(const char *path, struct lf_embeddings *e)
{
        for (size_t i = 0; i < e->n; i++) {
                float *v = e->value + i * e->dims;
                double squares = 0;
                for (unsigned k = 0; k < e->dims; k++)
                        squares += (double)v[k] * (double)v[k];
                if (!isfinite(squares) || squares == 0) {
                        lf_log_error("%s: row %zu is %s", path, i, squares == 0 ? "all zero" : "not finite");
                        return -EBADMSG;
                }
                for (unsigned k = 0; k < e->dims; k++)
                        v[k] = (float)((double)v[k] / sqrt(squares));
        }
        return 0;
}

static int read_labels(const char *path, struct lf_embeddings *e)
{
        FILE *f = fopen(path, "re");
        if (!f) {
                int error = errno;
                lf_log_error("%s: %s", path, strerror(error));
                return -error;
        }
        char line[256];
        size_t row, known = 0;
        unsigned subject, number = 0;
        uint8_t *seen = calloc(e->n, 1);
        int r = seen && (e->subject = calloc(e->n, sizeof *e->subject)) ? 0 : -ENOMEM;
        while (r == 0 && fgets(line, sizeof line, f)) {
                if (number++ == 0 && (line[0] < '0' || line[0] > '9'))
                        continue;
                if (sscanf(line, "%zu,%u", &row, &subject) != 2 || row >= e->n || seen[row]) {
                        lf_log_error("%s:%u: not a row and its subject", path, number);
                        r = -EBADMSG;
                        break;
                }
                seen[row] = 1;
                e->subject[row] = subject;
                known++;
        }
        if (r == 0 && known != e->n) {
                lf_log_error("%s: %zu of %zu rows have no subject", path, e->n - known, e->n);
                r = -EBADMSG;
        }
        free(seen);
        fclose(f);
        return r;
}

int lf_embeddings_read(const char *path, unsigned dims, const char *labels, struct lf_embeddings *ret)
{
        struct lf_embeddings e = {.dims = dims};
        int r = read_values(path, &e);
        if (r == 0)
                r = normalise(path, &e);
        if (r == 0)
                r = read_labels(labels, &e);
        if (r < 0)
                lf_embeddings_free(&e);
        else
                *ret = e;
        return r;
}

void lf_embeddings_free(struct lf_embeddings *e)
{
        free(e->value);
        free(e->subject);
}

float lf_embeddings_cosine(const struct lf_embeddings *e, size_t a, size_t b)
{
        const float *p = e->value + a * e->dims, *q = e->value + b * e->dims;
        float sum[8] = {0};
        unsigned k = 0;
        for (; k + 8 <= e->dims; k += 8)
                for (unsigned i = 0; i < 8; i++)
                        sum[i] += p[k + i] * q[k + i];
        for (; k < e->dims; k++)
                sum[0] += p[k] * q[k];
        return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}
