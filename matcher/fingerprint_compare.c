/* Two fingers' cylinders to a score. */
#include <math.h>
#include <stdlib.h>

#include "matcher/fingerprint.h"

#define CELLS_MIN 31    /* valid in both: 60% of those within the radius */
#define TURN_MAX  16384 /* two fingers are not held more than 90° apart */
#define ROUNDS    5
#define KEEP      0.5f  /* of a pair's own value in each round */
#define PAIRS_MIN 4     /* that make the score of small fingers, */
#define PAIRS_MAX 12    /* and of large ones: */
#define PAIRS_AT  20.0f /* the size in between */

static float logistic(float value, float middle, float steepness)
{
        return 1 / (1 + expf(-steepness * (value - middle)));
}

float lf_finger_likeness(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b)
{
        if (abs((int16_t)(a->angle - b->angle)) > TURN_MAX)
                return -1;
        uint64_t cells = a->cells & b->cells;
        if (__builtin_popcountll(cells) < CELLS_MIN)
                return -1;
        int in_a = 0, in_b = 0, differ = 0;
        for (unsigned k = 0; k < LF_FINGER_DIRECTIONS; k++) {
                in_a += __builtin_popcountll(a->bits[k] & cells);
                in_b += __builtin_popcountll(b->bits[k] & cells);
                differ += __builtin_popcountll((a->bits[k] ^ b->bits[k]) & cells);
        }
        if (in_a + in_b == 0)
                return -1;
        return 1 - sqrtf((float)differ) / (sqrtf((float)in_a) + sqrtf((float)in_b));
}

/* One-to-one pairs, greedily the likest first. */
static unsigned assign(const struct lf_finger_cylinder *a, unsigned na, const struct lf_finger_cylinder *b,
                       unsigned nb, struct lf_finger_scratch *s)
{
        uint16_t best[LF_FINGER_CYLINDER_MAX];
        bool taken[LF_FINGER_CYLINDER_MAX] = {false};
        float of_best[LF_FINGER_CYLINDER_MAX];
        for (unsigned i = 0; i < na; i++) {
                of_best[i] = 0;
                for (unsigned k = 0; k < nb; k++) {
                        float l = s->likeness[i * nb + k] = lf_finger_likeness(&a[i], &b[k]);
                        if (l > of_best[i])
                                of_best[i] = l, best[i] = (uint16_t)k;
                }
        }
        unsigned n = 0;
        while (n < LF_FINGER_PAIR_MAX) {
                unsigned top = 0;
                for (unsigned i = 1; i < na; i++)
                        if (of_best[i] > of_best[top])
                                top = i;
                if (of_best[top] <= 0)
                        break;
                if (!taken[best[top]]) {
                        s->pair[n++] =
                            (struct lf_finger_pair){(uint16_t)top, best[top], of_best[top], of_best[top]};
                        taken[best[top]] = true;
                        of_best[top] = 0;
                        continue;
                }
                of_best[top] = 0;
                for (unsigned k = 0; k < nb; k++)
                        if (!taken[k] && s->likeness[top * nb + k] > of_best[top])
                                of_best[top] = s->likeness[top * nb + k], best[top] = (uint16_t)k;
        }
        return n;
}

float lf_finger_compatible(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b,
                           const struct lf_finger_pair *p, const struct lf_finger_pair *q)
{
        const struct lf_finger_cylinder *pa = &a[p->a], *pb = &b[p->b], *qa = &a[q->a], *qb = &b[q->b];
        /* 1: the distance in one finger is that in the other. */
        float ax = (float)(qa->x - pa->x), ay = (float)(qa->y - pa->y);
        float bx = (float)(qb->x - pb->x), by = (float)(qb->y - pb->y);
        float stretch = fabsf(sqrtf(ax * ax + ay * ay) - sqrtf(bx * bx + by * by)) / 4;
        if (stretch > 15)
                return 0;
        /* 2: both turn by the same angle from one finger to the other. */
        int turn_p = (int16_t)(pa->angle - pb->angle), turn_q = (int16_t)(qa->angle - qb->angle);
        float turn = (float)abs((int16_t)(turn_p - turn_q)) * ((float)M_PI / 32768);
        if (turn > 0.7f)
                return 0;
        /* 3: so does the line from one to the other, compared with their mean turn. */
        int16_t line =
            (int16_t)(int)lrintf(atan2f(bx * ay - by * ax, bx * ax + by * ay) * (32768 / (float)M_PI));
        float radial =
            (float)abs((int16_t)(turn_p + (int16_t)(turn_q - turn_p) / 2 - line)) * ((float)M_PI / 32768);
        if (radial > 0.7f)
                return 0;
        return logistic(stretch, 5, -1.6f) * logistic(turn, (float)M_PI / 12, -30) *
               logistic(radial, (float)M_PI / 12, -30);
}

static void relax(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b,
                  struct lf_finger_scratch *s)
{
        unsigned n = s->pairs;
        for (unsigned i = 0; i < n; i++) {
                s->compatible[i * n + i] = 0;
                for (unsigned k = 0; k < i; k++)
                        s->compatible[i * n + k] = s->compatible[k * n + i] =
                            lf_finger_compatible(a, b, &s->pair[i], &s->pair[k]);
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
                float next[LF_FINGER_PAIR_MAX];
                for (unsigned i = 0; i < n; i++) {
                        float heard = 0;
                        for (unsigned k = 0; k < n; k++)
                                heard += s->compatible[i * n + k] * s->pair[k].relaxed;
                        next[i] = KEEP * s->pair[i].relaxed + (1 - KEEP) * heard / (float)(n > 1 ? n - 1 : 1);
                }
                for (unsigned i = 0; i < n; i++)
                        s->pair[i].relaxed = next[i];
        }
}

/* Best first: by how well a pair stood the others' judgement. */
static void rank(struct lf_finger_scratch *s)
{
        for (unsigned i = 1; i < s->pairs; i++) {
                struct lf_finger_pair p = s->pair[i];
                unsigned k = i;
                for (; k > 0 && p.relaxed * s->pair[k - 1].likeness > s->pair[k - 1].relaxed * p.likeness;
                     k--)
                        s->pair[k] = s->pair[k - 1];
                s->pair[k] = p;
        }
}

float lf_finger_compare(const struct lf_finger_cylinder *a, unsigned na, const struct lf_finger_cylinder *b,
                        unsigned nb, struct lf_finger_scratch *s)
{
        s->pairs = assign(a, na, b, nb, s);
        relax(a, b, s);
        rank(s);
        unsigned size = na < nb ? na : nb;
        unsigned n =
            PAIRS_MIN + (unsigned)lrintf(logistic((float)size, PAIRS_AT, 0.4f) * (PAIRS_MAX - PAIRS_MIN));
        float sum = 0;
        for (unsigned i = 0; i < n && i < s->pairs; i++)
                sum += s->pair[i].relaxed;
        return sum / (float)n;
}
