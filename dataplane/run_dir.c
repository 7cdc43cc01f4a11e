#include "dataplane/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_PAGE   LF_COUNTERS_FILE ".new"
#define PATH_LIMIT 80 /* a socket's path has 108 bytes */

int lf_run_dir_open(const char *path, int *ret_fd, char why[256])
{
        if (strlen(path) > PATH_LIMIT) {
                snprintf(why, 256, "the run directory's path is longer than %d bytes", PATH_LIMIT);
                return -ENAMETOOLONG;
        }
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
                snprintf(why, 256, "making %s: %s; make it, or name another with --run-dir", path,
                         strerror(errno));
                return -errno;
        }
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                snprintf(why, 256, "%s: %s", path, strerror(errno));
                return -errno;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int r = errno == EWOULDBLOCK ? -EBUSY : -errno;
                snprintf(why, 256, "another landfalld runs in %s: stop it, or name another with --run-dir",
                         path);
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int lf_run_dir_counters(int dir, struct lf_counters **ret)
{
        if (unlinkat(dir, NEW_PAGE, 0) < 0 && errno != ENOENT)
                return -errno;
        int fd = openat(dir, NEW_PAGE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        int r = -posix_fallocate(fd, 0, sizeof **ret);
        void *page = MAP_FAILED;
        if (r == 0 && fchmod(fd, 0644) < 0)
                r = -errno;
        if (r == 0) {
                page = mmap(NULL, sizeof **ret, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
                if (page == MAP_FAILED)
                        r = -errno;
        }
        close(fd);
        if (r < 0)
                return r;
        *ret = page;
        return 0;
}

int lf_run_dir_show_counters(int dir)
{
        return renameat(dir, NEW_PAGE, dir, LF_COUNTERS_FILE) < 0 ? -errno : 0;
}
