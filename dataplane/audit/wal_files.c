#include "dataplane/audit/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILL 65536

static int write_zeros(int fd, uint64_t size)
{
        void *zeros;
        if (posix_memalign(&zeros, 4096, FILL))
                return -ENOMEM;
        memset(zeros, 0, FILL);
        int rc = 0;
        for (uint64_t at = 0; at < size && rc == 0;) {
                size_t n = size - at < FILL ? (size_t)(size - at) : FILL;
                ssize_t w = pwrite(fd, zeros, n, (off_t)at);
                if (w < 0)
                        rc = -errno;
                else if (w == 0)
                        rc = -EIO;
                else
                        at += (uint64_t)w;
        }
        free(zeros);
        return rc;
}

static int create_segment(int dir, const char *name, uint64_t size)
{
        unlinkat(dir, "new.tmp", 0);
        int fd = openat(dir, "new.tmp", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (fd < 0)
                return -errno;
        int rc = write_zeros(fd, size);
        if (rc == 0 && fsync(fd) < 0)
                rc = -errno;
        close(fd);
        if (rc == 0 && (renameat(dir, "new.tmp", dir, name) < 0 || fsync(dir) < 0))
                rc = -errno;
        if (rc < 0)
                unlinkat(dir, "new.tmp", 0);
        return rc;
}

static int open_segment(int dir, unsigned number, int flags, uint64_t *ret_size)
{
        char name[16];
        snprintf(name, sizeof name, "%04u.seg", number);
        int fd = openat(dir, name, flags | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == EINVAL && (flags & O_ACCMODE) == O_RDONLY)
                fd = openat(dir, name,
                            flags | O_CLOEXEC | O_NOFOLLOW); /* a copy on a file system without O_DIRECT */
        if (fd < 0)
                return -errno;
        struct stat st;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                close(fd);
                return -EINVAL;
        }
        *ret_size = (uint64_t)st.st_size;
        return fd;
}

static int open_or_create(int dir, unsigned number, uint64_t size)
{
        uint64_t found;
        int fd = open_segment(dir, number, O_RDWR, &found);
        if (fd == -ENOENT) {
                char name[16];
                snprintf(name, sizeof name, "%04u.seg", number);
                int rc = create_segment(dir, name, size);
                if (rc < 0)
                        return rc;
                fd = open_segment(dir, number, O_RDWR, &found);
        }
        if (fd >= 0 && found != size) {
                close(fd);
                return -EINVAL;
        }
        return fd;
}

static void close_all(int *fds, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                close(fds[i]);
}

int lf_wal_files_open(const char *directory, unsigned segments, uint64_t size, int *ret_fds, int *ret_lock)
{
        int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        int rc = flock(dir, LOCK_EX | LOCK_NB) < 0 ? (errno == EWOULDBLOCK ? -EBUSY : -errno) : 0;
        unsigned n = 0;
        while (rc == 0 && n < segments) {
                int fd = open_or_create(dir, n, size);
                if (fd < 0)
                        rc = fd;
                else
                        ret_fds[n++] = fd;
        }
        uint64_t beyond;
        int fd = rc == 0 ? open_segment(dir, segments, O_RDONLY, &beyond) : -ENOENT;
        if (fd >= 0) {
                close(fd);
                rc = -EINVAL;
        }
        if (rc < 0) {
                close_all(ret_fds, n);
                close(dir);
                return rc;
        }
        *ret_lock = dir;
        return 0;
}

int lf_wal_files_open_read(const char *directory, unsigned max, int *ret_fds, unsigned *ret_segments,
                           uint64_t *ret_segment_size)
{
        int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        unsigned n = 0;
        uint64_t size = 0, found;
        int rc = 0;
        while (rc == 0 && n < max) {
                int fd = open_segment(dir, n, O_RDONLY, &found);
                if (fd == -ENOENT)
                        break;
                if (fd < 0) {
                        rc = fd;
                        break;
                }
                ret_fds[n++] = fd;
                if (n == 1)
                        size = found;
                else if (found != size)
                        rc = -EINVAL;
        }
        close(dir);
        if (rc == 0 && n == 0)
                rc = -ENOENT;
        if (rc == 0 && (size == 0 || size % 4096))
                rc = -EINVAL;
        if (rc < 0) {
                close_all(ret_fds, n);
                return rc;
        }
        *ret_segments = n;
        *ret_segment_size = size;
        return 0;
}
