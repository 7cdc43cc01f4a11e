/* The second stage: one finger laid over another. */
#include <math.h>
#include <string.h>

#include "matcher/fingerprint.h"

#define HYPOTHESES  3
#define FIRST       1.25f /* radii within which minutiae meet before the placement is refined */
#define GLANCES     2     /* placements of a glance */
#define GLANCE_SIZE 4.0f  /* minutiae that could meet besides, so that a few that meet say little */

struct lf_finger_turn lf_finger_turns[LF_FINGER_TURNS];
const _Alignas(32) float lf_finger_axis_u[LF_FINGER_AXES] = {1, 0.92387953f,  0.70710678f,  0.38268343f,
                                                             0, -0.38268343f, -0.70710678f, -0.92387953f},
                         lf_finger_axis_v[LF_FINGER_AXES] = {0, 0.38268343f, 0.70710678f, 0.92387953f,
                                                             1, 0.92387953f, 0.70710678f, 0.38268343f};
static uint32_t share[1024]; /* 255 / i, 16 bits after the point */

void lf_finger_compare_init(void)
{
        for (unsigned i = 0; i < 1024; i++) {
                double turn = 2 * M_PI * i / 1024;
                lf_finger_turns[i] = (struct lf_finger_turn){(float)cos(turn), (float)sin(turn)};
                share[i] = i ? 255 * 65536u / i : 0;
        }
}

void lf_finger_likeness(const struct lf_finger *probe, const struct lf_finger *row, const uint16_t *key,
                        struct lf_finger_nearest *ret)
{
        for (unsigned i = 0; i < probe->row->cylinders; i++) {
                ret->likeness[i] = ret->other[i] = 0;
                if (key[i] == LF_FINGER_NONE)
                        continue;
                unsigned k = key[i] & 127, differ = (unsigned)(key[i] >> 7) - row->filled[k];
                unsigned ones = probe->ones[i] + row->ones[k];
                if (differ >= ones)
                        continue;
                ret->other[i] = (uint8_t)k;
                ret->likeness[i] = (uint8_t)(255 - (differ * share[ones] >> 16));
        }
}

void lf_finger_add_pair(struct lf_finger_pairs *p, const struct lf_finger *a, const struct lf_finger *b,
                        unsigned i, unsigned k, float weight)
{
        unsigned n = p->n++;
        uint16_t turn = (uint16_t)(b->angle[k] - a->angle[i] + 32) >> 6;
        p->weight[n] = weight;
        p->ax[n] = a->x[i] * 0.25f;
        p->ay[n] = a->y[i] * 0.25f;
        p->bx[n] = b->x[k] * 0.25f;
        p->by[n] = b->y[k] * 0.25f;
        p->c[n] = lf_finger_turns[turn].c;
        p->s[n] = lf_finger_turns[turn].s;
        p->a[n] = (uint8_t)i;
        p->b[n] = (uint8_t)k;
}

void lf_finger_pad(struct lf_finger_pairs *p)
{
        p->padded = (p->n + 15) & ~15u;
        for (unsigned k = p->n; k < p->padded; k++)
                p->weight[k] = p->ax[k] = p->ay[k] = p->bx[k] = p->by[k] = p->c[k] = p->s[k] = 0;
}

static void set_turn(struct lf_finger_placement *p)
{
        p->turn = (uint16_t)lrintf(atan2f(p->s, p->c) * (32768 / (float)M_PI));
}

/* The placement of one pair alone. */
static void place_pair(const struct lf_finger_pairs *p, unsigned i, struct lf_finger_placement *ret)
{
        ret->c = p->c[i];
        ret->s = p->s[i];
        ret->x = p->bx[i] - (ret->c * p->ax[i] - ret->s * p->ay[i]);
        ret->y = p->by[i] - (ret->s * p->ax[i] + ret->c * p->ay[i]);
}

/* Those that meet, as pairs. */
static void met(const struct lf_finger *a, const struct lf_finger *b, const struct lf_finger_meeting *m,
                struct lf_finger_pairs *ret)
{
        ret->n = 0;
        for (unsigned i = 0; i < m->n; i++)
                lf_finger_add_pair(ret, a, b, m->a[i], m->b[i],
                                   (float)m->close[i] * (1.0f / LF_FINGER_CLOSE));
        lf_finger_pad(ret);
}

static void inverse(const struct lf_finger_placement *p, struct lf_finger_placement *ret)
{
        ret->c = p->c;
        ret->s = -p->s;
        ret->x = -(p->c * p->x + p->s * p->y);
        ret->y = -(p->c * p->y - p->s * p->x);
}

