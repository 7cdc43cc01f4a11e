/* The face engine's parts. Private to matcher/face*.c.
 *
 * Galleries are kept as int8. Kernels multiply them with the probe rounded to int8, which is exact in
 * integers, and find the rows that may reach the probe's floor, however its rounding turned out; lf_face_take
 * scores those with what rounding took from the probe. So all kernels give the same results bit by bit, and
 * a probe in floats loses nothing.
 *
 * The score is how many standard deviations of strangers two faces are closer than strangers are on average,
 * by the angle between them. Average and deviation are measured on the gallery itself when it is built: each
 * model, and each population, has its own. */
#pragma once

#include "matcher/engines.h"
#include "matcher/face.h"
#include "matcher/shard.h"

#define LF_FACE_LANES 16   /* rows of a group */
#define LF_FACE_BLOCK 2048 /* rows that one scan takes */
#define LF_FACE_TASKS 256  /* probes that one pass over a block serves */

struct lf_face_vector {
        uint32_t model;
        uint16_t dims;
        uint16_t padded;                         /* dims, rounded up to 64 */
        float factor;                            /* 1 / length */
        _Alignas(64) int8_t v[LF_FACE_DIMS_MAX]; /* zero beyond dims */
};

/* A prepared probe. What rounding took from its values is kept beside it, and counts where a row is scored.
 */
struct lf_face_probe {
        struct lf_face_vector f; /* its factor: 1 / length before rounding */
        int32_t bias;            /* 128 times the sum of v: for kernels that add 128 to the gallery's bytes */
        float rest_length;
        _Alignas(64) float rest[LF_FACE_DIMS_MAX]; /* in units of v; zero beyond dims */
};

/* How far apart strangers are: angles in radians. */
struct lf_face_spread {
        float mean, deviation;
};

/* A shard's payload: this; the records (uint32_t) and the factors (float) of all rows, each padded to 64
 * bytes; then groups of sixteen rows, four bytes of each row in turn. */
struct lf_face_payload {
        uint32_t model;
        uint16_t dims, padded; /* 0: no row */
        struct lf_face_spread spread;
        uint8_t reserved[48];
};
_Static_assert(sizeof(struct lf_face_payload) == 64, "face payload layout");

struct lf_face_span {
        const uint32_t *record; /* of the first row; here and below */
        const float *factor;
        const uint8_t *group; /* each 16 * padded bytes */
        struct lf_face_spread spread;
        uint32_t padded, groups, first, rows;
};
struct lf_face_task {
        const struct lf_face_probe *probe;
        struct lf_topk *topk;
        float cut; /* product times the row's factor: below it a row cannot enter */
};
typedef void lf_face_kernel(const struct lf_face_span *span, struct lf_face_task *task, unsigned n,
                            void *scratch);
#define LF_FACE_SCRATCH (LF_FACE_TASKS * (LF_FACE_DIMS_MAX + 16) + 8192) /* of a kernel */
lf_face_kernel lf_face_scan_scalar, lf_face_scan_avx2, lf_face_scan_avx512, lf_face_scan_amx;

/* Reads the wire form and rounds it to int8. -EBADMSG and the defect. */
int lf_face_read(const void *wire, size_t size, struct lf_face_vector *ret, struct lf_defect *ret_defect);
int lf_face_read_probe(const void *wire, size_t size, struct lf_face_probe *ret,
                       struct lf_defect *ret_defect);
/* Measures strangers on the pairs of a gallery. Any memory error leaves the cautious guess for small ones. */
struct lf_face_spread lf_face_measure(const struct lf_face_span *all);
float lf_face_score(const struct lf_face_spread *s, float cosine);
/* A cosine slightly below the one that has this score. */
float lf_face_cosine_below(const struct lf_face_spread *s, float score);
float lf_face_log10_fmr(float score);
float lf_face_score_at(float log10_fmr);

static inline const uint8_t *lf_face_group(const struct lf_face_span *s, uint32_t g)
{
        return s->group + (size_t)g * LF_FACE_LANES * s->padded;
}

static inline unsigned lf_face_lanes(const struct lf_face_span *s, uint32_t g)
{
        uint32_t left = s->rows - g * LF_FACE_LANES;
        return left < LF_FACE_LANES ? (1u << left) - 1 : 0xffff;
}

void lf_face_set_cut(const struct lf_face_span *s, struct lf_face_task *t);
/* The cosine of a probe and a row, of which the product of their int8 values is known. */
float lf_face_cosine(const struct lf_face_span *s, uint32_t row, const struct lf_face_probe *p,
                     int32_t product);
/* Scores the lanes of `mask` that reach the cut. */
void lf_face_take(const struct lf_face_span *s, uint32_t g, unsigned mask,
                  const int32_t product[LF_FACE_LANES], struct lf_face_task *t);
