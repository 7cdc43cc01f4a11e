#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "control/file/file.h"
#include "control/tlog/tile.h"

struct lf_tlog_writer {
        int dir;
        bool broken;
        bool signed_once; /* there is a checkpoint */
        struct lf_note_signer signer;
        struct lf_tlog_checkpoint published;
        uint64_t size;
        uint8_t hash[LF_TILE_LEVELS][LF_TLOG_WIDTH][LF_TLOG_HASH]; /* the last tile of each level */
        uint8_t *bundle;                                           /* entries of level 0's last tile */
        size_t bundle_size, bundle_room;
};

static unsigned count_at(uint64_t size, unsigned level)
{
        return (unsigned)(size >> (8 * level)) & 0xff;
}

static uint64_t number_at(uint64_t size, unsigned level)
{
        return level + 1 >= LF_TILE_LEVELS ? 0 : size >> (8 * (level + 1));
}

static void root_of(const struct lf_tlog_writer *w, uint8_t root[LF_TLOG_HASH])
{
        const uint8_t(*edge[LF_TILE_LEVELS])[LF_TLOG_HASH];
        for (unsigned l = 0; l < LF_TILE_LEVELS; l++)
                edge[l] = w->hash[l];
        lf_tile_edge_root(edge, w->size, root);
}

/* Writes one file of the log, synced, with its name. */
static int put_file(struct lf_tlog_writer *w, const char *path, const void *data, size_t size)
{
        int rc = lf_file_make_parents(w->dir, path);
        return rc < 0 ? rc : lf_file_replace(w->dir, path, data, size, 0644, true);
}

static int put_tile(struct lf_tlog_writer *w, int level, uint64_t number, unsigned width)
{
        char path[LF_TILE_PATH];
        lf_tile_path(level, number, width, path);
        if (level == LF_TILE_ENTRIES)
                return put_file(w, path, w->bundle, w->bundle_size);
        return put_file(w, path, w->hash[level], (size_t)width * LF_TLOG_HASH);
}

/* ---- Appending ---- */

static int keep_entry(struct lf_tlog_writer *w, const void *entry, size_t size)
{
        if (w->bundle_size + 2 + size > w->bundle_room) {
                size_t room = 2 * w->bundle_room + 2 + size;
                uint8_t *p = realloc(w->bundle, room);
                if (!p)
                        return -ENOMEM;
                w->bundle = p;
                w->bundle_room = room;
        }
        lf_put_be16(w->bundle + w->bundle_size, (uint16_t)size);
        if (size)
                memcpy(w->bundle + w->bundle_size + 2, entry, size);
        w->bundle_size += 2 + size;
        return 0;
}

static int add(struct lf_tlog_writer *w, const void *entry, size_t size)
{
        int rc = keep_entry(w, entry, size);
        if (rc < 0)
                return rc;
        uint8_t hash[LF_TLOG_HASH];
        lf_tlog_leaf_hash(entry, size, hash);
        for (unsigned level = 0;; level++) { /* a hash that completes a tile becomes one in the level above */
                unsigned n = count_at(w->size, level);
                memcpy(w->hash[level][n], hash, LF_TLOG_HASH);
                if (n + 1 < LF_TLOG_WIDTH || level + 1 == LF_TILE_LEVELS)
                        break;
                rc = put_tile(w, (int)level, number_at(w->size, level), LF_TLOG_WIDTH);
                if (rc == 0 && level == 0) {
                        rc = put_tile(w, LF_TILE_ENTRIES, number_at(w->size, 0), LF_TLOG_WIDTH);
                        w->bundle_size = 0;
                }
                if (rc < 0)
                        return rc;
                lf_tile_root((const uint8_t(*)[LF_TLOG_HASH])w->hash[level], LF_TLOG_WIDTH, hash);
        }
        w->size++;
        return 0;
}

int lf_tlog_writer_append(struct lf_tlog_writer *w, const void *entry, size_t size)
{
        if (size > LF_TLOG_ENTRY_MAX)
                return -EINVAL;
        if (w->broken || w->size == INT64_MAX)
                return -EIO;
        int rc = add(w, entry, size);
        if (rc < 0)
                w->broken = true;
        return rc;
}

/* ---- Publishing ---- */

static int put_edge(struct lf_tlog_writer *w)
{
        int rc = 0;
        for (unsigned level = 0; level < LF_TILE_LEVELS && rc == 0; level++) {
                unsigned n = count_at(w->size, level);
                if (w->size >> (8 * level) == 0)
                        break;
                if (n && (w->size >> (8 * level)) != (w->published.size >> (8 * level)))
                        rc = put_tile(w, (int)level, number_at(w->size, level), n);
        }
        if (rc == 0 && count_at(w->size, 0))
                rc = put_tile(w, LF_TILE_ENTRIES, number_at(w->size, 0), count_at(w->size, 0));
        return rc;
}

/* Partial tiles of a tile that is now complete are of no more use. Left over after a crash they do no harm.
 */
