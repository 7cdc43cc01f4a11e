/* Invented irises.
 *
 * An eye is a field of normal numbers over rings and columns whose correlation makes neighbouring bits agree
 * as they do in real codes: at angular lags 1 to 5 by 0.65 0.39 0.34 0.46 0.52, at radial lags 1 and 2 by
 * 0.63 0.53 (8 rows of 128 columns of 2 bits, 756 images of 108 eyes). For normal numbers with correlation r,
 * signs agree by 1/2 + asin(r) / pi. A pattern common to all eyes, stronger in one than in another, brings
 * strangers to 0.481 +- 0.022; a capture mixes in noise of the same texture, so that mates are 0.266 +- 0.045
 * apart. Lids hide 0.18 of the bits. */
#include "tools/generate/iris.h"

#include <math.h>
#include <string.h>

#include "tools/generate/random.h"

#define TAPS    12 /* each way */
#define SPILL_1 0.235f
#define SPILL_2 0.03f  /* of a row into its neighbours */
#define COMMON  0.262f /* strength of the common pattern: mean and spread */
#define SPREAD  0.135f
#define OFFSET  0.07f /* correlation that the pattern gives to all lags */
#define BIAS    0.06f /* more ones than zeroes: 0.52 */

static float filter[2 * TAPS + 1];
/* The common pattern, by ring: the same all around, because turning an eye does not take it away. */
static const float common[LF_IRIS_RINGS] = {1, 1, 1, 1, -1, 1, 1, -1, -1, -1, -1, -1, 1, 1, -1, -1};

/* A normal number, nearly: 64 coins and a remainder. Fast, because an eye needs thousands. */
static float coarse_normal(struct lf_random *r)
{
        uint64_t u = lf_random_u64(r);
        static const float scale = 0.2493f; /* 1 / sqrt(16 + 1/12) */
        uint32_t rest = (uint32_t)(u * 0x9e3779b97f4a7c15ull >> 40);
        return ((float)__builtin_popcountll(u) - 32.5f + (float)rest * 0x1p-24f) * scale;
}

static void filter_ring(const float *white, float *ret)
{
        float wide[LF_IRIS_COLUMNS + 2 * TAPS];
        memcpy(wide + TAPS, white, LF_IRIS_COLUMNS * sizeof *wide);
        memcpy(wide, white + LF_IRIS_COLUMNS - TAPS, TAPS * sizeof *wide);
        memcpy(wide + TAPS + LF_IRIS_COLUMNS, white, TAPS * sizeof *wide);
        memset(ret, 0, LF_IRIS_COLUMNS * sizeof *ret);
        for (unsigned k = 0; k <= 2 * TAPS; k++)
                for (unsigned c = 0; c < LF_IRIS_COLUMNS; c++)
                        ret[c] += filter[k] * wide[c + k];
}

/* A field with the texture of an iris; every number has mean 0 and variance 1. */
static void texture(struct lf_random *r, float ret[LF_IRIS_RINGS][LF_IRIS_COLUMNS])
{
        float ring[LF_IRIS_ROWS + 4][LF_IRIS_COLUMNS], white[LF_IRIS_COLUMNS];
        const float norm = 1 / sqrtf(1 + 2 * SPILL_1 * SPILL_1 + 2 * SPILL_2 * SPILL_2);
        for (unsigned part = 0; part < 2; part++) {
                for (unsigned row = 0; row < LF_IRIS_ROWS + 4; row++) {
                        for (unsigned c = 0; c < LF_IRIS_COLUMNS; c++)
                                white[c] = coarse_normal(r);
                        filter_ring(white, ring[row]);
                }
                for (unsigned row = 0; row < LF_IRIS_ROWS; row++)
                        for (unsigned c = 0; c < LF_IRIS_COLUMNS; c++)
                                ret[2 * row + part][c] =
                                    norm *
                                    (ring[row + 2][c] + SPILL_1 * (ring[row + 1][c] + ring[row + 3][c]) +
                                     SPILL_2 * (ring[row][c] + ring[row + 4][c]));
        }
}

/* The filter whose square in frequency is the wanted spectrum. */
static void make_filter(void)
{
        static const double agree[] = {1, 0.65, 0.39, 0.34, 0.46, 0.52, 0.55, 0.55, 0.54};
        double spectrum[LF_IRIS_COLUMNS], power = 0;
        for (unsigned f = 0; f < LF_IRIS_COLUMNS; f++) {
                spectrum[f] = 1;
                for (unsigned lag = 1; lag < sizeof agree / sizeof *agree; lag++)
                        spectrum[f] += 2 * (sin(M_PI * (agree[lag] - 0.5)) - OFFSET) / (1 - OFFSET) *
                                       cos(2 * M_PI * f * lag / LF_IRIS_COLUMNS);
                spectrum[f] = spectrum[f] > 0 ? sqrt(spectrum[f]) : 0;
        }
        for (int k = -TAPS; k <= TAPS; k++) {
                double h = 0;
                for (unsigned f = 0; f < LF_IRIS_COLUMNS; f++)
                        h += spectrum[f] * cos(2 * M_PI * f * k / LF_IRIS_COLUMNS);
                filter[k + TAPS] = (float)h;
                power += h * h;
        }
        for (unsigned k = 0; k <= 2 * TAPS; k++)
                filter[k] /= (float)sqrt(power);
}

