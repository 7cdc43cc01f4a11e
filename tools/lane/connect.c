#include "tools/lane/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t lf_connect_now_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int lf_connect_wait(int fd, bool write, uint64_t deadline_ms)
{
        struct pollfd p = {.fd = fd, .events = write ? POLLOUT : POLLIN};
        for (;;) {
                uint64_t now = lf_connect_now_ms();
                if (now >= deadline_ms)
                        return -ETIMEDOUT;
                int n = poll(&p, 1, (int)(deadline_ms - now));
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

static int connect_one(const struct addrinfo *a, uint64_t deadline_ms, int *ret_fd)
{
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
        if (fd < 0)
                return -errno;
        int r = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
        if (r == -EINPROGRESS) {
                int error = 0;
                socklen_t n = sizeof error;
                r = lf_connect_wait(fd, true, deadline_ms);
                if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
                        r = -errno;
                if (r == 0)
                        r = -error;
        }
        if (r < 0) {
                close(fd);
                return r;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        *ret_fd = fd;
        return 0;
}

int lf_connect_tcp(const char *host, const char *port, uint64_t deadline_ms, int *ret_fd)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
        struct addrinfo *list = NULL;
        if (getaddrinfo(host, port, &hints, &list) != 0)
                return -EHOSTUNREACH;
        int r = -EHOSTUNREACH;
        for (const struct addrinfo *a = list; a && r != 0; a = a->ai_next)
                r = connect_one(a, deadline_ms, ret_fd);
        freeaddrinfo(list);
        return r;
}
