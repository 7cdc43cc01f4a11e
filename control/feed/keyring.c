#include "control/feed/keyring.h"

#include "control/file/file.h"
#include "dataplane/hkdf.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG 16

static int public_of(const uint8_t private[32], uint8_t ret_public[32])
{
        EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private, 32);
        size_t size = 32;
        int r = key && EVP_PKEY_get_raw_public_key(key, ret_public, &size) == 1 ? 0 : -EIO;
        EVP_PKEY_free(key);
        return r;
}

/* The box key that both sides find. */
static int box_key(const uint8_t private[32], const uint8_t peer[32], const struct lf_keyring_header *h,
                   uint8_t ret_key[32])
{
        EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private, 32);
        EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, 32);
        EVP_PKEY_CTX *ctx = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
        uint8_t shared[32], salt[64];
        size_t size = sizeof shared;
        int r = -EIO;
        if (ctx && theirs && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
            EVP_PKEY_derive(ctx, shared, &size) == 1) {
                memcpy(salt, h->ephemeral, 32);
                memcpy(salt + 32, h->appliance, 32);
                r = lf_hkdf(shared, sizeof shared, salt, sizeof salt, "landfall keyring 1", ret_key);
        }
        OPENSSL_cleanse(shared, sizeof shared);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(mine);
        EVP_PKEY_free(theirs);
        return r;
}

int lf_keyring_appliance(const char *secret_path, uint8_t ret_private[32], uint8_t ret_public[32])
{
        uint8_t secret[4096], private[32], public[32];
        int fd = open(secret_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, secret, sizeof secret);
        int r = n < 0 ? -errno : n < 32 ? -EBADMSG : 0;
        close(fd);
        if (r == 0)
                r = lf_hkdf(secret, (size_t)n, (const uint8_t *)"", 0, "landfall appliance keyring key",
                            private);
        if (r == 0)
                r = public_of(private, public);
        if (r == 0) {
                memcpy(ret_private, private, 32);
                memcpy(ret_public, public, 32);
        }
        OPENSSL_cleanse(secret, sizeof secret);
        OPENSSL_cleanse(private, sizeof private);
        return r;
}

static int crypt_box(const uint8_t key[32], const struct lf_keyring_header *h, uint8_t *data, size_t size,
                     int seal)
{
        static const uint8_t nonce[12];
        struct lsp_ad ad = {h, sizeof *h};
        struct lsp_aead *a;
        int r = lsp_aead_create(&a);
        if (r < 0)
                return r;
        r = lsp_aead_set_key(a, key);
        if (r == 0)
                r = seal ? lsp_seal(a, nonce, &ad, 1, data, size, data)
                         : lsp_open(a, nonce, &ad, 1, data, size, data);
        lsp_aead_destroy(a);
        return r;
}

int lf_keyring_write(const char *path, const uint8_t appliance_public[32], uint64_t issued, uint64_t expires,
                     const struct lf_keyring_key *keys, uint32_t n)
{
        struct lf_keyring_header h = {
            .magic = LF_KEYRING_MAGIC, .version = 1, .keys = n, .issued = issued, .expires = expires};
        memcpy(h.appliance, appliance_public, 32);
        size_t size = (size_t)n * sizeof *keys;
        uint8_t private[32], key[32], *file = malloc(sizeof h + size + TAG);
        if (!file)
                return -ENOMEM;
        uint8_t *box = file + sizeof h;
        memcpy(box, keys, size);
        EVP_PKEY *ephemeral = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        size_t raw = 32;
        int r = ephemeral && EVP_PKEY_get_raw_private_key(ephemeral, private, &raw) == 1 ? 0 : -EIO;
        EVP_PKEY_free(ephemeral);
        if (r == 0)
                r = public_of(private, h.ephemeral);
        if (r == 0)
                r = box_key(private, appliance_public, &h, key);
        if (r == 0)
                r = crypt_box(key, &h, box, size, 1);
        memcpy(file, &h, sizeof h);
        if (r == 0)
                r = lf_file_replace(AT_FDCWD, path, file, sizeof h + size + TAG, 0644, true);
        OPENSSL_cleanse(private, sizeof private);
        OPENSSL_cleanse(key, sizeof key);
        OPENSSL_cleanse(box, size);
        free(file);
        return r;
}

static int read_exact(int fd, void *p, size_t size)
{
        for (size_t done = 0; done < size;) {
                ssize_t n = read(fd, (uint8_t *)p + done, size - done);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;
                done += (size_t)n;
        }
        return 0;
}

int lf_keyring_read(const char *path, const uint8_t appliance_private[32], const uint8_t appliance_public[32],
                    uint64_t now, struct lf_keyring_key **ret_keys, uint32_t *ret_n, uint64_t *ret_expires)
{
        struct lf_keyring_header h;
        struct stat st;
        uint8_t key[32], *box = NULL;
        size_t size = 0;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = fstat(fd, &st) < 0 ? -errno : read_exact(fd, &h, sizeof h);
        if (r == 0) {
                size = (size_t)h.keys * sizeof **ret_keys;
                if (h.magic != LF_KEYRING_MAGIC || h.version != 1 ||
                    st.st_size != (off_t)(sizeof h + size + TAG) ||
                    memcmp(h.appliance, appliance_public, 32) != 0)
                        r = -EBADMSG;
                else if (h.expires < now)
                        r = -EKEYEXPIRED;
        }
        if (r == 0 && !(box = malloc(size + TAG)))
                r = -ENOMEM;
        if (r == 0)
                r = read_exact(fd, box, size + TAG);
        close(fd);
        if (r == 0)
                r = box_key(appliance_private, h.ephemeral, &h, key);
        if (r == 0)
                r = crypt_box(key, &h, box, size, 0);
        OPENSSL_cleanse(key, sizeof key);
        struct lf_keyring_key *keys = (struct lf_keyring_key *)box;
        for (uint32_t i = 1; r == 0 && i < h.keys; i++)
                if (keys[i].index <= keys[i - 1].index)
                        r = -EBADMSG;
        if (r < 0) {
                free(box);
                return r;
        }
        *ret_keys = keys;
        *ret_n = h.keys;
        *ret_expires = h.expires;
        return 0;
}

void lf_keyring_free(struct lf_keyring_key *keys, uint32_t n)
{
        if (!keys)
                return;
        OPENSSL_cleanse(keys, (size_t)n * sizeof *keys);
        free(keys);
}
