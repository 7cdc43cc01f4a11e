/* The fingerprint engine's parts. Private to matcher/fingerprint*.c, and to tools that draw a comparison.
 *
 * A minutia's surroundings are coded as a cylinder of bits (after R. Cappelli, M. Ferrara, D. Maltoni:
 * Minutia Cylinder-Code, IEEE TPAMI 32, 2010). The first stage finds, for each cylinder of a probe, the
 * likest one of every finger in a block, weighs how unusual each is within the block, and keeps the fingers
 * whose pairs fit one placement best: first the likest by a quarter of the bits, for the best fingers by all
 * bits, and of those that are left the ones that meet best when laid over as they are. The second stage lays
 * the whole finger over what is left and counts the minutiae that meet, in proportion to those that could
 * have. */
#pragma once

#include "matcher/engines.h"
#include "matcher/fmr.h"
#include "matcher/shard.h"

#define LF_FINGER_MINUTIA_MAX 128 /* of one finger: the best of more are kept */
#define LF_FINGER_MINUTIA_MIN 4
#define LF_FINGER_WORDS       4  /* 64-bit words of a cylinder */
#define LF_FINGER_LANES       8  /* cylinders of a probe that one step compares: a group */
#define LF_FINGER_BUCKETS     16 /* directions, each a sixteenth of a turn */
#define LF_FINGER_SUPPORTS    16

/* A word holds a cylinder's code and, above it, spare bits. A probe's are taken to be clear; a row's are set,
 * but fewer of them the more bits its code has: by the allowance, for each bit. So the count of bits that
 * differ is least where nearly the least share of them differs. */
#define LF_FINGER_CODE_FIRST                                                                                 \
        54                       /* bits of code in the first word, those that say most: enough for a start  \
                                  */
#define LF_FINGER_CODE_REST   56 /* in each other */
#define LF_FINGER_SPARE_FIRST (64 - LF_FINGER_CODE_FIRST)
#define LF_FINGER_SPARE       (64 * LF_FINGER_WORDS - 222)
static inline uint64_t lf_finger_code_mask(unsigned word)
{
        return ((uint64_t)1 << (word ? LF_FINGER_CODE_REST : LF_FINGER_CODE_FIRST)) - 1;
}
static inline unsigned lf_finger_allowance(unsigned ones)
{
        return (ones * 29 + 32) / 64;
}

/* What comparing a probe's cylinder with all of a row's gives: the bits that differ << 7 | the cylinder where
 * they are fewest. The value that stands for none is that of the most differing that is of interest. */
#define LF_FINGER_NONE       (127 << 7 | 127)
#define LF_FINGER_NONE_FIRST (24 << 7 | 127) /* by the first word alone */

/* One finger: a row of a shard, or of a probe. Its data follow at `offset`, in this order:
 *   bits    uint64_t[LF_FINGER_WORDS][stride], cylinders in order of direction
 *   ones    uint8_t[stride]: bits set in the code
 *   filled  uint8_t[stride]: spare bits set
 *   x, y    int16_t[padded] each: quarters of a pixel at 500 dpi from the finger's centre, y upwards
 *   angle   uint16_t[padded]: 1/65536 of a turn, counter-clockwise: differences wrap by themselves
 *   support int16_t[LF_FINGER_SUPPORTS]: how far the minutiae reach in each direction
 * The minutiae that have a cylinder come first and in its order; minutiae past the last lie where none is
 * met.
 */
struct lf_finger_row {
        uint32_t record; /* index in the shard's record table; in a probe the number of the view */
        uint32_t offset; /* of its data, in units of 64 bytes */
        uint8_t n;       /* minutiae, LF_FINGER_MINUTIA_MIN .. LF_FINGER_MINUTIA_MAX */
        uint8_t cylinders;
        uint8_t position; /* 1..10; 0 when unknown or when the image shows more than one finger */
        uint8_t reserved;
        uint8_t first[LF_FINGER_BUCKETS]; /* the first cylinder of each direction */
        uint32_t reserved2;
};
_Static_assert(sizeof(struct lf_finger_row) == 32, "finger row layout");

static inline unsigned lf_finger_stride(const struct lf_finger_row *r)
{
        return (r->cylinders + LF_FINGER_LANES - 1u) / LF_FINGER_LANES * LF_FINGER_LANES;
}
static inline unsigned lf_finger_padded(const struct lf_finger_row *r)
{
        return (r->n + 15u) & ~15u;
}
/* Bytes of a finger's data, a multiple of 64. */
static inline size_t lf_finger_size(const struct lf_finger_row *r)
{
        size_t size = lf_finger_stride(r) * (LF_FINGER_WORDS * 8u + 2u) + lf_finger_padded(r) * 6u +
                      LF_FINGER_SUPPORTS * 2u;
        return (size + 63) & ~(size_t)63;
}

