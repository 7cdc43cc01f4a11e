/* Minutiae to a finger's row and data. */
#include <math.h>
#include <string.h>

#include "matcher/fingerprint_draft.h"

#define HULL_MARGIN    50.0f /* the finger is taken to reach so far beyond its outermost minutiae */
#define CELLS_MIN      28    /* on the finger: three quarters */
#define NEIGHBOURS_MIN 2

#define PIXELS_PER_CM 196.850394f /* 500 dpi */

#define CELLS_PADDED 40

uint8_t lf_finger_cells[LF_FINGER_CELLS];
static float cell_u[CELLS_PADDED], cell_w[CELLS_PADDED];
static float support_u[LF_FINGER_SUPPORTS], support_v[LF_FINGER_SUPPORTS]; /* directions */

struct point {
        float x, y;
        uint16_t angle;
        uint16_t worth; /* to rank by */
};

void lf_finger_code_init(void)
{
        for (unsigned i = 0, n = 0; i < LF_FINGER_SIDE * LF_FINGER_SIDE; i++) {
                float u = lf_finger_cell(i % LF_FINGER_SIDE), w = lf_finger_cell(i / LF_FINGER_SIDE);
                if (u * u + w * w <= LF_FINGER_RADIUS * LF_FINGER_RADIUS && n < LF_FINGER_CELLS) {
                        cell_u[n] = u;
                        cell_w[n] = w;
                        lf_finger_cells[n++] = (uint8_t)i;
                }
        }
        for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++) {
                float turn = (float)h * ((float)M_PI * 2 / LF_FINGER_SUPPORTS);
                support_u[h] = cosf(turn);
                support_v[h] = sinf(turn);
        }
        lf_finger_cylinder_init();
}

static bool worthier(const struct point *p, const struct point *q)
{
        if (p->worth != q->worth)
                return p->worth > q->worth;
        return p->x * p->x + p->y * p->y < q->x * q->x + q->y * q->y;
}

static bool left_of(const struct point *p, const struct point *q)
{
        return p->x != q->x ? p->x < q->x : p->y < q->y;
}

/* By insertion, as there are few and qsort() may allocate. */
static inline __attribute__((always_inline)) void
sort(struct point *p, unsigned n, bool (*before)(const struct point *, const struct point *))
{
        for (unsigned i = 1; i < n; i++) {
                struct point one = p[i];
                unsigned k = i;
                for (; k > 0 && before(&one, &p[k - 1]); k--)
                        p[k] = p[k - 1];
                p[k] = one;
        }
}

/* The view's minutiae at 500 dpi around their centre, y upwards, the best `most` of them by place. */
static unsigned place(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most, struct point *p)
{
        const struct lf_fmr_minutia *m = lf_fmr_minutiae(f, v);
        float sx = PIXELS_PER_CM / v->resolution_x, sy = PIXELS_PER_CM / v->resolution_y, cx = 0, cy = 0;
        for (unsigned i = 0; i < v->n; i++) {
                float angle = (float)m[i].angle * ((float)M_PI * 2 / LF_FMR_TURN);
                if (v->resolution_x != v->resolution_y)
                        angle = atan2f(sinf(angle) * sy, cosf(angle) * sx);
                p[i] = (struct point){
                    .x = sx * m[i].x,
                    .y = -sy * m[i].y,
                    .angle = (uint16_t)lrintf(angle * (32768 / (float)M_PI)),
                    .worth = m[i].quality <= 100 ? m[i].quality : 0,
                };
                cx += p[i].x / v->n;
                cy += p[i].y / v->n;
        }
        for (unsigned i = 0; i < v->n; i++) {
                p[i].x -= cx;
                p[i].y -= cy;
        }
        unsigned n = v->n;
        if (n > most) {
                sort(p, n, worthier);
                n = most;
        }
        sort(p, n, left_of);
        return n;
}

