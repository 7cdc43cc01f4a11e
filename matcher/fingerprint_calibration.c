/* Scores to false-match rates.
 *
 * The score counts decades of improbability for one placement, see matcher/fingerprint_score.c. Of strangers the
 * best placement of many is scored, so that low scores say nothing; above, their rate falls as a straight line in
 * decades, a little steeper than the score. Three figures describe both: the line's slope, where it meets a rate of
 * 1, and how wide the bend there is. `tools/report/fingerprint_tuning.sh` fits them to all pairs of different
 * fingers among four public FVC databases with the templates of three extractors, 149,760 pairs: the line to the
 * 1% with the highest scores. Those of one sensor are more alike than others and have half of the weight, though
 * they are a quarter of the pairs. A claim of 1e-3 rests on some 150 pairs, 1e-4 on 15. Beyond, the line is carried
 * on, which is extrapolation, and nothing lower than 1e-8 is ever said. */
#include <math.h>

#include "matcher/fingerprint.h"

#define LOWEST -8.0f

const struct lf_finger_calibration lf_finger_calibration = {.slope = 1.130f, .start = 1.255f, .bend = 0.46f};

float lf_finger_log10_fmr_of(const struct lf_finger_calibration *c, float score)
{
        if (!(score > 0))
                return 0;
        float along = (score - c->start) / c->bend;
        float rate = -c->slope * c->bend * (along > 20 ? along : log1pf(expf(along)));
        return rate < LOWEST ? LOWEST : rate;
}

float lf_finger_log10_fmr(float score)
{
        return lf_finger_log10_fmr_of(&lf_finger_calibration, score);
}