/* A finger's data, found. */
struct lf_finger {
        const struct lf_finger_row *row;
        const uint64_t *bits;
        const uint8_t *ones, *filled;
        const int16_t *x, *y;
        const uint16_t *angle;
        const int16_t *support;
};
static inline struct lf_finger lf_finger_at(const struct lf_finger_row *row, const void *data)
{
        struct lf_finger f = {.row = row, .bits = data};
        unsigned stride = lf_finger_stride(row), padded = lf_finger_padded(row);
        f.ones = (const void *)(f.bits + stride * LF_FINGER_WORDS);
        f.filled = f.ones + stride;
        f.x = (const void *)(f.filled + stride);
        f.y = f.x + padded;
        f.angle = (const void *)(f.y + padded);
        f.support = (const void *)(f.angle + padded);
        return f;
}

#define LF_FINGER_DATA_MAX                                                                                   \
        (LF_FINGER_MINUTIA_MAX * (LF_FINGER_WORDS * 8 + 2 + 6) + LF_FINGER_SUPPORTS * 2 + 64)

/* Codes a view's best `most` minutiae into `row` and `data` (aligned to 64, LF_FINGER_DATA_MAX bytes; NULL:
 * the row alone, whose size is what is asked). False
 * when the view is too poor to be compared. */
bool lf_finger_code(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                    struct lf_finger_row *row, void *data);

/* Cylinder i of a probe, and of a row: their best, for each i. */
struct lf_finger_nearest {
        uint8_t likeness[LF_FINGER_MINUTIA_MAX]; /* 0: none */
        uint8_t other[LF_FINGER_MINUTIA_MAX];
};

/* Pairs of minutiae as arrays: what geometry works on. Lengths are padded with weight 0 to 16. */
struct lf_finger_pairs {
        _Alignas(64) float weight[LF_FINGER_MINUTIA_MAX];
        float ax[LF_FINGER_MINUTIA_MAX], ay[LF_FINGER_MINUTIA_MAX]; /* pixels */
        float bx[LF_FINGER_MINUTIA_MAX], by[LF_FINGER_MINUTIA_MAX];
        float c[LF_FINGER_MINUTIA_MAX], s[LF_FINGER_MINUTIA_MAX]; /* of the turn from a to b */
        float vote[LF_FINGER_MINUTIA_MAX]; /* out: of the others, for each pair and the padding */
        uint8_t a[LF_FINGER_MINUTIA_MAX], b[LF_FINGER_MINUTIA_MAX];
        unsigned n, padded;
};

/* b = turn(a) + shift, in pixels. */
struct lf_finger_placement {
        float c, s, x, y;
        uint16_t turn; /* the angle of (c, s), 1/65536 of a turn */
};

/* How far two impressions of one finger may differ in shape. */
struct lf_finger_stretch {
        float base;     /* pixels squared, */
        float growth;   /* and so much more by the square of the length between two minutiae */
        float turn_dot; /* cosine of how much the turns of two pairs may differ */
};

/* What the second stage was tuned in; see tools/report. */
struct lf_finger_tuning {
        unsigned likeness; /* of 255; a pair of cylinders that are less alike has no say */
        struct lf_finger_stretch stretch;
        float radius;   /* pixels within which minutiae meet */
        float turn;     /* 1/65536 of a turn, between the directions of two minutiae that meet */
        float chance;   /* the share that meet by chance in an ordinary crowd, */
        float crowding; /* and the power by which it grows with the crowd */
};
/* Points to what was frozen; only a tuner sets it to something else. */
extern const struct lf_finger_tuning *lf_finger_tuning;

/* Who meets whom when one finger lies over the other: those that are closest to each other, in order of a. */
#define LF_FINGER_CLOSE 32767 /* in one place and of one direction */
struct lf_finger_meeting {
        unsigned n;
        int32_t close[LF_FINGER_MINUTIA_MAX]; /* 1 .. LF_FINGER_CLOSE */
        uint8_t a[LF_FINGER_MINUTIA_MAX], b[LF_FINGER_MINUTIA_MAX];
};

/* Directions of a row's cylinders that a group of a probe's is compared with: buckets from .. to - 1. */
struct lf_finger_window {
        uint8_t parts, from[2], to[2];
};

/* A finger to search for, prepared for the kernels. */
struct lf_finger_query {
        struct lf_finger finger;
        unsigned groups;
        float x[LF_FINGER_MINUTIA_MAX], y[LF_FINGER_MINUTIA_MAX]; /* pixels */
        struct lf_finger_window window[LF_FINGER_MINUTIA_MAX / LF_FINGER_LANES];
};
void lf_finger_ask(const struct lf_finger *finger, struct lf_finger_query *ret);

