/* Scores to false-match rates.
 *
 * Measured on 3.9 million comparisons, over 31 rotations, of invented irises with the statistics of a public
 * set of real codes (tools/generate/iris.c): real codes in that number were not at hand. The point at 1e-6
 * rests on 4 comparisons. Beyond it the last slope is carried on, which is extrapolation, and nothing lower
 * than 1e-9 is ever said. A probe that asks for fewer rotations matches strangers less often than is said. */
#include "matcher/calibration.h"
#include "matcher/iris_scan.h"

#define LOWEST -9.0f

static const struct {
        float score, log10_fmr;
} measured[] = {
    {0.0000f, 0.0f},  {0.0507f, -0.3f}, {0.0723f, -1.0f}, {0.0844f, -1.5f},
    {0.0960f, -2.0f}, {0.1076f, -2.5f}, {0.1194f, -3.0f}, {0.1318f, -3.5f},
    {0.1436f, -4.0f}, {0.1559f, -4.5f}, {0.1683f, -5.0f}, {0.1910f, -6.0f},
};
#define POINTS (sizeof measured / sizeof measured[0])

float lf_iris_log10_fmr(float score)
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

float lf_iris_score_at(float log10_fmr)
{
        return lf_calibration_score_at(lf_iris_log10_fmr, 0, 0.5f, log10_fmr);
}
