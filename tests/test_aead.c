/* AES-256-GCM of the path is OpenSSL's, at every size that a datagram may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "dataplane/aead.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_seal.h"

static uint8_t key[LF_AEAD_KEY_SIZE], nonce[LF_AEAD_NONCE_SIZE], ad[200], plain[LSP_DATAGRAM_MAX];
static struct lf_aead path;
static struct lsp_aead *other;

static int begin(void **state)
{
        if (RAND_bytes(key, sizeof key) != 1 || RAND_bytes(nonce, sizeof nonce) != 1 ||
            RAND_bytes(ad, sizeof ad) != 1 || RAND_bytes(plain, sizeof plain) != 1)
                return -1;
        if (lf_aead_init() < 0 || lsp_aead_create(&other) < 0 || lsp_aead_set_key(other, key) < 0)
                return -1;
        lf_aead_set_key(&path, key);
        return 0;
}

static int end(void **state)
{
        lsp_aead_destroy(other);
        return 0;
}

static void one_opens_what_the_other_seals(void **state)
{
        uint8_t ours[sizeof plain + LF_AEAD_TAG_SIZE], theirs[sizeof ours], opened[sizeof plain];
        for (size_t n = 0; n <= sizeof plain; n++) {
                size_t ad_size = n % (sizeof ad + 1);
                struct lsp_ad piece = {ad, ad_size};
                lf_aead_seal(&path, nonce, ad, ad_size, plain, n, ours);
                assert_int_equal(lsp_seal(other, nonce, &piece, 1, plain, n, theirs), 0);
                assert_memory_equal(ours, theirs, n + LF_AEAD_TAG_SIZE);
                assert_true(lf_aead_open(&path, nonce, ad, ad_size, theirs, n, opened));
                assert_memory_equal(opened, plain, n);
                assert_true(lf_aead_open(&path, nonce, ad, ad_size, theirs, n, theirs)); /* in place */
                assert_memory_equal(theirs, plain, n);
        }
}

static void a_forgery_leaves_nothing(void **state)
{
        static const uint8_t zero[100];
        uint8_t box[sizeof zero + LF_AEAD_TAG_SIZE], opened[sizeof zero];
        for (size_t bit = 0; bit < 8 * (sizeof box + 20); bit++) {
                lf_aead_seal(&path, nonce, ad, 20, plain, sizeof zero, box);
                uint8_t *at = bit / 8 < sizeof box ? box + bit / 8 : ad + (bit / 8 - sizeof box);
                *at ^= (uint8_t)(1u << bit % 8);
                memcpy(opened, plain, sizeof opened);
                assert_false(lf_aead_open(&path, nonce, ad, 20, box, sizeof zero, opened));
                assert_memory_equal(opened, zero, sizeof zero);
                *at ^= (uint8_t)(1u << bit % 8);
        }
}

static void a_wiped_key_is_gone(void **state)
{
        static const struct lf_aead none;
        struct lf_aead a;
        lf_aead_set_key(&a, key);
        assert_memory_equal(&a, &path, 15 * 16); /* the round keys */
        lf_aead_wipe(&a);
        assert_memory_equal(&a, &none, sizeof none);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(one_opens_what_the_other_seals),
            cmocka_unit_test(a_forgery_leaves_nothing),
            cmocka_unit_test(a_wiped_key_is_gone),
        };
        return cmocka_run_group_tests(tests, begin, end);
}