/* What one instruction set computes; all give equal results. */
struct lf_finger_draft; /* matcher/fingerprint_draft.h */
struct lf_finger_kernels {
        const char *name;
        /* When a finger is coded: of each cell around its minutia m the directions that are set, as bits. */
        void (*surroundings)(const struct lf_finger_draft *d, unsigned m, uint8_t *ret);
        /* The first stage's: what a row's cylinders nearest by the first word, and by all words, are like by
         * all words: key[i] for each cylinder of the probe, to the end of its group; aligned to 16. */
        void (*first)(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key);
        void (*nearest)(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key);
        /* Adds the bits that differ, or `least` when they are fewer, and their squares. */
        void (*tally)(const uint16_t *key, const uint16_t *least, unsigned padded, uint32_t *sum,
                      uint32_t *squares);
        /* The pairs that are more than `least` deviations nearer than usual, weighed by how much; when that
         * is more than 0, only those of the one turn that weighs most. */
        void (*unusual)(const struct lf_finger_query *q, const struct lf_finger *row, const uint16_t *key,
                        const float *mean, const float *scale, float least, struct lf_finger_pairs *ret);
        /* How well pairs fit one placement. The third power of what the others say for each favours a few
         * pairs that many others bear out over many that few do. Fills in vote. */
        float (*agreement)(struct lf_finger_pairs *p);
        /* The second stage's. */
        /* Fills in vote: for each pair the weights of the others, by how well they fit one placement with it.
         */
        void (*consistency)(struct lf_finger_pairs *p);
        /* The weights of the pairs that fit one placement with pair `root`, by how well they do. */
        void (*around)(const struct lf_finger_pairs *p, unsigned root, float *weight);
        /* The pair that most others bear out and that no placement of these n explains; -1 when none is left.
         */
        int (*root)(const struct lf_finger_pairs *p, const struct lf_finger_placement *tried, unsigned n);
        /* The least squares placement under these weights, all but its turn. False when they say none. */
        bool (*align)(const struct lf_finger_pairs *p, const float *weight, struct lf_finger_placement *ret);
        /* Lays a over b and finds who meets whom within `radius` pixels. */
        void (*meet)(const struct lf_finger *a, const struct lf_finger *b,
                     const struct lf_finger_placement *p, float radius, struct lf_finger_meeting *ret);
        /* How many of a's minutiae, placed, lie within b's reach. */
        unsigned (*within)(const struct lf_finger *a, const struct lf_finger *b,
                           const struct lf_finger_placement *p);
        /* How many of b's minutiae lie further than `inner` and no further than `outer` pixels from each of
         * a's, placed, summed up; one whose direction differs counts less, as where minutiae meet. */
        float (*crowd)(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_placement *p, float inner, float outer);
};
extern const struct lf_finger_kernels lf_finger_scalar, lf_finger_avx2, lf_finger_avx512;
/* The one that the machine has and LANDFALL_ISA allows. */
extern const struct lf_finger_kernels *lf_finger_kernels;

/* Likenesses from keys. */
void lf_finger_likeness(const struct lf_finger *probe, const struct lf_finger *row, const uint16_t *key,
                        struct lf_finger_nearest *ret);

/* What the second stage found. */
struct lf_finger_match {
        float score; /* 0 and more: decades, see lf_finger_score() */
        struct lf_finger_placement placement;
        unsigned meet;                                              /* pairs */
        unsigned could;                                             /* minutiae of a within b's reach */
        unsigned there;                                             /* minutiae of b within a's reach */
        float close;                                                /* sum over the pairs, each 0..1 */
        uint8_t a[LF_FINGER_MINUTIA_MAX], b[LF_FINGER_MINUTIA_MAX]; /* of each pair */
};
struct lf_finger_scratch {
        struct lf_finger_pairs pairs, met;
        struct lf_finger_meeting meeting;
        float weight[LF_FINGER_MINUTIA_MAX];
};
/* The second stage. Takes bounded time whatever the minutiae; depends on these two fingers alone. */
void lf_finger_compare(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_nearest *nearest, struct lf_finger_scratch *scratch,
                       struct lf_finger_match *ret);

/* How unlikely it is, in decades, that so many minutiae meet by chance under the placement found. */
float lf_finger_score(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_match *m);
/* Lays a over b as those two pairs say that the others bear out most, and leaves it at that: 0 and more.
 * Wants the pairs and their votes in the scratch. */
float lf_finger_glance(const struct lf_finger *a, const struct lf_finger *b,
                       struct lf_finger_scratch *scratch);

