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

static int sync_directory(const char *path)
{
        char parent[PATH_MAX];
        snprintf(parent, sizeof parent, "%s", path);
        char *slash = strrchr(parent, '/');
        if (!slash)
                return -EINVAL;
        slash[slash == parent] = 0;
        int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = fsync(fd) < 0 ? -errno : 0;
        close(fd);
        return r;
}

int lf_write_file(const char *path, const void *data, size_t size, mode_t mode, bool durable)
{
        char temporary[PATH_MAX];
        if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
                return -ENAMETOOLONG;
        int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        int r = lf_write_whole(fd, data, size);
        if (r == 0 && durable && fsync(fd) < 0)
                r = -errno;
        close(fd);
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                unlink(temporary);
                return r;
        }
        return durable ? sync_directory(path) : 0;
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
