#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/file/file.h"
#include "control/tlog/tile.h"

#define CACHE 16

struct lf_tlog_reader {
        int dir;
        struct lf_tlog_checkpoint checkpoint;
        struct lf_tlog_fault fault;
        struct tile {
                bool used;
                unsigned level;
                uint64_t number;
                uint8_t hash[LF_TLOG_WIDTH][LF_TLOG_HASH];
        } cache[CACHE];
        unsigned turn; /* of the cache: the next to replace */
        bool proven;   /* the tile of level 0 below leads to the checkpoint's root */
        struct tile proof;
        uint8_t *bundle;
        uint64_t bundle_number;
        unsigned bundle_width;
        uint32_t at[LF_TLOG_WIDTH + 1];
};

static unsigned width_of(const struct lf_tlog_reader *r, unsigned level, uint64_t number)
{
        uint64_t n = (r->checkpoint.size >> (8 * level)) - number * LF_TLOG_WIDTH;
        return n < LF_TLOG_WIDTH ? (unsigned)n : LF_TLOG_WIDTH;
}

static int fault(struct lf_tlog_reader *r, const char *file, uint64_t index, uint64_t offset,
                 const char *reason)
{
        snprintf(r->fault.file, sizeof r->fault.file, "%s", file);
        r->fault.index = index;
        r->fault.offset = offset;
        r->fault.reason = reason;
        return -EBADMSG;
}

/* Reads a tile or bundle, partial or, where that is gone, complete. */
static int fetch(struct lf_tlog_reader *r, int level, uint64_t number, size_t max, char path[LF_TILE_PATH],
                 uint8_t **ret, size_t *ret_size, bool *ret_whole)
{
        unsigned shift = level < 0 ? 0 : 8 * (unsigned)level;
        unsigned width = width_of(r, level < 0 ? 0 : (unsigned)level, number);
        uint64_t index = number * LF_TLOG_WIDTH << shift;
        lf_tile_path(level, number, width, path);
        int rc = lf_file_read(r->dir, path, max, ret, ret_size);
        *ret_whole = width == LF_TLOG_WIDTH;
        if (rc == -ENOENT && width < LF_TLOG_WIDTH) {
                char full[LF_TILE_PATH];
                lf_tile_path(level, number, LF_TLOG_WIDTH, full);
                rc = lf_file_read(r->dir, full, max, ret, ret_size);
                *ret_whole = true;
                if (rc == 0)
                        memcpy(path, full, LF_TILE_PATH);
        }
        if (rc == -ENOENT)
                return fault(r, path, index, 0, "the file is missing");
        if (rc == -EFBIG)
                return fault(r, path, index, max, "the file is too long");
        return rc;
}

static int get_tile(struct lf_tlog_reader *r, unsigned level, uint64_t number, const struct tile **ret)
{
        for (unsigned i = 0; i < CACHE; i++)
                if (r->cache[i].used && r->cache[i].level == level && r->cache[i].number == number) {
                        *ret = &r->cache[i];
                        return 0;
                }
        char path[LF_TILE_PATH];
        uint8_t *data;
        size_t size;
        bool whole;
        int rc = fetch(r, (int)level, number, LF_TLOG_WIDTH * LF_TLOG_HASH, path, &data, &size, &whole);
        if (rc < 0)
                return rc;
        unsigned width = width_of(r, level, number);
        if (size != (whole ? LF_TLOG_WIDTH : width) * LF_TLOG_HASH) {
                free(data);
                return fault(r, path, number * LF_TLOG_WIDTH << (8 * level), size,
                             "the tile has the wrong size");
        }
        struct tile *t = &r->cache[r->turn++ % CACHE];
        t->used = true;
        t->level = level;
        t->number = number;
        memset(t->hash, 0, sizeof t->hash);
        memcpy(t->hash, data, (size_t)width * LF_TLOG_HASH);
        free(data);
        *ret = t;
        return 0;
}

/* Hash of entries [start, end), any range that RFC 6962 makes a subtree of the whole tree. */
static int range_hash(struct lf_tlog_reader *r, uint64_t start, uint64_t end, uint8_t ret[LF_TLOG_HASH])
{
        uint64_t n = end - start;
        if (n == 0) {
                const uint8_t(*none[LF_TILE_LEVELS])[LF_TLOG_HASH] = {0};
                lf_tile_edge_root(none, 0, ret);
                return 0;
        }
        if ((n & (n - 1)) == 0 && start % n == 0) {
                unsigned height = (unsigned)__builtin_ctzll(n), level = height / 8, rest = height % 8;
                uint64_t first = (start >> height) << rest; /* among the level's hashes */
                const struct tile *t;
                int rc = get_tile(r, level, first / LF_TLOG_WIDTH, &t);
                if (rc == 0)
                        lf_tile_root((const uint8_t(*)[LF_TLOG_HASH])t->hash + first % LF_TLOG_WIDTH,
                                     1u << rest, ret);
                return rc;
        }
        uint64_t left = 1;
        while (left * 2 < n)
                left *= 2;
        uint8_t a[LF_TLOG_HASH], b[LF_TLOG_HASH];
        int rc = range_hash(r, start, start + left, a);
        if (rc == 0)
                rc = range_hash(r, start + left, end, b);
        if (rc == 0)
                lf_tlog_node_hash(a, b, ret);
        return rc;
}