/* A prepared probe: its fingers, then their data. */
#define LF_FINGER_PROBE_DATA (62 * 1024)
struct lf_finger_probe {
        uint32_t rows;
        uint32_t reserved[15];
        struct lf_finger_row row[LF_FMR_VIEW_MAX];
        uint8_t data[LF_FINGER_PROBE_DATA];
};
_Static_assert(sizeof(struct lf_finger_probe) <= LF_PROBE_MAX, "a prepared probe fits");
static inline struct lf_finger lf_finger_of_probe(const struct lf_finger_probe *p, unsigned i)
{
        return lf_finger_at(&p->row[i], p->data + (size_t)p->row[i].offset * 64);
}

/* A shard's payload: the rows, padded to 64 bytes, then their data. */
static inline size_t lf_finger_rows_size(size_t rows)
{
        return (rows * sizeof(struct lf_finger_row) + 63) & ~(size_t)63;
}
static inline const struct lf_finger_row *lf_finger_rows(const struct lf_shard *s)
{
        return lf_shard_payload(s);
}
static inline struct lf_finger lf_finger_of_shard(const struct lf_shard *s, uint32_t row)
{
        const struct lf_finger_row *r = &lf_finger_rows(s)[row];
        return lf_finger_at(r, (const uint8_t *)lf_shard_payload(s) + lf_finger_rows_size(s->rows) +
                                   (size_t)r->offset * 64);
}

#define LF_FINGER_BLOCK     2048 /* rows */
#define LF_FINGER_SURVIVORS 16   /* of a block and a probe's finger that the second stage sees, at most */

/* What scan and explain want of memory. */
struct lf_finger_core {
        uint64_t compared, kept; /* pairs that the first stage saw and let through: counted up, never read */
        uint64_t work;           /* so are cylinders, pairs and minutiae that were held against another */
        struct lf_finger_scratch scratch;
        struct lf_finger_query query;
        struct lf_finger_nearest nearest; /* of the pair at hand */
        _Alignas(64) uint16_t key[LF_FINGER_BLOCK][LF_FINGER_MINUTIA_MAX];
        uint32_t row[LF_FINGER_BLOCK];
        float score[LF_FINGER_BLOCK];
        uint16_t order[LF_FINGER_BLOCK]; /* indices of the three arrays above */
        float mean[LF_FINGER_MINUTIA_MAX], scale[LF_FINGER_MINUTIA_MAX];
};

/* The first stage: compares core->query with the rows of a block whose positions allow it and which `top`
 * admits, and leaves those that are worth a closer look: the first `return value` of core->order. */
unsigned lf_finger_first_stage(const struct lf_shard *s, uint32_t block, const struct lf_topk *top,
                               struct lf_finger_core *core);
/* The second, for one of them. */
void lf_finger_second_stage(const struct lf_shard *s, unsigned at, struct lf_finger_core *core,
                            struct lf_finger_match *ret);
void lf_finger_scan(const struct lf_shard *s, uint32_t block, const void *const *probes,
                    struct lf_topk *const *topks, unsigned n, void *scratch);
/* Compares two fingers alone. */
void lf_finger_match(const struct lf_finger *a, const struct lf_finger *b, struct lf_finger_core *core,
                     struct lf_finger_match *ret);
/* The probe's finger that is closest to a row; -1 when none may be compared. */
int lf_finger_closest(const struct lf_shard *s, const struct lf_finger_probe *p, uint32_t row,
                      struct lf_finger_core *core, struct lf_finger_match *ret);

/* By turn, 1/1024. */
#define LF_FINGER_TURNS 1024
struct lf_finger_turn {
        float c, s;
};
extern struct lf_finger_turn lf_finger_turns[LF_FINGER_TURNS];

/* Directions of the support, the first half of a turn: of the other half they are the opposites. */
#define LF_FINGER_AXES (LF_FINGER_SUPPORTS / 2)
extern const float lf_finger_axis_u[LF_FINGER_AXES], lf_finger_axis_v[LF_FINGER_AXES];

/* Pads pairs to a multiple of 16 with weight 0. */
void lf_finger_pad(struct lf_finger_pairs *p);
/* Adds a pair. */
void lf_finger_add_pair(struct lf_finger_pairs *p, const struct lf_finger *a, const struct lf_finger *b,
                        unsigned i, unsigned k, float weight);

/* Prepares the tables of code and compare. */
void lf_finger_code_init(void);
void lf_finger_compare_init(void);

/* log10 of the false-match rate is -slope * bend * ln(1 + exp((score - start) / bend)). */
struct lf_finger_calibration {
        float slope, start, bend;
};
float lf_finger_log10_fmr_of(const struct lf_finger_calibration *c, float score);
/* With the figures that were frozen. */
extern const struct lf_finger_calibration lf_finger_calibration;
float lf_finger_log10_fmr(float score);
