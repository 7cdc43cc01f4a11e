/* The gate between a veth and DPDK's af_xdp driver, in two network namespaces of its own. Needs root. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "gate_echo.h"

#define OUR_PORT   7300
#define OTHER_PORT 7301
#define QUEUES     1
#define WAIT_MS    20000

static int ours = -1, theirs = -1; /* the two namespaces */
static struct echo_page *page;

static void enter(int ns)
{
        assert_return_code(setns(ns, CLONE_NEWNET), errno);
}

static int new_namespace(void)
{
        assert_return_code(unshare(CLONE_NEWNET), errno);
        int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        assert_return_code(fd, errno);
        assert_int_equal(system("ip link set lo up"), 0);
        return fd;
}

static int set_up(void **state)
{
        char command[512];
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        theirs = new_namespace();
        ours = new_namespace();
        snprintf(
            command, sizeof command,
            "ip link add lfa type veth peer name lfb &&"
            "ip link add lfc numrxqueues 2 type veth peer name lfd && ip link set lfc up &&"
            "ip addr add 10.9.0.1/24 dev lfa && ip addr add fd09::1/64 dev lfa nodad && ip link set lfa up &&"
            "ip link set lfb netns /proc/%d/fd/%d",
            getpid(), theirs);
        assert_int_equal(system(command), 0);
        enter(theirs);
        assert_int_equal(system("ip addr add 10.9.0.2/24 dev lfb && ip addr add fd09::2/64 dev lfb nodad &&"
                                "ip link set lfb up"),
                         0);
        enter(ours);
        return 0;
}

static int tear_down(void **state)
{
        close(ours);
        close(theirs);
        return munmap(page, sizeof *page);
}

static pid_t start(enum echo_stop stop)
{
        enter(ours);
        pid_t pid = echo_start("lfa", QUEUES, OUR_PORT, stop, page);
        for (int i = 0; i < WAIT_MS && !page->ready; i++) {
                int status;
                if (waitpid(pid, &status, WNOHANG) == pid) {
                        if (stop != ECHO_WITHOUT_SOCKET)
                                fail_msg("echo ended: %x, %d %s", status, page->error, page->why);
                        return 0;
                }
                usleep(1000);
        }
        assert_true(page->ready);
        return pid;
}

static void stop(pid_t pid, int signal)
{
        int status;
        page->quit = 1;
        if (signal)
                kill(pid, signal);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!signal)
                assert_int_equal(status, 0);
}

static bool has_xdp(void)
{
        __u32 id = 0;
        enter(ours);
        assert_return_code(bpf_xdp_query_id((int)if_nametoindex("lfa"), 0, &id), errno);
        return id != 0;
}

static struct lf_gate_queue counts(void)
{
        struct lf_gate_queue sum = {0};
        for (int q = 0; q < QUEUES; q++) {
                sum.redirected += page->queues[q].redirected;
                sum.passed += page->queues[q].passed;
                sum.fragments += page->queues[q].fragments;
                sum.uncovered += page->queues[q].uncovered;
        }
        return sum;
}

static int open_socket(int ns, int type, const char *address, uint16_t port)
{
        bool six = strchr(address, ':') != NULL;
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr);
        enter(ns);
        int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
        assert_return_code(fd, errno);
        struct sockaddr *to = six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
        socklen_t length = six ? sizeof in6 : sizeof in;
        if (ns == theirs)
                assert_return_code(connect(fd, to, length), errno);
        else
                assert_return_code(bind(fd, to, length), errno);
        return fd;
}

static void expect_text(int fd, const char *text)
{
        char got[128] = {0};
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        ssize_t n = recv(fd, got, sizeof got - 1, 0);
        assert_int_equal(n, (ssize_t)strlen(text));
        assert_string_equal(got, text);
}

static void expect_echo(const char *address)
{
        int fd = open_socket(theirs, SOCK_DGRAM, address, OUR_PORT);
        for (int i = 0; i < 20; i++) {
                char text[32];
                snprintf(text, sizeof text, "datagram %d to %s", i, address);
                assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
                expect_text(fd, text);
        }
        close(fd);
}

static void expect_kernel(const char *address)
{
        int udp = open_socket(ours, SOCK_DGRAM, address, OTHER_PORT);
        int listener = open_socket(ours, SOCK_STREAM, address, OUR_PORT);
        assert_return_code(listen(listener, 1), errno);
        int from = open_socket(theirs, SOCK_DGRAM, address, OTHER_PORT);
        int stream = open_socket(theirs, SOCK_STREAM, address, OUR_PORT);
        assert_int_equal(send(from, "other port", 10, 0), 10);
        expect_text(udp, "other port");
        int accepted = accept(listener, NULL, NULL);
        assert_return_code(accepted, errno);
        assert_int_equal(send(stream, "stream", 6, 0), 6);
        expect_text(accepted, "stream");
        int all[] = {udp, listener, from, stream, accepted};
        for (int i = 0; i < 5; i++)
                close(all[i]);
}

