/* Whole files, read and durably replaced. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a regular file of at most `max` bytes below a directory descriptor (or AT_FDCWD). ret_data is
 * malloc'ed and has a zero after its end. -EFBIG: longer. */
int lf_file_read(int dir, const char *path, size_t max, uint8_t **ret_data, size_t *ret_size);

/* Replaces `path` below `dir` by rename of a synced temporary file. The rename itself is durable once the
 * containing directory is synced: lf_file_sync_parent. */
int lf_file_replace(int dir, const char *path, const void *data, size_t size, mode_t mode);

/* Syncs the directory that contains `path`. */
int lf_file_sync_parent(int dir, const char *path);

/* Creates a file that must not exist (-EEXIST), durably. */
int lf_file_create(const char *path, const void *data, size_t size, mode_t mode);

/* Creates the directories that `path` (a file's path) needs below `dir`, durably. */
int lf_file_make_parents(int dir, const char *path);
