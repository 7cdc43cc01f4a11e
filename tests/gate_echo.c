#include "gate_echo.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS 512
#define DATA_ROOM   (RTE_PKTMBUF_HEADROOM + 256 + LF_GATE_MTU_MAX + 22)
#define BURST       32
#define NOBODY      65534

static void start_port(const char *vdev, unsigned queues)
{
        char name[256];
        snprintf(name, sizeof name, "--vdev=net_af_xdp0,%s", vdev);
        char *args[] = {"test_gate", "--no-huge", "--no-shconf", "--no-telemetry",
                        "--no-pci",  "-m",        "64",          "--log-level=1",
                        "-l",        "0",         name,          NULL};
        struct rte_eth_conf conf = {0};
        if (rte_eal_init(11, args) < 0)
                _exit(10);
        struct rte_mempool *pool = rte_pktmbuf_pool_create("gate", 4095, 0, 0, DATA_ROOM, 0);
        if (!pool || pool->nb_mem_chunks != 1)
                _exit(11);
        if (rte_eth_dev_configure(0, queues, queues, &conf))
                _exit(12);
        for (uint16_t q = 0; q < queues; q++)
                if (rte_eth_rx_queue_setup(0, q, DESCRIPTORS, 0, NULL, pool) ||
                    rte_eth_tx_queue_setup(0, q, DESCRIPTORS, 0, NULL))
                        _exit(13);
        if (rte_eth_dev_start(0))
                _exit(14);
}

static void drop_privileges(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setgroups(0, NULL) ||
            setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY) ||
            syscall(SYS_capset, &header, none))
                _exit(15);
}

/* Turns the datagram round; its checksum may be partial (veth) and is computed anew. */
static void turn(struct rte_mbuf *m)
{
        struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
        struct rte_ether_addr mac = ethernet->src_addr;
        struct rte_udp_hdr *udp;
        rte_be16_t type = ethernet->ether_type;
        void *at = ethernet + 1;
        ethernet->src_addr = ethernet->dst_addr;
        ethernet->dst_addr = mac;
        for (; type == rte_cpu_to_be_16(0x8100) || type == rte_cpu_to_be_16(0x88a8); at = (char *)at + 4)
                type = ((struct rte_vlan_hdr *)at)->eth_proto;
        if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
                struct rte_ipv4_hdr *ip = at;
                rte_be32_t address = ip->src_addr;
                ip->src_addr = ip->dst_addr;
                ip->dst_addr = address;
                udp = (void *)(ip + 1);
                udp->dgram_cksum = 0;
                udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
        } else {
                struct rte_ipv6_hdr *ip = at;
                uint8_t address[16];
                memcpy(address, ip->src_addr, 16);
                memcpy(ip->src_addr, ip->dst_addr, 16);
                memcpy(ip->dst_addr, address, 16);
                udp = (void *)(ip + 1);
                udp->dgram_cksum = 0;
                udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
        }
        rte_be16_t port = udp->src_port;
        udp->src_port = udp->dst_port;
        udp->dst_port = port;
}

static void serve(const struct lf_gate *gate, unsigned queues, struct echo_page *page)
{
        struct rte_mbuf *burst[BURST];
        while (!page->quit) {
                unsigned total = 0;
                for (uint16_t q = 0; q < queues; q++) {
                        uint16_t n = rte_eth_rx_burst(0, q, burst, BURST);
                        for (uint16_t i = 0; i < n; i++)
                                turn(burst[i]);
                        page->received += n;
                        total += n;
                        uint16_t sent = rte_eth_tx_burst(0, q, burst, n);
                        for (uint16_t i = sent; i < n; i++)
                                rte_pktmbuf_free(burst[i]);
                        lf_gate_count(gate, q, &page->queues[q]);
                }
                if (!total)
                        usleep(200);
        }
}

/* As though the driver had left a queue out. */
static void remove_socket(const char *ifname)
{
        __u32 id = 0, maps[8], queue = 0, length = sizeof(struct bpf_prog_info);
        struct bpf_prog_info info = {.nr_map_ids = 8, .map_ids = (uintptr_t)maps};
        if (bpf_xdp_query_id((int)if_nametoindex(ifname), 0, &id) ||
            bpf_obj_get_info_by_fd(bpf_prog_get_fd_by_id(id), &info, &length))
                _exit(16);
        for (__u32 i = 0; i < info.nr_map_ids; i++) {
                struct bpf_map_info map = {0};
                int fd = bpf_map_get_fd_by_id(maps[i]);
                length = sizeof map;
                if (!bpf_obj_get_info_by_fd(fd, &map, &length) && map.type == BPF_MAP_TYPE_XSKMAP &&
                    bpf_map_delete_elem(fd, &queue))
                        _exit(17);
        }
}

static _Noreturn void run(const char *ifname, unsigned queues, uint16_t udp_port, enum echo_stop stop,
                          struct echo_page *page)
{
        struct lf_gate *gate = NULL;
        page->error = lf_gate_open(ifname, queues, udp_port, &gate, page->why, sizeof page->why);
        if (page->error)
                _exit(1);
        start_port(lf_gate_vdev(gate), queues);
        if (stop == ECHO_WITHOUT_SOCKET)
                remove_socket(ifname);
        if (stop == ECHO_BEFORE_ATTACH) {
                page->ready = 1;
                for (;;)
                        pause();
        }
        page->error = lf_gate_attach(gate, page->why, sizeof page->why);
        if (!page->error) {
                drop_privileges();
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* forgotten with the identity */
                page->ready = 1;
                serve(gate, queues, page);
        }
        lf_gate_close(gate);
        rte_eth_dev_stop(0);
        rte_eth_dev_close(0);
        _exit(page->error ? 1 : 0);
}

pid_t echo_start(const char *ifname, unsigned queues, uint16_t udp_port, enum echo_stop stop,
                 struct echo_page *page)
{
        memset(page, 0, sizeof *page);
        pid_t pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                run(ifname, queues, udp_port, stop, page);
        }
        return pid;
}
