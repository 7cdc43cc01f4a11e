/* Makes fingers and impressions of them for tests: random minutiae, laid down straight or turned, shifted,
 * with a few lost, a few false and all a little displaced. The same seed makes the same finger. */
#pragma once

#include <math.h>

#include "tests/fmr_write.h"

#define FINGER_MINUTIAE 40

struct finger {
        struct {
                float x, y, angle; /* pixels at 500 dpi around the centre, y upwards; radians */
        } minutia[FINGER_MINUTIAE];
};

struct finger_placement {
        float turn;          /* radians, counter-clockwise */
        float x, y;          /* where the centre lies: pixels at 500 dpi, y downwards */
        float jitter;        /* pixels; angles by a fiftieth of it, in radians */
        unsigned seed;       /* of jitter, lost and false minutiae */
        unsigned replaced;   /* minutiae that are lost and replaced by false ones */
        unsigned resolution; /* pixels per cm */
        unsigned position;
};

static const struct finger_placement finger_straight = {.x = 200, .y = 200, .resolution = 197};

/* 0..1; a small generator of its own, so that a seed means the same on every machine. */
static inline float finger_random(uint64_t *s)
{
        *s = *s * 6364136223846793005u + 1442695040888963407u;
        return (float)(*s >> 40) / (float)(1u << 24);
}

/* Minutiae at least 12 pixels apart in an oval; directions follow an arched flow with some noise. */
static inline struct finger finger_make(unsigned seed)
{
        struct finger f;
        uint64_t s = 88172645463325252u + 7919u * (uint64_t)seed;
        for (unsigned i = 0; i < 20; i++)
                finger_random(&s);
        for (unsigned i = 0; i < FINGER_MINUTIAE;) {
                float x = 240 * finger_random(&s) - 120, y = 320 * finger_random(&s) - 160;
                bool room = x * x / (120 * 120) + y * y / (160 * 160) <= 1;
                for (unsigned k = 0; k < i; k++)
                        room = room && hypotf(x - f.minutia[k].x, y - f.minutia[k].y) >= 12;
                if (!room)
                        continue;
                f.minutia[i].x = x;
                f.minutia[i].y = y;
                f.minutia[i].angle = atan2f(-x, y + 40) * 0.5f + 0.6f * finger_random(&s) +
                                     (finger_random(&s) < 0.5f ? (float)M_PI : 0);
                i++;
        }
        return f;
}

/* A real-looking placement: turned by up to 30°, shifted, two pixels of jitter, a tenth replaced. */
static inline struct finger_placement finger_placement_any(unsigned seed)
{
        uint64_t s = 1234567 + 104729u * (uint64_t)seed;
        for (unsigned i = 0; i < 20; i++)
                finger_random(&s);
        struct finger_placement p = finger_straight;
        p.turn = (finger_random(&s) - 0.5f) * (float)M_PI / 3;
        p.x += 30 * finger_random(&s);
        p.y += 30 * finger_random(&s);
        p.jitter = 2;
        p.replaced = 4;
        p.seed = seed;
        return p;
}

/* Adds an impression of the finger to a record as a further view. */
static inline void finger_add(const struct finger *f, const struct finger_placement *p, struct lf_fmr *r)
{
        uint64_t s = 42 + 15485863u * (uint64_t)p->seed;
        unsigned unit = r->format == LF_FMR_ISO_2005 || r->format == LF_FMR_ISO_2011 ? 45 : 64;
        float scale = (float)p->resolution / 196.85f;
        struct lf_fmr_view *v = &r->view[r->n++];
        *v = (struct lf_fmr_view){
            .position = (uint8_t)p->position,
            .quality = 80,
            .width = (uint16_t)(450 * scale),
            .height = (uint16_t)(450 * scale),
            .resolution_x = (uint16_t)p->resolution,
            .resolution_y = (uint16_t)p->resolution,
            .n = FINGER_MINUTIAE,
            .first = r->minutiae,
        };
        for (unsigned i = 0; i < FINGER_MINUTIAE; i++) {
                float x = f->minutia[i].x, y = f->minutia[i].y, angle = f->minutia[i].angle;
                if (i < p->replaced) {
                        x = 200 * finger_random(&s) - 100;
                        y = 260 * finger_random(&s) - 130;
                        angle = (float)M_PI * 2 * finger_random(&s);
                }
                x += p->jitter * (2 * finger_random(&s) - 1);
                y += p->jitter * (2 * finger_random(&s) - 1);
                angle += p->turn + p->jitter / 50 * (2 * finger_random(&s) - 1);
                float u = p->x + cosf(p->turn) * x - sinf(p->turn) * y;
                float w = p->y - (sinf(p->turn) * x + cosf(p->turn) * y);
                long turn = lrintf(angle * (LF_FMR_TURN / ((float)M_PI * 2)) / (float)unit) * (long)unit;
                r->minutia[r->minutiae++] = (struct lf_fmr_minutia){
                    .x = (uint16_t)lrintf(u * scale),
                    .y = (uint16_t)lrintf(w * scale),
                    .angle = (uint16_t)((turn % LF_FMR_TURN + LF_FMR_TURN) % LF_FMR_TURN),
                    .type = LF_FMR_ENDING,
                    .quality = 60,
                };
        }
}

static inline void finger_record(const struct finger *f, const struct finger_placement *p,
                                 enum lf_fmr_format format, struct lf_fmr *ret)
{
        *ret = (struct lf_fmr){.format = format};
        finger_add(f, p, ret);
}
