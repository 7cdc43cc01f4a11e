/* 64 bytes a comparison, which gives a mask at once. */
#include "control/manifest/scan.h"

#include <immintrin.h>

static uint64_t is(__m512i x, uint8_t c)
{
        return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8((char)c));
}

void lf_scan_avx512(const uint8_t *p, size_t blocks, const struct lf_scan_chars *c, struct lf_scan_bits *ret)
{
        const struct lf_scan_chars k = *c;
        const uint64_t released = k.has_release ? ~0ull : 0;
        for (size_t b = 0; b < blocks; b++, p += LF_SCAN_BLOCK) {
                __m512i x = _mm512_loadu_si512(p);
                uint64_t last = is(x, 0x7f);
                uint64_t terminator = is(x, k.terminator), boundary = is(x, k.element) | terminator;
                ret[b].boundary = boundary;
                ret[b].terminator = terminator;
                ret[b].repetition = is(x, k.repetition);
                ret[b].separator = is(x, k.component) | ret[b].repetition | boundary;
                ret[b].release = is(x, k.release) & released;
                ret[b].odd = _mm512_cmplt_epi8_mask(x, _mm512_set1_epi8(0x20)) | last;
                ret[b].level = (_mm512_cmpgt_epi8_mask(x, _mm512_set1_epi8(0x5a)) & ~last) | is(x, '#') |
                               is(x, '$') | is(x, '@');
        }
}