static void test_our_port_and_no_other(void **state)
{
        pid_t pid = start(ECHO_SERVE);
        expect_echo("10.9.0.1");
        expect_echo("fd09::1");
        expect_kernel("10.9.0.1");
        expect_kernel("fd09::1");
        stop(pid, 0);
        assert_int_equal(page->received, 40);
        assert_int_equal(counts().redirected, 40);
        assert_int_equal(counts().uncovered, 0);
        assert_true(counts().passed >= 2);
        assert_false(has_xdp());
}

/* One frame: `tags` VLAN tags, IPv4 or IPv6, a UDP header to our port, `fragment` as the field or header
 * says. */
static size_t make_frame(uint8_t *f, int tags, bool six, uint16_t fragment)
{
        size_t at = 12;
        memset(f, 0, 128);
        memset(f, 0xff, 6);
        memcpy(f + 6, "\x02\0\0\0\0\x09", 6);
        for (int i = 0; i < tags; i++, at += 4)
                memcpy(f + at, i + 1 < tags ? "\x88\xa8\0\x05" : "\x81\x00\0\x06", 4);
        memcpy(f + at, six ? "\x86\xdd" : "\x08\x00", 2);
        at += 2;
        uint8_t *ip = f + at;
        ip[0] = six ? 0x60 : 0x45;
        if (six) {
                ip[4 + 1] = fragment ? 24 : 16;
                ip[6] = fragment ? 44 : 17;
                at += 40;
                if (fragment) {
                        f[at] = 17;
                        f[at + 2] = (uint8_t)(fragment >> 8);
                        f[at + 3] = (uint8_t)fragment;
                        at += 8;
                }
        } else {
                ip[3] = 36;
                ip[6] = (uint8_t)(fragment >> 8);
                ip[7] = (uint8_t)fragment;
                ip[9] = 17;
                at += 20;
        }
        f[at + 2] = OUR_PORT >> 8;
        f[at + 3] = OUR_PORT & 0xff;
        f[at + 5] = 16;
        return at + 16;
}

struct shape {
        const char *name;
        int tags;
        bool six;
        uint16_t fragment;
        size_t cut;  /* bytes that the end lacks */
        char expect; /* 'r'edirected, 'f'ragment, 'p'assed */
};

static void test_shapes(void **state)
{
        static const struct shape shapes[] = {
            {"plain IPv4", 0, false, 0, 0, 'r'},
            {"plain IPv6", 0, true, 0, 0, 'r'},
            {"one tag", 1, false, 0, 0, 'r'},
            {"two tags", 2, true, 0, 0, 'r'},
            {"three tags", 3, false, 0, 0, 'p'},
            {"do not fragment", 0, false, 0x4000, 0, 'r'},
            {"first fragment", 0, false, 0x2000, 0, 'f'},
            {"first fragment, one tag", 1, false, 0x2000, 0, 'f'},
            {"later fragment", 0, false, 0x2010, 0, 'p'},
            {"last fragment", 0, false, 0x0010, 0, 'p'},
            {"IPv6 first fragment", 0, true, 0x0001, 0, 'f'},
            {"IPv6 later fragment", 0, true, 0x0009, 0, 'p'},
            {"cut in the UDP header", 0, false, 0, 9, 'p'},
            {"cut in the IP header", 0, false, 0, 17, 'p'},
            {"IPv6 cut", 0, true, 0, 9, 'p'},
        };
        pid_t pid = start(ECHO_SERVE);
        enter(theirs);
        int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
        assert_return_code(fd, errno);
        struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lfb")};
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                const struct shape *shape = &shapes[i];
                uint8_t frame[128];
                size_t length = make_frame(frame, shape->tags, shape->six, shape->fragment) - shape->cut;
                struct lf_gate_queue before = counts(), after;
                assert_int_equal(sendto(fd, frame, length, 0, (void *)&to, sizeof to), (ssize_t)length);
                int ms = 0;
                do {
                        usleep(1000);
                        after = counts();
                } while (++ms < WAIT_MS && (shape->expect == 'r'   ? after.redirected == before.redirected
                                            : shape->expect == 'f' ? after.fragments == before.fragments
                                                                   : after.passed == before.passed));
                print_message("%s: redirected %llu, fragments %llu, passed %llu\n", shape->name,
                              after.redirected - before.redirected, after.fragments - before.fragments,
                              after.passed - before.passed);
                assert_int_equal(after.redirected - before.redirected, shape->expect == 'r');
                assert_int_equal(after.fragments - before.fragments, shape->expect == 'f');
                if (shape->expect == 'p')
                        assert_true(after.passed > before.passed);
        }
        close(fd);
        stop(pid, 0);
}

static void test_killed(void **state)
{
        pid_t pid = start(ECHO_SERVE);
        expect_echo("10.9.0.1");
        stop(pid, SIGKILL);
        for (int i = 0; i < WAIT_MS && has_xdp(); i++)
                usleep(1000);
        assert_false(has_xdp());
        pid = start(ECHO_SERVE);
        expect_echo("10.9.0.1");
        stop(pid, SIGKILL);
}

