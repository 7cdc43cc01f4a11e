#include "dataplane/audit/leaf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

void lf_entry_leaf_hash(const struct lf_entry *entry, uint8_t ret_hash[32])
{
        uint8_t leaf[1 + sizeof *entry] = {0};
        memcpy(leaf + 1, entry, sizeof *entry);
        SHA256(leaf, sizeof leaf, ret_hash);
}

void lf_entry_commit(const uint8_t key[32], const void *content, size_t size, uint8_t ret_commitment[32])
{
        HMAC(EVP_sha256(), key, 32, content, size, ret_commitment, NULL);
}
