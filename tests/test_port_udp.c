/* The udp port against the kernel's own UDP clients, as an ordinary user and without huge pages. */
#include "port_harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define QUEUES 2

static struct lf_handover_options options;

/* The port's call, as of a kernel that takes no several datagrams at once to one client: those of UDP port
 * `narrow`. Counts the messages that it took. */
static in_port_t narrow;
static unsigned taken;

int sendmmsg(int fd, struct mmsghdr *message, unsigned n, int flags)
{
        unsigned some = 0;
        for (; some < n; some++) {
                const struct msghdr *h = &message[some].msg_hdr;
                if (h->msg_iovlen > 1 && ((const struct sockaddr_in6 *)h->msg_name)->sin6_port == narrow)
                        break;
        }
        if (some == 0) {
                errno = EINVAL;
                return -1;
        }
        int r = (int)syscall(SYS_sendmmsg, fd, message, some, flags);
        taken += r > 0 ? (unsigned)r : 0;
        return r;
}

static struct lf_port *open_port(unsigned queues, const char *address)
{
        char why[256] = "";
        struct lf_port *port = NULL;
        options.queues = queues;
        assert_int_equal(inet_pton(AF_INET6, address, options.address), 1);
        int r = lf_port_open(&options, &port, why);
        if (r < 0)
                fprintf(stderr, "%s\n", why);
        assert_int_equal(r, 0);
        assert_int_equal(lf_port_queues(port), queues);
        return port;
}

/* A client connected to the port at this address: it takes replies from there alone. */
static int client(const char *address)
{
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(options.udp_port)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(options.udp_port)};
        int six = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        if (six) {
                assert_int_equal(connect(fd, (struct sockaddr *)&v6, sizeof v6), 0);
        } else {
                assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
                assert_int_equal(connect(fd, (struct sockaddr *)&v4, sizeof v4), 0);
        }
        return fd;
}

/* Echoes on all queues until n went out, for at most five seconds. */
static void echo(struct lf_port *port, unsigned n, uint64_t drops[3])
{
        unsigned done = 0;
        for (int turn = 0; done < n && turn < 5000; turn++) {
                unsigned before = done;
                for (unsigned q = 0; q < lf_port_queues(port); q++)
                        done += harness_echo(port, q, drops);
                if (done == before)
                        usleep(1000);
        }
        assert_int_equal(done, n);
}

static void expect_reply(int fd, const uint8_t *wanted, size_t size)
{
        uint8_t got[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 5000), 1);
        assert_int_equal(recv(fd, got, sizeof got, 0), size);
        assert_memory_equal(got, wanted, size);
}

static void answers(void **state)
{
        static const char *const to[] = {"127.0.0.1", "127.0.0.9", "::1"};
        static const size_t sizes[] = {0, 1, 512, 1232, 1472};
        uint8_t payload[2048];
        uint64_t drops[3] = {0};
        struct lf_port *port = open_port(1, "::");
        for (size_t i = 0; i < sizeof payload; i++)
                payload[i] = (uint8_t)(i * 7);
        for (size_t a = 0; a < 3; a++)
                for (size_t s = 0; s < 5; s++) {
                        int fd = client(to[a]);
                        assert_int_equal(send(fd, payload, sizes[s], 0), sizes[s]);
                        echo(port, 1, drops);
                        expect_reply(fd, payload, sizes[s]);
                        close(fd);
                }
        assert_int_equal(drops[0] + drops[1] + drops[2], 0);
        lf_port_close(port);
}

/* Bound to one IPv4 address; IPv6 clients and other addresses do not get through. */
static void one_address(void **state)
{
        uint64_t drops[3] = {0};
        struct lf_port *port = open_port(1, "::ffff:127.0.0.1");
        int fd = client("127.0.0.1");
        assert_int_equal(send(fd, "x", 1, 0), 1);
        echo(port, 1, drops);
        expect_reply(fd, (const uint8_t *)"x", 1);
        close(fd);
        fd = client("::1");
        assert_int_equal(send(fd, "x", 1, 0), 1);
        assert_int_equal(recv(fd, (char[8]){0}, 8, 0), -1);
        assert_int_equal(errno, ECONNREFUSED);
        close(fd);
        lf_port_close(port);
}

static void too_long(void **state)
{
        static uint8_t payload[4000];
        uint64_t drops[3] = {0};
        struct lf_port *port = open_port(1, "::");
        int fd = client("127.0.0.1");
        assert_int_equal(send(fd, payload, sizeof payload, 0), sizeof payload);
        assert_int_equal(send(fd, "after", 5, 0), 5);
        echo(port, 1, drops);
        expect_reply(fd, (const uint8_t *)"after", 5);
        assert_int_equal(drops[1], 1);
        close(fd);
        lf_port_close(port);
}

/* More than one burst at once, over several queues; a client's datagrams all come by one queue and keep their
 * flow. */
