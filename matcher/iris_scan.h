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

#define LF_IRIS_WORDS       64   /* of 32 bits, code as well as mask */
#define LF_IRIS_REFERENCE   1400 /* N: bits that two good captures share */
#define LF_IRIS_LANES       16   /* rows of a group */
#define LF_IRIS_FIRST_RINGS 6    /* of the first of two stages */
#define LF_IRIS_FIRST_WORDS 24
#define LF_IRIS_TURNS       (2 * LF_IRIS_TURN_MAX + 1)
#define LF_IRIS_BLOCK       1024 /* rows that one scan takes */

/* One iris as words. Rings stand in the order of lf_iris_ring[], those of the first stage first; code is 0
 * where mask is. */
struct lf_iris_code {
        uint8_t eye;
        uint16_t bits, first_bits; /* valid: in all, and in the first stage's rings */
        uint32_t code[LF_IRIS_WORDS], mask[LF_IRIS_WORDS];
};

/* A shard's payload: rows, padded to 64 bytes; counts, one a group; groups. */
struct lf_iris_row {
        uint32_t record;
        uint8_t eye;
        uint8_t reserved[3];
};
struct lf_iris_count {
        uint16_t bits[LF_IRIS_LANES], first_bits[LF_IRIS_LANES];
};
/* Sixteen rows, interleaved word by word: a row that does not exist is all zero. */
struct lf_iris_group {
        struct {
                uint32_t code[LF_IRIS_LANES], mask[LF_IRIS_LANES];
        } word[LF_IRIS_WORDS];
};
_Static_assert(sizeof(struct lf_iris_count) == 64 && sizeof(struct lf_iris_group) == 8192, "iris layout");

/* One iris of a prepared probe, turned every way. Index 0 is -LF_IRIS_TURN_MAX columns. */
struct lf_iris_line {
        uint16_t bits, first_bits;
        uint8_t eye, turn, search;
        uint8_t reserved[57];
        struct {
                uint32_t code[LF_IRIS_WORDS], mask[LF_IRIS_WORDS];
        } turned[LF_IRIS_TURNS];
        /* +1, -1 and 0 (not valid) by ring; a rotation begins one byte further than the one before */
        int8_t sign[LF_IRIS_RINGS][LF_IRIS_COLUMNS + 32];
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
        const struct lf_iris_group *group;
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
#define LF_IRIS_SCRATCH (600 * 1024) /* of a kernel */
lf_iris_kernel lf_iris_scan_scalar, lf_iris_scan_avx2, lf_iris_scan_avx512, lf_iris_scan_amx;

struct lf_iris_match {
        float score;
        int turn; /* columns */
        unsigned n, d;
};

extern const uint8_t lf_iris_ring[LF_IRIS_RINGS]; /* which ring of the wire stands where */
/* 1 / (2 sqrt(n N)) by n; 0 for 0. */
extern float lf_iris_factor[LF_IRIS_BITS + 1];

/* Reads the wire form. How many irises (1 .. LF_IRIS_MAX), or -EBADMSG and the defect. Of a record with one
 * iris that is too poor, only the other is returned. */
int lf_iris_read(const void *wire, size_t size, struct lf_iris_head *ret_head,
                 struct lf_iris_code ret[LF_IRIS_MAX], struct lf_defect *ret_defect);
/* The closest rotation of one lane: the reference. */
struct lf_iris_match lf_iris_best(const struct lf_iris_group *g, unsigned lane,
                                  const struct lf_iris_line *line);
float lf_iris_log10_fmr(float score);

/* The first stage lets a record through when the best rotation's n - 2 d over its words is so many standard
 * deviations (of independent bits) above 0. 2% of strangers pass; of 5,900 invented mates that an exact
 * search accepts at 1e-4 none fell below 5.7. */
#define LF_IRIS_FIRST_SIGMAS 5.2f
static inline float lf_iris_first_cut(unsigned probe_bits, unsigned row_bits)
{
        return LF_IRIS_FIRST_SIGMAS * LF_IRIS_FIRST_SIGMAS * (float)probe_bits * (float)row_bits /
               (32 * LF_IRIS_FIRST_WORDS);
}
static inline bool lf_iris_first_passes(int best, float cut)
{
        return best > 0 && (float)(best * best) >= cut;
}

static inline bool lf_iris_eyes_agree(uint8_t a, uint8_t b)
{
        return a == LF_IRIS_EYE_UNKNOWN || b == LF_IRIS_EYE_UNKNOWN || a == b;
}

/* Lanes of group g that hold a row. */
static inline unsigned lf_iris_lanes(const struct lf_iris_span *s, uint32_t g)
{
        uint32_t left = s->rows - g * LF_IRIS_LANES;
        return left < LF_IRIS_LANES ? (1u << left) - 1 : 0xffff;
}

/* Scores the lanes of `mask` and keeps what belongs among the best. */
static inline void lf_iris_take(const struct lf_iris_span *s, uint32_t g, unsigned mask,
                                const struct lf_iris_task *t,
                                struct lf_iris_match (*best)(const struct lf_iris_group *, unsigned,
                                                             const struct lf_iris_line *))
{
        for (mask &= lf_iris_lanes(s, g); mask; mask &= mask - 1) {
                unsigned lane = (unsigned)__builtin_ctz(mask);
                uint32_t row = g * LF_IRIS_LANES + lane;
                if (lf_iris_eyes_agree(s->row[row].eye, t->line->eye))
                        lf_topk_push(t->topk, s->row[row].record, s->first + row,
                                     best(&s->group[g], lane, t->line).score);
        }
}
