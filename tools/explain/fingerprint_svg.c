/* The picture. Three panels at one scale, y downwards as in SVG: A and B as they were taken, A laid over B
 * between them. A's minutiae are blue discs, B's orange squares, filled where they agree, so that they differ
 * without colour, too. The line from a minutia is its direction. */
#include <math.h>
#include <string.h>

#include "tools/explain/fingerprint.h"

#define ZOOM     1.8f /* of a pixel at 500 dpi */
#define MARGIN   28   /* around the minutiae of a panel */
#define TOP      104  /* for the words above, */
#define BOTTOM   60   /* and below */
#define WIDTH    640  /* at least, for the words */
#define PER_MM   (19.685 * (double)ZOOM)
#define COLOUR_A "#1f5fbf"
#define COLOUR_B "#c8501e"

struct point {
        float x, y, c, s; /* y downwards; direction */
        unsigned number;  /* of its pair, from 1; 0 for none */
};
struct points {
        unsigned n;
        struct point at[LF_FINGER_MINUTIA_MAX];
};
struct box {
        float left, top, right, bottom;
};

static struct point point_of(float x, float y, uint16_t angle)
{
        float a = (float)angle * ((float)M_PI / 32768);
        return (struct point){.x = ZOOM * x, .y = -ZOOM * y, .c = cosf(a), .s = -sinf(a)};
}

/* Pairs are numbered from the top of A to its bottom. */
static unsigned number_of(const struct lf_explained *e, unsigned pair)
{
        const int16_t *y = e->a.finger.y;
        unsigned n = 1;
        for (unsigned m = 0; m < e->match.meet; m++)
                n += y[e->match.a[m]] > y[e->match.a[pair]] ||
                     (y[e->match.a[m]] == y[e->match.a[pair]] && m < pair);
        return n;
}

/* A finger's minutiae as they were taken, or A's as they lie over B. */
static void gather(const struct lf_explained *e, bool of_a, bool placed, struct points *ret)
{
        const struct lf_finger *f = of_a ? &e->a.finger : &e->b.finger;
        ret->n = f->row->n;
        for (unsigned i = 0; i < ret->n; i++) {
                float x = f->x[i] / 4.0f, y = f->y[i] / 4.0f;
                if (placed)
                        lf_explained_place(e, i, &x, &y);
                ret->at[i] = point_of(x, y, (uint16_t)(f->angle[i] + (placed ? e->match.placement.turn : 0)));
        }
        for (unsigned m = 0; m < e->match.meet; m++)
                ret->at[of_a ? e->match.a[m] : e->match.b[m]].number = number_of(e, m);
}

static void widen(struct box *b, const struct points *p)
{
        for (unsigned i = 0; i < p->n; i++) {
                b->left = fminf(b->left, p->at[i].x);
                b->right = fmaxf(b->right, p->at[i].x);
                b->top = fminf(b->top, p->at[i].y);
                b->bottom = fmaxf(b->bottom, p->at[i].y);
        }
}

static void draw_points(FILE *out, const struct points *p, bool of_a)
{
        const char *colour = of_a ? COLOUR_A : COLOUR_B;
        for (unsigned i = 0; i < p->n; i++) {
                const struct point *m = &p->at[i];
                const char *fill = m->number ? colour : "white";
                fprintf(out, "<path d=\"M%.1f %.1f l%.1f %.1f\" stroke=\"%s\"/>", (double)m->x, (double)m->y,
                        (double)(12 * m->c), (double)(12 * m->s), colour);
                if (of_a)
                        fprintf(out,
                                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\" fill=\"%s\" stroke=\"%s\"/>\n",
                                (double)m->x, (double)m->y, fill, colour);
                else
                        fprintf(out,
                                "<rect x=\"%.1f\" y=\"%.1f\" width=\"5.6\" height=\"5.6\" fill=\"%s\" "
                                "stroke=\"%s\"/>\n",
                                (double)m->x - 2.8, (double)m->y - 2.8, fill, colour);
        }
}

