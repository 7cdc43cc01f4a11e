/* How far apart strangers are, and what that makes of a likeness.
 *
 * The angle between two strangers' embeddings is close to normal, over models whose cosines are not: for two
 * models on LFW (128 and 256 values; strangers' cosines 0.84 and 0.09 on average) the angles reached at rates
 * of 1e-1 to 1e-5 lie within 6% of one multiple of the normal distribution's quantiles. So the median of a
 * gallery's pairs and the angle that one pair in a hundred stays below tell the whole curve. Several records
 * of one person make it too cautious, never too bold: where one pair in four hundred was of one person, what
 * was said to be 1e-3 was 4e-4; with a record each it was 8e-4 and 1e-3. */
#include "matcher/calibration.h"
#include "matcher/face_scan.h"

#include <math.h>
#include <stdlib.h>

#define PAIRS       65536
#define PAIRS_FINE  1000 /* enough for one in a hundred */
#define PAIRS_LEAST 45   /* enough for one in ten */
#define NORMAL_1E2  2.3263f
#define NORMAL_1E1  1.2816f
#define LOWEST      -9.0f

/* Of the models known, the one that tells strangers apart least: claims too little for others. */
static const struct lf_face_spread cautious = {.mean = 0.569f, .deviation = 0.065f};

static int8_t value(const struct lf_face_span *s, uint32_t row, uint32_t i)
{
        const uint8_t *g = lf_face_group(s, row / LF_FACE_LANES);
        return (int8_t)g[(i / 4 * LF_FACE_LANES + row % LF_FACE_LANES) * 4 + i % 4];
}

static float angle(const struct lf_face_span *s, uint32_t a, uint32_t b)
{
        int32_t product = 0;
        for (uint32_t i = 0; i < s->padded; i++)
                product += value(s, a, i) * value(s, b, i);
        return acosf(fminf(fmaxf((float)product * s->factor[a] * s->factor[b], -1), 1));
}

static int ascending(const void *a, const void *b)
{
        const float *p = a, *q = b;
        return (*p > *q) - (*p < *q);
}

/* All pairs of a small gallery, in a large one as many as are wanted, the same each time. */
static size_t take_pairs(const struct lf_face_span *s, float *ret)
{
        size_t n = 0;
        if ((uint64_t)s->rows * (s->rows - 1) / 2 <= PAIRS) {
                for (uint32_t a = 0; a < s->rows; a++)
                        for (uint32_t b = a + 1; b < s->rows; b++)
                                if (s->record[a] != s->record[b])
                                        ret[n++] = angle(s, a, b);
                return n;
        }
        uint64_t state = 1;
        for (unsigned tries = 0; n < PAIRS && tries < 2 * PAIRS; tries++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                uint32_t a = (uint32_t)((state >> 32) * s->rows >> 32);
                state = state * 6364136223846793005u + 1442695040888963407u;
                uint32_t b = (uint32_t)((state >> 32) * s->rows >> 32);
                if (s->record[a] != s->record[b])
                        ret[n++] = angle(s, a, b);
        }
        return n;
}

struct lf_face_spread lf_face_measure(const struct lf_face_span *all)
{
        float *pair = all->rows > 1 ? malloc(PAIRS * sizeof *pair) : NULL;
        size_t n = pair ? take_pairs(all, pair) : 0;
        struct lf_face_spread s = cautious;
        if (n >= PAIRS_LEAST) {
                qsort(pair, n, sizeof *pair, ascending);
                s.mean = pair[n / 2];
                s.deviation = n >= PAIRS_FINE ? (s.mean - pair[n / 100]) / NORMAL_1E2
                                              : (s.mean - pair[n / 10]) / NORMAL_1E1;
                s.deviation = fmaxf(s.deviation, 1e-3f);
        }
        free(pair);
        return s;
}

float lf_face_score(const struct lf_face_spread *s, float cosine)
{
        return (s->mean - acosf(fminf(fmaxf(cosine, -1), 1))) / s->deviation;
}

float lf_face_cosine_below(const struct lf_face_spread *s, float score)
{
        double a = (double)s->mean - (double)score * (double)s->deviation;
        if (!(a < M_PI))
                return -2;
        /* The margin is above what rounding does to an angle near 0, where the cosine is flat. */
        return (float)cos(a > 0 ? a : 0) - 1e-5f;
}

float lf_face_log10_fmr(float score)
{
        double rate = log10(lf_normal_above((double)score));
        return rate < LOWEST || !(score < 100) ? LOWEST : (float)fmin(rate, 0);
}

float lf_face_score_at(float log10_fmr)
{
        return lf_calibration_score_at(lf_face_log10_fmr, -10, 10, log10_fmr);
}
