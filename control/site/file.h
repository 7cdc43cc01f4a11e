/* Small files of a site, written durably. Internal to control/site. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Creates dir/name with that mode, writes and syncs it. -EEXIST: it is there. The directory is not synced. */
int lf_site_file_new(int dir, const char *name, mode_t mode, const void *data, size_t size);
/* Puts data in the place of dir/name, whole or not at all, durably. */
int lf_site_file_replace(int dir, const char *name, mode_t mode, const void *data, size_t size);
/* Reads a whole file of at most `size` - 1 bytes and terminates it. -EFBIG: longer. */
int lf_site_file_read(int dir, const char *name, char *ret_data, size_t size);
/* Removes a directory and everything in it. */
void lf_site_file_remove_tree(const char *path);
/* 32 random bytes as 64 hex digits in a new file of mode 0600. */
int lf_site_file_random(int dir, const char *name);
/* The first line of a file, without its newline. -EINVAL: it is empty. */
int lf_site_file_line(const char *path, char *ret_line, size_t size);