static float cross(const struct point *o, const struct point *a, const struct point *b)
{
        return (a->x - o->x) * (b->y - o->y) - (a->y - o->y) * (b->x - o->x);
}

/* The convex hull of points in order of place, counter-clockwise: at most n + 1 points. */
static unsigned hull_of(const struct point *p, unsigned n, const struct point **hull)
{
        unsigned h = 0;
        for (unsigned i = 0; i < n; i++) {
                while (h >= 2 && cross(hull[h - 2], hull[h - 1], &p[i]) <= 0)
                        h--;
                hull[h++] = &p[i];
        }
        unsigned lower = h + 1;
        for (unsigned i = n - 1; i-- > 0;) {
                while (h >= lower && cross(hull[h - 2], hull[h - 1], &p[i]) <= 0)
                        h--;
                hull[h++] = &p[i];
        }
        return h > 1 ? h - 1 : h;
}

/* An edge of the hull as its outward normal; a place lies outside of the finger when it is too far along it.
 */
struct edge {
        float nx, ny, limit;
};

static unsigned edges_of(const struct point *p, unsigned n, struct edge *edge)
{
        const struct point *hull[2 * LF_FINGER_MINUTIA_MAX];
        unsigned h = hull_of(p, n, hull), edges = 0;
        for (unsigned i = 0; i < h; i++) {
                const struct point *a = hull[i], *b = hull[(i + 1) % h];
                float length = hypotf(b->x - a->x, b->y - a->y);
                if (length == 0)
                        continue;
                struct edge e = {.nx = (b->y - a->y) / length, .ny = (a->x - b->x) / length};
                e.limit = e.nx * a->x + e.ny * a->y + HULL_MARGIN;
                edge[edges++] = e;
        }
        return edges;
}

/* Whether enough of the cells around a minutia at (x, y) that points to (c, s) lie on the finger. Edges that
 * are further off than the cells reach say nothing. */
static bool surrounded(float x, float y, float c, float s, const struct edge *edge, unsigned edges)
{
        float over[CELLS_PADDED] = {0};
        unsigned outside = 0, near = 0;
        for (unsigned e = 0; e < edges; e++) {
                float beyond = edge[e].nx * x + edge[e].ny * y - edge[e].limit;
                if (beyond <= -LF_FINGER_RADIUS)
                        continue;
                near++;
                float along = edge[e].nx * c + edge[e].ny * s, across = edge[e].ny * c - edge[e].nx * s;
                for (unsigned i = 0; i < CELLS_PADDED; i++) {
                        float at = beyond + along * cell_u[i] + across * cell_w[i];
                        over[i] = at > over[i] ? at : over[i];
                }
        }
        for (unsigned i = 0; near > 0 && i < LF_FINGER_CELLS; i++)
                outside += over[i] > 0;
        return LF_FINGER_CELLS - outside >= CELLS_MIN;
}

static bool turned_less(const struct point *p, const struct point *q)
{
        return p->angle != q->angle ? p->angle < q->angle : left_of(p, q);
}

static void move(struct lf_finger_draft *d, const struct lf_finger_draft *from, unsigned k, unsigned to)
{
        d->x[to] = from->x[k];
        d->y[to] = from->y[k];
        d->c[to] = from->c[k];
        d->s[to] = from->s[k];
        d->angle[to] = from->angle[k];
}

/* Those that are surrounded first. */
static void part(const struct lf_finger_draft *all, const struct edge *edge, unsigned edges,
                 struct lf_finger_draft *d)
{
        uint8_t bare[LF_FINGER_MINUTIA_MAX];
        unsigned without = 0;
        d->n = all->n;
        d->cylinders = 0;
        for (unsigned m = 0; m < all->n; m++) {
                if (lf_finger_neighbours(all, m, NEIGHBOURS_MIN) &&
                    surrounded(all->x[m], all->y[m], all->c[m], all->s[m], edge, edges))
                        move(d, all, m, d->cylinders++);
                else
                        bare[without++] = (uint8_t)m;
        }
        for (unsigned i = 0; i < without; i++)
                move(d, all, bare[i], d->cylinders + i);
}

