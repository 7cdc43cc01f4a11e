#include "control/gateway/vault.h"

#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lf_box_seal(const uint8_t key[32], const void *ad, size_t ad_size, const void *plain, size_t size,
                uint8_t *box)
{
        struct lsp_aead *a;
        const struct lsp_ad more = {ad, ad_size};
        int r = lsp_aead_create_sealer(&a);
        if (r < 0)
                return r;
        if (RAND_bytes(box, 12) != 1)
                r = -EIO;
        if (r == 0)
                r = lsp_aead_set_key(a, key);
        if (r == 0)
                r = lsp_seal(a, box, &more, 1, plain, size, box + 12);
        lsp_aead_destroy(a);
        return r;
}

int lf_box_open(const uint8_t key[32], const void *ad, size_t ad_size, const uint8_t *box, size_t box_size,
                void *plain)
{
        struct lsp_aead *a;
        const struct lsp_ad more = {ad, ad_size};
        if (box_size < LF_BOX_EXTRA)
                return -EBADMSG;
        int r = lsp_aead_create_opener(&a);
        if (r < 0)
                return r;
        r = lsp_aead_set_key(a, key);
        if (r == 0)
                r = lsp_open(a, box, &more, 1, box + 12, box_size - LF_BOX_EXTRA, plain);
        lsp_aead_destroy(a);
        return r;
}

/* What it holds, without its holes: their size is the writer's to say. Where the file system cannot tell,
 * all of it. */
static void overwrite(int fd, off_t size)
{
        static const uint8_t zero[65536];
        for (off_t at = 0; at < size;) {
                off_t data = lseek(fd, at, SEEK_DATA);
                if (data < 0 && errno == ENXIO) /* only a hole is left */
                        break;
                off_t end = data < 0 ? size : lseek(fd, data, SEEK_HOLE);
                at = data < 0 ? at : data;
                if (end <= at || end > size)
                        end = size;
                for (ssize_t put = 1; at < end && put > 0; at += put) {
                        size_t n = (size_t)(end - at);
                        put = pwrite(fd, zero, n < sizeof zero ? n : sizeof zero, at);
                        if (put <= 0)
                                return;
                }
        }
}

int lf_wipe_file(int dir, const char *name)
{
        struct stat st;
        int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0) {
                if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1) {
                        overwrite(fd, st.st_size);
                        fdatasync(fd); /* removed all the same when it fails */
                }
                close(fd);
        }
        return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}