/* ---- Proofs ---- */

/* PATH of RFC 6962, section 2.1.1, lowest hash first. */
static int path(struct lf_tlog_reader *r, uint64_t index, uint64_t start, uint64_t end,
                struct lf_tlog_proof *p)
{
        uint64_t n = end - start, left = 1;
        if (n == 1)
                return 0;
        while (left * 2 < n)
                left *= 2;
        bool in_left = index < start + left;
        int rc = in_left ? path(r, index, start, start + left, p) : path(r, index, start + left, end, p);
        if (rc < 0)
                return rc;
        return in_left ? range_hash(r, start + left, end, p->hash[p->n++])
                       : range_hash(r, start, start + left, p->hash[p->n++]);
}

/* SUBPROOF of RFC 6962, section 2.1.2. */
static int subproof(struct lf_tlog_reader *r, uint64_t old, uint64_t start, uint64_t end, bool known,
                    struct lf_tlog_proof *p)
{
        uint64_t n = end - start, left = 1;
        if (old == end)
                return known ? 0 : range_hash(r, start, end, p->hash[p->n++]);
        while (left * 2 < n)
                left *= 2;
        if (old <= start + left) {
                int rc = subproof(r, old, start, start + left, known, p);
                return rc < 0 ? rc : range_hash(r, start + left, end, p->hash[p->n++]);
        }
        int rc = subproof(r, old, start + left, end, false, p);
        return rc < 0 ? rc : range_hash(r, start, start + left, p->hash[p->n++]);
}

int lf_tlog_reader_leaf(struct lf_tlog_reader *r, uint64_t index, uint8_t ret_leaf[LF_TLOG_HASH])
{
        const struct tile *t;
        if (index >= r->checkpoint.size)
                return -ERANGE;
        int rc = get_tile(r, 0, index / LF_TLOG_WIDTH, &t);
        if (rc == 0)
                memcpy(ret_leaf, t->hash[index % LF_TLOG_WIDTH], LF_TLOG_HASH);
        return rc;
}

static int prove(struct lf_tlog_reader *r, uint64_t index, const uint8_t leaf[LF_TLOG_HASH],
                 struct lf_tlog_proof *p)
{
        const struct lf_tlog_checkpoint *c = &r->checkpoint;
        p->n = 0;
        int rc = path(r, index, 0, c->size, p);
        if (rc < 0)
                return rc;
        if (lf_tlog_check_inclusion(p, index, leaf, c->size, c->root) < 0)
                return fault(r, "tile", index, 0,
                             "the tiles do not lead from the entry to the checkpoint's root");
        return 0;
}

int lf_tlog_reader_inclusion(struct lf_tlog_reader *r, uint64_t index, struct lf_tlog_proof *ret)
{
        uint8_t leaf[LF_TLOG_HASH];
        struct lf_tlog_proof p;
        int rc = lf_tlog_reader_leaf(r, index, leaf);
        if (rc == 0)
                rc = prove(r, index, leaf, &p);
        if (rc == 0)
                *ret = p;
        return rc;
}

int lf_tlog_reader_consistency(struct lf_tlog_reader *r, uint64_t old_size, struct lf_tlog_proof *ret,
                               uint8_t ret_old_root[LF_TLOG_HASH])
{
        const struct lf_tlog_checkpoint *c = &r->checkpoint;
        struct lf_tlog_proof p = {0};
        uint8_t old_root[LF_TLOG_HASH];
        if (old_size == 0 || old_size > c->size)
                return -ERANGE;
        int rc = range_hash(r, 0, old_size, old_root);
        if (rc == 0)
                rc = subproof(r, old_size, 0, c->size, true, &p);
        if (rc < 0)
                return rc;
        if (lf_tlog_check_consistency(&p, old_size, old_root, c->size, c->root) < 0)
                return fault(r, "tile", old_size, 0, "the tiles do not lead to the checkpoint's root");
        *ret = p;
        memcpy(ret_old_root, old_root, sizeof old_root);
        return 0;
}

/* ---- Entries ---- */

