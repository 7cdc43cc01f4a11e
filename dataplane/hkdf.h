/* HKDF-SHA256 (RFC 5869) to one key of 32 bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `info` is text, without its end. The salt may be empty. -EIO: OpenSSL. */
int lf_hkdf(const void *secret, size_t secret_size, const void *salt, size_t salt_size, const char *info,
            uint8_t ret_key[32]);
