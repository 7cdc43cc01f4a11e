#include "tools/bench/disk.h"

#include "dataplane/audit/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100

static double now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static void name_filesystem(int fd, char ret[16])
{
        static const struct {
                long magic;
                const char *name;
        } known[] = {{EXT4_SUPER_MAGIC, "ext4"},
                     {XFS_SUPER_MAGIC, "xfs"},
                     {BTRFS_SUPER_MAGIC, "btrfs"},
                     {TMPFS_MAGIC, "tmpfs"},
                     {OVERLAYFS_SUPER_MAGIC, "overlay"}};
        struct statfs s;
        snprintf(ret, 16, "unknown");
        for (size_t i = 0; fstatfs(fd, &s) == 0 && i < sizeof known / sizeof known[0]; i++)
                if (s.f_type == known[i].magic)
                        snprintf(ret, 16, "%s", known[i].name);
}

int lf_disk_measure(const char *directory, struct lf_disk_figures *ret)
{
        char path[256];
        double us[ROUNDS];
        void *block = NULL;
        snprintf(path, sizeof path, "%s/disk", directory);
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600), r = fd < 0 ? -errno : 0;
        if (r == 0 && posix_memalign(&block, 4096, LF_WAL_COMMIT_SIZE) != 0)
                r = -ENOMEM;
        if (r == 0)
                memset(block, 0x5a, LF_WAL_COMMIT_SIZE);
        /* The first round lays the blocks out. */
        for (unsigned round = 0; r == 0 && round < 2; round++)
                for (unsigned i = 0; r == 0 && i < ROUNDS; i++) {
                        double start = now_us();
                        if (pwrite(fd, block, LF_WAL_COMMIT_SIZE, (off_t)i * LF_WAL_COMMIT_SIZE) !=
                                LF_WAL_COMMIT_SIZE ||
                            fdatasync(fd) < 0)
                                r = -errno;
                        us[i] = now_us() - start;
                }
        if (r == 0) {
                name_filesystem(fd, ret->filesystem);
                qsort(us, ROUNDS, sizeof us[0], compare);
                ret->commit_us_p50 = us[ROUNDS / 2];
                ret->commit_us_p99 = us[ROUNDS * 99 / 100];
        }
        if (fd >= 0) {
                unlink(path);
                close(fd);
        }
        free(block);
        return r;
}
