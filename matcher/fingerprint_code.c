/* Minutiae to cylinders. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "matcher/fingerprint.h"

#define SIDE            7
#define CELLS           37 /* of 7 × 7 those within the radius */
#define DIRECTIONS      6
#define RADIUS          68.0f /* pixels at 500 dpi */
#define CELL            (2 * RADIUS / SIDE)
#define SIGMA           9.0f
#define REACH           27.0f /* three of them: a minutia adds nothing to cells further off */
#define SIGMA_DIRECTION 0.7f
#define THRESHOLD       0.25f /* a cell's sum that sets its bit */
#define HULL_MARGIN     50.0f /* the finger is taken to reach so far beyond its outermost minutiae */
#define CELLS_MIN       28    /* on the finger: three quarters */
#define NEIGHBOURS_MIN  2

#define PIXELS_PER_CM 196.850394f /* 500 dpi */

_Static_assert(CELLS *DIRECTIONS <= 64 * LF_FINGER_WORDS, "a cylinder's bits have room");

#define DIRECTION_STEPS 1024
#define SPACE_STEPS     8 /* of a pixel */
#define SPACE_SIZE      (27 * SPACE_STEPS + 1)
static float direction_weight[DIRECTION_STEPS]; /* by angle in 1/1024 of a turn */
static float space_weight[SPACE_SIZE];
static uint8_t cell_place[CELLS]; /* of the cells within the radius, in the square */

struct point {
        float x, y;
        uint16_t angle;
        uint16_t worth; /* to rank by */
};

static float cell_centre(unsigned i)
{
        return ((float)i - (SIDE - 1) / 2.0f) * CELL;
}

void lf_finger_code_init(void)
{
        for (int i = 0; i < DIRECTION_STEPS; i++) {
                int turn = i < DIRECTION_STEPS / 2 ? i : i - DIRECTION_STEPS;
                float a = (float)M_PI * 2 * (float)turn / DIRECTION_STEPS / SIGMA_DIRECTION;
                direction_weight[i] = expf(-a * a / 2);
        }
        for (int i = 0; i < SPACE_SIZE; i++) {
                float d = (float)i / SPACE_STEPS / SIGMA;
                space_weight[i] = expf(-d * d / 2);
        }
        for (unsigned i = 0, n = 0; i < SIDE * SIDE; i++) {
                float u = cell_centre(i % SIDE), w = cell_centre(i / SIDE);
                if (u * u + w * w <= RADIUS * RADIUS && n < CELLS)
                        cell_place[n++] = (uint8_t)i;
        }
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

/* Whether enough of the cells around a minutia lie on the finger. */
static bool surrounded(const struct point *m, float c, float s, const struct edge *edge, unsigned edges)
{
        unsigned cells = 0, clear = 0;
        while (clear < edges && edge[clear].nx * m->x + edge[clear].ny * m->y <= edge[clear].limit - RADIUS)
                clear++;
        if (clear == edges)
                return true;
        for (unsigned i = 0; i < CELLS; i++) {
                float u = cell_centre(cell_place[i] % SIDE), w = cell_centre(cell_place[i] / SIDE);
                float x = m->x + c * u - s * w, y = m->y + s * u + c * w;
                unsigned e = 0;
                while (e < edges && edge[e].nx * x + edge[e].ny * y <= edge[e].limit)
                        e++;
                cells += e == edges;
        }
        return cells >= CELLS_MIN;
}

/* Of each cell the directions side by side. */
struct sums {
        float cell[SIDE * SIDE][8];
};
_Static_assert(DIRECTIONS <= 8, "a cell's directions have room");

/* The cells of one axis that a minutia at `at` reaches. */
struct reach {
        unsigned from, to;
        float weight[SIDE];
};

static void reach_of(float at, struct reach *r)
{
        float first = ceilf((at - REACH) / CELL + (SIDE - 1) / 2.0f),
              last = floorf((at + REACH) / CELL + (SIDE - 1) / 2.0f);
        r->from = first > 0 ? (unsigned)first : 0;
        r->to = last < 0 ? 0 : last < SIDE - 1 ? (unsigned)last + 1 : SIDE;
        for (unsigned i = r->from; i < r->to; i++) {
                unsigned step = (unsigned)(fabsf(at - cell_centre(i)) * SPACE_STEPS);
                r->weight[i] = space_weight[step < SPACE_SIZE ? step : SPACE_SIZE - 1];
        }
}

/* Adds one neighbour at (u, w) of the cylinder's own frame, its direction `turn` ahead of the cylinder's. */
static void add_neighbour(struct sums *sums, float u, float w, uint16_t turn)
{
        struct reach column, line;
        float weight[8] = {0};
        reach_of(u, &column);
        reach_of(w, &line);
        for (unsigned d = 0; d < DIRECTIONS; d++) {
                unsigned middle = 65536 * (2 * d + 1) / (2 * DIRECTIONS);
                weight[d] = direction_weight[(uint16_t)(turn - middle) * DIRECTION_STEPS / 65536];
        }
        for (unsigned i = line.from; i < line.to; i++)
                for (unsigned k = column.from; k < column.to; k++) {
                        float place = line.weight[i] * column.weight[k], *cell = sums->cell[i * SIDE + k];
                        for (unsigned d = 0; d < 8; d++)
                                cell[d] += place * weight[d];
                }
}

static bool near(const struct point *p, const struct point *q)
{
        float x = p->x - q->x, y = p->y - q->y;
        return p != q && x * x + y * y <= (RADIUS + REACH) * (RADIUS + REACH);
}

/* Whether a minutia has surroundings to code. */
static bool codable(const struct point *p, unsigned n, unsigned m, const struct edge *edge, unsigned edges)
{
        unsigned neighbours = 0;
        for (unsigned t = 0; t < n && neighbours < NEIGHBOURS_MIN; t++)
                neighbours += near(&p[t], &p[m]);
        if (neighbours < NEIGHBOURS_MIN)
                return false;
        float angle = (float)p[m].angle * ((float)M_PI / 32768);
        return surrounded(&p[m], cosf(angle), sinf(angle), edge, edges);
}

static void code(const struct point *p, unsigned n, const struct point *m, uint64_t *bits)
{
        float angle = (float)m->angle * ((float)M_PI / 32768), c = cosf(angle), s = sinf(angle);
        struct sums sums = {0};
        for (unsigned t = 0; t < n; t++) {
                float dx = p[t].x - m->x, dy = p[t].y - m->y;
                if (near(&p[t], m))
                        add_neighbour(&sums, c * dx + s * dy, c * dy - s * dx,
                                      (uint16_t)(p[t].angle - m->angle));
        }
        memset(bits, 0, LF_FINGER_WORDS * sizeof *bits);
        const __m128 least = _mm_set1_ps(THRESHOLD);
        for (unsigned i = 0, bit = 0; i < CELLS; i++, bit += DIRECTIONS) {
                const float *cell = sums.cell[cell_place[i]];
                uint64_t set = (uint64_t)_mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(cell), least)) |
                               (uint64_t)_mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(cell + 4), least)) << 4;
                bits[bit / 64] |= set << bit % 64;
                if (bit % 64 + DIRECTIONS > 64)
                        bits[bit / 64 + 1] |= set >> (64 - bit % 64);
        }
}

