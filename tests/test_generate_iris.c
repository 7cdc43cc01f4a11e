/* Invented irises have the statistics of the real codes that they stand for (the figures are in
 * tools/generate/iris.c), and are the same for the same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/generate/iris.h"

#define EYES     120
#define CAPTURES 4
#define SEED     20240501

static struct lf_iris_wire capture[EYES][CAPTURES];

static int bit(const uint8_t *ring, int column)
{
        unsigned c = (unsigned)(column + LF_IRIS_COLUMNS) % LF_IRIS_COLUMNS;
        return ring[c / 8] >> c % 8 & 1;
}

/* Share of bits that differ, b turned by `turn`. */
static double distance(const struct lf_iris_wire *a, const struct lf_iris_wire *b, int turn)
{
        int n = 0, d = 0;
        for (int ring = 0; ring < LF_IRIS_RINGS; ring++)
                for (int c = 0; c < LF_IRIS_COLUMNS; c++) {
                        if (!bit(a->mask + 16 * ring, c) || !bit(b->mask + 16 * ring, c + turn))
                                continue;
                        n++;
                        d += bit(a->code + 16 * ring, c) != bit(b->code + 16 * ring, c + turn);
                }
        return (double)d / n;
}

static double best(const struct lf_iris_wire *a, const struct lf_iris_wire *b, int *ret_turn)
{
        double least = 1;
        for (int t = -7; t <= 7; t++) {
                double d = distance(a, b, t);
                if (d < least) {
                        least = d;
                        *ret_turn = t;
                }
        }
        return least;
}

struct stat {
        double n, sum, squares;
};
static void add(struct stat *s, double x)
{
        s->n++;
        s->sum += x;
        s->squares += x * x;
}
static double mean(const struct stat *s)
{
        return s->sum / s->n;
}
static double deviation(const struct stat *s)
{
        return sqrt(s->squares / s->n - mean(s) * mean(s));
}

static void near(const char *what, double is, double want, double within)
{
        printf("%-36s %.4f (wanted %.4f +- %.3f)\n", what, is, want, within);
        if (!(fabs(is - want) <= within))
                fail_msg("%s: %.4f instead of %.4f", what, is, want);
}

static void bits_and_neighbours(void **state)
{
        static const double angular[] = {0.65, 0.39, 0.34, 0.46, 0.52}, radial[] = {0.63, 0.53};
        struct stat ones = {0}, valid = {0}, lag[5] = {{0}}, row[2] = {{0}};
        for (int e = 0; e < EYES; e++) {
                const struct lf_iris_wire *w = &capture[e][0];
                for (int ring = 0; ring < LF_IRIS_RINGS; ring++)
                        for (int c = 0; c < LF_IRIS_COLUMNS; c++) {
                                int b = bit(w->code + 16 * ring, c);
                                add(&ones, b);
                                add(&valid, bit(w->mask + 16 * ring, c));
                                for (int l = 1; l <= 5; l++)
                                        add(&lag[l - 1], b == bit(w->code + 16 * ring, c + l));
                                for (int l = 1; l <= 2 && ring + 2 * l < LF_IRIS_RINGS; l++)
                                        add(&row[l - 1], b == bit(w->code + 16 * (ring + 2 * l), c));
                        }
        }
        near("valid", mean(&valid), 0.82, 0.02);
        near("ones", mean(&ones), 0.52, 0.01);
        for (int l = 0; l < 5; l++)
                near("agreement at an angular lag", mean(&lag[l]), angular[l], 0.02);
        for (int l = 0; l < 2; l++)
                near("agreement at a radial lag", mean(&row[l]), radial[l], 0.02);
}

static void strangers(void **state)
{
        struct stat straight = {0}, turned = {0};
        int turn;
        for (int a = 0; a < EYES; a++)
                for (int b = a + 1; b < EYES; b += 3) {
                        add(&straight, distance(&capture[a][0], &capture[b][0], 0));
                        add(&turned, best(&capture[a][0], &capture[b][0], &turn));
                }
        near("strangers", mean(&straight), 0.481, 0.004);
        near("  their deviation", deviation(&straight), 0.022, 0.003);
        near("strangers, best of 15", mean(&turned), 0.452, 0.006);
        near("  their deviation", deviation(&turned), 0.016, 0.003);
}

static void mates(void **state)
{
        struct stat d = {0}, still = {0}, one = {0};
        for (int e = 0; e < EYES; e++)
                for (int a = 0; a < CAPTURES; a++)
                        for (int b = a + 1; b < CAPTURES; b++) {
                                int turn = 99;
                                add(&d, best(&capture[e][a], &capture[e][b], &turn));
                                add(&still, turn == 0);
                                add(&one, abs(turn) == 1);
                        }
        near("mates, best of 15", mean(&d), 0.266, 0.012);
        near("  their deviation", deviation(&d), 0.045, 0.012);
        near("  not turned", mean(&still), 0.59, 0.08);
        near("  turned by one", mean(&one), 0.34, 0.08);
}

static void the_same_for_the_same_seed(void **state)
{
        struct lf_generated_iris a, b;
        struct lf_iris_wire c;
        lf_generate_iris(SEED, 5, LF_IRIS_EYE_LEFT, &a);
        lf_generate_iris_capture(&a, SEED, 5 * CAPTURES + 2, &c);
        assert_memory_equal(&c, &capture[5][2], sizeof c);
        lf_generate_iris(SEED, 5, LF_IRIS_EYE_RIGHT, &b);
        assert_memory_not_equal(&a.answer, &b.answer, sizeof a.answer);
        lf_generate_iris(SEED + 1, 5, LF_IRIS_EYE_LEFT, &b);
        assert_memory_not_equal(&a.answer, &b.answer, sizeof a.answer);
}

static int make(void **state)
{
        printf("seed %d\n", SEED);
        lf_generate_iris_init();
        for (unsigned e = 0; e < EYES; e++) {
                struct lf_generated_iris iris;
                lf_generate_iris(SEED, e, LF_IRIS_EYE_LEFT, &iris);
                for (unsigned c = 0; c < CAPTURES; c++)
                        lf_generate_iris_capture(&iris, SEED, e * CAPTURES + c, &capture[e][c]);
        }
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(bits_and_neighbours),
            cmocka_unit_test(strangers),
            cmocka_unit_test(mates),
            cmocka_unit_test(the_same_for_the_same_seed),
        };
        return cmocka_run_group_tests(tests, make, NULL);
}