static void bursts(void **state)
{
        enum { CLIENTS = 16, EACH = 10 };
        int fd[CLIENTS];
        unsigned queue[CLIENTS], used[QUEUES] = {0}, got = 0;
        uint32_t flow[CLIENTS];
        uint64_t drops[3] = {0};
        struct lf_port *port = open_port(QUEUES, "::");
        for (uint8_t c = 0; c < CLIENTS; c++) {
                queue[c] = QUEUES;
                fd[c] = client(c % 2 ? "127.0.0.1" : "::1");
                for (int i = 0; i < EACH; i++)
                        assert_int_equal(send(fd[c], &c, 1, 0), 1);
        }
        for (int turn = 0; got < CLIENTS * EACH && turn < 5000; turn++)
                for (unsigned q = 0; q < QUEUES; q++) {
                        struct lf_datagram d[LF_BURST];
                        unsigned n = lf_port_rx(port, q, d, LF_BURST, drops);
                        for (unsigned i = 0; i < n; i++) {
                                uint8_t c = d[i].payload[0];
                                if (queue[c] == QUEUES)
                                        flow[c] = d[i].back.flow;
                                assert_true(queue[c] == QUEUES ||
                                            (queue[c] == q && flow[c] == d[i].back.flow));
                                queue[c] = q;
                                rte_pktmbuf_free(d[i].mbuf);
                        }
                        used[q] += n;
                        got += n;
                }
        assert_int_equal(got, CLIENTS * EACH);
        /* 16 flows on two queues: that one takes all has a chance of 2^-15. */
        assert_true(used[0] && used[1]);
        for (int c = 0; c < CLIENTS; c++)
                close(fd[c]);
        lf_port_close(port);
}

/* Buffers come back: ten times as many datagrams as the pool has. */
static void buffers_return(void **state)
{
        uint64_t drops[3] = {0};
        struct lf_port *port = open_port(1, "::");
        int fd = client("127.0.0.1");
        for (int round = 0; round < 300; round++) {
                for (int i = 0; i < 20; i++)
                        assert_int_equal(send(fd, "again", 5, 0), 5);
                echo(port, 20, drops);
                for (int i = 0; i < 20; i++)
                        expect_reply(fd, (const uint8_t *)"again", 5);
        }
        close(fd);
        lf_port_close(port);
}

/* Replies to one client in a row, as long as one another or not, and to another between them: each arrives
 * whole and alone. */
static void several_to_one(void **state)
{
        static const struct {
                unsigned client;
                size_t size;
        } d[] = {{0, 512}, {0, 512}, {0, 512}, {0, 40}, {0, 40}, {1, 40},
                 {1, 512}, {1, 512}, {0, 512}, {0, 0},  {0, 0}};
        static const char *const bound[] = {"::", "::ffff:127.0.0.1"};
        enum { N = sizeof d / sizeof d[0] };
        for (unsigned b = 0; b < 2; b++) {
                uint8_t payload[N][512];
                uint64_t drops[3] = {0};
                struct lf_port *port = open_port(1, bound[b]);
                int fd[] = {client("127.0.0.1"), client("127.0.0.1")};
                for (unsigned i = 0; i < N; i++) {
                        memset(payload[i], (int)i + 1, sizeof payload[i]);
                        assert_int_equal(send(fd[d[i].client], payload[i], d[i].size, 0), d[i].size);
                }
                echo(port, N, drops);
                for (unsigned i = 0; i < N; i++)
                        expect_reply(fd[d[i].client], payload[i], d[i].size);
                close(fd[0]);
                close(fd[1]);
                lf_port_close(port);
        }
}

/* To a client that takes no several replies as one message they go one by one; to others as before. */
static void one_takes_them_singly(void **state)
{
        static const unsigned to[] = {0, 0, 1, 1, 1, 0, 0};
        enum { N = sizeof to / sizeof to[0] };
        struct lf_port *port = open_port(1, "::ffff:127.0.0.1");
        int fd[] = {client("127.0.0.1"), client("127.0.0.1")};
        struct sockaddr_in address;
        assert_int_equal(getsockname(fd[0], (struct sockaddr *)&address, &(socklen_t){sizeof address}), 0);
        narrow = address.sin_port;
        for (unsigned turn = 0; turn < 2; turn++) {
                uint64_t drops[3] = {0};
                for (uint8_t i = 0; i < N; i++)
                        assert_int_equal(send(fd[to[i]], (uint8_t[]){i, turn}, 2, 0), 2);
                taken = 0;
                echo(port, N, drops);
                assert_int_equal(taken, 2 + 1 + 2);
                for (uint8_t i = 0; i < N; i++)
                        expect_reply(fd[to[i]], (uint8_t[]){i, turn}, 2);
        }
        narrow = 0;
        close(fd[0]);
        close(fd[1]);
        lf_port_close(port);
}

