/* The reference: what every instruction set computes. */
#include "matcher/fingerprint_cells.h"
#include "matcher/fingerprint_meet.h"
#include "matcher/fingerprint_plain.h"

static void first(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned i = 0; i < lf_finger_stride(q->finger.row); i++) {
                struct lf_finger_span s = lf_finger_span(&q->window[i / LF_FINGER_LANES], at);
                unsigned least = LF_FINGER_NONE_FIRST;
                for (unsigned k = s.from; k < s.from + s.n; k++) {
                        unsigned d = differ(q, i, row, k % row->row->cylinders, 1);
                        least = d < least ? d : least;
                }
                key[i] = (uint16_t)least;
        }
        for (unsigned g = 0; g < q->groups; g++)
                by_all(q, row, g, key);
}

static void nearest(const struct lf_finger_query *q, const struct lf_finger *row, uint16_t *key)
{
        uint8_t at[LF_FINGER_BUCKETS + 1];
        lf_finger_starts(row, at);
        for (unsigned i = 0; i < lf_finger_stride(q->finger.row); i++) {
                const struct lf_finger_window *v = &q->window[i / LF_FINGER_LANES];
                unsigned least = LF_FINGER_NONE;
                for (unsigned part = 0; part < v->parts; part++)
                        for (unsigned k = at[v->from[part]]; k < at[v->to[part]]; k++) {
                                unsigned d = differ(q, i, row, k, LF_FINGER_WORDS);
                                least = d < least ? d : least;
                        }
                key[i] = (uint16_t)least;
        }
}

#define KERNELS lf_finger_scalar
#define NAME    "scalar"
#include "matcher/fingerprint_geometry.h"