void lf_generate_iris_init(void)
{
        make_filter();
}

void lf_generate_iris(uint64_t seed, uint64_t number, uint8_t eye, struct lf_generated_iris *ret)
{
        struct lf_random r = lf_random_seed(seed * 0x9e3779b97f4a7c15u + number * 4 + eye);
        ret->eye = eye;
        texture(&r, ret->answer);
        float share = COMMON + SPREAD * coarse_normal(&r);
        float own = sqrtf(1 - fminf(share * share, 1));
        for (unsigned ring = 0; ring < LF_IRIS_RINGS; ring++)
                for (unsigned c = 0; c < LF_IRIS_COLUMNS; c++)
                        ret->answer[ring][c] = own * ret->answer[ring][c] + share * common[ring] + BIAS;
}

/* Columns by which a head is turned: two captures lie 59% 0, 34% 1, 5% 2 apart. */
static int turn_of(struct lf_random *r)
{
        double u = lf_random_unit(r);
        static const struct {
                double share;
                int turn;
        } turns[] = {{0.745, 0}, {0.12, 1}, {0.105, -1}, {0.01, -2}, {0.01, 2}};
        for (unsigned i = 0; i < sizeof turns / sizeof *turns; i++) {
                if (u < turns[i].share)
                        return turns[i].turn;
                u -= turns[i].share;
        }
        return (int)lf_random_below(r, 15) - 7;
}

/* Lids come from above (column 32) and below (column 96), further in at the outer rows. */
static void close_lids(struct lf_random *r, uint8_t mask[LF_IRIS_BYTES])
{
        memset(mask, 0xff, LF_IRIS_BYTES);
        for (int lid = 0; lid < 2; lid++) {
                double reach = (lid ? 6 : 9) + 3 * coarse_normal(r),
                       centre = 32 + 64 * lid + 3 * coarse_normal(r);
                for (int row = 0; row < LF_IRIS_ROWS; row++) {
                        int half = (int)(reach * (row + 1.5) / 6.0);
                        for (int c = (int)centre - half; c < (int)centre + half; c++) {
                                unsigned column = (unsigned)(c + LF_IRIS_COLUMNS) % LF_IRIS_COLUMNS;
                                for (int part = 0; part < 2; part++)
                                        mask[(2 * row + part) * 16 + (int)column / 8] &=
                                            (uint8_t) ~(1u << column % 8);
                        }
                }
        }
}

void lf_generate_iris_capture(const struct lf_generated_iris *iris, uint64_t seed, uint64_t capture,
                              struct lf_iris_wire *ret)
{
        float noise[LF_IRIS_RINGS][LF_IRIS_COLUMNS];
        struct lf_random r = lf_random_seed(seed * 0xd1342543de82ef95u + capture);
        texture(&r, noise);
        float keep = fminf(fmaxf(0.815f + 0.085f * coarse_normal(&r), 0.3f), 1),
              lost = sqrtf(1 - keep * keep);
        int turn = turn_of(&r);
        memset(ret, 0, sizeof *ret);
        ret->eye = iris->eye;
        close_lids(&r, ret->mask);
        for (unsigned ring = 0; ring < LF_IRIS_RINGS; ring++)
                for (unsigned c = 0; c < LF_IRIS_COLUMNS; c++) {
                        unsigned from = (unsigned)((int)c + turn + LF_IRIS_COLUMNS) % LF_IRIS_COLUMNS;
                        if (keep * iris->answer[ring][from] + lost * noise[ring][c] > 0)
                                ret->code[ring * 16 + c / 8] |= (uint8_t)(1u << c % 8);
                }
}

uint32_t lf_generate_iris_wire(const struct lf_iris_wire *irises, unsigned n, uint8_t *ret)
{
        struct lf_iris_head head = {.version = 1, .irises = (uint8_t)n, .turn = LF_IRIS_TURN_MAX};
        memcpy(ret, &head, sizeof head);
        memcpy(ret + sizeof head, irises, n * sizeof *irises);
        return (uint32_t)(sizeof head + n * sizeof *irises);
}
