/* Minutiae to cylinders. */
#include <math.h>

#include "matcher/fingerprint.h"

#define SIDE            8
#define RADIUS          70.0f /* pixels at 500 dpi */
#define CELL            (2 * RADIUS / SIDE)
#define SIGMA           (28.0f / 3)
#define REACH           (3 * SIGMA) /* a minutia adds nothing to cells further off */
#define SIGMA_DIRECTION ((float)M_PI * 2 / 9)
#define THRESHOLD       0.01f /* a cell's sum that sets its bit */
#define HULL_MARGIN     50.0f /* the finger is taken to reach so far beyond its outermost minutiae */
#define CELLS_MIN       39    /* three quarters of the 52 cells within the radius */
#define NEIGHBOURS_MIN  2

#define PIXELS_PER_CM 196.850394f /* 500 dpi */

#define DIRECTION_STEPS 1024
static float direction_weight[DIRECTION_STEPS]; /* by angle in 1/1024 of a turn */

struct point {
        float x, y;
        uint16_t angle;
        uint16_t worth; /* to rank by */
};

int lf_fingerprint_init(void)
{
        float half = (float)M_PI / LF_FINGER_DIRECTIONS, scale = 1 / (SIGMA_DIRECTION * (float)M_SQRT2);
        for (int i = 0; i < DIRECTION_STEPS; i++) {
                float a = (float)M_PI * 2 * (float)(i < DIRECTION_STEPS / 2 ? i : i - DIRECTION_STEPS) /
                          DIRECTION_STEPS;
                direction_weight[i] = 0.5f * (erff((a + half) * scale) - erff((a - half) * scale));
        }
        return 0;
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
static void sort(struct point *p, unsigned n, bool (*before)(const struct point *, const struct point *))
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
        const struct point *hull[2 * LF_FINGER_CYLINDER_MAX];
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

static float cell_centre(unsigned i)
{
        return ((float)i - (SIDE - 1) / 2.0f) * CELL;
}

/* The cells around a minutia that lie within the radius and on the finger. */
static uint64_t cells_of(const struct point *m, float c, float s, const struct edge *edge, unsigned edges)
{
        uint64_t cells = 0;
        for (unsigned i = 0; i < SIDE * SIDE; i++) {
                float u = cell_centre(i % SIDE), w = cell_centre(i / SIDE);
                if (u * u + w * w > RADIUS * RADIUS)
                        continue;
                float x = m->x + c * u - s * w, y = m->y + s * u + c * w;
                unsigned e = 0;
                while (e < edges && edge[e].nx * x + edge[e].ny * y <= edge[e].limit)
                        e++;
                if (e == edges)
                        cells |= 1ull << i;
        }
        return cells;
}

struct sums {
        float cell[LF_FINGER_DIRECTIONS][SIDE * SIDE];
};

/* Adds one neighbour at (u, w) of the cylinder's own frame, its direction `turn` behind the cylinder's. */
static void add_neighbour(struct sums *sums, float u, float w, uint16_t turn)
{
        float weight[LF_FINGER_DIRECTIONS];
        for (unsigned k = 0; k < LF_FINGER_DIRECTIONS; k++) {
                int middle = (int)(65536 * (2 * k + 1) / (2 * LF_FINGER_DIRECTIONS)) - 32768;
                weight[k] = direction_weight[(uint16_t)(middle - turn) * DIRECTION_STEPS / 65536];
        }
        for (unsigned i = 0; i < SIDE * SIDE; i++) {
                float du = u - cell_centre(i % SIDE), dw = w - cell_centre(i / SIDE);
                if (fabsf(dw) > REACH) {
                        i |= SIDE - 1; /* the whole line */
                        continue;
                }
                float d2 = du * du + dw * dw;
                if (d2 > REACH * REACH)
                        continue;
                float near = expf(-d2 / (2 * SIGMA * SIGMA)) / (SIGMA * sqrtf(2 * (float)M_PI));
                for (unsigned k = 0; k < LF_FINGER_DIRECTIONS; k++)
                        sums->cell[k][i] += near * weight[k];
        }
}

static bool code(const struct point *p, unsigned n, unsigned m, const struct edge *edge, unsigned edges,
                 struct lf_finger_cylinder *ret)
{
        float angle = (float)p[m].angle * ((float)M_PI / 32768), c = cosf(angle), s = sinf(angle);
        uint64_t cells = cells_of(&p[m], c, s, edge, edges);
        if (__builtin_popcountll(cells) < CELLS_MIN)
                return false;
        struct sums sums = {0};
        unsigned neighbours = 0;
        for (unsigned t = 0; t < n; t++) {
                float dx = p[t].x - p[m].x, dy = p[t].y - p[m].y;
                if (t == m || dx * dx + dy * dy > (RADIUS + REACH) * (RADIUS + REACH))
                        continue;
                add_neighbour(&sums, c * dx + s * dy, c * dy - s * dx, (uint16_t)(p[m].angle - p[t].angle));
                neighbours++;
        }
        if (neighbours < NEIGHBOURS_MIN)
                return false;
        *ret = (struct lf_finger_cylinder){
            .cells = cells,
            .x = (int16_t)fmaxf(-32767, fminf(32767, rintf(4 * p[m].x))),
            .y = (int16_t)fmaxf(-32767, fminf(32767, rintf(4 * p[m].y))),
            .angle = p[m].angle,
        };
        for (unsigned k = 0; k < LF_FINGER_DIRECTIONS; k++)
                for (unsigned i = 0; i < SIDE * SIDE; i++)
                        ret->bits[k] |= (uint64_t)(sums.cell[k][i] > THRESHOLD) << i & cells;
        return true;
}

unsigned lf_finger_code(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                        struct lf_finger_cylinder *ret, unsigned *ret_minutiae)
{
        struct point p[255];
        struct edge edge[2 * LF_FINGER_CYLINDER_MAX];
        *ret_minutiae = 0;
        if (v->n < LF_FINGER_MINUTIA_MIN)
                return 0;
        unsigned n = place(f, v, most, p), coded = 0;
        unsigned edges = edges_of(p, n, edge);
        for (unsigned m = 0; m < n; m++)
                coded += code(p, n, m, edge, edges, &ret[coded]);
        *ret_minutiae = n;
        return coded;
}
