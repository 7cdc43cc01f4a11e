#include "tools/eval/det.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define SIDE   400
#define MARGIN 60
#define LOWEST -5 /* decades */

static double across(double log10_fmr)
{
        return MARGIN + (log10_fmr - LOWEST) * SIDE / -LOWEST;
}

static double down(double fnmr)
{
        double decade = fnmr > 1e-3 ? log10(fnmr) : -3;
        return MARGIN + decade * SIDE / -3.0; /* 1 at the top */
}

static void draw_axes(FILE *out)
{
        fprintf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
                "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                SIDE + 2 * MARGIN, SIDE + 2 * MARGIN);
        for (int d = LOWEST; d <= 0; d++)
                fprintf(out,
                        "<path d=\"M%.1f %d v%d\" stroke=\"#ccc\"/><text x=\"%.1f\" y=\"%d\">1e%d</text>\n",
                        across(d), MARGIN, SIDE, across(d) - 12, SIDE + MARGIN + 18, d);
        for (int d = -3; d <= 0; d++)
                fprintf(out,
                        "<path d=\"M%d %.1f h%d\" stroke=\"#ccc\"/><text x=\"%d\" y=\"%.1f\">1e%d</text>\n",
                        MARGIN, down(pow(10, d)), SIDE, MARGIN - 36, down(pow(10, d)) + 4, d);
        fprintf(out, "<text x=\"%d\" y=\"%d\">false match rate</text>", MARGIN + SIDE / 2 - 40,
                SIDE + MARGIN + 40);
        fprintf(out, "<text x=\"%d\" y=\"%d\">false non-match rate</text>\n", MARGIN, MARGIN - 20);
}

/* What is no markup of it; letters beyond ASCII become a question mark. */
static void print_plain(FILE *out, const char *text)
{
        for (const char *c = text; *c; c++)
                if (*c == '<' || *c == '>' || *c == '&')
                        fprintf(out, "&#%d;", *c);
                else
                        fputc((unsigned char)*c < ' ' || (unsigned char)*c > '~' ? '?' : *c, out);
}

static void draw_curve(FILE *out, const struct lf_det_curve *c, unsigned i)
{
        static const char *const colour[] = {"#222222", "#1f5fbf", "#c8501e",
                                             "#2a9d3a", "#8a4fbf", "#b08a00"};
        const char *ink = colour[i % 6];
        double at = pow(10, -3), lowest = 1 / (double)c->impostor->n;
        fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"", ink,
                i == 0 ? "2.5" : "1.2");
        for (double d = LOWEST; d <= 0; d += 0.05)
                if (pow(10, d) >= lowest)
                        fprintf(out, "%.1f,%.1f ", across(d),
                                down(lf_fnmr_at(c->genuine, c->impostor, pow(10, d))));
        fputs("\"/>\n", out);
        int y = MARGIN + 16 + 16 * (int)i;
        fprintf(out, "<path d=\"M%d %d h18\" stroke=\"%s\" stroke-width=\"%s\"/><text x=\"%d\" y=\"%d\">",
                MARGIN + SIDE - 245, y - 4, ink, i == 0 ? "2.5" : "1.2", MARGIN + SIDE - 221, y);
        print_plain(out, c->name);
        if (at >= lowest)
                fprintf(out, ": %.4f at 1e-3", lf_fnmr_at(c->genuine, c->impostor, at));
        fputs("</text>\n", out);
}

int lf_det_write(const char *path, const struct lf_det_curve *curve, unsigned n)
{
        FILE *out = fopen(path, "we");
        if (!out)
                return -errno;
        draw_axes(out);
        for (unsigned i = n; i-- > 0;)
                draw_curve(out, &curve[i], i);
        fputs("</svg>\n", out);
        bool failed = ferror(out);
        return fclose(out) == 0 && !failed ? 0 : -EIO;
}
