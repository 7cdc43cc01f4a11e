#include "matcher/fusion.h"

#include "matcher/calibration.h"

#include <math.h>
#include <string.h>

/* Strangers are standard normal in z = the normal quantile of their rate; mates are taken as normal too (the
 * binormal model of receiver operating characteristics). From measured error rates of each engine: finger
 * EER 3.9% and 10.8% missed at 1e-3; face 2.6% missed at 1e-2 and 8.3% at 1e-3 (LFW); iris from invented
 * codes, 1% missed at 1e-4; for persons, whose names are often misspelt, a guess that trusts them less. */
static const struct {
        float mean, deviation;
} mates[LF_MODALITY_COUNT] = {
    [LF_MODALITY_FINGERPRINT] = {6.2f, 2.5f}, [LF_MODALITY_IRIS] = {5.7f, 0.85f},
    [LF_MODALITY_FACE] = {5.0f, 1.4f},        [LF_MODALITY_PERSON] = {4.0f, 2.0f},
    [LF_MODALITY_CONSIGNMENT] = {4.0f, 2.0f},
};

/* Strangers' ratios by modality: how often each bin of a tenth of a decade is hit, from LOWEST on. */
#define BINS   256
#define LOWEST -8.0
#define STEP   0.1
static double strangers[LF_MODALITY_COUNT][BINS];

/* The z that strangers exceed at this rate, from 0 on: what is likelier than not says no more. */
static double quantile(float log10_fmr)
{
        double low = 0, high = 12;
        for (unsigned i = 0; i < 40; i++) {
                double middle = (low + high) / 2;
                if (log10(lf_normal_above(middle)) > (double)log10_fmr)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

static double llr(enum lf_modality m, double z)
{
        double mean = (double)mates[m].mean, deviation = (double)mates[m].deviation,
               far = (z - mean) / deviation;
        return (-log(deviation) - far * far / 2 + z * z / 2) / M_LN10;
}

float lf_fusion_llr(enum lf_modality modality, float log10_fmr)
{
        return (float)llr(modality, quantile(log10_fmr));
}

/* The exponent and the norm of a bivariate normal distribution, without 2 pi. */
static double log_normal(const double far[2], const double deviation[2], double correlation)
{
        double x = far[0] / deviation[0], y = far[1] / deviation[1], rest = 1 - correlation * correlation;
        return -log(deviation[0] * deviation[1]) - log(rest) / 2 -
               (x * x - 2 * correlation * x * y + y * y) / (2 * rest);
}

double lf_fusion_pair_llr(const struct lf_fusion_pair *p, double first, double second)
{
        static const double one[2] = {1, 1};
        double z[2] = {fmax(first, 0), fmax(second, 0)}, far[2] = {z[0] - p->mean[0], z[1] - p->mean[1]};
        return (log_normal(far, p->deviation, p->mates) - log_normal(z, one, p->strangers)) / M_LN10;
}

/* Rounds up: never too good a rate. */
static unsigned bin_of(double ratio)
{
        double bin = ceil((ratio - LOWEST) / STEP);
        return bin < 0 ? 0 : bin > BINS - 1 ? BINS - 1 : (unsigned)bin;
}

void lf_fusion_init(void)
{
        const double step = 1e-3;
        memset(strangers, 0, sizeof strangers);
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                strangers[m][bin_of(llr(m, 0))] += 0.5;
                for (double z = 0; z < 10; z += step)
                        strangers[m][bin_of(llr(m, z + step))] +=
                            lf_normal_above(z) - lf_normal_above(z + step);
        }
}

float lf_fusion_log10_fmr(uint8_t modalities, float sum)
{
        double all[BINS] = {0};
        all[bin_of(0)] = 1;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                if (!(modalities >> m & 1))
                        continue;
                double next[BINS] = {0};
                for (unsigned i = 0; i < BINS; i++) {
                        if (all[i] == 0)
                                continue;
                        for (unsigned k = 0; k < BINS; k++) {
                                int at = (int)i + (int)k - (int)bin_of(0);
                                next[at < 0 ? 0 : at > BINS - 1 ? BINS - 1 : at] += all[i] * strangers[m][k];
                        }
                }
                memcpy(all, next, sizeof all);
        }
        double rate = 0;
        for (unsigned i = BINS; i-- > 0 && LOWEST + i * STEP >= (double)sum - 1e-6;)
                rate += all[i];
        return rate <= 1e-12 ? -12 : (float)fmin(log10(rate), 0);
}
