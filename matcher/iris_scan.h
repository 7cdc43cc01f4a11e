/* The iris engine's parts. Private to matcher/iris*.c.
 *
 * Two irises are as close as their closest rotation: with n bits valid in both and d of them different,
 * score = (n - 2 d) / (2 sqrt(n N)), which is 0.5 minus the distance d / n, moved towards 0 when few bits
 * were compared (after J. Daugman: How iris recognition works, IEEE Trans. CSVT 14 (2004), whose reference is
 * 911 bits). Identical irises reach 0.5 when n = N; strangers lie around 0.05.
 *
 * Kernels find the records that may reach a probe's floor by bounds that lose none; what remains is scored
 * by integers and one table, so that all kernels give the same results bit by bit. */
#pragma once

#include "matcher/engines.h"
#include "matcher/iris.h"
#include "matcher/shard.h"

#define LF_IRIS_REFERENCE  1400 /* N: bits that two good captures share */
#define LF_IRIS_LANES      16   /* rows of a group */
#define LF_IRIS_HALVES     32   /* of rings: its even columns, its odd ones; 64 bits each */
#define LF_IRIS_CHUNKS     4    /* of eight halves */
#define LF_IRIS_FIRST_BITS 512  /* of the first chunk, which is the first of two stages */
#define LF_IRIS_TURNS      (2 * LF_IRIS_TURN_MAX + 1)
#define LF_IRIS_BLOCK      1024 /* rows that one scan takes */

/* Bit c of a half is column 2 c, or 2 c + 1, of its ring; lf_iris_half[] says which half stands where. code
 * is 0 where mask is. */
struct lf_iris_chunk {
        _Alignas(64) uint64_t mask[8];
        uint64_t code[8];
};
struct lf_iris_rest {
        struct lf_iris_chunk chunk[LF_IRIS_CHUNKS - 1];
};
struct lf_iris_half {
        uint8_t ring, odd;
};
extern const struct lf_iris_half lf_iris_half[LF_IRIS_HALVES];

/* One iris, by the halves of the rings of the wire. */
struct lf_iris_code {
        uint8_t eye;
        uint16_t bits, first_bits; /* valid: in all, and in the first chunk */
        uint64_t mask[LF_IRIS_RINGS][2], code[LF_IRIS_RINGS][2];
};

/* A shard's payload: rows, padded to 64 bytes; counts, one a group; every row's first chunk; every row's
 * other chunks. A first stage reads a quarter of the memory. Rows are filled up to whole groups with zeroes.
 */
struct lf_iris_row {
        uint32_t record;
        uint8_t eye;
        uint8_t reserved[3];
};
struct lf_iris_count {
        uint16_t bits[LF_IRIS_LANES], first_bits[LF_IRIS_LANES];
};
_Static_assert(sizeof(struct lf_iris_count) == 64 && sizeof(struct lf_iris_chunk) == 128 &&
                   sizeof(struct lf_iris_rest) == 384,
               "iris layout");

/* One iris of a prepared probe, turned every way. Index 0 is -LF_IRIS_TURN_MAX columns. */
struct lf_iris_line {
        uint16_t bits, first_bits;
        uint8_t eye, turn, search;
        uint8_t reserved[57];
        struct {
                struct lf_iris_chunk chunk[LF_IRIS_CHUNKS];
        } turned[LF_IRIS_TURNS];
        /* +1, -1 and 0 (not valid) by ring; a rotation begins one byte further than the one before */
        int8_t sign[LF_IRIS_RINGS][LF_IRIS_COLUMNS + 64];
};
_Static_assert(sizeof(struct lf_iris_line) % 64 == 0, "lines are aligned");

struct lf_iris_probe {
        uint32_t lines;
        uint8_t reserved[60];
        struct lf_iris_line line[LF_IRIS_MAX];
};
_Static_assert(sizeof(struct lf_iris_probe) <= LF_PROBE_MAX, "a prepared probe fits");

/* What a kernel scans: consecutive groups of a shard, for some lines. */
struct lf_iris_span {
        const struct lf_iris_row *row; /* of the first group's first lane; here and below */
        const struct lf_iris_count *count;
        const struct lf_iris_chunk *chunk;
        const struct lf_iris_rest *rest;
        uint32_t groups;
        uint32_t first; /* number of that row in the shard */
        uint32_t rows;  /* of the span */
};
struct lf_iris_task {
        const struct lf_iris_line *line;
        struct lf_topk *topk;
};
typedef void lf_iris_kernel(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                            void *scratch);
#define LF_IRIS_SCRATCH (640 * 1024) /* of a kernel */
lf_iris_kernel lf_iris_scan_scalar, lf_iris_scan_avx2, lf_iris_scan_avx512, lf_iris_scan_amx;

struct lf_iris_match {
        float score;
        int turn; /* columns */
        unsigned n, d;
};

/* 1 / (2 sqrt(n N)) by n; 0 for 0. */
extern float lf_iris_factor[LF_IRIS_BITS + 1];

/* Reads the wire form. How many irises (1 .. LF_IRIS_MAX), or -EBADMSG and the defect. Of a record with one
 * iris that is too poor, only the other is returned. */
int lf_iris_read(const void *wire, size_t size, struct lf_iris_head *ret_head,
                 struct lf_iris_code ret[LF_IRIS_MAX], struct lf_defect *ret_defect);
/* The part of an iris that stands in chunk `k` after it was turned. */
void lf_iris_turn(const struct lf_iris_code *c, int turn, unsigned k, struct lf_iris_chunk *ret);
/* The closest rotation of one row: the reference. */
typedef struct lf_iris_match lf_iris_best_fn(const struct lf_iris_chunk *chunk,
                                             const struct lf_iris_rest *rest,
                                             const struct lf_iris_line *line);
lf_iris_best_fn lf_iris_best;
float lf_iris_log10_fmr(float score);
float lf_iris_score_at(float log10_fmr);

/* The first stage lets a record through when the best rotation's n - 2 d over the first chunk is so many
 * standard deviations (of independent bits) above 0. One stranger in seven passes. Halves and threshold were
 * chosen on one set of invented mates and counted on others: see lf_iris_half. */
#define LF_IRIS_FIRST_SIGMAS 3.5f
static inline float lf_iris_first_cut(unsigned probe_bits, unsigned row_bits)
{
        return LF_IRIS_FIRST_SIGMAS * LF_IRIS_FIRST_SIGMAS * (float)probe_bits * (float)row_bits /
               LF_IRIS_FIRST_BITS;
}
static inline bool lf_iris_first_passes(int best, float cut)
{
        return best > 0 && (float)(best * best) >= cut;
}

static inline bool lf_iris_eyes_agree(uint8_t a, uint8_t b)
{
        return a == LF_IRIS_EYE_UNKNOWN || b == LF_IRIS_EYE_UNKNOWN || a == b;
}

/* Scores a row, if it is one, and keeps what belongs among the best. */
static inline void lf_iris_take(const struct lf_iris_span *s, uint32_t row, const struct lf_iris_task *t,
                                lf_iris_best_fn *best)
{
        if (row < s->rows && lf_iris_eyes_agree(s->row[row].eye, t->line->eye))
                lf_topk_push(t->topk, s->row[row].record, s->first + row,
                             best(&s->chunk[row], &s->rest[row], t->line).score);
}
