/* Instruction sets: which this processor has, and which the engines use.
 *
 * Every variant of a kernel gives the same results, so that a choice is one of speed only. Chosen once, by
 * lf_engines_init(); read on any core afterwards. */
#pragma once

#include <stdbool.h>

enum lf_isa {
        LF_ISA_SCALAR = 0, /* x86-64-v2, what everything is compiled for */
        LF_ISA_AVX2 = 1,
        LF_ISA_AVX512 = 2, /* F, BW, VL, DQ, VBMI, VNNI, BITALG, VPOPCNTDQ */
        LF_ISA_AMX = 3,    /* LF_ISA_AVX512 and AMX int8 */
        LF_ISA_COUNT = 4,
};

/* "scalar", "avx2", "avx512", "amx". */
const char *lf_isa_name(enum lf_isa isa);
/* Whether processor and kernel let this process use it. The first question about AMX asks the kernel for
 * its tile registers, for all threads that are started later. */
bool lf_isa_has(enum lf_isa isa);
/* The best one, unless LANDFALL_ISA in the environment names another. -EINVAL: it names none. -ENOTSUP: it
 * names one that this machine lacks. */
int lf_isa_choose(enum lf_isa *ret);