static void test_killed_before_attach(void **state)
{
        pid_t pid = start(ECHO_BEFORE_ATTACH);
        expect_kernel("10.9.0.1");
        stop(pid, SIGKILL);
        assert_true(has_xdp());
        pid = start(ECHO_SERVE);
        expect_echo("fd09::1");
        stop(pid, 0);
        assert_false(has_xdp());
}

/* The largest MTU, with a datagram that fills it. */
static void test_largest_mtu(void **state)
{
        static char big[LF_GATE_MTU_MAX - 28], got[sizeof big + 1];
        char command[64];
        enter(ours);
        snprintf(command, sizeof command, "ip link set lfa mtu %d", LF_GATE_MTU_MAX);
        assert_int_equal(system(command), 0);
        enter(theirs);
        snprintf(command, sizeof command, "ip link set lfb mtu %d", LF_GATE_MTU_MAX);
        assert_int_equal(system(command), 0);
        pid_t pid = start(ECHO_SERVE);
        int fd = open_socket(theirs, SOCK_DGRAM, "10.9.0.1", OUR_PORT);
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        memset(big, 'x', sizeof big);
        assert_int_equal(send(fd, big, sizeof big, 0), (ssize_t)sizeof big);
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        assert_int_equal(recv(fd, got, sizeof got, 0), (ssize_t)sizeof big);
        assert_memory_equal(got, big, sizeof big);
        close(fd);
        stop(pid, 0);
        enter(theirs);
        assert_int_equal(system("ip link set lfb mtu 1500"), 0);
        enter(ours);
        assert_int_equal(system("ip link set lfa mtu 1500"), 0);
}

static void test_uncovered_queue(void **state)
{
        assert_int_equal(start(ECHO_WITHOUT_SOCKET), 0);
        assert_int_equal(page->error, -ENOTCONN);
        print_message("%s\n", page->why);
        assert_non_null(strstr(page->why, "queue 0 of lfa has no socket"));
        assert_false(has_xdp());
}

static void expect_refused(const char *ifname, unsigned queues, uint16_t port, int error, const char *text)
{
        char why[256] = "";
        struct lf_gate *gate = NULL;
        assert_int_equal(lf_gate_open(ifname, queues, port, &gate, why, sizeof why), error);
        print_message("%s\n", why);
        assert_null(gate);
        assert_non_null(strstr(why, text));
}

static void attach_foreign(int *ret_fd)
{
        struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
                                  {.code = BPF_JMP | BPF_EXIT}};
        *ret_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, NULL);
        assert_return_code(*ret_fd, errno);
        assert_int_equal(bpf_xdp_attach((int)if_nametoindex("lfa"), *ret_fd, 0, NULL), 0);
}

static void test_refusals(void **state)
{
        char why[256];
        int foreign;
        enter(ours);
        assert_int_equal(lf_gate_check_interface("lfnone", why, sizeof why), -ENODEV);
        assert_int_equal(lf_gate_check_interface("a name that is far too long", why, sizeof why), -ENODEV);
        assert_int_equal(lf_gate_check_interface("lfa", why, sizeof why), 0);
        expect_refused("lfa", 2, OUR_PORT, -EINVAL, "receives on 1 queues, 2 ");
        expect_refused("lfc", 2, OUR_PORT, -EINVAL, "receives on 2 queues, the driver serves 1");
        expect_refused("lfa", QUEUES, 0, -EINVAL, "port 0");
        assert_int_equal(system("ip route add default via 10.9.0.2 dev lfa"), 0);
        expect_refused("lfa", QUEUES, OUR_PORT, -EPERM, "default route");
        assert_int_equal(system("ip route del default && ip -6 route add default via fd09::2 dev lfa"), 0);
        expect_refused("lfa", QUEUES, OUR_PORT, -EPERM, "default route");
        assert_int_equal(system("ip -6 route del default && ip link set lfa mtu 3600"), 0);
        expect_refused("lfa", QUEUES, OUR_PORT, -EMSGSIZE, "MTU");
        assert_int_equal(system("ip link set lfa mtu 1500"), 0);
        attach_foreign(&foreign);
        expect_refused("lfa", QUEUES, OUR_PORT, -EBUSY, "foreign");
        assert_true(has_xdp());
        assert_int_equal(bpf_xdp_detach((int)if_nametoindex("lfa"), 0, NULL), 0);
        close(foreign);
        pid_t pid = start(ECHO_SERVE);
        expect_refused("lfa", QUEUES, OUR_PORT, -EBUSY, "another Landfall process");
        stop(pid, 0);
        assert_int_equal(system("ip link set lfa down"), 0);
        expect_refused("lfa", QUEUES, OUR_PORT, -ENETDOWN, "down");
}

int main(void)
{
        if (geteuid() != 0) {
                print_error("test_gate makes network namespaces and loads BPF programs: run it as root\n");
                return 1;
        }
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_our_port_and_no_other),
            cmocka_unit_test(test_shapes),
            cmocka_unit_test(test_killed),
            cmocka_unit_test(test_killed_before_attach),
            cmocka_unit_test(test_largest_mtu),
            cmocka_unit_test(test_uncovered_queue),
            cmocka_unit_test(test_refusals),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
