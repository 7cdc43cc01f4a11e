/* A minutia's surroundings as bits. */
#include <math.h>
#include <smmintrin.h>
#include <string.h>

#include "matcher/fingerprint_draft.h"

#define SIGMA           9.0f
#define FAR             95 /* pixels: the radius and three of them, beyond which a minutia adds nothing */
#define REACH           (FAR - LF_FINGER_RADIUS)
#define SIGMA_DIRECTION 0.7f
#define THRESHOLD       0.25f /* a cell's sum that sets its bit */

#define DIRECTION_STEPS 512
#define SPACE_STEPS     4 /* of a pixel */
#define SPACE_SIZE      (2 * FAR * SPACE_STEPS + 1)

/* What a minutia adds to the cells of one axis, by its place along it: it reaches no more than three. */
#define SPREAD 3
struct spread {
        float weight[SPREAD]; /* of cells from, from + 1 and from + 2; 0: not reached */
        uint32_t from;
};
static struct spread spread[SPACE_SIZE];
static float direction_weight[DIRECTION_STEPS][8]; /* what it adds to each direction, by its own */

/* The bits that tell mates from strangers best, the best first: cell * LF_FINGER_DIRECTIONS + direction. They
 * make the first word. Neighbours that run along with the minutia or against it say most, as ridges do. */
static const uint8_t telling[LF_FINGER_CODE_FIRST] = {
    77,  156, 116, 102, 69,  152, 71,  150, 143, 54,  123, 47,  198, 105, 119, 65,  159, 186,
    3,   179, 17,  74,  168, 144, 206, 18,  89,  216, 35,  171, 21,  176, 86,  137, 48,  162,
    212, 83,  9,   107, 117, 192, 44,  41,  110, 201, 140, 108, 57,  204, 5,   120, 128, 211,
};
static uint8_t place[LF_FINGER_CELLS * LF_FINGER_DIRECTIONS]; /* of each bit in the code */

static void order_bits(void)
{
        bool first[sizeof place] = {false};
        unsigned rest = 0;
        for (unsigned i = 0; i < LF_FINGER_CODE_FIRST; i++) {
                first[telling[i]] = true;
                place[telling[i]] = (uint8_t)i;
        }
        for (unsigned b = 0; b < sizeof place; b++)
                if (!first[b]) {
                        place[b] =
                            (uint8_t)(64 + rest / LF_FINGER_CODE_REST * 64 + rest % LF_FINGER_CODE_REST);
                        rest++;
                }
}
_Static_assert(LF_FINGER_CELLS *LF_FINGER_DIRECTIONS ==
                   LF_FINGER_CODE_FIRST + LF_FINGER_CODE_REST * (LF_FINGER_WORDS - 1),
               "every bit has a place");

void lf_finger_cylinder_init(void)
{
        for (int i = 0; i < DIRECTION_STEPS; i++)
                for (int d = 0; d < LF_FINGER_DIRECTIONS; d++) {
                        float turn =
                            (float)i / DIRECTION_STEPS - (2.0f * (float)d + 1) / (2 * LF_FINGER_DIRECTIONS);
                        float a = (turn - rintf(turn)) * (float)M_PI * 2 / SIGMA_DIRECTION;
                        direction_weight[i][d] = expf(-a * a / 2);
                }
        for (unsigned i = 0; i < SPACE_SIZE; i++)
                for (unsigned k = LF_FINGER_SIDE; k-- > 0;) {
                        float off = (float)i / SPACE_STEPS - FAR - lf_finger_cell(k);
                        if (fabsf(off) <= REACH)
                                spread[i].from = k < LF_FINGER_SIDE - SPREAD ? k : LF_FINGER_SIDE - SPREAD;
                }
        for (unsigned i = 0; i < SPACE_SIZE; i++)
                for (unsigned k = 0; k < SPREAD; k++) {
                        float off = (float)i / SPACE_STEPS - FAR - lf_finger_cell(spread[i].from + k);
                        spread[i].weight[k] =
                            fabsf(off) <= REACH ? expf(-off * off / (2 * SIGMA * SIGMA)) : 0;
                }
        order_bits();
}

/* Of each cell the directions side by side. */
struct sums {
        _Alignas(16) float cell[LF_FINGER_SIDE * LF_FINGER_SIDE][8];
};

static inline const struct spread *spread_at(float at)
{
        return &spread[(unsigned)(int)((at + FAR) * SPACE_STEPS + 0.5f)];
}

