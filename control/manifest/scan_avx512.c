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
                ret[b].separator =
                    is(x, k.component) | is(x, k.element) | is(x, k.repetition) | is(x, k.terminator);
                ret[b].release = is(x, k.release) & released;
                ret[b].odd = _mm512_cmplt_epi8_mask(x, _mm512_set1_epi8(0x20)) | last;
                ret[b].level = (_mm512_cmpgt_epi8_mask(x, _mm512_set1_epi8(0x5a)) & ~last) | is(x, '#') |
                               is(x, '$') | is(x, '@');
        }
}
