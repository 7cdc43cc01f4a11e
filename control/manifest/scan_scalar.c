/* The reference: one byte after the other. */
#include "control/manifest/scan.h"

static bool beyond_level_a(uint8_t c)
{
        return (c >= 0x5b && c <= 0x7e) || c == '#' || c == '$' || c == '@';
}

void lf_scan_scalar(const uint8_t *p, size_t blocks, const struct lf_scan_chars *c, struct lf_scan_bits *ret)
{
        for (size_t b = 0; b < blocks; b++, p += LF_SCAN_BLOCK) {
                struct lf_scan_bits bits = {0};
                for (unsigned i = 0; i < LF_SCAN_BLOCK; i++) {
                        uint8_t x = p[i];
                        bool component = x == c->component, element = x == c->element,
                             repetition = x == c->repetition, terminator = x == c->terminator;
                        bits.separator |= (uint64_t)(component || element || repetition || terminator) << i;
                        bits.boundary |= (uint64_t)(element || terminator) << i;
                        bits.terminator |= (uint64_t)terminator << i;
                        bits.repetition |= (uint64_t)repetition << i;
                        bits.release |= (uint64_t)(c->has_release && x == c->release) << i;
                        bits.odd |= (uint64_t)(x < 0x20 || x > 0x7e) << i;
                        bits.level |= (uint64_t)beyond_level_a(x) << i;
                }
                ret[b] = bits;
        }
}