static int get_bundle(struct lf_tlog_reader *r, uint64_t number)
{
        unsigned width = width_of(r, 0, number), bad;
        char file[LF_TILE_PATH];
        size_t size;
        bool whole;
        if (r->bundle && r->bundle_number == number)
                return 0;
        free(r->bundle);
        r->bundle = NULL;
        int rc = fetch(r, LF_TILE_ENTRIES, number, LF_BUNDLE_MAX, file, &r->bundle, &size, &whole);
        if (rc < 0)
                return rc;
        rc = lf_bundle_parse(r->bundle, size, width, !whole || width == LF_TLOG_WIDTH, r->at, &bad);
        if (rc < 0) {
                free(r->bundle);
                r->bundle = NULL;
                return fault(r, file, number * LF_TLOG_WIDTH + bad, r->at[bad],
                             "the entry bundle is damaged");
        }
        r->bundle_number = number;
        r->bundle_width = width;
        return 0;
}

static void bundle_entry(const struct lf_tlog_reader *r, unsigned i, const uint8_t **ret, size_t *ret_size)
{
        *ret = r->bundle + r->at[i] + 2;
        *ret_size = r->at[i + 1] - r->at[i] - 2;
}

int lf_tlog_reader_peek(struct lf_tlog_reader *r, uint64_t index, const uint8_t **ret_entry, size_t *ret_size)
{
        if (index >= r->checkpoint.size)
                return -ERANGE;
        int rc = get_bundle(r, index / LF_TLOG_WIDTH);
        if (rc == 0)
                bundle_entry(r, (unsigned)(index % LF_TLOG_WIDTH), ret_entry, ret_size);
        return rc;
}

/* Whether the proof of entry `index` is made of this complete tile: its first eight hashes are those of the
 * tile's other parts, so that what proves the entry proves all of them. */
static bool proves_tile(const struct lf_tlog_proof *p, uint64_t index, const struct tile *t)
{
        unsigned i = (unsigned)(index % LF_TLOG_WIDTH);
        for (unsigned k = 0; k < 8; k++) {
                uint8_t part[LF_TLOG_HASH];
                lf_tile_root((const uint8_t(*)[LF_TLOG_HASH])t->hash + ((i >> k ^ 1) << k), 1u << k, part);
                if (memcmp(part, p->hash[k], sizeof part) != 0)
                        return false;
        }
        return true;
}

/* Who reads a log from end to end computes one proof a tile. */
static int prove_in_tile(struct lf_tlog_reader *r, uint64_t index, const uint8_t leaf[LF_TLOG_HASH])
{
        uint64_t number = index / LF_TLOG_WIDTH;
        const uint8_t *there = r->proof.hash[index % LF_TLOG_WIDTH];
        const struct tile *t;
        struct lf_tlog_proof p;
        if (r->proven && r->proof.number == number && memcmp(there, leaf, LF_TLOG_HASH) == 0)
                return 0;
        int rc = prove(r, index, leaf, &p);
        if (rc < 0 || width_of(r, 0, number) < LF_TLOG_WIDTH || get_tile(r, 0, number, &t) < 0)
                return rc;
        r->proof = *t;
        r->proven = memcmp(there, leaf, LF_TLOG_HASH) == 0 && proves_tile(&p, index, t);
        return 0;
}

int lf_tlog_reader_entry(struct lf_tlog_reader *r, uint64_t index, const uint8_t **ret_entry,
                         size_t *ret_size)
{
        const uint8_t *entry;
        size_t size;
        uint8_t leaf[LF_TLOG_HASH];
        int rc = lf_tlog_reader_peek(r, index, &entry, &size);
        if (rc < 0)
                return rc;
        lf_tlog_leaf_hash(entry, size, leaf);
        rc = prove_in_tile(r, index, leaf);
        if (rc < 0)
                return rc;
        *ret_entry = entry;
        *ret_size = size;
        return 0;
}

/* ---- The whole log ---- */

/* Does level 0's tile lead to the root? Then an entry that does not fit it is itself what is damaged. */
static bool tile_is_sound(struct lf_tlog_reader *r, uint64_t index)
{
        struct lf_tlog_fault kept = r->fault;
        struct lf_tlog_proof p;
        int rc = lf_tlog_reader_inclusion(r, index, &p);
        r->fault = kept;
        return rc == 0;
}

