/* Where separators are: 64 bytes at a time, as bits. One function for each instruction set, with equal
 * results.
 *
 * Internal to control/manifest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_SCAN_BLOCK 64

/* A separator that is not used repeats another one. */
struct lf_scan_chars {
        uint8_t component, element, repetition, terminator;
        uint8_t release;
        bool has_release;
};

/* Bit i is byte i of the block. */
struct lf_scan_bits {
        uint64_t separator; /* any of the four */
        uint64_t boundary;  /* the end of an element: `element` or `terminator` */
        uint64_t terminator;
        uint64_t repetition; /* that of `terminator`, when it is not used */
        uint64_t release;
        uint64_t odd;   /* neither 0x20 .. 0x7e */
        uint64_t level; /* printable, and not in level A of ISO 9735: small letters and # $ @ [ \ ] ^ _ ` { |
                           } ~ */
};

typedef void lf_scan_fn(const uint8_t *p, size_t blocks, const struct lf_scan_chars *c,
                        struct lf_scan_bits *ret);

lf_scan_fn lf_scan_scalar, lf_scan_avx2, lf_scan_avx512;
