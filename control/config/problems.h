/* What is wrong with a file, and where: all of it, in the order of the file. */
#pragma once

#include <stddef.h>

#define LF_PROBLEMS_MAX 64 /* further ones are only counted */

struct lf_problem {
        unsigned line, column; /* from 1; 0: of the file as a whole */
        char text[256];        /* cause, then cure */
};

struct lf_problems {
        char file[256];
        unsigned n;
        unsigned more; /* found, but no room */
        struct lf_problem problem[LF_PROBLEMS_MAX];
};

void lf_problems_init(struct lf_problems *p, const char *file);
void lf_problem_add(struct lf_problems *p, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Sorts by line and column. */
void lf_problems_sort(struct lf_problems *p);
/* "FILE:LINE:COLUMN: text" into out, always terminated. */
void lf_problem_format(const struct lf_problems *p, unsigned index, char *out, size_t size);

/* The one of `n` names that is nearest to `text` by edits, or NULL if none is near enough to be meant. */
const char *lf_nearest_name(const char *text, const char *const *names, unsigned n);
