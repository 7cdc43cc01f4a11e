#include "control/tlog/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lf_file_read(int dir, const char *path, size_t max, uint8_t **ret_data, size_t *ret_size)
{
        int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        struct stat st;
        int rc = fstat(fd, &st) < 0           ? -errno
                 : !S_ISREG(st.st_mode)       ? -EINVAL
                 : (uint64_t)st.st_size > max ? -EFBIG
                                              : 0;
        size_t size = rc == 0 ? (size_t)st.st_size : 0, at = 0;
        uint8_t *data = rc == 0 ? malloc(size + 1) : NULL;
        if (rc == 0 && !data)
                rc = -ENOMEM;
        while (rc == 0 && at < size) {
                ssize_t n = read(fd, data + at, size - at);
                if (n < 0 && errno != EINTR)
                        rc = -errno;
                else if (n == 0)
                        break;
                else if (n > 0)
                        at += (size_t)n;
        }
        close(fd);
        if (rc < 0) {
                free(data);
                return rc;
        }
        data[at] = 0;
        *ret_data = data;
        *ret_size = at;
        return 0;
}

static int write_synced(int fd, const void *data, size_t size)
{
        for (size_t at = 0; at < size;) {
                ssize_t n = write(fd, (const char *)data + at, size - at);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += (size_t)n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

int lf_file_replace(int dir, const char *path, const void *data, size_t size, mode_t mode)
{
        char tmp[PATH_MAX];
        if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp)
                return -ENAMETOOLONG;
        int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        int rc = write_synced(fd, data, size);
        close(fd);
        if (rc == 0 && renameat(dir, tmp, dir, path) < 0)
                rc = -errno;
        if (rc < 0)
                unlinkat(dir, tmp, 0);
        return rc;
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
        int rc = fsync(fd) < 0 ? -errno : 0;
        close(fd);
        return rc;
}

int lf_file_create(const char *path, const void *data, size_t size, mode_t mode)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;
        int rc = write_synced(fd, data, size);
        close(fd);
        if (rc == 0)
                rc = lf_file_sync_parent(AT_FDCWD, path);
        if (rc < 0)
                unlink(path);
        return rc;
}

int lf_file_make_parents(int dir, const char *path)
{
        char part[PATH_MAX];
        if (strlen(path) >= sizeof part)
                return -ENAMETOOLONG;
        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
                if (mkdirat(dir, part, 0755) == 0) {
                        int rc = lf_file_sync_parent(dir, part);
                        if (rc < 0)
                                return rc;
                } else if (errno != EEXIST) {
                        return -errno;
                }
        }
        return 0;
}