static bool turned_less(const struct point *p, const struct point *q)
{
        return p->angle != q->angle ? p->angle < q->angle : left_of(p, q);
}

/* A finger while it is coded: the minutiae with a cylinder first, each part by direction. */
struct draft {
        struct point point[LF_FINGER_MINUTIA_MAX];
        unsigned n, cylinders;
};

static bool draw(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most, struct draft *d)
{
        struct point p[255], bare[LF_FINGER_MINUTIA_MAX];
        struct edge edge[2 * LF_FINGER_MINUTIA_MAX];
        d->n = place(f, v, most, p);
        unsigned edges = edges_of(p, d->n, edge), without = 0;
        d->cylinders = 0;
        sort(p, d->n, turned_less);
        for (unsigned m = 0; m < d->n; m++) {
                if (codable(p, d->n, m, edge, edges))
                        d->point[d->cylinders++] = p[m];
                else
                        bare[without++] = p[m];
        }
        memcpy(d->point + d->cylinders, bare, without * sizeof *bare);
        return d->cylinders > 0;
}

static int16_t quarter_pixels(float v)
{
        return (int16_t)fmaxf(-8000, fminf(8000, rintf(4 * v)));
}

static void write_cylinders(const struct draft *d, const struct lf_finger_row *row,
                            const struct lf_finger *out)
{
        uint64_t *bits = (uint64_t *)out->bits;
        uint16_t *bias = (uint16_t *)out->bias;
        for (unsigned i = 0; i < lf_finger_groups(row) * LF_FINGER_LANES; i++) {
                unsigned ones = 0;
                uint64_t coded[LF_FINGER_WORDS];
                bias[i] = LF_FINGER_BIAS_EMPTY;
                if (i >= d->cylinders)
                        continue;
                code(d->point, d->n, &d->point[i], coded);
                for (unsigned w = 0; w < LF_FINGER_WORDS; w++) {
                        bits[(i / LF_FINGER_LANES * LF_FINGER_WORDS + w) * LF_FINGER_LANES +
                             i % LF_FINGER_LANES] = coded[w];
                        ones += (unsigned)__builtin_popcountll(coded[w]);
                }
                bias[i] = (uint16_t)lf_finger_bias(ones);
        }
}

static void write_minutiae(const struct draft *d, const struct lf_finger_row *row,
                           const struct lf_finger *out)
{
        int16_t *x = (int16_t *)out->x, *y = (int16_t *)out->y, *support = (int16_t *)out->support;
        uint16_t *angle = (uint16_t *)out->angle;
        for (unsigned i = 0; i < lf_finger_padded(row); i++) {
                bool real = i < d->n;
                x[i] = real ? quarter_pixels(d->point[i].x) : INT16_MAX;
                y[i] = real ? quarter_pixels(d->point[i].y) : INT16_MAX;
                angle[i] = real ? d->point[i].angle : 0;
        }
        for (unsigned h = 0; h < LF_FINGER_SUPPORTS; h++) {
                float turn = (float)h * ((float)M_PI * 2 / LF_FINGER_SUPPORTS), u = cosf(turn),
                      v = sinf(turn);
                float most = -32000;
                for (unsigned i = 0; i < d->n; i++)
                        most = fmaxf(most, u * x[i] + v * y[i]);
                support[h] = (int16_t)ceilf(fminf(32000, most));
        }
}

bool lf_finger_code(const struct lf_fmr *f, const struct lf_fmr_view *v, unsigned most,
                    struct lf_finger_row *row, void *data)
{
        struct draft d;
        if (v->n < LF_FINGER_MINUTIA_MIN || !draw(f, v, most, &d))
                return false;
        *row = (struct lf_finger_row){
            .n = (uint8_t)d.n,
            .cylinders = (uint8_t)d.cylinders,
            .position = v->position <= 10 ? v->position : 0,
        };
        for (unsigned b = 0, i = 0; b < LF_FINGER_BUCKETS; b++) {
                while (i < d.cylinders && d.point[i].angle < b * (65536 / LF_FINGER_BUCKETS))
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
