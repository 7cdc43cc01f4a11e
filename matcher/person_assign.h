/* The pairing of two small sets that is worth most. */
#pragma once

#include <stdint.h>

#define LF_ASSIGN_MAX   32
#define LF_ASSIGN_VALUE (1u << 24)

/* value[i][j] is what pairing i with j is worth; below LF_ASSIGN_VALUE; 0: not to be paired. Writes for each
 * i of n its j, or -1. Returns the sum of the values, which no other pairing exceeds. n, m at most
 * LF_ASSIGN_MAX. Exact integers, so that the sum does not depend on the order of either set. Any core. */
uint64_t lf_assign(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *ret_partner);
