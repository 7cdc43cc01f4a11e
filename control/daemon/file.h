/* Files that are replaced whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Puts data in the place of `path` by a rename; `durable`: synced before it returns. Errno. */
int lf_write_file(const char *path, const void *data, size_t size, mode_t mode, bool durable);
/* Makes a directory and those above it; what is there is fine. Errno of mkdir. */
int lf_make_directories(const char *path, mode_t mode);