static void drop_partials(struct lf_tlog_writer *w, int level, uint64_t number)
{
        char path[LF_TILE_PATH + 16];
        lf_tile_path(level, number, LF_TLOG_WIDTH, path);
        strcat(path, ".p");
        int fd = openat(w->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        if (!d) {
                if (fd >= 0)
                        close(fd);
                return;
        }
        struct dirent *e;
        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        unlinkat(fd, e->d_name, 0);
        closedir(d);
        unlinkat(w->dir, path, AT_REMOVEDIR);
}

static void drop_old_partials(struct lf_tlog_writer *w, uint64_t old_size)
{
        for (unsigned level = 0; level < LF_TILE_LEVELS; level++) {
                uint64_t number = number_at(old_size, level);
                if (number == number_at(w->size, level) || count_at(old_size, level) == 0)
                        continue;
                drop_partials(w, (int)level, number);
                if (level == 0)
                        drop_partials(w, LF_TILE_ENTRIES, number);
        }
}

static int put_checkpoint(struct lf_tlog_writer *w)
{
        struct lf_tlog_checkpoint c = {.size = w->size};
        char text[LF_NOTE_NAME_MAX + 80], *note;
        size_t size;
        strcpy(c.origin, w->signer.verifier.name);
        root_of(w, c.root);
        const struct lf_note_signer *signers[] = {&w->signer};
        int rc = lf_note_sign(text, lf_tlog_checkpoint_format(&c, text), signers, 1, &note, &size);
        if (rc < 0)
                return rc;
        rc = put_file(w, "checkpoint", note, size);
        free(note);
        if (rc == 0)
                w->published = c;
        return rc;
}

int lf_tlog_writer_publish(struct lf_tlog_writer *w)
{
        if (w->broken)
                return -EIO;
        if (w->signed_once && w->size == w->published.size)
                return 0;
        uint64_t old_size = w->published.size;
        int rc = put_edge(w);
        if (rc == 0)
                rc = put_checkpoint(w);
        if (rc < 0) {
                w->broken = true;
                return rc;
        }
        w->signed_once = true;
        drop_old_partials(w, old_size);
        return 0;
}

/* ---- Opening ---- */

static int load_edge_tile(struct lf_tlog_writer *w, unsigned level)
{
        char path[LF_TILE_PATH];
        unsigned n = count_at(w->size, level);
        uint8_t *data;
        size_t size;
        if (n == 0)
                return 0;
        lf_tile_path((int)level, number_at(w->size, level), n, path);
        int rc = lf_file_read(w->dir, path, LF_TLOG_WIDTH * LF_TLOG_HASH, &data, &size);
        if (rc < 0)
                return rc == -ENOENT || rc == -EFBIG ? -EBADMSG : rc;
        if (size == n * LF_TLOG_HASH)
                memcpy(w->hash[level], data, size);
        else
                rc = -EBADMSG;
        free(data);
        return rc;
}

static int load_bundle(struct lf_tlog_writer *w)
{
        char path[LF_TILE_PATH];
        unsigned n = count_at(w->size, 0), bad;
        uint32_t at[LF_TLOG_WIDTH + 1];
        uint8_t hash[LF_TLOG_HASH];
        if (n == 0)
                return 0;
        lf_tile_path(LF_TILE_ENTRIES, number_at(w->size, 0), n, path);
        int rc = lf_file_read(w->dir, path, LF_BUNDLE_MAX, &w->bundle, &w->bundle_size);
        if (rc < 0)
                return rc == -ENOENT || rc == -EFBIG ? -EBADMSG : rc;
        w->bundle_room = w->bundle_size;
        if (lf_bundle_parse(w->bundle, w->bundle_size, n, 1, at, &bad) < 0)
                return -EBADMSG;
        for (unsigned i = 0; i < n; i++) {
                lf_tlog_leaf_hash(w->bundle + at[i] + 2, at[i + 1] - at[i] - 2, hash);
                if (memcmp(hash, w->hash[0][i], LF_TLOG_HASH) != 0)
                        return -EBADMSG;
        }
        return 0;
}

static int resume(struct lf_tlog_writer *w)
{
        uint8_t *note;
        size_t size, text;
        int rc = lf_file_read(w->dir, "checkpoint", LF_NOTE_MAX, &note, &size);
        if (rc == -ENOENT)
                return 0;
        if (rc < 0)
                return rc;
        rc = lf_note_open((char *)note, size, &w->signer.verifier, 1, NULL, &text);
        if (rc == 0)
                rc = lf_tlog_checkpoint_parse((char *)note, text, &w->published);
        free(note);
        if (rc < 0)
                return -EBADMSG;
        if (strcmp(w->published.origin, w->signer.verifier.name) != 0)
                return -EBADMSG;
        w->signed_once = true;
        w->size = w->published.size;
        for (unsigned level = 0; level < LF_TILE_LEVELS && rc == 0; level++)
                rc = load_edge_tile(w, level);
        if (rc == 0)
                rc = load_bundle(w);
        if (rc < 0)
                return rc;
        uint8_t root[LF_TLOG_HASH];
        root_of(w, root);
        return memcmp(root, w->published.root, sizeof root) == 0 ? 0 : -EBADMSG;
}

int lf_tlog_writer_open(const char *directory, const struct lf_note_signer *signer,
                        struct lf_tlog_writer **ret)
{
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return -errno;
        struct lf_tlog_writer *w = calloc(1, sizeof *w);
        if (!w)
                return -ENOMEM;
        w->signer = *signer;
        w->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int rc = w->dir < 0 ? -errno : 0;
        if (rc == 0 && flock(w->dir, LOCK_EX | LOCK_NB) < 0)
                rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (rc == 0)
                rc = resume(w);
        if (rc < 0) {
                lf_tlog_writer_close(w);
                return rc;
        }
        *ret = w;
        return 0;
}

uint64_t lf_tlog_writer_size(const struct lf_tlog_writer *w)
{
        return w->size;
}

uint64_t lf_tlog_writer_published(const struct lf_tlog_writer *w)
{
        return w->published.size;
}

void lf_tlog_writer_checkpoint(const struct lf_tlog_writer *w, struct lf_tlog_checkpoint *ret)
{
        *ret = w->published;
}

void lf_tlog_writer_close(struct lf_tlog_writer *w)
{
        if (!w)
                return;
        if (w->dir >= 0)
                close(w->dir);
        OPENSSL_cleanse(&w->signer, sizeof w->signer);
        free(w->bundle);
        free(w);
}
