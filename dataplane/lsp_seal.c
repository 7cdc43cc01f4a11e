#include "dataplane/lsp_seal.h"

#include "base/bytes.h"
#include "dataplane/hkdf.h"
#include "dataplane/lsp.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* One context seals and one opens: a context that is turned from one to the other expands its key anew. */
struct lsp_aead {
        EVP_CIPHER_CTX *seal;
        EVP_CIPHER_CTX *open;
};

/* A first key, so that OpenSSL has room for the next: changing it allocates nothing and moves nothing. */
static EVP_CIPHER_CTX *new_context(int seal)
{
        static const uint8_t none[LSP_KEY_SIZE];
        EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
        if (c && EVP_CipherInit_ex2(c, EVP_aes_256_gcm(), none, NULL, seal, NULL) != 1) {
                EVP_CIPHER_CTX_free(c);
                return NULL;
        }
        return c;
}

static int create(bool seal, bool open, struct lsp_aead **ret)
{
        struct lsp_aead *a = calloc(1, sizeof *a);
        if (!a)
                return -ENOMEM;
        a->seal = seal ? new_context(1) : NULL;
        a->open = open ? new_context(0) : NULL;
        if (seal != (a->seal != NULL) || open != (a->open != NULL)) {
                lsp_aead_destroy(a);
                return -ENOMEM;
        }
        *ret = a;
        return 0;
}

int lsp_aead_create(struct lsp_aead **ret)
{
        return create(true, true, ret);
}

int lsp_aead_create_sealer(struct lsp_aead **ret)
{
        return create(true, false, ret);
}

int lsp_aead_create_opener(struct lsp_aead **ret)
{
        return create(false, true, ret);
}

void lsp_aead_destroy(struct lsp_aead *a)
{
        if (!a)
                return;
        EVP_CIPHER_CTX_free(a->seal);
        EVP_CIPHER_CTX_free(a->open);
        free(a);
}

int lsp_aead_set_key(struct lsp_aead *a, const uint8_t key[32])
{
        if ((a->seal && EVP_EncryptInit_ex2(a->seal, NULL, key, NULL, NULL) != 1) ||
            (a->open && EVP_DecryptInit_ex2(a->open, NULL, key, NULL, NULL) != 1))
                return -EIO;
        return 0;
}

int lsp_seal(struct lsp_aead *a, const uint8_t nonce[12], const struct lsp_ad *ad, unsigned ads,
             const void *plain, size_t size, uint8_t *box)
{
        int n;
        if (EVP_EncryptInit_ex2(a->seal, NULL, NULL, nonce, NULL) != 1)
                return -EIO;
        for (unsigned i = 0; i < ads; i++)
                if (EVP_EncryptUpdate(a->seal, NULL, &n, ad[i].data, (int)ad[i].size) != 1)
                        return -EIO;
        if (EVP_EncryptUpdate(a->seal, box, &n, plain, (int)size) != 1 ||
            EVP_EncryptFinal_ex(a->seal, box + size, &n) != 1 ||
            EVP_CIPHER_CTX_ctrl(a->seal, EVP_CTRL_AEAD_GET_TAG, LSP_TAG_SIZE, box + size) != 1)
                return -EIO;
        return 0;
}

int lsp_open(struct lsp_aead *a, const uint8_t nonce[12], const struct lsp_ad *ad, unsigned ads,
             const uint8_t *box, size_t size, void *plain)
{
        int n;
        uint8_t tag[LSP_TAG_SIZE];
        memcpy(tag, box + size, sizeof tag);
        bool good = EVP_DecryptInit_ex2(a->open, NULL, NULL, nonce, NULL) == 1;
        for (unsigned i = 0; good && i < ads; i++)
                good = EVP_DecryptUpdate(a->open, NULL, &n, ad[i].data, (int)ad[i].size) == 1;
        good = good && EVP_DecryptUpdate(a->open, plain, &n, box, (int)size) == 1 &&
               EVP_CIPHER_CTX_ctrl(a->open, EVP_CTRL_AEAD_SET_TAG, LSP_TAG_SIZE, tag) == 1 &&
               EVP_DecryptFinal_ex(a->open, (uint8_t *)plain + size, &n) == 1;
        if (good)
                return 0;
        OPENSSL_cleanse(plain, size);
        return -EBADMSG;
}

void lsp_nonce(uint64_t header_nonce, uint8_t ret_nonce[12])
{
        memset(ret_nonce, 0, 4);
        lf_put_be64(ret_nonce + 4, header_nonce);
}

int lsp_derive(const uint8_t exported[32], const uint8_t boot[16], const char *info, uint8_t ret_key[32])
{
        return lf_hkdf(exported, LSP_KEY_SIZE, boot, LSP_BOOT_SIZE, info, ret_key);
}