/* What one placement gives, after it was refined by those that meet. */
static void try_placement(const struct lf_finger *a, const struct lf_finger *b,
                          struct lf_finger_placement *place, struct lf_finger_scratch *s,
                          struct lf_finger_match *ret)
{
        const struct lf_finger_kernels *k = lf_finger_kernels;
        struct lf_finger_pairs *pairs = &s->met;
        set_turn(place);
        k->meet(a, b, place, FIRST * lf_finger_tuning->radius, &s->meeting);
        met(a, b, &s->meeting, pairs);
        if (pairs->n >= 3) {
                for (unsigned i = 0; i < pairs->padded; i++)
                        s->weight[i] = i < pairs->n ? 1 : 0;
                if (k->align(pairs, s->weight, place))
                        set_turn(place);
        }
        k->meet(a, b, place, lf_finger_tuning->radius, &s->meeting);
        met(a, b, &s->meeting, pairs);
        float close = 0;
        for (unsigned i = 0; i < pairs->n; i++)
                close += pairs->weight[i];
        struct lf_finger_placement back;
        inverse(place, &back);
        unsigned could = k->within(a, b, place), there = k->within(b, a, &back);
        /* Those that meet a little outside of each other's reach could meet, too. */
        could = could > pairs->n ? could : pairs->n;
        there = there > pairs->n ? there : pairs->n;
        float score = could > 0 ? close * close / sqrtf((float)could * (float)(there > 0 ? there : 1)) : 0;
        if (score <= ret->score)
                return;
        ret->score = score;
        ret->placement = *place;
        ret->meet = pairs->n;
        ret->could = could;
        ret->there = there;
        ret->close = close;
        memcpy(ret->a, pairs->a, pairs->n);
        memcpy(ret->b, pairs->b, pairs->n);
}

/* What one placement gives as it is. */
static float glance_at(const struct lf_finger *a, const struct lf_finger *b,
                       struct lf_finger_placement *place, struct lf_finger_meeting *m)
{
        struct lf_finger_placement back;
        set_turn(place);
        inverse(place, &back);
        lf_finger_kernels->meet(a, b, place, FIRST * lf_finger_tuning->radius, m);
        int32_t close = 0;
        for (unsigned i = 0; i < m->n; i++)
                close += m->close[i];
        float sum = (float)close * (1.0f / LF_FINGER_CLOSE),
              could = (float)lf_finger_kernels->within(a, b, place),
              there = (float)lf_finger_kernels->within(b, a, &back);
        return sum * sum / (GLANCE_SIZE + sqrtf(could * there));
}

float lf_finger_glance(const struct lf_finger *a, const struct lf_finger *b, struct lf_finger_scratch *s)
{
        struct lf_finger_placement tried[GLANCES];
        float best = 0;
        for (unsigned h = 0; h < GLANCES; h++) {
                int root = lf_finger_kernels->root(&s->pairs, tried, h);
                if (root < 0)
                        break;
                lf_finger_kernels->around(&s->pairs, (unsigned)root, s->weight);
                if (!lf_finger_kernels->align(&s->pairs, s->weight, &tried[h]))
                        break;
                float worth = glance_at(a, b, &tried[h], &s->meeting);
                best = worth > best ? worth : best;
        }
        return best;
}

void lf_finger_compare(const struct lf_finger *a, const struct lf_finger *b,
                       const struct lf_finger_nearest *nearest, struct lf_finger_scratch *s,
                       struct lf_finger_match *ret)
{
        struct lf_finger_pairs *p = &s->pairs;
        ret->score = 0;
        ret->meet = ret->could = ret->there = 0;
        ret->close = 0;
        ret->placement = (struct lf_finger_placement){.c = 1};
        p->n = 0;
        unsigned likeness = lf_finger_tuning->likeness;
        for (unsigned i = 0; i < a->row->cylinders; i++)
                if (nearest->likeness[i] > likeness)
                        lf_finger_add_pair(p, a, b, i, nearest->other[i],
                                           (float)(nearest->likeness[i] - likeness) * (1 / 255.0f));
        lf_finger_pad(p);
        lf_finger_kernels->consistency(p);
        struct lf_finger_placement tried[HYPOTHESES];
        for (unsigned h = 0; h < HYPOTHESES; h++) {
                int root = lf_finger_kernels->root(p, tried, h);
                if (root < 0)
                        break;
                lf_finger_kernels->around(p, (unsigned)root, s->weight);
                if (!lf_finger_kernels->align(p, s->weight, &tried[h]))
                        place_pair(p, (unsigned)root, &tried[h]);
                struct lf_finger_placement place = tried[h];
                try_placement(a, b, &place, s, ret);
        }
        ret->score = lf_finger_score(a, b, ret);
}
