/* Scores to false-match rates.
 *
 * Measured on comparisons of different fingers: all pairs among the 320 impressions of four public FVC
 * databases (2002 DB1_B and DB3_B, 2004 DB2_B and DB4_B), within and across databases, with the templates of
 * three extractors: 149,137 pairs together. 1e-3 rests on 149 pairs, 10^-4.5 on 4. Beyond that the last slope
 * is carried on, which is extrapolation, and nothing lower than 1e-8 is ever said. */
#include "matcher/fingerprint.h"

#define LOWEST -8.0f

static const struct {
        float score, log10_fmr;
} measured[] = {
    {0.0f, 0.0f},    {1.116f, -0.3f}, {2.012f, -1.0f}, {2.560f, -1.5f}, {3.086f, -2.0f},
    {3.589f, -2.5f}, {4.087f, -3.0f}, {4.650f, -3.5f}, {5.235f, -4.0f}, {5.890f, -4.5f},
};
#define POINTS (sizeof measured / sizeof measured[0])

float lf_finger_log10_fmr(float score)
{
        if (!(score > 0))
                return 0;
        unsigned i = 1;
        while (i < POINTS - 1 && score > measured[i].score)
                i++;
        float slope =
            (measured[i].log10_fmr - measured[i - 1].log10_fmr) / (measured[i].score - measured[i - 1].score);
        float rate = measured[i - 1].log10_fmr + slope * (score - measured[i - 1].score);
        return rate < LOWEST ? LOWEST : rate;
}
