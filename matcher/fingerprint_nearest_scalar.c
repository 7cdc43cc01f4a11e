/* The reference: what every instruction set computes. */
#include "matcher/fingerprint_groups.h"

static void nearest(const struct lf_finger *probe, const struct lf_finger *row, uint16_t *key)
{
        for (unsigned i = 0; i < probe->row->cylinders; i++) {
                const uint64_t *p = lf_finger_bits_of(probe, i);
                struct lf_finger_ranges r = lf_finger_ranges(probe, row, i);
                uint64_t least = LF_FINGER_NONE;
                for (unsigned part = 0; part < 2; part++) {
                        for (unsigned g = r.from[part]; g < r.to[part]; g++) {
                                const uint64_t *b = row->bits + g * LF_FINGER_LANES * LF_FINGER_WORDS;
                                for (unsigned l = 0; l < LF_FINGER_LANES; l++) {
                                        unsigned k = g * LF_FINGER_LANES + l;
                                        uint64_t d = row->bias[k];
                                        for (unsigned w = 0; w < LF_FINGER_WORDS; w++)
                                                d += (uint64_t)__builtin_popcountll(
                                                    p[w * LF_FINGER_LANES] ^ b[w * LF_FINGER_LANES + l]);
                                        d = d << 7 | k;
                                        least = d < least ? d : least;
                                }
                        }
                }
                key[i] = (uint16_t)least;
        }
}

#define NEAREST nearest
#define KERNELS lf_finger_scalar
#define NAME    "scalar"
#include "matcher/fingerprint_geometry.h"
