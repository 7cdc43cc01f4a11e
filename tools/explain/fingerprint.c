/* landfall explain fingerprint A B: which minutiae agree under which placement, without any image. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/fingerprint.h"
#include "tools/explain/explain.h"

#define FILE_MAX (1 << 20)

static const char usage[] = "usage: landfall explain fingerprint A B [--svg FILE]\n"
                            "\n"
                            "Compares the first fingers of two records (ISO/IEC 19794-2 or ANSI 378) and "
                            "says how many minutiae agree,\n"
                            "under which placement, and how often strangers come so close. --svg draws both "
                            "point sets: A laid over B,\n"
                            "minutiae that agree joined and filled.\n";

/* One record, coded. */
struct side {
        struct lf_finger_row row;
        uint8_t *data;
        struct lf_finger finger;
};

static int read_side(const char *path, struct side *s)
{
        FILE *f = fopen(path, "rbe");
        if (!f) {
                lf_log_error("%s: %s", path, strerror(errno));
                return -EIO;
        }
        uint8_t *wire = malloc(FILE_MAX);
        struct lf_fmr *fmr = malloc(sizeof *fmr);
        s->data = aligned_alloc(64, (LF_FINGER_DATA_MAX + 63) & ~63u);
        int r = wire && fmr && s->data ? 0 : -ENOMEM;
        if (r == 0) {
                struct lf_defect defect;
                size_t size = fread(wire, 1, FILE_MAX, f);
                r = lf_fmr_read(wire, size, fmr, &defect);
                if (r < 0) {
                        lf_log_error("%s: byte %u: %s", path, defect.offset, lf_defect_text(defect.code));
                } else if (!lf_finger_code(fmr, &fmr->view[0], LF_FINGER_MINUTIA_MAX, &s->row, s->data)) {
                        lf_log_error("%s: %s", path, lf_defect_text(LF_DEFECT_TOO_FEW_MINUTIAE));
                        r = -EBADMSG;
                } else {
                        s->finger = lf_finger_at(&s->row, s->data);
                }
        }
        fclose(f);
        free(wire);
        free(fmr);
        return r;
}

static void draw_minutia(FILE *out, float x, float y, float c, float s, const char *colour, bool agrees)
{
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\" stroke=\"%s\"/>", (double)x,
                (double)-y, agrees ? colour : "none", colour);
        fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", (double)x,
                (double)-y, (double)(x + 12 * c), (double)-(y + 12 * s), colour);
}

static void direction(uint16_t angle, float *c, float *s)
{
        *c = cosf((float)angle * ((float)M_PI / 32768));
        *s = sinf((float)angle * ((float)M_PI / 32768));
}

static void place(const struct lf_finger *a, unsigned i, const struct lf_finger_placement *p, float *x,
                  float *y)
{
        *x = (p->c * a->x[i] - p->s * a->y[i]) / 4 + p->x;
        *y = (p->s * a->x[i] + p->c * a->y[i]) / 4 + p->y;
}

static void draw(FILE *out, const struct lf_finger *a, const struct lf_finger *b,
                 const struct lf_finger_match *m)
{
        float low_x = 0, low_y = 0, high_x = 0, high_y = 0, x, y, c, s;
        bool agrees_a[LF_FINGER_MINUTIA_MAX] = {false}, agrees_b[LF_FINGER_MINUTIA_MAX] = {false};
        for (unsigned i = 0; i < a->row->n + (unsigned)b->row->n; i++) {
                if (i < a->row->n) {
                        place(a, i, &m->placement, &x, &y);
                } else {
                        x = b->x[i - a->row->n] / 4.0f;
                        y = b->y[i - a->row->n] / 4.0f;
                }
                low_x = fminf(low_x, x), high_x = fmaxf(high_x, x);
                low_y = fminf(low_y, -y), high_y = fmaxf(high_y, -y);
        }
        fprintf(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%.0f %.0f %.0f %.0f\" "
            "font-family=\"sans-serif\">\n"
            "<title>%u minutiae agree</title>\n<rect x=\"%.0f\" y=\"%.0f\" width=\"100%%\" height=\"100%%\" "
            "fill=\"white\"/>\n",
            (double)low_x - 30, (double)low_y - 30, (double)(high_x - low_x) + 60,
            (double)(high_y - low_y) + 60, m->meet, (double)low_x - 30, (double)low_y - 30);
        for (unsigned i = 0; i < m->meet; i++) {
                agrees_a[m->a[i]] = agrees_b[m->b[i]] = true;
                place(a, m->a[i], &m->placement, &x, &y);
                fprintf(out,
                        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#2a9d3a\" "
                        "stroke-width=\"3\"/>\n",
                        (double)x, (double)-y, b->x[m->b[i]] / 4.0, -b->y[m->b[i]] / 4.0);
        }
        for (unsigned i = 0; i < a->row->n; i++) {
                place(a, i, &m->placement, &x, &y);
                direction((uint16_t)(a->angle[i] + m->placement.turn), &c, &s);
                draw_minutia(out, x, y, c, s, "#1f5fbf", agrees_a[i]);
        }
        for (unsigned i = 0; i < b->row->n; i++) {
                direction(b->angle[i], &c, &s);
                draw_minutia(out, b->x[i] / 4.0f, b->y[i] / 4.0f, c, s, "#c8501e", agrees_b[i]);
        }
        fputs("</svg>\n", out);
}

static int write_svg(const char *path, const struct side *a, const struct side *b,
                     const struct lf_finger_match *m)
{
        FILE *out = fopen(path, "we");
        if (!out) {
                lf_log_error("%s: %s", path, strerror(errno));
                return -EIO;
        }
        draw(out, &a->finger, &b->finger, m);
        if (fclose(out) == 0)
                return 0;
        lf_log_error("%s: %s", path, strerror(errno));
        return -EIO;
}

static int explain(const char *path_a, const char *path_b, const char *svg)
{
        struct side a = {0}, b = {0};
        struct lf_finger_core *core = aligned_alloc(64, (sizeof *core + 63) & ~(size_t)63);
        int r = core && lf_engines_init() == 0 ? read_side(path_a, &a) : -ENOMEM;
        if (r == 0)
                r = read_side(path_b, &b);
        if (r == 0) {
                struct lf_finger_match m;
                lf_finger_match(&a.finger, &b.finger, core, &m);
                printf("%u minutiae agree, of %u in A and %u in B; %u of A's lie where B has any\n", m.meet,
                       a.row.n, b.row.n, m.could);
                printf("A is turned by %.1f degrees and shifted by %.0f, %.0f pixels at 500 dpi, from centre "
                       "to centre\n",
                       (double)(int16_t)m.placement.turn * (360.0 / 65536), (double)m.placement.x,
                       (double)m.placement.y);
                printf("score %.2f: log10 of the false-match rate %.2f\n", (double)m.score,
                       (double)lf_finger_log10_fmr(m.score));
                if (svg)
                        r = write_svg(svg, &a, &b, &m);
        }
        free(a.data);
        free(b.data);
        free(core);
        return r < 0 ? 1 : 0;
}

int lf_explain_fingerprint(int argc, char **argv)
{
        const char *record[2] = {NULL, NULL}, *svg = NULL;
        unsigned n = 0;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (strcmp(argv[i], "--svg") == 0 && i + 1 < argc)
                        svg = argv[++i];
                else if (argv[i][0] != '-' && n < 2)
                        record[n++] = argv[i];
                else
                        n = 3;
        }
        if (n != 2) {
                fputs(usage, stderr);
                return 2;
        }
        return explain(record[0], record[1], svg);
}
