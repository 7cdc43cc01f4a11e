#include "dataplane/aead.h"

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <string.h>

_Static_assert(sizeof(struct gcm_key_data) <= sizeof(struct lf_aead), "an expanded key fits");

static aes_gcm_pre_t expand;
static aes_gcm_enc_dec_t encrypt, decrypt;

/* These three calls need nothing of the manager but to be found. */
int lf_aead_init(void)
{
        IMB_ARCH arch;
        if (expand)
                return 0;
        IMB_MGR *m = alloc_mb_mgr(0);
        if (!m)
                return -ENOMEM;
        init_mb_mgr_auto(m, &arch);
        if (imb_get_errno(m) == 0) {
                encrypt = m->gcm256_enc;
                decrypt = m->gcm256_dec;
                expand = m->gcm256_pre;
        }
        free_mb_mgr(m);
        return expand ? 0 : -ENOSYS;
}

static struct gcm_key_data *data_of(const struct lf_aead *a)
{
        return (struct gcm_key_data *)(uintptr_t)a->expanded;
}

void lf_aead_set_key(struct lf_aead *a, const uint8_t key[LF_AEAD_KEY_SIZE])
{
        expand(key, data_of(a));
}

void lf_aead_wipe(struct lf_aead *a)
{
        OPENSSL_cleanse(a, sizeof *a);
}

void lf_aead_seal(const struct lf_aead *a, const uint8_t nonce[LF_AEAD_NONCE_SIZE], const void *ad,
                  size_t ad_size, const void *plain, size_t size, uint8_t *box)
{
        struct gcm_context_data c;
        encrypt(data_of(a), &c, box, plain, size, nonce, ad, ad_size, box + size, LF_AEAD_TAG_SIZE);
}

bool lf_aead_open(const struct lf_aead *a, const uint8_t nonce[LF_AEAD_NONCE_SIZE], const void *ad,
                  size_t ad_size, const uint8_t *box, size_t size, void *plain)
{
        struct gcm_context_data c;
        uint8_t sent[LF_AEAD_TAG_SIZE], tag[LF_AEAD_TAG_SIZE];
        memcpy(sent, box + size, sizeof sent);
        decrypt(data_of(a), &c, plain, box, size, nonce, ad, ad_size, tag, sizeof tag);
        if (CRYPTO_memcmp(tag, sent, sizeof tag) == 0)
                return true;
        OPENSSL_cleanse(plain, size);
        OPENSSL_cleanse(tag, sizeof tag); /* what a forger would have had to send */
        return false;
}
