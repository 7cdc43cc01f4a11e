/* landfall explain fingerprint A B: which minutiae agree under which placement, without any image. */
#include "tools/explain/fingerprint.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/explain/explain.h"

#define FILE_MAX (1 << 20)

static const char usage[] =
    "usage: landfall explain fingerprint A B [--svg FILE] [--json]\n"
    "\n"
    "Compares two records (ISO/IEC 19794-2 or ANSI 378); of several fingers the closest two whose positions\n"
    "allow it. Says how many minutiae agree and which, under which placement, and how often strangers come "
    "so\n"
    "close. --svg draws the point sets: A, A laid over B, and B; minutiae that agree are filled and "
    "numbered.\n"
    "--json lists the pairs: indices of minutiae in their views, from 0, how far apart they lie in pixels "
    "at\n"
    "500 dpi, and by how many degrees they differ. Exit status 1: a record cannot be compared.\n";

static int read_file(const char *path, void **ret, size_t *ret_size)
{
        FILE *f = fopen(path, "rbe");
        if (!f) {
                lf_log_error("%s: %s", path, strerror(errno));
                return -EIO;
        }
        *ret = malloc(FILE_MAX);
        *ret_size = *ret ? fread(*ret, 1, FILE_MAX, f) : 0;
        int r = !*ret ? -ENOMEM : ferror(f) ? -EIO : 0;
        if (r < 0)
                lf_log_error("%s: %s", path, strerror(-r));
        fclose(f);
        return r;
}

static double degrees(uint16_t turn)
{
        return (double)(int16_t)turn * (360.0 / 65536);
}

static json_t *json_pairs(const struct lf_explained *e)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < e->match.meet; i++) {
                unsigned a = e->match.a[i], b = e->match.b[i];
                float x, y;
                lf_explained_place(e, a, &x, &y);
                double off = hypot((double)x - e->b.finger.x[b] / 4.0, (double)y - e->b.finger.y[b] / 4.0);
                uint16_t turned =
                    (uint16_t)(e->a.finger.angle[a] + e->match.placement.turn - e->b.finger.angle[b]);
                json_array_append_new(list, json_pack("{s:i, s:i, s:f, s:f}", "a",
                                                      (int)lf_explained_index(&e->a, a), "b",
                                                      (int)lf_explained_index(&e->b, b), "distance", off,
                                                      "turn", degrees(turned)));
        }
        return list;
}

static void print_json(const struct lf_explained *e)
{
        const struct lf_finger_match *m = &e->match;
        json_t *j = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:o}", "agree",
                              (int)m->meet, "minutiae_a", (int)e->a.row.n, "minutiae_b", (int)e->b.row.n,
                              "could", (int)m->could, "view_a", (int)e->a.view, "view_b", (int)e->b.view,
                              "turn_degrees", degrees(m->placement.turn), "shift_x", (double)m->placement.x,
                              "shift_y", (double)m->placement.y, "score", (double)m->score, "log10_fmr",
                              (double)lf_finger_log10_fmr(m->score), "pairs", json_pairs(e));
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static void print_text(const struct lf_explained *e)
{
        const struct lf_finger_match *m = &e->match;
        char odds[128];
        if (e->a.fmr->n > 1 || e->b.fmr->n > 1)
                printf("closest: finger %u of A, finger %u of B\n", e->a.view + 1, e->b.view + 1);
        printf("%u minutiae agree, of %u in A and %u in B; %u of A's lie where B has any\n", m->meet,
               e->a.row.n, e->b.row.n, m->could);
        printf("A is turned by %.1f degrees anticlockwise and shifted by %.0f, %.0f pixels at 500 dpi (y "
               "upwards), "
               "from centre to centre\n",
               degrees(m->placement.turn), (double)m->placement.x, (double)m->placement.y);
        lf_explained_odds(e, odds, sizeof odds);
        printf("score %.2f, log10 of the false-match rate %.2f. %s\n", (double)m->score,
               (double)lf_finger_log10_fmr(m->score), odds);
}

static int write_svg(const char *path, const struct lf_explained *e)
{
        FILE *out = fopen(path, "we");
        if (out) {
                lf_explained_draw(e, out);
                bool failed = ferror(out);
                if (fclose(out) == 0 && !failed)
                        return 0;
        }
        lf_log_error("%s: %s", path, strerror(errno));
        return -EIO;
}

static void complain(int r, const char *name, const struct lf_defect *defect)
{
        if (r == -EBADMSG)
                lf_log_error("%s: byte %u: %s", name, defect->offset, lf_defect_text(defect->code));
        else if (r == -ENOENT)
                lf_log_error("the records hold different fingers: positions differ");
        else
                lf_log_error("%s", strerror(-r));
}

static int explain(const char *const path[2], const char *svg, bool json)
{
        void *wire[2] = {NULL, NULL};
        size_t size[2];
        struct lf_explained e = {0};
        struct lf_defect defect;
        unsigned bad = 0;
        int r = lf_engines_init();
        for (unsigned i = 0; r == 0 && i < 2; i++)
                r = read_file(path[i], &wire[i], &size[i]);
        if (r == 0) {
                r = lf_explained_compare(path, (const void *const *)wire, size, &e, &bad, &defect);
                if (r < 0)
                        complain(r, path[bad], &defect);
        }
        if (r == 0) {
                (json ? print_json : print_text)(&e);
                if (svg)
                        r = write_svg(svg, &e);
        }
        lf_explained_free(&e);
        free(wire[0]);
        free(wire[1]);
        return r < 0 ? 1 : 0;
}

int lf_explain_fingerprint(int argc, char **argv)
{
        const char *record[2] = {NULL, NULL}, *svg = NULL;
        bool json = false;
        unsigned n = 0;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (strcmp(argv[i], "--svg") == 0 && i + 1 < argc)
                        svg = argv[++i];
                else if (strcmp(argv[i], "--json") == 0)
                        json = true;
                else if (argv[i][0] != '-' && n < 2)
                        record[n++] = argv[i];
                else
                        n = 3;
        }
        if (n != 2) {
                fputs(usage, stderr);
                return 2;
        }
        return explain(record, svg, json);
}
