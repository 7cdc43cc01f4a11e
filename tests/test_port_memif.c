/* The memif port, two processes, DPDK on both sides, as an ordinary user and without huge pages; the
 * server under the sandbox, where peers come and go. */
#include "dataplane/sandbox.h"
#include "frame_build.h"
#include "port_harness.h"

#include <errno.h>
#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
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

#define FRAMES 200

/* Shared by all processes of the test. */
static struct page {
        volatile int ready, quit;
        uint64_t drops[3];
        int mirrored, wrong;
        char text[256];
} * page;

static struct lf_handover_options options;
static char server_dir[64], client_dir[64];

static pid_t start(void (*run)(void))
{
        pid_t pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                run();
                _exit(0);
        }
        assert_true(pid > 0);
        return pid;
}

static int status_of(pid_t pid)
{
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void serve(void)
{
        struct lf_port *port;
        harness_eal(&options, server_dir);
        int r = lf_port_open(&options, &port, page->text);
        if (r < 0)
                _exit(2);
        snprintf(page->text, sizeof page->text, "%s", lf_port_describe(port));
        char why[256];
        if (lf_sandbox_drop(0, 0, why) < 0 || lf_sandbox_close(LF_PORT_MEMIF) < 0)
                _exit(6);
        page->ready = 1;
        while (!page->quit)
                if (!harness_echo(port, 0, page->drops))
                        usleep(100);
        _exit(0); /* closing a port is what the sandbox forbids */
}

/* The other end, as a vendor would write it. */
static void start_client(uint16_t *ret_port, struct rte_mempool **ret_pool)
{
        char args[256];
        struct rte_eth_conf conf = {0};
        snprintf(args, sizeof args, "role=client,id=0,socket=%s,socket-abstract=no", options.interface);
        *ret_pool = rte_pktmbuf_pool_create("client", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
        if (!*ret_pool || rte_vdev_init("net_memif0", args) ||
            rte_eth_dev_get_port_by_name("net_memif0", ret_port) ||
            rte_eth_dev_configure(*ret_port, 1, 1, &conf) ||
            rte_eth_rx_queue_setup(*ret_port, 0, 512, 0, NULL, *ret_pool) ||
            rte_eth_tx_queue_setup(*ret_port, 0, 512, 0, NULL) || rte_eth_dev_start(*ret_port))
                _exit(3);
        struct rte_eth_link link = {0};
        for (int i = 0; i < 5000 && link.link_status != RTE_ETH_LINK_UP; i++) {
                usleep(1000);
                rte_eth_link_get_nowait(*ret_port, &link);
        }
        if (link.link_status != RTE_ETH_LINK_UP)
                _exit(4);
}

static struct frame_spec spec_of(unsigned i)
{
        struct frame_spec s = frame_request(i % 2 ? 4 : 6, (int)(i / 2 % 3));
        s.port_to = options.udp_port;
        s.port_from = (uint16_t)(20000 + i);
        s.payload = 1 + i * 6;
        return s;
}

static void send_frame(uint16_t port, struct rte_mempool *pool, const struct frame_spec *spec)
{
        struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
        if (!m)
                _exit(5);
        size_t size = frame_build(spec, rte_pktmbuf_mtod(m, uint8_t *));
        rte_pktmbuf_append(m, (uint16_t)size);
        while (rte_eth_tx_burst(port, 0, &m, 1) != 1)
                usleep(100);
}

/* The reply to one of spec_of's requests, byte for byte. */
static void check_reply(struct rte_mbuf *m)
{
        uint8_t wanted[1600];
        const uint8_t *got = rte_pktmbuf_mtod(m, uint8_t *);
        for (unsigned i = 0; i < FRAMES; i++) {
                struct frame_spec request = spec_of(i), reply = frame_reply(request);
                size_t size = frame_build(&reply, wanted);
                if (size == m->data_len && memcmp(got, wanted, size) == 0) {
                        page->mirrored++;
                        return;
                }
        }
        page->wrong++;
}

static void receive(uint16_t port)
{
        struct rte_mbuf *burst[32];
        unsigned n = rte_eth_rx_burst(port, 0, burst, 32);
        for (unsigned i = 0; i < n; i++) {
                check_reply(burst[i]);
                rte_pktmbuf_free(burst[i]);
        }
        if (n == 0)
                usleep(1000);
}

static void ask(void)
{
        uint16_t port;
        struct rte_mempool *pool;
        harness_eal(&options, client_dir);
        start_client(&port, &pool);
        receive(port); /* gives the server buffers to answer into */
        for (unsigned i = 0; i < FRAMES; i++) {
                struct frame_spec s = spec_of(i);
                send_frame(port, pool, &s);
                if (i % 50 == 0) {
                        s.port_to++;
                        send_frame(port, pool, &s);
                        s = frame_request(4, 0);
                        s.fragment = 0x2000;
                        send_frame(port, pool, &s);
                }
        }
        for (int turn = 0; page->mirrored + page->wrong < FRAMES && turn < 5000; turn++)
                receive(port);
}

static pid_t start_server(void)
{
        memset(page, 0, sizeof *page);
        pid_t pid = start(serve);
        for (int i = 0; i < 10000 && !page->ready; i++)
                usleep(1000);
        if (!page->ready)
                fprintf(stderr, "%s\n", page->text);
        assert_true(page->ready);
        return pid;
}

static void one_run(void)
{
        assert_int_equal(status_of(start(ask)), 0);
        assert_int_equal(page->mirrored, FRAMES);
        assert_int_equal(page->wrong, 0);
        assert_int_equal(page->drops[0], FRAMES / 50);
        assert_int_equal(page->drops[1], 0);
        assert_int_equal(page->drops[2], FRAMES / 50);
}

static void mirrors(void **state)
{
        pid_t server = start_server();
        assert_non_null(strstr(page->text, "memif"));
        one_run();
        page->quit = 1;
        assert_int_equal(status_of(server), 0);
}

/* A server killed leaves its socket; the next one takes the place. A peer that comes back finds it. */
static void killed(void **state)
{
        pid_t server = start_server();
        one_run();
        assert_int_equal(kill(server, SIGKILL), 0);
        assert_int_equal(status_of(server), -SIGKILL);
        assert_int_equal(access(options.interface, F_OK), 0);
        server = start_server();
        one_run();
        page->mirrored = 0;
        memset(page->drops, 0, sizeof page->drops);
        one_run();
        page->quit = 1;
        assert_int_equal(status_of(server), 0);
}

static void in_use(void **state)
{
        pid_t server = start_server();
        page->ready = 0;
        assert_int_equal(status_of(start(serve)), 2);
        assert_non_null(strstr(page->text, "another process"));
        page->quit = 1;
        assert_int_equal(status_of(server), 0);
}

static void bad_path(void **state)
{
        char good[sizeof options.interface];
        memcpy(good, options.interface, sizeof good);
        memset(page, 0, sizeof *page);
        snprintf(options.interface, sizeof options.interface, "/tmp/a,role=client");
        assert_int_equal(status_of(start(serve)), 2);
        assert_non_null(strstr(page->text, "absolute path"));
        snprintf(options.interface, sizeof options.interface, "/nowhere/memif.sock");
        assert_int_equal(status_of(start(serve)), 2);
        assert_non_null(strstr(page->text, "/nowhere/memif.sock"));
        memcpy(options.interface, good, sizeof good);
}

int main(void)
{
        harness_become_nobody(server_dir, sizeof server_dir);
        harness_become_nobody(client_dir, sizeof client_dir);
        options = harness_options(LF_PORT_MEMIF, 1);
        options.memif_server = 1;
        snprintf(options.interface, sizeof options.interface, "%s/memif.sock", server_dir);
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
                return 1;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(mirrors),
            cmocka_unit_test(killed),
            cmocka_unit_test(in_use),
            cmocka_unit_test(bad_path),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
