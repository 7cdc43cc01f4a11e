/* Gives up what landfall-observe no longer needs. */
#pragma once

/* Becomes `user` (if root), without groups and capabilities, for good (no_new_privs), no core dumps, and with
 * a seccomp filter that kills on all but reading files, mapping, sleeping and writing to stderr. Call with
 * one thread running. -ENOENT: no such user. On failure the process may be left half way and must end. */
int lf_observe_drop(const char *user);
