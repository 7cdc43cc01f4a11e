/* The loops of the person engine's index, one set for each instruction set; all give the same results. Pure;
 * any core. Private to the person engine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "matcher/isa.h"

#define LF_KERNEL_LANES   64 /* words compared at once */
#define LF_KERNEL_WORDS   16 /* a multiple of which is looked through at once */
#define LF_KERNEL_LETTERS 16 /* longer words are compared one by one */

struct lf_person_kernel {
        /* Writes to `ret` first + i for each signature i of n: what `probe` has and it lacks costs at most
         * `own`, and what it has and `probe` lacks `theirs`; a bit of the upper half costs two. Returns how
         * many. `ret` has room for n rounded up to LF_KERNEL_WORDS. */
        unsigned (*possible)(const uint64_t *signature, unsigned n, uint64_t probe, unsigned own,
                             unsigned theirs, uint32_t first, uint32_t *ret);
        /* The weighted distance, in quarters of an edit, of the word `a` of n letters from each of `count`
         * words of length[i] letters (all 1..LF_KERNEL_LETTERS; letters as lf_letter_code gives them): those
         * that `id` names, at most LF_KERNEL_LANES. All are words of at least LF_COSTS_LONG letters, or `a`
         * is, or none. */
        void (*distance)(const uint8_t *a, unsigned n, const uint8_t (*word)[LF_KERNEL_LETTERS],
                         const uint32_t *id, const uint8_t *length, unsigned count, uint8_t *ret);
};

/* possible() for one signature. */
static inline bool lf_signature_possible(uint64_t signature, uint64_t probe, unsigned own, unsigned theirs)
{
        uint64_t x = probe & ~signature, y = signature & ~probe;
        return (unsigned)(__builtin_popcountll(x) + __builtin_popcountll(x >> 32)) <= own &&
               (unsigned)(__builtin_popcountll(y) + __builtin_popcountll(y >> 32)) <= theirs;
}

/* The best for an instruction set. */
const struct lf_person_kernel *lf_person_kernel_for(enum lf_isa isa);

extern const struct lf_person_kernel lf_person_kernel_scalar, lf_person_kernel_avx2, lf_person_kernel_avx512;

/* A letter's class above, its place in the class below: a e i o u y 0..5, h 7, consonants and digits from 8
 * on. Only for a-z and 0-9. */
uint8_t lf_letter_code(char letter);
#define LF_CODE_VOWELS  6 /* below: vowels */
#define LF_CODE_H       7
#define LF_CODE_CLASSES 8 /* from here on: a class each eight */
