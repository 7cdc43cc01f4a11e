/* What landfalld gives up once it has opened everything: privileges first, then the kernel's other doors.
 * What landfall-control gives up: privileges.
 *
 * Main thread, with all other threads already there (both calls take effect on every thread). Nothing can be
 * undone. */
#pragma once

#include <stdint.h>

/* At the start of main, before any other thread: what libraries would otherwise find out later, when they may
 * no longer look (libc's allocator counts the CPUs in /sys when many threads allocate, and reads /proc/sys
 * when it gives memory back). */
void lf_sandbox_prepare(void);

/* The ids of a user's name or number; a number needs no entry, its group is then the same. -ENOENT. */
int lf_sandbox_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid);

/* Becomes `uid` and `gid` with no groups and no capability, for good: new privileges, core dumps and ptrace
 * by equals end too. Without root, uid must be 0 or the own one. `why` (256 bytes) says what failed. -EPERM:
 * root, and uid 0 asked; or a thread kept a capability. Else the errno. */
int lf_sandbox_drop(uint32_t uid, uint32_t gid, char why[256]);

/* Puts the allow list in place on all threads: any other system call kills the process (SIGSYS). The list is
 * as short as the port kind (LF_PORT_*) lets it be. -EINVAL, -ENOMEM or the errno of seccomp. */
int lf_sandbox_close(uint32_t port_kind);
