#include "matcher/calibration.h"

float lf_calibration_score_at(float (*log10_fmr)(float score), float low, float high, float rate)
{
        if (log10_fmr(low) <= rate)
                return -INFINITY;
        for (unsigned i = 0; i < 24; i++) {
                float middle = (low + high) / 2;
                if (log10_fmr(middle) <= rate)
                        high = middle;
                else
                        low = middle;
        }
        return low - 1e-5f; /* what rounding may take */
}