/* What a number at (x, y) would cover: minutiae, their lines and the numbers so far. */
static float covers(const struct points *p, const struct points *others, const float (*taken)[2], unsigned n,
                    float x, float y)
{
        float sum = 0;
        for (unsigned i = 0; i < p->n + others->n; i++) {
                const struct point *m = i < p->n ? &p->at[i] : &others->at[i - p->n];
                for (int along = 0; along <= 12; along += 6)
                        sum += fmaxf(
                            0, 11 - hypotf(x - m->x - (float)along * m->c, y - m->y - (float)along * m->s));
        }
        for (unsigned i = 0; i < n; i++)
                sum += 2 * fmaxf(0, 13 - hypotf(x - taken[i][0], y - taken[i][1]));
        return sum;
}

/* Numbers beside p's pairs, where they cover least of p and of the others in the panel. */
static void draw_numbers(FILE *out, const struct points *p, const struct points *others)
{
        float taken[LF_FINGER_MINUTIA_MAX][2];
        for (unsigned i = 0, n = 0; i < p->n; i++) {
                const struct point *m = &p->at[i];
                if (!m->number)
                        continue;
                float least = HUGE_VALF;
                float place[2] = {0};
                for (unsigned k = 0; k < 24; k++) {
                        float far = k < 12 ? 12 : 19, turn = (float)k * ((float)M_PI / 6);
                        float x = m->x + far * cosf(turn), y = m->y + far * sinf(turn);
                        float cost = covers(p, others, (const float(*)[2])taken, n, x, y) + (k < 12 ? 0 : 4);
                        if (cost < least) {
                                least = cost;
                                place[0] = x;
                                place[1] = y;
                        }
                }
                taken[n][0] = place[0];
                taken[n++][1] = place[1];
                fprintf(out, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">%u</text>\n", (double)place[0],
                        (double)place[1] + 3.5, m->number);
        }
}

static void draw_pairs(FILE *out, const struct lf_explained *e, const struct points *a,
                       const struct points *b)
{
        for (unsigned m = 0; m < e->match.meet; m++) {
                const struct point *p = &a->at[e->match.a[m]], *q = &b->at[e->match.b[m]];
                fprintf(out,
                        "<path class=\"pair\" d=\"M%.1f %.1f L%.1f %.1f\" stroke=\"#2a9d3a\" "
                        "stroke-width=\"3\"/>\n",
                        (double)p->x, (double)p->y, (double)q->x, (double)q->y);
        }
}

/* Text of which nothing is markup; what XML cannot hold becomes a question mark. */
static void print_plain(FILE *out, const char *text)
{
        for (const char *c = text; *c; c++) {
                if (*c == '<' || *c == '>' || *c == '&')
                        fprintf(out, "&#%d;", *c);
                else
                        fputc((unsigned char)*c < ' ' || (unsigned char)*c > '~' ? '?' : *c, out);
        }
}

static void open_panel(FILE *out, double x, double y, double width, double height, const struct box *b,
                       const char *heading, const char *name)
{
        fprintf(out,
                "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" fill=\"none\" stroke=\"#ccc\"/>\n"
                "<text x=\"%.0f\" y=\"%.0f\" font-weight=\"bold\">%s",
                x, y, width, height, x, y - 6, heading);
        fprintf(out, "%s<tspan font-weight=\"normal\">", *name ? ": " : "");
        size_t length = strlen(name), room = (size_t)(width / 7);
        room = room > 12 ? room - 4 : 8;
        if (length > room)
                fprintf(out, "…");
        print_plain(out, length > room ? name + length - room : name);
        fprintf(out, "</tspan></text>\n<g transform=\"translate(%.1f %.1f)\">\n",
                x + (width - (double)(b->left + b->right)) / 2,
                y + (height - (double)(b->top + b->bottom)) / 2);
}

