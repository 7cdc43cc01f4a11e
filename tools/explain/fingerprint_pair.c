#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tools/explain/fingerprint.h"

#define PIXELS_PER_CM 196.850394f /* 500 dpi */

static int read_side(const char *name, const void *wire, size_t size, struct lf_explained_side *s,
                     struct lf_defect *defect)
{
        s->name = name;
        s->fmr = malloc(sizeof *s->fmr);
        s->data = aligned_alloc(64, (LF_FINGER_DATA_MAX + 63) & ~63u);
        if (!s->fmr || !s->data)
                return -ENOMEM;
        return lf_fmr_read(wire, size, s->fmr, defect) < 0 ? -EBADMSG : 0;
}

static bool code(struct lf_explained_side *s, unsigned view)
{
        s->view = view;
        if (!lf_finger_code(s->fmr, &s->fmr->view[view], LF_FINGER_MINUTIA_MAX, &s->row, s->data))
                return false;
        s->finger = lf_finger_at(&s->row, s->data);
        return true;
}

static bool any_codes(struct lf_explained_side *s, struct lf_defect *defect)
{
        for (unsigned v = 0; v < s->fmr->n; v++)
                if (code(s, v))
                        return true;
        *defect = (struct lf_defect){.code = LF_DEFECT_TOO_FEW_MINUTIAE, .offset = s->fmr->view[0].offset};
        return false;
}

static bool may_compare(const struct lf_finger_row *a, const struct lf_finger_row *b)
{
        return !a->position || !b->position || a->position == b->position;
}

/* The closest pair of views, left coded. */
static int closest(struct lf_explained *e, struct lf_finger_core *core)
{
        unsigned best[2] = {0};
        float most = -1;
        for (unsigned i = 0; i < e->a.fmr->n; i++) {
                if (!code(&e->a, i))
                        continue;
                for (unsigned k = 0; k < e->b.fmr->n; k++) {
                        if (!code(&e->b, k) || !may_compare(&e->a.row, &e->b.row))
                                continue;
                        lf_finger_match(&e->a.finger, &e->b.finger, core, &e->match);
                        if (e->match.score > most) {
                                most = e->match.score;
                                best[0] = i;
                                best[1] = k;
                        }
                }
        }
        if (most < 0)
                return -ENOENT;
        code(&e->a, best[0]);
        code(&e->b, best[1]);
        lf_finger_match(&e->a.finger, &e->b.finger, core, &e->match);
        return 0;
}

int lf_explained_compare(const char *const names[2], const void *const wire[2], const size_t size[2],
                         struct lf_explained *ret, unsigned *ret_bad, struct lf_defect *ret_defect)
{
        *ret = (struct lf_explained){0};
        struct lf_explained_side *side[2] = {&ret->a, &ret->b};
        for (unsigned i = 0; i < 2; i++) {
                int r = read_side(names[i], wire[i], size[i], side[i], ret_defect);
                if (r == 0 && !any_codes(side[i], ret_defect))
                        r = -EBADMSG;
                *ret_bad = i;
                if (r < 0)
                        return r;
        }
        struct lf_finger_core *core = aligned_alloc(64, (sizeof *core + 63) & ~(size_t)63);
        int r = core ? closest(ret, core) : -ENOMEM;
        free(core);
        return r;
}

void lf_explained_free(struct lf_explained *e)
{
        free(e->a.fmr);
        free(e->a.data);
        free(e->b.fmr);
        free(e->b.data);
}

unsigned lf_explained_index(const struct lf_explained_side *s, unsigned i)
{
        const struct lf_fmr_view *v = &s->fmr->view[s->view];
        const struct lf_fmr_minutia *m = lf_fmr_minutiae(s->fmr, v);
        float sx = PIXELS_PER_CM / v->resolution_x, sy = PIXELS_PER_CM / v->resolution_y, cx = 0, cy = 0;
        for (unsigned k = 0; k < v->n; k++) {
                cx += sx * m[k].x / v->n;
                cy += sy * m[k].y / v->n;
        }
        unsigned best = 0;
        float least = HUGE_VALF;
        for (unsigned k = 0; k < v->n; k++) {
                /* Two of them may share a place: then the direction tells. */
                float turned = m[k].angle * (1.0f / LF_FMR_TURN) - s->finger.angle[i] * (1.0f / 65536);
                float x = sx * m[k].x - cx - s->finger.x[i] * 0.25f,
                      y = cy - sy * m[k].y - s->finger.y[i] * 0.25f;
                float off = x * x + y * y + fabsf(turned - rintf(turned));
                if (off < least) {
                        least = off;
                        best = k;
                }
        }
        return best;
}

void lf_explained_place(const struct lf_explained *e, unsigned i, float *x, float *y)
{
        const struct lf_finger_placement *p = &e->match.placement;
        const struct lf_finger *a = &e->a.finger;
        *x = (p->c * a->x[i] - p->s * a->y[i]) / 4 + p->x;
        *y = (p->s * a->x[i] + p->c * a->y[i]) / 4 + p->y;
}

void lf_explained_odds(const struct lf_explained *e, char *text, size_t size)
{
        float rate = lf_finger_log10_fmr(e->match.score);
        double once = pow(10, -(double)rate), unit = pow(10, floor(log10(once)));
        if (rate <= -8)
                snprintf(text, size,
                         "Strangers come so close less often than once in 100 million comparisons");
        else if (once < 10)
                snprintf(text, size, "Strangers come so close in %.0f of 100 comparisons", 100 / once);
        else
                snprintf(text, size, "Strangers come so close about once in %.0f comparisons",
                         rint(once / unit) * unit);
}