/* Adds one neighbour at (u, w) of the cylinder's own frame, its direction `turn` ahead of the cylinder's. */
static inline void add_neighbour(struct sums *sums, float u, float w, uint16_t turn)
{
        const struct spread *column = spread_at(u), *line = spread_at(w);
        const float *direction = direction_weight[(turn + 64u) / 128 % DIRECTION_STEPS];
        __m128 low = _mm_loadu_ps(direction), high = _mm_loadu_ps(direction + 4);
        for (unsigned i = 0; i < SPREAD; i++) {
                if (line->weight[i] == 0)
                        continue;
                float *cell = sums->cell[(line->from + i) * LF_FINGER_SIDE + column->from];
#pragma GCC unroll 3
                for (unsigned k = 0; k < SPREAD; k++, cell += 8) {
                        __m128 add = _mm_set1_ps(line->weight[i] * column->weight[k]);
                        _mm_store_ps(cell, _mm_add_ps(_mm_load_ps(cell), _mm_mul_ps(add, low)));
                        _mm_store_ps(cell + 4, _mm_add_ps(_mm_load_ps(cell + 4), _mm_mul_ps(add, high)));
                }
        }
}

/* The cells whose sums are large enough. Returns how many bits that sets. */
static unsigned set_bits(const struct sums *sums, uint64_t *bits)
{
        const __m128 least = _mm_set1_ps(THRESHOLD);
        unsigned ones = 0;
        for (unsigned i = 0; i < LF_FINGER_CELLS; i++) {
                const float *cell = sums->cell[lf_finger_cells[i]];
                unsigned set = (unsigned)_mm_movemask_ps(_mm_cmpgt_ps(_mm_load_ps(cell), least)) |
                               (unsigned)_mm_movemask_ps(_mm_cmpgt_ps(_mm_load_ps(cell + 4), least)) << 4;
                for (; set; set &= set - 1, ones++) {
                        unsigned at = place[i * LF_FINGER_DIRECTIONS + (unsigned)__builtin_ctz(set)];
                        bits[at / 64] |= (uint64_t)1 << at % 64;
                }
        }
        return ones;
}

/* Sets the bits beside the code: fewer of them, the more bits the code has. Returns how many. */
static unsigned fill_up(unsigned ones, uint64_t *bits)
{
        unsigned first = lf_finger_allowance((unsigned)__builtin_popcountll(bits[0])),
                 all = lf_finger_allowance(ones);
        first = first < LF_FINGER_SPARE_FIRST ? first : LF_FINGER_SPARE_FIRST;
        all = all < LF_FINGER_SPARE ? all : LF_FINGER_SPARE;
        all = all > first ? all : first;
        unsigned filled = LF_FINGER_SPARE - all, here = LF_FINGER_SPARE_FIRST - first, rest = filled - here;
        bits[0] |= (((uint64_t)1 << here) - 1) << LF_FINGER_CODE_FIRST;
        for (unsigned w = 1; w < LF_FINGER_WORDS; w++) {
                unsigned some = rest < 64 - LF_FINGER_CODE_REST ? rest : 64 - LF_FINGER_CODE_REST;
                bits[w] |= (((uint64_t)1 << some) - 1) << LF_FINGER_CODE_REST;
                rest -= some;
        }
        return filled - rest;
}

void lf_finger_cylinder(const struct lf_finger_draft *d, unsigned m, uint64_t *bits, uint8_t *ret_ones,
                        uint8_t *ret_filled)
{
        float c = d->c[m], s = d->s[m], u[LF_FINGER_MINUTIA_MAX], w[LF_FINGER_MINUTIA_MAX];
        uint8_t near[LF_FINGER_MINUTIA_MAX];
        for (size_t t = 0; t < d->n; t++) {
                float dx = d->x[t] - d->x[m], dy = d->y[t] - d->y[m];
                u[t] = c * dx + s * dy;
                w[t] = c * dy - s * dx;
        }
        unsigned n = 0;
        for (unsigned t = 0; t < d->n; t++) {
                near[n] = (uint8_t)t;
                n += t != m && u[t] * u[t] + w[t] * w[t] <= FAR * FAR;
        }
        struct sums sums = {0};
        for (unsigned i = 0; i < n; i++)
                add_neighbour(&sums, u[near[i]], w[near[i]], (uint16_t)(d->angle[near[i]] - d->angle[m]));
        memset(bits, 0, LF_FINGER_WORDS * sizeof *bits);
        unsigned ones = set_bits(&sums, bits);
        *ret_ones = (uint8_t)ones;
        *ret_filled = (uint8_t)fill_up(ones, bits);
}

bool lf_finger_neighbours(const struct lf_finger_draft *d, unsigned m, unsigned least)
{
        unsigned n = 0;
        for (unsigned t = 0; t < d->n && n < least; t++) {
                float dx = d->x[t] - d->x[m], dy = d->y[t] - d->y[m];
                n += t != m && dx * dx + dy * dy <= FAR * FAR;
        }
        return n >= least;
}