static void print_words(FILE *out, const struct lf_explained *e, double width, double height)
{
        const struct lf_finger_match *m = &e->match;
        char odds[128];
        double turn = (double)(int16_t)m->placement.turn * (360.0 / 65536);
        double y = height - 34;
        lf_explained_odds(e, odds, sizeof odds);
        fprintf(
            out,
            "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"bold\">%u minutiae agree, of %u in A and "
            "%u in B</text>\n",
            MARGIN, m->meet, e->a.row.n, e->b.row.n);
        char turned[64] = "A lies over B without being turned";
        if (fabs(turn) >= 0.5)
                snprintf(turned, sizeof turned, "A had to be turned by %.0f° %s to lie over B", fabs(turn),
                         turn < 0 ? "clockwise" : "anticlockwise");
        fprintf(out,
                "<text x=\"%d\" y=\"44\">%u of A's lie where B has any. %s.</text>\n"
                "<text x=\"%d\" y=\"62\">%s.</text>\n",
                MARGIN, m->could, turned, MARGIN, odds);
        fprintf(out,
                "<circle cx=\"%d\" cy=\"%.0f\" r=\"3.2\" fill=\"" COLOUR_A
                "\"/><text x=\"%d\" y=\"%.0f\">A</text>"
                "<rect x=\"%d\" y=\"%.1f\" width=\"6\" height=\"6\" fill=\"" COLOUR_B "\"/>"
                "<text x=\"%d\" y=\"%.0f\">B: filled and numbered where they agree, hollow where only one "
                "has it; the "
                "line gives its direction</text>\n",
                MARGIN + 3, y - 4, MARGIN + 10, y, MARGIN + 32, y - 7, MARGIN + 44, y);
        fprintf(out,
                "<path d=\"M%d %.1f v6 h%.2f v-6\" stroke=\"black\" fill=\"none\"/><text x=\"%.1f\" "
                "y=\"%.0f\">1 mm"
                "</text>\n",
                MARGIN, y + 11, PER_MM, MARGIN + PER_MM + 6, y + 18);
}

void lf_explained_draw(const struct lf_explained *e, FILE *out)
{
        struct points a, b, over, none = {.n = 0};
        struct box box[3] = {{0}}, all = {0};
        gather(e, true, false, &a);
        gather(e, false, false, &b);
        gather(e, true, true, &over);
        widen(&box[0], &a);
        widen(&box[1], &over);
        widen(&box[1], &b);
        widen(&box[2], &b);
        double wide[3], across = 2 * MARGIN;
        for (unsigned i = 0; i < 3; i++) {
                wide[i] = (double)(box[i].right - box[i].left) + 2 * MARGIN;
                across += wide[i] + (i ? MARGIN / 2.0 : 0);
                all.bottom = fmaxf(all.bottom, box[i].bottom - box[i].top);
        }
        double high = (double)all.bottom + 2 * MARGIN, width = fmax(across, WIDTH),
               height = TOP + high + BOTTOM;
        fprintf(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<title>%u minutiae agree</title>\n<style>.n { font-size: 10px; text-anchor: "
            "middle; "
            "paint-order: stroke; stroke: white; stroke-width: 2px }</style>\n<rect width=\"100%%\" "
            "height=\"100%%\" "
            "fill=\"white\"/>\n",
            width, height, e->match.meet);
        print_words(out, e, width, height);
        double x = (width - across) / 2 + MARGIN;
        open_panel(out, x, TOP, wide[0], high, &box[0], "A", e->a.name);
        draw_points(out, &a, true);
        draw_numbers(out, &a, &none);
        fputs("</g>\n", out);
        x += wide[0] + MARGIN / 2.0;
        open_panel(out, x, TOP, wide[1], high, &box[1], "A over B", "");
        draw_pairs(out, e, &over, &b);
        draw_points(out, &b, false);
        draw_points(out, &over, true);
        draw_numbers(out, &over, &b);
        fputs("</g>\n", out);
        x += wide[1] + MARGIN / 2.0;
        open_panel(out, x, TOP, wide[2], high, &box[2], "B", e->b.name);
        draw_points(out, &b, false);
        draw_numbers(out, &b, &none);
        fputs("</g>\n</svg>\n", out);
}
