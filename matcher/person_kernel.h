/* The loops of the person engine's index, one set for each instruction set; all give the same results. Pure;
 * any core. Private to the person engine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "matcher/isa.h"

#define LF_KERNEL_LANES   64 /* words compared at once */
#define LF_KERNEL_LETTERS 16 /* longer words are compared one by one */

struct lf_person_kernel {
        /* Bit i of `ret` ((n + 63) / 64 words): signature i has at most `budget` bits that `probe` lacks, and
         * the other way round. */
        void (*possible)(const uint64_t *signature, size_t n, uint64_t probe, unsigned budget, uint64_t *ret);
        /* The weighted distance, in quarters of an edit, of the word `a` of n letters from each of `count`
         * words of m letters (both 1..LF_KERNEL_LETTERS; letters as lf_letter_code gives them): those that
         * `id` names, at most LF_KERNEL_LANES. */
        void (*distance)(const uint8_t *a, unsigned n, const uint8_t (*word)[LF_KERNEL_LETTERS],
                         const uint32_t *id, unsigned count, unsigned m, uint8_t *ret);
        /* Bit i of `ret`: with at most as much explained as sum[i] says (own weight in the low half, the
         * row's in the high one, in LF_SUM_UNITs), a name of weight `own` and a row of weight[i] can be as
         * alike as `least`. */
        void (*reach)(const uint32_t *sum, const uint16_t *weight, size_t n, float own, float least,
                      uint64_t *ret);
};

#define LF_SUM_UNIT 8 /* thousandths of a word */

/* The best for an instruction set. */
const struct lf_person_kernel *lf_person_kernel_for(enum lf_isa isa);

extern const struct lf_person_kernel lf_person_kernel_scalar, lf_person_kernel_avx2, lf_person_kernel_avx512;

/* A letter's class above, its place in the class below: a e i o u y 0..5, h 7, consonants and digits from 8
 * on. Only for a-z and 0-9. */
uint8_t lf_letter_code(char letter);
