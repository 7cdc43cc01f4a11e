/* Scores to false-match rates.
 *
 * Measured on comparisons of different fingers: all pairs among the 320 impressions of four public FVC
 * databases (2002 DB1_B and DB3_B, 2004 DB2_B and DB4_B), with the templates of three extractors apart
 * (49,920, 49,920 and 49,297 pairs). At each rate the table holds the highest of the three extractors'
 * scores, so that no extractor is promised too little a rate. Down to 1e-3 every point rests on 50 pairs or
 * more; 1e-4 rests on 5 and 10^-4.5 on 2 of one extractor. Beyond that the last slope is carried on, which is
 * extrapolation, and nothing lower than 1e-8 is ever said. */
#include "matcher/fingerprint.h"

#define LOWEST -8.0f

static const struct {
        float score, log10_fmr;
} measured[] = {
    {0.0000f, 0.0f},  {0.0138f, -0.3f}, {0.0164f, -1.0f}, {0.0185f, -1.5f}, {0.0212f, -2.0f},
    {0.0243f, -2.5f}, {0.0287f, -3.0f}, {0.0337f, -3.5f}, {0.0427f, -4.0f}, {0.0711f, -4.5f},
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
