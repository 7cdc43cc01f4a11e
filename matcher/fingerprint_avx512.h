/* What the AVX-512 variants of the fingerprint engine's parts share. */
#pragma once

#include <immintrin.h>

#include "matcher/fingerprint_first.h"

#define FOUR_OF(n)    (n), (n) + 1, (n) + 2, (n) + 3
#define SIXTEEN_OF(n) FOUR_OF(n), FOUR_OF((n) + 4), FOUR_OF((n) + 8), FOUR_OF((n) + 12)
static const _Alignas(64) int32_t count32[32] = {SIXTEEN_OF(0), SIXTEEN_OF(16)};
static const _Alignas(64) uint8_t index64[64] = {SIXTEEN_OF(0), SIXTEEN_OF(16), SIXTEEN_OF(32),
                                                 SIXTEEN_OF(48)};

/* The first n lanes, of 16 and of 32. */
static inline __mmask16 lanes16(unsigned n)
{
        return (__mmask16)_bzhi_u32(0xffff, n);
}
static inline __mmask32 lanes32(unsigned n)
{
        return n < 32 ? _bzhi_u32(0xffffffff, n) : 0xffffffff;
}
