/* Irises on the wire: probes of LSP_TLV_IRIS and records of iris galleries.
 *
 *   struct lf_iris_head, then `irises` times struct lf_iris_wire; nothing else, nothing behind it.
 *
 * A code has 2,048 bits and as many of mask (1: the bit is valid): 8 rows (from the pupil outwards) of 128
 * columns (around it, evenly spaced) of 2 bits (the signs of a filter's real and imaginary part). They are
 * kept as 16 rings: ring 2 * row + part; within a ring column c is bit c % 8 of byte c / 8. Turning the eye
 * by one column moves every ring by one bit, around its end. Other sizes are refused. */
#pragma once

#include <stdint.h>

#define LF_IRIS_ROWS     8
#define LF_IRIS_COLUMNS  128
#define LF_IRIS_RINGS    16
#define LF_IRIS_BITS     2048
#define LF_IRIS_BYTES    256
#define LF_IRIS_MAX      2   /* irises of one record or probe */
#define LF_IRIS_TURN_MAX 15  /* columns each way: 31 rotations */
#define LF_IRIS_BITS_MIN 512 /* valid bits; fewer are too few to be compared */

enum lf_iris_eye { LF_IRIS_EYE_UNKNOWN = 0, LF_IRIS_EYE_RIGHT = 1, LF_IRIS_EYE_LEFT = 2 };

/* How a probe is searched; of no meaning in a record. */
enum lf_iris_search {
        LF_IRIS_EXACT = 0,      /* every record, every bit */
        LF_IRIS_TWO_STAGES = 1, /* a quarter of the bits first; at most one mate in a thousand is lost */
};

struct lf_iris_head {
        uint8_t version; /* 1 */
        uint8_t irises;  /* 1 .. LF_IRIS_MAX; two eyes that are both known must differ */
        uint8_t turn;    /* probes: rotations are tried from -turn to +turn columns, 0 .. LF_IRIS_TURN_MAX */
        uint8_t search;  /* probes: enum lf_iris_search */
};
_Static_assert(sizeof(struct lf_iris_head) == 4, "iris head layout");

struct lf_iris_wire {
        uint8_t eye; /* enum lf_iris_eye */
        uint8_t reserved[3];
        uint8_t code[LF_IRIS_BYTES];
        uint8_t mask[LF_IRIS_BYTES];
};
_Static_assert(sizeof(struct lf_iris_wire) == 516, "iris layout");

#define LF_IRIS_WIRE_MAX (sizeof(struct lf_iris_head) + LF_IRIS_MAX * sizeof(struct lf_iris_wire))
