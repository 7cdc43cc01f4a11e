/* Segment files through io_uring. The ring starts disabled and is restricted, before it is enabled, to
 * WRITE_FIXED and FSYNC on registered files with registered buffers: whatever happens to the process later,
 * this ring can do nothing else, and no further registration is possible. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/audit/disk.h"
#include "dataplane/audit/wal_files.h"

#define RING_ENTRIES 64
#define TAGS         16

struct uring_disk {
        struct lf_disk disk;
        struct io_uring ring;
        bool ring_open;
        unsigned files;
        int fds[LF_WAL_MIRRORS * LF_WAL_MAX_SEGMENTS];
        int lock[LF_WAL_MIRRORS];
        void *buffer[TAGS];
        struct pending {
                unsigned left; /* completions still to come: of the write and of the sync */
                int result;
                size_t size;
        } pending[TAGS];
};

static struct uring_disk *of(struct lf_disk *disk)
{
        return (struct uring_disk *)disk;
}

static int uring_read(struct lf_disk *disk, unsigned file, uint64_t offset, void *buffer, size_t size)
{
        for (size_t at = 0; at < size;) {
                ssize_t n = pread(of(disk)->fds[file], (char *)buffer + at, size - at, (off_t)(offset + at));
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                at += (size_t)n;
        }
        return 0;
}

static int uring_write(struct lf_disk *disk, unsigned file, uint64_t offset, const void *buffer, size_t size)
{
        ssize_t n = pwrite(of(disk)->fds[file], buffer, size, (off_t)offset);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

static int uring_sync(struct lf_disk *disk, unsigned file)
{
        return fdatasync(of(disk)->fds[file]) < 0 ? -errno : 0;
}

static int restrict_ring(struct io_uring *ring)
{
        struct io_uring_restriction r[] = {
            {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITE_FIXED},
            {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FSYNC},
            {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_FIXED_FILE | IOSQE_IO_LINK},
            {.opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED, .sqe_flags = IOSQE_FIXED_FILE},
        };
        return io_uring_register_restrictions(ring, r, sizeof r / sizeof r[0]);
}

static int uring_prepare(struct lf_disk *disk, void *const *buffers, unsigned n)
{
        struct uring_disk *d = of(disk);
        struct iovec v[TAGS];
        if (n > TAGS)
                return -EINVAL;
        for (unsigned i = 0; i < n; i++) {
                v[i] = (struct iovec){buffers[i], LF_WAL_COMMIT_SIZE};
                d->buffer[i] = buffers[i];
        }
        int rc = io_uring_queue_init(RING_ENTRIES, &d->ring, IORING_SETUP_R_DISABLED);
        if (rc < 0)
                return rc;
        d->ring_open = true;
        if ((rc = io_uring_register_files(&d->ring, d->fds, d->files)) < 0 ||
            (rc = io_uring_register_buffers(&d->ring, v, n)) < 0 || (rc = restrict_ring(&d->ring)) < 0 ||
            (rc = io_uring_enable_rings(&d->ring)) < 0)
                return rc;
        disk->fd = d->ring.ring_fd;
        return 0;
}

static int uring_commit(struct lf_disk *disk, unsigned file, uint64_t offset, unsigned buffer, size_t size,
                        uint32_t tag)
{
        struct uring_disk *d = of(disk);
        if (tag >= TAGS || d->pending[tag].left || io_uring_sq_space_left(&d->ring) < 2)
                return -EBUSY;
        struct io_uring_sqe *sqe = io_uring_get_sqe(&d->ring);
        io_uring_prep_write_fixed(sqe, (int)file, d->buffer[buffer], (unsigned)size, offset, (int)buffer);
        io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_IO_LINK);
        io_uring_sqe_set_data64(sqe, tag << 1);
        sqe = io_uring_get_sqe(&d->ring);
        io_uring_prep_fsync(sqe, (int)file, IORING_FSYNC_DATASYNC);
        io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
        io_uring_sqe_set_data64(sqe, tag << 1 | 1);
        d->pending[tag] = (struct pending){.left = 2, .size = size};
        int rc;
        do
                rc = io_uring_submit(&d->ring);
        while (rc == -EINTR);
        return rc < 0 ? rc : 0;
}

/* Returns whether this completion was the commit's last. A write that fails or is short cancels the linked
 * sync; the write's own error is the one reported. */
static bool complete(struct uring_disk *d, const struct io_uring_cqe *cqe, struct lf_disk_completion *ret)
{
        uint32_t tag = (uint32_t)(cqe->user_data >> 1) % TAGS;
        struct pending *p = &d->pending[tag];
        bool is_sync = cqe->user_data & 1;
        int result = cqe->res < 0 ? cqe->res : !is_sync && (size_t)cqe->res != p->size ? -EIO : 0;
        if (result < 0 && (p->result == 0 || p->result == -ECANCELED))
                p->result = result;
        if (--p->left > 0)
                return false;
        *ret = (struct lf_disk_completion){tag, p->result};
        return true;
}

static int uring_reap(struct lf_disk *disk, struct lf_disk_completion *ret, unsigned n, unsigned wait_us)
{
        struct uring_disk *d = of(disk);
        struct io_uring_cqe *cqe;
        unsigned got = 0;
        int rc = io_uring_peek_cqe(&d->ring, &cqe);
        if (rc == -EAGAIN && wait_us) {
                struct __kernel_timespec t = {wait_us / 1000000, (wait_us % 1000000) * 1000LL};
                rc = io_uring_wait_cqe_timeout(&d->ring, &cqe, &t);
        }
        while (rc == 0 && got < n) {
                if (complete(d, cqe, &ret[got]))
                        got++;
                io_uring_cqe_seen(&d->ring, cqe);
                rc = io_uring_peek_cqe(&d->ring, &cqe);
        }
        if (rc == 0 || rc == -EAGAIN || rc == -ETIME || rc == -EINTR)
                return (int)got;
        return rc;
}

static void uring_close(struct lf_disk *disk)
{
        struct uring_disk *d = of(disk);
        if (d->ring_open)
                io_uring_queue_exit(&d->ring);
        for (unsigned i = 0; i < d->files; i++)
                close(d->fds[i]);
        for (unsigned m = 0; m < LF_WAL_MIRRORS; m++)
                if (d->lock[m] >= 0)
                        close(d->lock[m]);
        free(d);
}

static const struct lf_disk_ops uring_ops = {
    .read = uring_read,
    .write = uring_write,
    .sync = uring_sync,
    .prepare = uring_prepare,
    .commit = uring_commit,
    .reap = uring_reap,
    .close = uring_close,
};

int lf_disk_uring_open(const struct lf_wal_options *options, struct lf_disk **ret)
{
        struct uring_disk *d = calloc(1, sizeof *d);
        if (!d)
                return -ENOMEM;
        d->disk = (struct lf_disk){&uring_ops, -1};
        d->lock[0] = d->lock[1] = -1;
        for (unsigned m = 0; m < LF_WAL_MIRRORS && options->directory[m]; m++) {
                int rc = lf_wal_files_open(options->directory[m], options->segments, options->segment_size,
                                           d->fds + d->files, &d->lock[m]);
                if (rc < 0) {
                        uring_close(&d->disk);
                        return rc;
                }
                d->files += options->segments;
        }
        *ret = &d->disk;
        return 0;
}
