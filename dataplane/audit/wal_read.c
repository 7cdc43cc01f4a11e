#include "dataplane/audit/wal_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/audit/wal_files.h"
#include "dataplane/audit/wal_scan.h"

struct lf_wal_reader {
        struct lf_wal_source source;
        struct lf_wal_keys *keys;
        struct lf_wal_walk walk;
        int fds[LF_WAL_MIRRORS][LF_WAL_MAX_SEGMENTS];
};

static int read_file(void *context, unsigned mirror, unsigned segment, uint64_t offset, void *buffer,
                     size_t size)
{
        struct lf_wal_reader *r = context;
        int fd = r->fds[mirror][segment];
        for (size_t at = 0; at < size;) {
                ssize_t n = pread(fd, (char *)buffer + at, size - at, (off_t)(offset + at));
                if (n <= 0 && r->source.mirrors > 1) { /* the other mirror may have it */
                        memset(buffer, 0, size);
                        return 0;
                }
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                at += (size_t)n;
        }
        return 0;
}

static int open_mirror(struct lf_wal_reader *r, const char *directory)
{
        unsigned segments;
        uint64_t size;
        unsigned m = r->source.mirrors;
        int rc = lf_wal_files_open_read(directory, LF_WAL_MAX_SEGMENTS, r->fds[m], &segments, &size);
        if (rc < 0)
                return rc;
        if (m == 0) {
                r->source.segments = segments;
                r->source.segment_size = size;
        } else if (segments != r->source.segments || size != r->source.segment_size) {
                for (unsigned i = 0; i < segments; i++)
                        close(r->fds[m][i]);
                return -EINVAL;
        }
        r->source.mirrors++;
        return 0;
}

int lf_wal_reader_open(const char *const directory[LF_WAL_MIRRORS], const uint8_t *key,
                       struct lf_wal_reader **ret)
{
        struct lf_wal_reader *r = calloc(1, sizeof *r);
        if (!r)
                return -ENOMEM;
        r->source = (struct lf_wal_source){.read = read_file, .context = r};
        int rc = open_mirror(r, directory[0]);
        if (rc == 0 && directory[1])
                rc = open_mirror(r, directory[1]);
        if (rc == 0 && key)
                rc = lf_wal_keys_new(key, NULL, &r->keys);
        if (rc == 0)
                rc = lf_wal_walk_init(&r->walk, &r->source, r->keys);
        if (rc < 0) {
                lf_wal_reader_close(r);
                return rc;
        }
        *ret = r;
        return 0;
}

void lf_wal_reader_close(struct lf_wal_reader *r)
{
        if (!r)
                return;
        for (unsigned m = 0; m < r->source.mirrors; m++)
                for (unsigned i = 0; i < r->source.segments; i++)
                        close(r->fds[m][i]);
        lf_wal_walk_done(&r->walk);
        lf_wal_keys_free(r->keys);
        free(r);
}

/* The latest segment begin that is at or before `index` and earlier than `before`: what a mirror's first
 * slots say. */
static int find_begin(struct lf_wal_reader *r, uint64_t index, uint64_t before, uint64_t *ret_position,
                      uint64_t *ret_index)
{
        const struct lf_wal_source *s = &r->source;
        bool found = false;
        void *block;
        if (posix_memalign(&block, 4096, LF_WAL_BLOCK))
                return -ENOMEM;
        int rc = 0;
        for (unsigned i = 0; i < s->mirrors * s->segments && rc == 0; i++) {
                const struct lf_wal_record *k = block;
                unsigned segment = i % s->segments;
                rc = s->read(s->context, i / s->segments, segment, 0, block, LF_WAL_BLOCK);
                if (rc < 0 || !lf_wal_record_whole(k) || k->index > index || k->position >= before ||
                    k->position % lf_wal_total_slots(s) != segment * lf_wal_segment_slots(s))
                        continue;
                if (!found || k->position > *ret_position) {
                        *ret_position = k->position;
                        *ret_index = k->index;
                        found = true;
                }
        }
        free(block);
        return rc < 0 ? rc : found ? 0 : -ENOENT;
}

int lf_wal_reader_seek(struct lf_wal_reader *r, uint64_t index)
{
        uint64_t position = UINT64_MAX, begin = 0;
        const struct lf_wal_record *record;
        for (;;) {
                int rc = find_begin(r, index, position, &position, &begin);
                if (rc == -ENOENT && index == 0) { /* a blank log */
                        lf_wal_walk_seek(&r->walk, 0, 0);
                        return 0;
                }
                if (rc < 0)
                        return rc;
                lf_wal_walk_seek(&r->walk, position, begin);
                rc = 1;
                while (r->walk.index < index && rc > 0)
                        rc = lf_wal_walk_next(&r->walk, &record);
                if (rc < 0)
                        return rc;
                if (r->walk.index == index)
                        return 0;
        }
}

int lf_wal_reader_next(struct lf_wal_reader *r, const struct lf_wal_record **ret_record)
{
        return lf_wal_walk_next(&r->walk, ret_record);
}

int lf_wal_reader_opening(struct lf_wal_reader *r, const struct lf_wal_record *record,
                          struct lf_entry_opening *ret)
{
        return r->keys ? lf_wal_record_open(r->keys, record, ret) : -ENOKEY;
}

int lf_wal_reader_check(struct lf_wal_reader *r, uint64_t expected, struct lf_wal_recovery *ret_found)
{
        struct lf_wal_scan scan;
        int rc = lf_wal_scan(&r->source, r->keys, expected, &scan);
        if (rc == 0 || rc == -EBADMSG)
                *ret_found = scan.found;
        return rc;
}

void lf_wal_reader_place(const struct lf_wal_reader *r, unsigned *ret_segment, uint64_t *ret_offset)
{
        *ret_segment = lf_wal_segment_of(&r->source, r->walk.position);
        *ret_offset = lf_wal_offset_of(&r->source, r->walk.position);
}
