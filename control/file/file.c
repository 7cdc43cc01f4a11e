#include "control/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lf_read_whole(int fd, size_t head, size_t size, uint8_t **ret, size_t *ret_got)
{
        uint8_t *bytes = malloc(head + size + 1);
        if (!bytes)
                return -ENOMEM;
        size_t got = 0;
        while (got < size) {
                ssize_t n = read(fd, bytes + head + got, size - got);
                if (n < 0 && errno != EINTR) {
                        int r = -errno;
                        free(bytes);
                        return r;
                }
                if (n == 0)
                        break;
                got += n > 0 ? (size_t)n : 0;
        }
        *ret = bytes;
        *ret_got = got;
        return 0;
}

int lf_write_whole(int fd, const void *data, size_t size)
{
        const uint8_t *p = data;
        for (size_t done = 0; done < size;) {
                ssize_t n = write(fd, p + done, size - done);
                if (n < 0 && errno != EINTR)
                        return -errno;
                done += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

int lf_file_read(int dir, const char *path, size_t max, uint8_t **ret_data, size_t *ret_size)
{
        int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        struct stat st;
        int r = fstat(fd, &st) < 0           ? -errno
                : !S_ISREG(st.st_mode)       ? -EINVAL
                : (uint64_t)st.st_size > max ? -EFBIG
                                             : lf_read_whole(fd, 0, (size_t)st.st_size, ret_data, ret_size);
        close(fd);
        if (r == 0)
                (*ret_data)[*ret_size] = 0;
        return r;
}

static int write_synced(int fd, const void *data, size_t size)
{
        int r = lf_write_whole(fd, data, size);
        return r == 0 && fsync(fd) < 0 ? -errno : r;
}

int lf_file_replace(int dir, const char *path, const void *data, size_t size, mode_t mode, bool durable)
{
        char temporary[PATH_MAX];
        if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
                return -ENAMETOOLONG;
        unlinkat(dir, temporary, 0); /* left by a crash */
        int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        int r = durable ? write_synced(fd, data, size) : lf_write_whole(fd, data, size);
        close(fd);
        if (r == 0 && renameat(dir, temporary, dir, path) < 0)
                r = -errno;
        if (r < 0) {
                unlinkat(dir, temporary, 0);
                return r;
        }
        return durable ? lf_file_sync_parent(dir, path) : 0;
}

int lf_file_create(const char *path, const void *data, size_t size, mode_t mode)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;
        int r = write_synced(fd, data, size);
        close(fd);
        if (r == 0)
                r = lf_file_sync_parent(AT_FDCWD, path);
        if (r < 0)
                unlink(path);
        return r;
}

int lf_file_sync_parent(int dir, const char *path)
{
        char parent[PATH_MAX];
        const char *slash = strrchr(path, '/');
        if (slash && slash - path >= PATH_MAX)
                return -ENAMETOOLONG;
        if (!slash)
                strcpy(parent, ".");
        else if (slash == path)
                strcpy(parent, "/");
        else
                snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        int fd = openat(dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = fsync(fd) < 0 ? -errno : 0;
        close(fd);
        return r;
}

int lf_make_directories(const char *path, mode_t mode)
{
        char part[PATH_MAX];
        if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
                return -ENAMETOOLONG;
        for (char *p = part + 1;; p++) {
                if (*p && *p != '/')
                        continue;
                char end = *p;
                *p = 0;
                if (mkdir(part, mode) < 0 && errno != EEXIST)
                        return -errno;
                if (!end)
                        return 0;
                *p = '/';
        }
}

int lf_file_make_parents(int dir, const char *path)
{
        char part[PATH_MAX];
        if (strlen(path) >= sizeof part)
                return -ENAMETOOLONG;
        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
                if (mkdirat(dir, part, 0755) == 0) {
                        int r = lf_file_sync_parent(dir, part);
                        if (r < 0)
                                return r;
                } else if (errno != EEXIST) {
                        return -errno;
                }
        }
        return 0;
}