static int check_entries(struct lf_tlog_reader *r, uint64_t number)
{
        int rc = get_bundle(r, number);
        for (unsigned i = 0; rc == 0 && i < r->bundle_width; i++) {
                const uint8_t *entry;
                size_t size;
                uint8_t leaf[LF_TLOG_HASH], there[LF_TLOG_HASH];
                char file[LF_TILE_PATH];
                uint64_t index = number * LF_TLOG_WIDTH + i;
                bundle_entry(r, i, &entry, &size);
                lf_tlog_leaf_hash(entry, size, leaf);
                rc = lf_tlog_reader_leaf(r, index, there);
                if (rc < 0 || memcmp(leaf, there, sizeof leaf) == 0)
                        continue;
                bool entry_is_bad = tile_is_sound(r, index);
                lf_tile_path(entry_is_bad ? LF_TILE_ENTRIES : 0, number, r->bundle_width, file);
                rc = entry_is_bad
                         ? fault(r, file, index, r->at[i], "the entry is not the one that was logged")
                         : fault(r, file, index, i * LF_TLOG_HASH, "the tile's hash is not the entry's");
        }
        return rc;
}

/* A complete tile's hash must stand in the level above. */
static int check_parent(struct lf_tlog_reader *r, unsigned level, uint64_t number)
{
        const struct tile *t;
        uint8_t hash[LF_TLOG_HASH];
        int rc = get_tile(r, level, number, &t);
        if (rc < 0)
                return rc;
        lf_tile_root((const uint8_t(*)[LF_TLOG_HASH])t->hash, LF_TLOG_WIDTH, hash);
        rc = get_tile(r, level + 1, number / LF_TLOG_WIDTH, &t);
        if (rc < 0 || memcmp(t->hash[number % LF_TLOG_WIDTH], hash, sizeof hash) == 0)
                return rc;
        char file[LF_TILE_PATH];
        uint64_t above = number / LF_TLOG_WIDTH;
        lf_tile_path((int)level + 1, above, width_of(r, level + 1, above), file);
        return fault(r, file, number * LF_TLOG_WIDTH << (8 * level), number % LF_TLOG_WIDTH * LF_TLOG_HASH,
                     "the tile's hash is not that of the tile below");
}

int lf_tlog_reader_check(struct lf_tlog_reader *r)
{
        uint64_t size = r->checkpoint.size, tiles = (size + LF_TLOG_WIDTH - 1) / LF_TLOG_WIDTH;
        uint8_t root[LF_TLOG_HASH];
        int rc = 0;
        for (uint64_t n = 0; n < tiles && rc == 0; n++) {
                rc = check_entries(r, n);
                uint64_t number = n; /* after the last tile below a complete one, that one's parent too */
                for (unsigned level = 0; rc == 0 && width_of(r, level, number) == LF_TLOG_WIDTH; level++) {
                        rc = check_parent(r, level, number);
                        if (number % LF_TLOG_WIDTH != LF_TLOG_WIDTH - 1)
                                break;
                        number /= LF_TLOG_WIDTH;
                }
        }
        if (rc == 0)
                rc = range_hash(r, 0, size, root);
        if (rc == 0 && memcmp(root, r->checkpoint.root, sizeof root) != 0)
                rc = fault(r, "checkpoint", 0, 0, "the tiles do not give the checkpoint's root");
        return rc;
}

/* ---- Opening ---- */

int lf_tlog_reader_open(const char *directory, const struct lf_note_verifier *verifiers, unsigned n_verifiers,
                        struct lf_tlog_reader **ret, uint64_t *ret_verified)
{
        uint8_t *note = NULL;
        size_t size, text;
        uint64_t verified = 0;
        struct lf_tlog_reader *r = calloc(1, sizeof *r);
        if (!r)
                return -ENOMEM;
        r->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int rc = r->dir < 0 ? -errno : lf_file_read(r->dir, "checkpoint", LF_NOTE_MAX, &note, &size);
        if (rc == 0)
                rc = lf_note_open((char *)note, size, verifiers, n_verifiers, &verified, &text);
        if (rc == 0 && !(verified & 1))
                rc = -ENOKEY;
        if (rc == 0)
                rc = lf_tlog_checkpoint_parse((char *)note, text, &r->checkpoint);
        if (rc == 0 && strcmp(r->checkpoint.origin, verifiers[0].name) != 0)
                rc = -EBADMSG;
        free(note);
        if (rc < 0) {
                lf_tlog_reader_close(r);
                return rc == -EFBIG ? -EBADMSG : rc;
        }
        if (ret_verified)
                *ret_verified = verified;
        *ret = r;
        return 0;
}

void lf_tlog_reader_close(struct lf_tlog_reader *r)
{
        if (!r)
                return;
        if (r->dir >= 0)
                close(r->dir);
        free(r->bundle);
        free(r);
}

const struct lf_tlog_checkpoint *lf_tlog_reader_checkpoint(const struct lf_tlog_reader *r)
{
        return &r->checkpoint;
}

const struct lf_tlog_fault *lf_tlog_reader_fault(const struct lf_tlog_reader *r)
{
        return &r->fault;
}
