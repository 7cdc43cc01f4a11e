#include "tools/feed_ids.h"

#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
        char *name; /* up to its last dot */
        uint8_t id[16];
};

struct lf_feed_ids {
        struct entry *entry; /* by name */
        size_t n, room;
};

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void cut_at_dot(char *name)
{
        char *dot = strrchr(name, '.');
        if (dot)
                *dot = '\0';
}

static int take_line(struct lf_feed_ids *ids, char *line)
{
        struct entry e = {0};
        char *tab = strchr(line, '\t');
        if (!tab)
                return 0;
        *tab++ = '\0';
        tab[strcspn(tab, "\n")] = '\0';
        if (lsp_hex_read(line, e.id, sizeof e.id) < 0)
                return 0;
        cut_at_dot(tab);
        if (ids->n == ids->room) {
                size_t room = ids->room ? 2 * ids->room : 256;
                struct entry *more = realloc(ids->entry, room * sizeof *more);
                if (!more)
                        return -ENOMEM;
                ids->entry = more;
                ids->room = room;
        }
        e.name = strdup(tab);
        if (!e.name)
                return -ENOMEM;
        ids->entry[ids->n++] = e;
        return 0;
}

int lf_feed_ids_open(const char *path, struct lf_feed_ids **ret)
{
        struct lf_feed_ids *ids = calloc(1, sizeof *ids);
        FILE *f = fopen(path, "re");
        char *line = NULL;
        size_t room = 0;
        int r = !ids ? -ENOMEM : !f ? -errno : 0;
        while (r == 0 && getline(&line, &room, f) >= 0)
                r = take_line(ids, line);
        free(line);
        if (f)
                fclose(f);
        if (r < 0) {
                lf_feed_ids_close(ids);
                return r;
        }
        if (ids->n > 0)
                qsort(ids->entry, ids->n, sizeof *ids->entry, by_name);
        *ret = ids;
        return 0;
}

int lf_feed_ids_find(const struct lf_feed_ids *ids, const char *name, uint8_t ret[16])
{
        struct entry wanted = {.name = strdup(name)};
        if (!wanted.name)
                return -ENOMEM;
        cut_at_dot(wanted.name);
        const struct entry *found =
            ids->n > 0 ? bsearch(&wanted, ids->entry, ids->n, sizeof wanted, by_name) : NULL;
        free(wanted.name);
        if (!found)
                return -ENOENT;
        memcpy(ret, found->id, sizeof found->id);
        return 0;
}

void lf_feed_ids_close(struct lf_feed_ids *ids)
{
        for (size_t i = 0; ids && i < ids->n; i++)
                free(ids->entry[i].name);
        if (ids)
                free(ids->entry);
        free(ids);
}
