/* The af_xdp port between two network namespaces of its own, privileges gone and sandbox closed. Needs root.
 */
#include "dataplane/sandbox.h"
#include "port_harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY  65534
#define WAIT_MS 10000

static struct page {
        volatile int ready, quit;
        int error;
        uint64_t drops[3];
        char text[256];
} * page;

static struct lf_handover_options options;
static char dir[64];
static int ours = -1, theirs = -1;

static void enter(int ns)
{
        assert_int_equal(setns(ns, CLONE_NEWNET), 0);
}

static int new_namespace(void)
{
        assert_int_equal(unshare(CLONE_NEWNET), 0);
        int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(system("ip link set lo up"), 0);
        return fd;
}

static int set_up(void **state)
{
        char command[512];
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(page != MAP_FAILED);
        harness_new_dir(dir, sizeof dir);
        theirs = new_namespace();
        ours = new_namespace();
        snprintf(command, sizeof command,
                 "ip link add lfa type veth peer name lfb && ip addr add 10.9.0.1/24 dev lfa &&"
                 "ip addr add fd09::1/64 dev lfa nodad && ip link set lfa up && ip link set lfb netns "
                 "/proc/%d/fd/%d",
                 getpid(), theirs);
        assert_int_equal(system(command), 0);
        enter(theirs);
        assert_int_equal(system("ip addr add 10.9.0.2/24 dev lfb && ip addr add fd09::2/64 dev lfb nodad &&"
                                "ip link set lfb up"),
                         0);
        enter(ours);
        options = harness_options(LF_PORT_AF_XDP, 1);
        snprintf(options.interface, sizeof options.interface, "lfa");
        return 0;
}

static _Noreturn void serve(void)
{
        struct lf_port *port;
        char why[256];
        harness_eal(&options, dir);
        page->error = lf_port_open(&options, &port, page->text);
        if (page->error < 0)
                _exit(2);
        snprintf(page->text, sizeof page->text, "%s", lf_port_describe(port));
        if (lf_sandbox_drop(NOBODY, NOBODY, why) < 0 || lf_sandbox_close(LF_PORT_AF_XDP) < 0)
                _exit(3);
        page->ready = 1;
        while (!page->quit)
                if (!harness_echo(port, 0, page->drops))
                        usleep(100);
        _exit(0);
}

static pid_t start(void)
{
        memset(page, 0, sizeof *page);
        enter(ours);
        pid_t pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve();
        }
        assert_true(pid > 0);
        for (int i = 0; i < WAIT_MS && !page->ready && waitpid(pid, NULL, WNOHANG) == 0; i++)
                usleep(1000);
        if (!page->ready && page->text[0])
                print_message("%s\n", page->text);
        return pid;
}

static int wait_for(pid_t pid)
{
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Sends from the other namespace to our port and takes the echo back; the kernel there checks the sums. */
static void ask(const char *address, size_t size)
{
        uint8_t payload[1500], got[1500];
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(options.udp_port)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(options.udp_port)};
        int six = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
        for (size_t i = 0; i < size; i++)
                payload[i] = (uint8_t)(i * 3 + size);
        enter(theirs);
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        if (!six)
                assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
        assert_int_equal(six ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
                             : connect(fd, (struct sockaddr *)&v4, sizeof v4),
                         0);
        assert_int_equal(send(fd, payload, size, 0), size);
        assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, WAIT_MS), 1);
        assert_int_equal(recv(fd, got, sizeof got, 0), size);
        assert_memory_equal(got, payload, size);
        close(fd);
        enter(ours);
}

static void ask_all(void)
{
        static const char *const address[] = {"10.9.0.1", "fd09::1"};
        static const size_t size[] = {0, 1, 511, 1232};
        for (size_t a = 0; a < 2; a++)
                for (size_t s = 0; s < 4; s++)
                        ask(address[a], size[s]);
}

static void answers(void **state)
{
        pid_t pid = start();
        assert_true(page->ready);
        assert_non_null(strstr(page->text, "af_xdp lfa, 1 queue"));
        ask_all();
        assert_int_equal(page->drops[0] + page->drops[1] + page->drops[2], 0);
        page->quit = 1;
        assert_int_equal(wait_for(pid), 0);
}

/* With the port open, another UDP port of this machine is the kernel's as before. */
static void kernel_keeps_the_rest(void **state)
{
        pid_t pid = start();
        assert_true(page->ready);
        struct sockaddr_in6 any = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((uint16_t)(options.udp_port ^ 1))};
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = any.sin6_port};
        char got[8];
        int server = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(server >= 0);
        assert_int_equal(bind(server, (struct sockaddr *)&any, sizeof any), 0);
        enter(theirs);
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(inet_pton(AF_INET, "10.9.0.1", &to.sin_addr), 1);
        assert_int_equal(sendto(fd, "kernel", 6, 0, (struct sockaddr *)&to, sizeof to), 6);
        enter(ours);
        assert_int_equal(poll(&(struct pollfd){.fd = server, .events = POLLIN}, 1, WAIT_MS), 1);
        assert_int_equal(recv(server, got, sizeof got, 0), 6);
        close(fd);
        close(server);
        assert_int_equal(page->drops[0], 0);
        page->quit = 1;
        assert_int_equal(wait_for(pid), 0);
}

static void killed(void **state)
{
        for (int i = 0; i < 2; i++) {
                pid_t pid = start();
                assert_true(page->ready);
                ask_all();
                assert_int_equal(kill(pid, SIGKILL), 0);
                assert_int_equal(wait_for(pid), -SIGKILL);
        }
}

static void refused(void **state)
{
        struct lf_handover_options good = options;
        snprintf(options.interface, sizeof options.interface, "nothere0");
        start();
        assert_int_equal(page->error, -ENODEV);
        assert_non_null(strstr(page->text, "nothere0"));
        options = good;
        pid_t pid = start();
        assert_true(page->ready);
        struct page *first = page;
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(page != MAP_FAILED);
        start();
        assert_int_equal(page->error, -EBUSY);
        munmap(page, sizeof *page);
        page = first;
        ask_all();
        page->quit = 1;
        assert_int_equal(wait_for(pid), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers),
            cmocka_unit_test(kernel_keeps_the_rest),
            cmocka_unit_test(killed),
            cmocka_unit_test(refused),
        };
        return cmocka_run_group_tests(tests, set_up, NULL);
}
