/* Base64 as notes use it: padded, canonical. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes exactly `size` characters into at most `room` bytes. -EBADMSG: not canonical base64, or too long.
 */
int lf_base64_decode(const char *text, size_t size, uint8_t *ret, size_t room, size_t *ret_n);
