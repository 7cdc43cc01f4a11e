/* landfalld's run directory: one landfalld in each, its counters page, its socket. Main thread, before the
 * sandbox. */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/quota.h"

/* Makes the directory (mode 0755) if it is not there, and takes its lock, which ends with the process.
 * *ret_fd is the caller's. -EBUSY: another landfalld runs in it. -ENAMETOOLONG; else the errno. `why` (256
 * bytes) gets cause and cure. */
int lf_run_dir_open(const char *path, int *ret_fd, char why[256]);

/* A new counters page, zero, not visible under its name yet; it stays mapped for the life of the process. The
 * directory is best on tmpfs (as /run is): the cores write to the page. -ENOSPC or the errno. */
int lf_run_dir_counters(int dir, struct lf_counters **ret);
/* Puts it in the place of the last start's page, which those who mapped it keep. */
int lf_run_dir_show_counters(int dir);

/* The page of quotas and warrant uses, with what the last start counted, or what control kept of it; new
 * where there is neither. Group `gid` may read it. It stays mapped for the life of the process. -EBADMSG: it
 * is none; else the errno. */
int lf_run_dir_limits(int dir, uint32_t gid, struct lf_limits **ret);
