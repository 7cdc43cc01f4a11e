/* Segment files: DIR/0000.seg and so on. */
#pragma once

#include <stdint.h>

/* Opens all segments of a directory for direct I/O, creating those that are missing: written with zeros
 * throughout and synced before they get their name. Takes a lock on the directory that ends with its
 * descriptor. -EINVAL: a segment of another size, or more segments than asked for. -EBUSY: locked. Else
 * errno. */
int lf_wal_files_open(const char *directory, unsigned segments, uint64_t segment_size, int *ret_fds,
                      int *ret_lock);

/* Opens for reading however many segments there are: 1..max, all of one size. -ENOENT: none. -EINVAL: not
 * such. */
int lf_wal_files_open_read(const char *directory, unsigned max, int *ret_fds, unsigned *ret_segments,
                           uint64_t *ret_segment_size);
