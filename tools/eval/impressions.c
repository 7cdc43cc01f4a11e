#include "tools/eval/impressions.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FILE_MAX (1 << 20)

static int read_file(const char *dir, const char *name, struct lf_impression *ret)
{
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
                return -ENAMETOOLONG;
        FILE *f = fopen(path, "rbe");
        if (!f)
                return -errno;
        ret->wire = malloc(FILE_MAX);
        if (!ret->wire) {
                fclose(f);
                return -ENOMEM;
        }
        ret->size = fread(ret->wire, 1, FILE_MAX, f);
        int r = ferror(f) ? -EIO : ret->size == FILE_MAX ? -EFBIG : 0;
        fclose(f);
        void *fitting = r == 0 && ret->size > 0 ? realloc(ret->wire, ret->size) : NULL;
        if (fitting)
                ret->wire = fitting;
        return r;
}

static int by_label(const void *a, const void *b)
{
        const struct lf_impression *p = a, *q = b;
        if (p->finger != q->finger)
                return p->finger < q->finger ? -1 : 1;
        return (p->impression > q->impression) - (p->impression < q->impression);
}

static int add(const char *dir, const char *name, struct lf_impressions *s)
{
        struct lf_impression one = {0};
        int end = 0;
        if (sscanf(name, "%u_%u.iso%n", &one.finger, &one.impression, &end) != 2 || end == 0 || name[end])
                return 0;
        struct lf_impression *more = realloc(s->item, (s->n + 1) * sizeof *more);
        if (!more)
                return -ENOMEM;
        s->item = more;
        int r = read_file(dir, name, &one);
        if (r < 0) {
                lf_log_error("%s/%s: %s", dir, name, strerror(-r));
                free(one.wire);
                return r;
        }
        s->item[s->n++] = one;
        return 0;
}

int lf_impressions_read(const char *dir, struct lf_impressions *ret)
{
        struct lf_impressions s = {0};
        DIR *d = opendir(dir);
        if (!d) {
                int e = errno;
                lf_log_error("%s: %s", dir, strerror(e));
                return -e;
        }
        int r = 0;
        for (struct dirent *e; r == 0 && (e = readdir(d));)
                r = add(dir, e->d_name, &s);
        closedir(d);
        if (r == 0 && s.n == 0) {
                lf_log_error("%s: holds no FINGER_IMPRESSION.iso", dir);
                r = -ENOENT;
        }
        if (r < 0) {
                lf_impressions_free(&s);
                return r;
        }
        qsort(s.item, s.n, sizeof *s.item, by_label);
        *ret = s;
        return 0;
}

void lf_impressions_free(struct lf_impressions *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->item[i].wire);
        free(s->item);
}

int lf_impressions_read_all(char **dirs, int n, struct lf_impressions *all)
{
        for (int i = 0; i < n; i++) {
                struct lf_impressions s;
                int r = lf_impressions_read(dirs[i], &s);
                if (r < 0)
                        return r;
                struct lf_impression *more = realloc(all->item, (all->n + s.n) * sizeof *more);
                if (!more) {
                        lf_impressions_free(&s);
                        return -ENOMEM;
                }
                all->item = more;
                for (size_t k = 0; k < s.n; k++) {
                        more[all->n] = s.item[k];
                        more[all->n++].finger += (unsigned)i * LF_IMPRESSIONS_STEP;
                }
                free(s.item);
        }
        return 0;
}
