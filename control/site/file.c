#include "control/site/file.h"

#include "control/file/file.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An administrator's root writes into a folder that is landfall-control's: the file is to be, too. */
static int keep_owner(int dir, int fd)
{
        struct stat st;
        if (geteuid() != 0 || fstat(dir, &st) < 0 || st.st_uid == 0)
                return 0;
        return fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

int lf_site_file_new(int dir, const char *name, mode_t mode, const void *data, size_t size)
{
        int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        int r = keep_owner(dir, fd);
        if (r == 0)
                r = lf_write_whole(fd, data, size);
        if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
                r = -errno;
        close(fd);
        if (r < 0)
                unlinkat(dir, name, 0);
        return r;
}

int lf_site_file_replace(int dir, const char *name, mode_t mode, const void *data, size_t size)
{
        char temporary[300];
        if ((size_t)snprintf(temporary, sizeof temporary, ".%s.new", name) >= sizeof temporary)
                return -ENAMETOOLONG;
        unlinkat(dir, temporary, 0); /* left by a crash; the caller holds the registry's lock */
        int r = lf_site_file_new(dir, temporary, mode, data, size);
        if (r < 0)
                return r;
        if (renameat(dir, temporary, dir, name) < 0) {
                r = -errno;
                unlinkat(dir, temporary, 0);
                return r;
        }
        return fsync(dir) < 0 ? -errno : 0;
}

int lf_site_file_read(int dir, const char *name, char *ret_data, size_t size)
{
        int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        size_t got = 0;
        ssize_t n;
        do {
                n = read(fd, ret_data + got, size - got);
                if (n > 0)
                        got += (size_t)n;
        } while (n > 0 ? got < size : n < 0 && errno == EINTR);
        int r = n < 0 ? -errno : got == size ? -EFBIG : 0;
        close(fd);
        if (r < 0)
                OPENSSL_cleanse(ret_data, got);
        else
                ret_data[got] = '\0';
        return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        remove(path);
        return 0;
}

void lf_site_file_remove_tree(const char *path)
{
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int lf_site_file_random(int dir, const char *name)
{
        uint8_t key[32];
        char text[66];
        if (RAND_priv_bytes(key, sizeof key) != 1)
                return -EIO;
        lsp_hex_write(key, sizeof key, text);
        text[64] = '\n';
        int r = lf_site_file_new(dir, name, 0600, text, 65);
        OPENSSL_cleanse(key, sizeof key);
        OPENSSL_cleanse(text, sizeof text);
        return r;
}

int lf_site_file_line(const char *path, char *ret_line, size_t size)
{
        int r = lf_site_file_read(AT_FDCWD, path, ret_line, size);
        if (r < 0)
                return r;
        ret_line[strcspn(ret_line, "\r\n")] = '\0';
        return ret_line[0] ? 0 : -EINVAL;
}
