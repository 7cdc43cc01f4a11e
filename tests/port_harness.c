#include "port_harness.h"

#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static void must(int ok, const char *what)
{
        if (ok)
                return;
        perror(what);
        exit(1);
}

static char later[32][64];
static unsigned later_n;
static pid_t later_pid;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
        return remove(path);
}

static void remove_all(void)
{
        for (unsigned i = 0; getpid() == later_pid && i < later_n; i++)
                nftw(later[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void harness_new_dir(char *ret_dir, size_t size)
{
        snprintf(ret_dir, size, "/tmp/landfall-test-XXXXXX");
        must(mkdtemp(ret_dir) != NULL, "mkdtemp");
        if (later_n == 0) {
                later_pid = getpid();
                atexit(remove_all);
        }
        if (later_n < sizeof later / sizeof *later)
                snprintf(later[later_n++], sizeof *later, "%s", ret_dir);
}

void harness_become_nobody(char *ret_dir, size_t size)
{
        harness_new_dir(ret_dir, size);
        if (geteuid() != 0)
                return;
        must(chown(ret_dir, NOBODY, NOBODY) == 0, "chown");
        must(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                 setresuid(NOBODY, NOBODY, NOBODY) == 0,
             "becoming nobody");
}

struct lf_handover_options harness_options(uint32_t port_kind, unsigned io_cores)
{
        struct lf_handover_options o = {.port_kind = port_kind,
                                        .udp_port = harness_free_udp_port(),
                                        .contexts = 64,
                                        .sessions = 16,
                                        .cores = io_cores,
                                        .housekeeping_cpu = 0xffff,
                                        .audit_dirs = 1};
        cpu_set_t ours;
        must(sched_getaffinity(0, sizeof ours, &ours) == 0, "sched_getaffinity");
        uint16_t cpu = 0;
        while (!CPU_ISSET(cpu, &ours))
                cpu++;
        for (unsigned i = 0; i < io_cores; i++) {
                o.core[i].cpu = cpu;
                o.core[i].roles = LF_ROLE_IO | LF_ROLE_MATCH;
        }
        return o;
}

void harness_eal(const struct lf_handover_options *options, const char *dir)
{
        char why[256];
        if (lf_eal_start(options, dir, why) < 0) {
                fprintf(stderr, "%s\n", why);
                _exit(1);
        }
}

uint16_t harness_free_udp_port(void)
{
        struct sockaddr_in6 a = {.sin6_family = AF_INET6};
        socklen_t size = sizeof a;
        int fd = socket(AF_INET6, SOCK_DGRAM, 0);
        must(fd >= 0 && bind(fd, (struct sockaddr *)&a, size) == 0 &&
                 getsockname(fd, (struct sockaddr *)&a, &size) == 0,
             "a free UDP port");
        close(fd);
        return ntohs(a.sin6_port);
}

unsigned harness_echo(struct lf_port *port, unsigned queue, uint64_t drops[3])
{
        struct lf_datagram d[LF_BURST];
        struct rte_mbuf *replies[LF_BURST];
        unsigned n = lf_port_rx(port, queue, d, LF_BURST, drops), made = 0;
        for (unsigned i = 0; i < n; i++) {
                uint8_t *payload;
                replies[made] = lf_port_reply(port, queue, &d[i].back, d[i].size, &payload);
                if (replies[made]) {
                        memcpy(payload, d[i].payload, d[i].size);
                        made++;
                }
                rte_pktmbuf_free(d[i].mbuf);
        }
        return made ? lf_port_tx(port, queue, replies, made) : 0;
}
