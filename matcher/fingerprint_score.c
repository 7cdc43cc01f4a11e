/* What a placement is worth.
 *
 * If each of the s minutiae that could meet did so by chance with probability q, a share f of them and more
 * would with a probability of about exp(-s * D), where D = f ln(f / q) + (1 - f) ln((1 - f) / (1 - q))
 * (Chernoff). The score is that exponent in decades. It is no false-match rate yet: a placement is the best
 * of many, and minutiae are not independent; matcher/fingerprint_calibration.c says what the score means.
 *
 * q differs between fingers: crowded regions of one flow meet any others of that flow. It is estimated from
 * the two fingers at hand: from how many minutiae of fitting direction lie around the places, too far off to
 * meet. So sizes, sensors and extractors that find more need no figures of their own. */
#include <math.h>

#include "matcher/fingerprint.h"

/* What the surroundings are joined with, so that a few minutiae give no wild figures. */
#define PRIOR_CROWD 0.03f
#define PRIOR_COULD 0.3f
#define RING        2.5f  /* radii: how far around a minutia its crowd is counted */
#define CROWD       0.12f /* ordinary: how many of fitting direction one meets by chance */
#define CHANCE_MIN  0.01f
#define CHANCE_MAX  0.5f
#define SHARE_MAX   0.999f

static const struct lf_finger_tuning frozen = {
    .likeness = 58,
    .stretch = {.base = 144, .growth = 0.03f, .turn_dot = 0.8660f},
    .radius = 16,
    .turn = 6554,
    .chance = 0.08f,
    .crowding = 0.4f,
};
const struct lf_finger_tuning *lf_finger_tuning = &frozen;

/* The share of `could` that would meet by chance. */
static float chance_of(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_match *m,
                       float could)
{
        const struct lf_finger_tuning *t = lf_finger_tuning;
        float around = lf_finger_kernels->crowd(a, b, &m->placement, t->radius, RING * t->radius);
        /* Where minutiae meet, closeness falls from 1 to 0: as good as half of the area. */
        float alike = around / (2 * (RING * RING - 1));
        float crowd = (alike + PRIOR_CROWD) / (could + PRIOR_COULD);
        float chance = t->chance * powf(crowd / CROWD, t->crowding);
        return fminf(fmaxf(chance, CHANCE_MIN), CHANCE_MAX);
}

float lf_finger_score(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_match *m)
{
        if (!(m->close > 0))
                return 0;
        float could = sqrtf((float)m->could * (float)m->there);
        float q = chance_of(a, b, m, could), f = fminf(m->close / could, SHARE_MAX);
        if (f <= q)
                return 0;
        return could * (f * log10f(f / q) + (1 - f) * log10f((1 - f) / (1 - q)));
}
