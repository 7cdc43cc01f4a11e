/* A minutia's surroundings as bits. */
#include <math.h>
#include <string.h>

#include "matcher/fingerprint_draft.h"

#define SIGMA           9.0f
#define REACH           (LF_FINGER_FAR - LF_FINGER_RADIUS)
#define SIGMA_DIRECTION 0.7f

struct lf_finger_blur lf_finger_blur[LF_FINGER_BLURS];
_Alignas(32) float lf_finger_directed[LF_FINGER_DIRECTED][8];

/* The bits that tell mates from strangers best, the best first: cell * LF_FINGER_DIRECTIONS + direction. They
 * make the first word. Neighbours that run along with the minutia or against it say most, as ridges do. */
static const uint8_t telling[LF_FINGER_CODE_FIRST] = {
    77,  156, 116, 102, 69,  152, 71,  150, 143, 54,  123, 47,  198, 105, 119, 65,  159, 186,
    3,   179, 17,  74,  168, 144, 206, 18,  89,  216, 35,  171, 21,  176, 86,  137, 48,  162,
    212, 83,  9,   107, 117, 192, 44,  41,  110, 201, 140, 108, 57,  204, 5,   120, 128, 211,
};

/* What the directions set in one half of a cell set in the code. */
#define HALF 3 /* directions */
static uint64_t code[LF_FINGER_CELLS][LF_FINGER_DIRECTIONS / HALF][1 << HALF][LF_FINGER_WORDS];

static void order_bits(void)
{
        uint8_t place[LF_FINGER_CELLS * LF_FINGER_DIRECTIONS]; /* of each bit in the code */
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
        memset(code, 0, sizeof code);
        for (unsigned b = 0; b < sizeof place; b++)
                for (unsigned set = 0; set < 1 << HALF; set++)
                        if (set >> b % HALF & 1)
                                code[b / LF_FINGER_DIRECTIONS][b % LF_FINGER_DIRECTIONS / HALF][set]
                                    [place[b] / 64] |= (uint64_t)1 << place[b] % 64;
}
_Static_assert(LF_FINGER_CELLS *LF_FINGER_DIRECTIONS ==
                   LF_FINGER_CODE_FIRST + LF_FINGER_CODE_REST * (LF_FINGER_WORDS - 1),
               "every bit has a place");

void lf_finger_cylinder_init(void)
{
        for (int i = 0; i < LF_FINGER_DIRECTED; i++)
                for (int d = 0; d < LF_FINGER_DIRECTIONS; d++) {
                        float turn = (float)i / LF_FINGER_DIRECTED -
                                     (2.0f * (float)d + 1) / (2 * LF_FINGER_DIRECTIONS);
                        float a = (turn - rintf(turn)) * (float)M_PI * 2 / SIGMA_DIRECTION;
                        lf_finger_directed[i][d] = expf(-a * a / 2);
                }
        for (unsigned i = 0; i < LF_FINGER_BLURS; i++)
                for (unsigned k = LF_FINGER_SIDE; k-- > 0;) {
                        float off = (float)i / LF_FINGER_SPACING - LF_FINGER_FAR - lf_finger_cell(k);
                        if (fabsf(off) <= REACH)
                                lf_finger_blur[i].from = k < LF_FINGER_SIDE - LF_FINGER_BLURRED
                                                             ? k
                                                             : LF_FINGER_SIDE - LF_FINGER_BLURRED;
                }
        for (unsigned i = 0; i < LF_FINGER_BLURS; i++)
                for (unsigned k = 0; k < LF_FINGER_BLURRED; k++) {
                        float off = (float)i / LF_FINGER_SPACING - LF_FINGER_FAR -
                                    lf_finger_cell(lf_finger_blur[i].from + k);
                        lf_finger_blur[i].weight[k] =
                            fabsf(off) <= REACH ? expf(-off * off / (2 * SIGMA * SIGMA)) : 0;
                }
        order_bits();
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
        uint8_t cell[LF_FINGER_CELLS];
        uint64_t all[LF_FINGER_WORDS] = {0};
        unsigned ones = 0;
        lf_finger_kernels->surroundings(d, m, cell);
        for (unsigned i = 0; i < LF_FINGER_CELLS; i++) {
                const uint64_t *low = code[i][0][cell[i] % (1 << HALF)], *high = code[i][1][cell[i] >> HALF];
                for (unsigned w = 0; w < LF_FINGER_WORDS; w++)
                        all[w] |= low[w] | high[w];
        }
        for (unsigned w = 0; w < LF_FINGER_WORDS; w++) {
                bits[w] = all[w];
                ones += (unsigned)__builtin_popcountll(all[w]);
        }
        *ret_ones = (uint8_t)ones;
        *ret_filled = (uint8_t)fill_up(ones, bits);
}

bool lf_finger_neighbours(const struct lf_finger_draft *d, unsigned m, unsigned least)
{
        unsigned n = 0;
        for (unsigned t = 0; t < d->n && n < least; t++) {
                float dx = d->x[t] - d->x[m], dy = d->y[t] - d->y[m];
                n += t != m && dx * dx + dy * dy <= LF_FINGER_FAR * LF_FINGER_FAR;
        }
        return n >= least;
}
