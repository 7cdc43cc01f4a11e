#include "dataplane/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_PAGE   LF_COUNTERS_FILE ".new"
#define NEW_LIMITS LF_LIMITS_FILE ".new"
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

/* A new file `name`, all zero and of its size, mapped to be written. */
static int map_new(int dir, const char *name, mode_t mode, uint32_t gid, size_t size, void **ret)
{
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
                return -errno;
        int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;
        int r = -posix_fallocate(fd, 0, (off_t)size);
        void *page = MAP_FAILED;
        if (r == 0 && gid != getegid() && fchown(fd, (uid_t)-1, gid) < 0 && geteuid() == 0)
                r = -errno;
        if (r == 0 && fchmod(fd, mode) < 0)
                r = -errno;
        if (r == 0) {
                page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
                if (page == MAP_FAILED)
                        r = -errno;
        }
        close(fd);
        if (r == 0)
                *ret = page;
        return r;
}

int lf_run_dir_counters(int dir, struct lf_counters **ret)
{
        void *page;
        int r = map_new(dir, NEW_PAGE, 0644, getegid(), sizeof **ret, &page);
        if (r == 0)
                *ret = page;
        return r;
}

int lf_run_dir_show_counters(int dir)
{
        return renameat(dir, NEW_PAGE, dir, LF_COUNTERS_FILE) < 0 ? -errno : 0;
}

/* -ENOENT: there is none. */
static int read_limits(int dir, const char *name, struct lf_limits_page *ret)
{
        int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, ret, sizeof *ret);
        int r = n < 0 ? -errno : n != sizeof *ret || !lf_limits_page_begin(ret) ? -EBADMSG : 0;
        close(fd);
        return r;
}

int lf_run_dir_limits(int dir, uint32_t gid, struct lf_limits **ret)
{
        void *mapped;
        struct lf_limits_page *old = calloc(1, sizeof *old);
        if (!old)
                return -ENOMEM;
        int r = read_limits(dir, LF_LIMITS_FILE, old);
        if (r == -ENOENT)
                r = read_limits(dir, LF_LIMITS_SAVED, old);
        if (r == -ENOENT) {
                *old = (struct lf_limits_page){
                    .magic = LF_LIMITS_MAGIC, .abi = LF_LIMITS_ABI, .size = sizeof *old};
                r = 0;
        }
        if (r == 0)
                r = map_new(dir, NEW_LIMITS, 0640, gid, sizeof *old, &mapped);
        if (r == 0) {
                memcpy(mapped, old, sizeof *old);
                if (renameat(dir, NEW_LIMITS, dir, LF_LIMITS_FILE) < 0)
                        r = -errno;
        }
        free(old);
        if (r == 0)
                *ret = &((struct lf_limits_page *)mapped)->limits;
        return r;
}
