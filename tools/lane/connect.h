/* A TCP connection under one deadline. Internal to tools/lane; any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of the clock that never jumps. */
uint64_t lf_connect_now_ms(void);
/* Connects to the first of the host's addresses that takes it. The socket does not block. -EHOSTUNREACH: the
 * name has no address; -ETIMEDOUT; else errno of the last try. */
int lf_connect_tcp(const char *host, const char *port, uint64_t deadline_ms, int *ret_fd);
/* Waits until fd can be read or written. -ETIMEDOUT. */
int lf_connect_wait(int fd, bool write, uint64_t deadline_ms);