static bool draw(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                 struct lf_finger_draft *d)
{
        struct point p[255];
        struct edge edge[2 * LF_FINGER_MINUTIA_MAX];
        struct lf_finger_draft all;
        all.n = place(f, v, most, p);
        unsigned edges = edges_of(p, all.n, edge);
        sort(p, all.n, turned_less);
        for (unsigned m = 0; m < all.n; m++) {
                float angle = (float)p[m].angle * ((float)M_PI / 32768);
                all.x[m] = p[m].x;
                all.y[m] = p[m].y;
                all.c[m] = cosf(angle);
                all.s[m] = sinf(angle);
                all.angle[m] = p[m].angle;
        }
        part(&all, edge, edges, d);
        return d->cylinders > 0;
}

static int16_t quarter_pixels(float v)
{
        float at = rintf(4 * v);
        return (int16_t)(at < -8000 ? -8000 : at > 8000 ? 8000 : at);
}

static void write_cylinders(const struct lf_finger_draft *d, const struct lf_finger_row *row,
                            const struct lf_finger *out)
{
        uint64_t *bits = (uint64_t *)out->bits;
        uint8_t *ones = (uint8_t *)out->ones, *filled = (uint8_t *)out->filled;
        unsigned stride = lf_finger_stride(row);
        for (unsigned i = 0; i < d->cylinders; i++) {
                uint64_t coded[LF_FINGER_WORDS];
                lf_finger_cylinder(d, i, coded, &ones[i], &filled[i]);
                for (unsigned w = 0; w < LF_FINGER_WORDS; w++)
                        bits[w * stride + i] = coded[w];
        }
}

static void write_minutiae(const struct lf_finger_draft *d, const struct lf_finger_row *row,
                           const struct lf_finger *out)
{
        int16_t *x = (int16_t *)out->x, *y = (int16_t *)out->y, *support = (int16_t *)out->support;
        uint16_t *angle = (uint16_t *)out->angle;
        for (unsigned i = 0; i < lf_finger_padded(row); i++) {
                bool real = i < d->n;
                x[i] = real ? quarter_pixels(d->x[i]) : INT16_MAX;
                y[i] = real ? quarter_pixels(d->y[i]) : INT16_MAX;
                angle[i] = real ? d->angle[i] : 0;
        }
        float most[LF_FINGER_SUPPORTS];
        for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++)
                most[h] = -32000;
        for (unsigned i = 0; i < d->n; i++)
                for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++) {
                        float at = support_u[h] * x[i] + support_v[h] * y[i];
                        most[h] = at > most[h] ? at : most[h];
                }
        for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++)
                support[h] = (int16_t)ceilf(most[h] < 32000 ? most[h] : 32000);
}

bool lf_finger_code(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                    struct lf_finger_row *row, void *data)
{
        struct lf_finger_draft d;
        if (v->n < LF_FINGER_MINUTIA_MIN || !draw(f, v, most, &d))
                return false;
        *row = (struct lf_finger_row){
            .n = (uint8_t)d.n,
            .cylinders = (uint8_t)d.cylinders,
            .position = v->position <= 10 ? v->position : 0,
        };
        for (unsigned b = 0, i = 0; b < LF_FINGER_BUCKETS; b++) {
                while (i < d.cylinders && d.angle[i] < b * (65536 / LF_FINGER_BUCKETS))
                        i++;
                row->first[b] = (uint8_t)i;
        }
        if (!data)
                return true;
        memset(data, 0, lf_finger_size(row));
        struct lf_finger out = lf_finger_at(row, data);
        write_cylinders(&d, row, &out);
        write_minutiae(&d, row, &out);
        return true;
}
