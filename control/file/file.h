/* Files that are read and replaced whole. */
#pragma once

#include <fcntl.h> /* AT_FDCWD */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to `size` bytes into *ret, behind `head` bytes of room and before one more; the caller fills the
 * head, and frees it. *ret_got: the bytes read, fewer only where the file ends. -ENOMEM, errno of read. */
int lf_read_whole(int fd, size_t head, size_t size, uint8_t **ret, size_t *ret_got);
/* All of data, or errno of write. */
int lf_write_whole(int fd, const void *data, size_t size);

/* `dir` is the descriptor of a directory that `path` is below, or AT_FDCWD. */

/* Reads a regular file of at most `max` bytes. *ret_data is malloc'ed and has a zero after its end. -EFBIG:
 * longer; -EINVAL: no regular file. */
int lf_file_read(int dir, const char *path, size_t max, uint8_t **ret_data, size_t *ret_size);
/* Puts data in the place of `path` by a rename; `durable`: synced before it returns. One writer at a time.
 * Errno. */
int lf_file_replace(int dir, const char *path, const void *data, size_t size, mode_t mode, bool durable);
/* Creates a file that must not exist (-EEXIST), durably. */
int lf_file_create(const char *path, const void *data, size_t size, mode_t mode);
/* Syncs the directory that contains `path`. */
int lf_file_sync_parent(int dir, const char *path);
/* Makes a directory and those above it; what is there is fine. Errno of mkdir. */
int lf_make_directories(const char *path, mode_t mode);
/* Makes the directories that `path` (a file's path) needs below `dir`, durably. */
int lf_file_make_parents(int dir, const char *path);
