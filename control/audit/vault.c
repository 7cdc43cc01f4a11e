/* A vault file: magic, number of openings, group, a random salt, then AES-256-GCM of the openings under
 * HKDF(vault key, salt); everything before the box is additional data. A key serves one box, so its nonce is
 * zero. */
#include "control/audit/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "control/file/file.h"
#include "dataplane/hkdf.h"

#define MAGIC  0x544c5646u /* "FVLT" */
#define HEADER 48          /* magic, n, group, salt of 32 */
#define TAG    16
#define MOST   (HEADER + LF_VAULT_GROUP * sizeof(struct lf_entry_opening) + TAG)

/* ---- Shares ---- */

static int write_share(const char *path, const uint8_t share[LF_VAULT_KEY])
{
        char text[2 * LF_VAULT_KEY + 2];
        for (int i = 0; i < LF_VAULT_KEY; i++)
                sprintf(text + 2 * i, "%02x", share[i]);
        text[2 * LF_VAULT_KEY] = '\n';
        int rc = lf_file_create(path, text, 2 * LF_VAULT_KEY + 1, 0600);
        OPENSSL_cleanse(text, sizeof text);
        return rc;
}

int lf_vault_key_create(const char *share_a, const char *share_b)
{
        uint8_t a[LF_VAULT_KEY], b[LF_VAULT_KEY];
        if (RAND_bytes(a, sizeof a) != 1 || RAND_bytes(b, sizeof b) != 1)
                return -EIO;
        int rc = write_share(share_a, a);
        if (rc == 0) {
                rc = write_share(share_b, b);
                if (rc < 0)
                        unlink(share_a);
        }
        OPENSSL_cleanse(a, sizeof a);
        OPENSSL_cleanse(b, sizeof b);
        return rc;
}

static int hex(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int xor_share(const char *path, uint8_t key[LF_VAULT_KEY])
{
        uint8_t *text;
        size_t n;
        int rc = lf_file_read(AT_FDCWD, path, 2 * LF_VAULT_KEY + 1, &text, &n);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        if (n < 2 * LF_VAULT_KEY || (n > 2 * LF_VAULT_KEY && text[2 * LF_VAULT_KEY] != '\n'))
                rc = -EBADMSG;
        for (int i = 0; rc == 0 && i < LF_VAULT_KEY; i++) {
                int high = hex((char)text[2 * i]), low = hex((char)text[2 * i + 1]);
                if (high < 0 || low < 0)
                        rc = -EBADMSG;
                else
                        key[i] ^= (uint8_t)(high << 4 | low);
        }
        OPENSSL_cleanse(text, n);
        free(text);
        return rc;
}

int lf_vault_key_read(const char *share_a, const char *share_b, uint8_t ret_key[LF_VAULT_KEY])
{
        uint8_t key[LF_VAULT_KEY] = {0};
        int rc = xor_share(share_a, key);
        if (rc == 0)
                rc = xor_share(share_b, key);
        if (rc == 0)
                memcpy(ret_key, key, sizeof key);
        OPENSSL_cleanse(key, sizeof key);
        return rc;
}

/* ---- Files ---- */

static int path_of(const char *directory, uint64_t group, char path[PATH_MAX])
{
        return snprintf(path, PATH_MAX, "%s/%016" PRIx64 ".vlt", directory, group) < PATH_MAX ? 0
                                                                                              : -ENAMETOOLONG;
}

/* Seals or opens `size` bytes behind the header. tag is written or checked. */
static int box(const uint8_t key[LF_VAULT_KEY], const uint8_t *header, const uint8_t *in, uint8_t *out,
               size_t size, uint8_t *tag, int seal)
{
        static const uint8_t nonce[12];
        uint8_t k[32];
        int n, rc = lf_hkdf(key, LF_VAULT_KEY, header + 16, 32, "landfall vault", k);
        if (rc < 0)
                return rc;
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        int ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, k, nonce, seal) == 1 &&
                 EVP_CipherUpdate(ctx, NULL, &n, header, HEADER) == 1 &&
                 EVP_CipherUpdate(ctx, out, &n, in, (int)size) == 1 &&
                 (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) &&
                 EVP_CipherFinal_ex(ctx, out + n, &n) == 1 &&
                 (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
        EVP_CIPHER_CTX_free(ctx);
        OPENSSL_cleanse(k, sizeof k);
        return ok ? 0 : seal ? -EIO : -EBADMSG;
}

int lf_vault_write(const char *directory, const uint8_t key[LF_VAULT_KEY], uint64_t group,
                   const struct lf_entry_opening *openings, unsigned n)
{
        char path[PATH_MAX];
        size_t size = n * sizeof *openings;
        if (n == 0 || n > LF_VAULT_GROUP)
                return -EINVAL;
        int rc = path_of(directory, group, path);
        if (rc < 0)
                return rc;
        uint8_t *file = malloc(HEADER + size + TAG);
        if (!file)
                return -ENOMEM;
        lf_put_le32(file, MAGIC);
        lf_put_le32(file + 4, n);
        lf_put_le64(file + 8, group);
        rc = RAND_bytes(file + 16, 32) == 1 ? 0 : -EIO;
        if (rc == 0)
                rc = box(key, file, (const uint8_t *)openings, file + HEADER, size, file + HEADER + size, 1);
        if (rc == 0)
                rc = lf_file_replace(AT_FDCWD, path, file, HEADER + size + TAG, 0600, true);
        free(file);
        return rc;
}

int lf_vault_read(const char *directory, const uint8_t key[LF_VAULT_KEY], uint64_t group,
                  struct lf_entry_opening *ret_openings, unsigned *ret_n)
{
        char path[PATH_MAX];
        uint8_t *file;
        size_t size;
        int rc = path_of(directory, group, path);
        if (rc == 0)
                rc = lf_file_read(AT_FDCWD, path, MOST, &file, &size);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        uint32_t n = size >= HEADER ? lf_get_le32(file + 4) : 0;
        if (n == 0 || n > LF_VAULT_GROUP || lf_get_le32(file) != MAGIC || lf_get_le64(file + 8) != group ||
            size != HEADER + n * sizeof *ret_openings + TAG) {
                free(file);
                return -EBADMSG;
        }
        size_t body = n * sizeof *ret_openings;
        rc = box(key, file, file + HEADER, file + HEADER, body, file + HEADER + body, 0);
        if (rc == 0) {
                memcpy(ret_openings, file + HEADER, body);
                *ret_n = n;
        }
        OPENSSL_cleanse(file, size);
        free(file);
        return rc;
}

int lf_vault_erase(const char *directory, uint64_t group)
{
        char path[PATH_MAX];
        int rc = path_of(directory, group, path);
        if (rc < 0)
                return rc;
        if (unlink(path) < 0)
                return -errno;
        return lf_file_sync_parent(AT_FDCWD, path);
}
