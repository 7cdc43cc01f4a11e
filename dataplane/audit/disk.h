/* Where the write-ahead log's bytes go: numbered files, each of one size. file = mirror * segments + segment.
 *
 * Two implementations: io_uring (disk_uring.c), and the tests' simulated disk. Read, write and sync block and
 * are used only while the log is being opened. Buffers of commit are the log's own, announced once by
 * `prepare`. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "dataplane/audit/wal.h"

struct lf_disk;

struct lf_disk_completion {
        uint32_t tag; /* of commit */
        int result;   /* 0, or -errno of the write or of the sync */
};

struct lf_disk_ops {
        /* All of `size` bytes or -errno. Offsets, sizes and buffers are multiples of 4096. */
        int (*read)(struct lf_disk *disk, unsigned file, uint64_t offset, void *buffer, size_t size);
        int (*write)(struct lf_disk *disk, unsigned file, uint64_t offset, const void *buffer, size_t size);
        int (*sync)(struct lf_disk *disk, unsigned file);

        /* Commits come from buffers[0..n), each of LF_WAL_COMMIT_SIZE. After this only commit, reap, close
         * are called. */
        int (*prepare)(struct lf_disk *disk, void *const *buffers, unsigned n);

        /* Starts a write of the first `size` bytes of a buffer and, after it, a data sync of the file. The
         * buffer is the disk's until its completion with `tag` was reaped. */
        int (*commit)(struct lf_disk *disk, unsigned file, uint64_t offset, unsigned buffer, size_t size,
                      uint32_t tag);

        /* Up to n completions; waits at most wait_us for the first. Returns their number, or -errno. */
        int (*reap)(struct lf_disk *disk, struct lf_disk_completion *ret, unsigned n, unsigned wait_us);

        void (*close)(struct lf_disk *disk);
};

struct lf_disk {
        const struct lf_disk_ops *ops;
        int fd; /* polls readable when a completion waits; -1: none */
};

/* Files NNNN.seg in the options' directories, created and pre-written where missing. */
int lf_disk_uring_open(const struct lf_wal_options *options, struct lf_disk **ret);
