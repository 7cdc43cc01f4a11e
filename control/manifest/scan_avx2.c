/* 32 bytes a comparison, twice. */
#include "control/manifest/scan.h"

#include <immintrin.h>

static uint64_t join(__m256i low, __m256i high)
{
        return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static uint64_t same(__m256i low, __m256i high, __m256i c)
{
        return join(_mm256_cmpeq_epi8(low, c), _mm256_cmpeq_epi8(high, c));
}

/* Bytes from 0x80 are negative, and so below 0x20. */
static __m256i odd(__m256i x)
{
        return _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), x),
                               _mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x7f)));
}

static __m256i level(__m256i x)
{
        __m256i over = _mm256_andnot_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x7f)),
                                           _mm256_cmpgt_epi8(x, _mm256_set1_epi8(0x5a)));
        __m256i signs = _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('#')),
                                        _mm256_cmpeq_epi8(x, _mm256_set1_epi8('$')));
        return _mm256_or_si256(over, _mm256_or_si256(signs, _mm256_cmpeq_epi8(x, _mm256_set1_epi8('@'))));
}

void lf_scan_avx2(const uint8_t *p, size_t blocks, const struct lf_scan_chars *c, struct lf_scan_bits *ret)
{
        const __m256i component = _mm256_set1_epi8((char)c->component),
                      element = _mm256_set1_epi8((char)c->element),
                      repetition = _mm256_set1_epi8((char)c->repetition),
                      terminator = _mm256_set1_epi8((char)c->terminator),
                      release = _mm256_set1_epi8((char)c->release);
        const uint64_t released = c->has_release ? ~0ull : 0;
        for (size_t b = 0; b < blocks; b++, p += LF_SCAN_BLOCK) {
                __m256i x = _mm256_loadu_si256((const void *)p),
                        y = _mm256_loadu_si256((const void *)(p + 32));
                uint64_t elements = same(x, y, element), terminators = same(x, y, terminator);
                ret[b].boundary = elements | terminators;
                ret[b].terminator = terminators;
                ret[b].repetition = same(x, y, repetition);
                ret[b].separator = same(x, y, component) | ret[b].repetition | ret[b].boundary;
                ret[b].release = same(x, y, release) & released;
                ret[b].odd = join(odd(x), odd(y));
                ret[b].level = join(level(x), level(y));
        }
}
