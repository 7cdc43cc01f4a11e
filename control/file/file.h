/* Files that are read and replaced whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to `size` bytes into *ret, behind `head` bytes of room and before one more; the caller fills the
 * head, and frees it. *ret_got: the bytes read, fewer only where the file ends. -ENOMEM, errno of read. */
int lf_read_whole(int fd, size_t head, size_t size, uint8_t **ret, size_t *ret_got);
/* All of data, or errno of write. */
int lf_write_whole(int fd, const void *data, size_t size);
/* Puts data in the place of `path` by a rename; `durable`: synced before it returns. Errno. */
int lf_write_file(const char *path, const void *data, size_t size, mode_t mode, bool durable);
/* Makes a directory and those above it; what is there is fine. Errno of mkdir. */
int lf_make_directories(const char *path, mode_t mode);
