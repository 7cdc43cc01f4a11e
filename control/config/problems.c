#include "control/config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lf_problems_init(struct lf_problems *p, const char *file)
{
        memset(p, 0, sizeof *p);
        snprintf(p->file, sizeof p->file, "%s", file);
}

void lf_problem_add(struct lf_problems *p, unsigned line, unsigned column, const char *format, ...)
{
        if (p->n == LF_PROBLEMS_MAX) {
                p->more++;
                return;
        }
        struct lf_problem *q = &p->problem[p->n++];
        q->line = line;
        q->column = column;
        va_list args;
        va_start(args, format);
        vsnprintf(q->text, sizeof q->text, format, args);
        va_end(args);
}

static int by_place(const void *a, const void *b)
{
        const struct lf_problem *x = a, *y = b;
        if (x->line != y->line)
                return x->line < y->line ? -1 : 1;
        return x->column < y->column ? -1 : x->column > y->column;
}

void lf_problems_sort(struct lf_problems *p)
{
        qsort(p->problem, p->n, sizeof p->problem[0], by_place);
}

void lf_problem_format(const struct lf_problems *p, unsigned index, char *out, size_t size)
{
        const struct lf_problem *q = &p->problem[index];
        if (q->line)
                snprintf(out, size, "%s:%u:%u: %s", p->file, q->line, q->column, q->text);
        else
                snprintf(out, size, "%s: %s", p->file, q->text);
}

#define NAME_MAX_COMPARED 48

/* Levenshtein's distance; both at most NAME_MAX_COMPARED long. */
static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
        unsigned row[NAME_MAX_COMPARED + 1];
        for (unsigned j = 0; j <= lb; j++)
                row[j] = j;
        for (unsigned i = 1; i <= la; i++) {
                unsigned diagonal = row[0];
                row[0] = i;
                for (unsigned j = 1; j <= lb; j++) {
                        unsigned best = diagonal + (a[i - 1] != b[j - 1]);
                        diagonal = row[j];
                        if (row[j] + 1 < best)
                                best = row[j] + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                }
        }
        return row[lb];
}

const char *lf_nearest_name(const char *text, const char *const *names, unsigned n)
{
        size_t length = strlen(text);
        if (length == 0 || length > NAME_MAX_COMPARED)
                return NULL;
        const char *best = NULL;
        unsigned best_distance = (unsigned)length / 3 + 2;
        for (unsigned i = 0; i < n; i++) {
                size_t l = strlen(names[i]);
                if (l > NAME_MAX_COMPARED)
                        continue;
                unsigned d = distance(text, length, names[i], l);
                if (d < best_distance && d < l) {
                        best_distance = d;
                        best = names[i];
                }
        }
        return best;
}
