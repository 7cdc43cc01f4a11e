#include "tools/eval/det.h"

#include <errno.h>
#include <math.h>
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

int lf_det_write(const char *path, const struct lf_scores *genuine, const struct lf_scores *impostor)
{
        FILE *out = fopen(path, "we");
        if (!out)
                return -errno;
        draw_axes(out);
        fputs("<polyline fill=\"none\" stroke=\"#1f5fbf\" stroke-width=\"2\" points=\"", out);
        for (double d = LOWEST; d <= 0; d += 0.05)
                if (pow(10, d) * (double)impostor->n >= 1)
                        fprintf(out, "%.1f,%.1f ", across(d),
                                down(lf_fnmr_at(genuine, impostor, pow(10, d))));
        fputs("\"/>\n</svg>\n", out);
        return fclose(out) == 0 ? 0 : -errno;
}