/* What a client sends as one message, and the kernel hands over as one, are datagrams: more than a burst
 * here, the last of them shorter, and then somebody else's. */
static void several_as_one(void **state)
{
        enum { EACH = 512, LAST = 100, N = 40 };
        static uint8_t bytes[(N - 1) * EACH + LAST];
        int fd[] = {client("127.0.0.1"), client("127.0.0.1")}, each = EACH;
        uint64_t drops[3] = {0};
        unsigned got = 0;
        struct lf_port *port = open_port(1, "::");
        for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)(i / EACH);
        assert_int_equal(setsockopt(fd[0], SOL_UDP, UDP_SEGMENT, &each, sizeof each), 0);
        assert_int_equal(send(fd[0], bytes, sizeof bytes, 0), sizeof bytes);
        assert_int_equal(send(fd[1], bytes, 7, 0), 7);
        for (int turn = 0; got <= N && turn < 5000; turn++) {
                struct lf_datagram d[LF_BURST];
                unsigned n = lf_port_rx(port, 0, d, LF_BURST, drops);
                for (unsigned i = 0; i < n; i++, got++) {
                        uint16_t size = got < N - 1 ? EACH : got < N ? LAST : 7;
                        assert_int_equal(d[i].size, size);
                        assert_memory_equal(d[i].payload, got < N ? bytes + got * EACH : bytes, size);
                        rte_pktmbuf_free(d[i].mbuf);
                }
        }
        assert_int_equal(got, N + 1);
        assert_int_equal(drops[0] + drops[1] + drops[2], 0);
        close(fd[0]);
        close(fd[1]);
        lf_port_close(port);
}

/* A destination that the kernel refuses costs its own reply only. */
static void unreachable(void **state)
{
        struct lf_port *port = open_port(1, "::ffff:127.0.0.1");
        struct lf_datagram d;
        struct rte_mbuf *replies[2];
        uint8_t *payload;
        uint64_t drops[3] = {0};
        int fd = client("127.0.0.1");
        unsigned n = 0;
        assert_int_equal(send(fd, "x", 1, 0), 1);
        for (int turn = 0; n == 0 && turn < 5000; turn++)
                n = lf_port_rx(port, 0, &d, 1, drops);
        assert_int_equal(n, 1);
        struct lf_return_path nowhere = d.back;
        struct sockaddr_in6 to;
        memcpy(&to, nowhere.bytes, sizeof to);
        assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &to.sin6_addr), 1); /* from an IPv4 socket */
        memcpy(nowhere.bytes, &to, sizeof to);
        replies[0] = lf_port_reply(port, 0, &nowhere, 4, &payload);
        memcpy(payload, "lost", 4);
        replies[1] = lf_port_reply(port, 0, &d.back, 4, &payload);
        memcpy(payload, "here", 4);
        assert_int_equal(lf_port_tx(port, 0, replies, 2), 1);
        expect_reply(fd, (const uint8_t *)"here", 4);
        rte_pktmbuf_free(d.mbuf);
        close(fd);
        lf_port_close(port);
}

static void refused(void **state)
{
        char why[256];
        struct lf_port *port = open_port(QUEUES, "::"), *second = NULL;
        for (unsigned queues = 1; queues <= QUEUES; queues++) {
                options.queues = queues;
                assert_int_equal(lf_port_open(&options, &second, why), -EADDRINUSE);
                assert_non_null(strstr(why, "in use"));
        }
        assert_null(second);
        lf_port_close(port);
        options.queues = QUEUES + 1;
        assert_int_equal(lf_port_open(&options, &second, why), -EINVAL);
        options.queues = 1;
        assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", options.address), 1);
        assert_int_equal(lf_port_open(&options, &second, why), -EADDRNOTAVAIL);
        options.port_kind = 77;
        assert_int_equal(lf_port_open(&options, &second, why), -EINVAL);
        options.port_kind = LF_PORT_PCI;
        snprintf(options.interface, sizeof options.interface, "ffff:ff:1f.7");
        assert_int_equal(lf_port_open(&options, &second, why), -ENODEV);
        assert_non_null(strstr(why, "ffff:ff:1f.7"));
        assert_null(second);
        options.port_kind = LF_PORT_UDP;
}

int main(void)
{
        char dir[64];
        harness_become_nobody(dir, sizeof dir);
        options = harness_options(LF_PORT_UDP, QUEUES);
        harness_eal(&options, dir);
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers),
            cmocka_unit_test(one_address),
            cmocka_unit_test(too_long),
            cmocka_unit_test(bursts),
            cmocka_unit_test(buffers_return),
            cmocka_unit_test(unreachable),
            cmocka_unit_test(refused),
            cmocka_unit_test(several_to_one),
            cmocka_unit_test(one_takes_them_singly),
            cmocka_unit_test(several_as_one),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
