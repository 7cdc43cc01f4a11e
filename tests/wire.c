/* landfall-wire: somebody who records a lane's datagrams and sends them again later. Not installed.
 *
 *   landfall-wire record FILE            every query that passes the loopback interface, until SIGTERM
 *   landfall-wire resend FILE HOST PORT  all of it, byte for byte, from a socket of its own
 *
 * resend counts what comes back; exit status 0 only if that is nothing but REBOOT notices. record needs
 * CAP_NET_RAW. FILE: 16 bits of length, then the datagram, and so on. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/lsp.h"

#define SILENCE_MS 1000 /* longer than any answer takes on an idle appliance */
#define BURST      64   /* datagrams sent before listening for a moment */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
        stop = number;
}

static int fail(const char *what)
{
        fprintf(stderr, "landfall-wire: %s: %s\n", what, strerror(errno));
        return 1;
}

/* ---- record ---- */

static int open_wire(void)
{
        int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)), room = 16 << 20;
        struct sockaddr_ll lo = {.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_IP),
                                 .sll_ifindex = (int)if_nametoindex("lo")};
        if (fd < 0 || bind(fd, (struct sockaddr *)&lo, sizeof lo) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
                return -errno;
        return fd;
}

/* The UDP payload of an IPv4 packet if it is a query; its length, or 0. */
static uint16_t query_in(const uint8_t *packet, size_t size, const uint8_t **ret)
{
        const struct iphdr *ip = (const struct iphdr *)packet;
        if (size < sizeof *ip || ip->version != 4 || ip->protocol != IPPROTO_UDP)
                return 0;
        size_t skip = ip->ihl * 4u + sizeof(struct udphdr);
        if (size < skip + LSP_QUERY_DATAGRAM_MIN || size - skip > LSP_DATAGRAM_MAX ||
            packet[skip] != LSP_VERSION || packet[skip + 1] != LSP_QUERY)
                return 0;
        *ret = packet + skip;
        return (uint16_t)(size - skip);
}

static int record(const char *path)
{
        uint8_t packet[2048];
        unsigned datagrams = 0;
        int fd = open_wire();
        FILE *out = fopen(path, "we");
        if (fd < 0 || !out)
                return fail(path);
        printf("recording\n");
        fflush(stdout);
        while (!stop) {
                struct sockaddr_ll from;
                socklen_t n = sizeof from;
                struct pollfd p = {.fd = fd, .events = POLLIN};
                if (poll(&p, 1, 100) <= 0)
                        continue;
                ssize_t size = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &n);
                const uint8_t *query;
                uint16_t length = size > 0 ? query_in(packet, (size_t)size, &query) : 0;
                if (!length || from.sll_pkttype == PACKET_OUTGOING) /* loopback shows each packet twice */
                        continue;
                if (fwrite(&length, sizeof length, 1, out) != 1 || fwrite(query, length, 1, out) != 1)
                        return fail(path);
                datagrams++;
        }
        if (fclose(out) != 0)
                return fail(path);
        printf("%u datagrams recorded\n", datagrams);
        return 0;
}

/* ---- resend ---- */

struct replies {
        unsigned reboot, other;
};

static void listen_for(int fd, int ms, struct replies *r)
{
        uint8_t datagram[2048];
        for (struct pollfd p = {.fd = fd, .events = POLLIN}; poll(&p, 1, ms) > 0;) {
                ssize_t n = recv(fd, datagram, sizeof datagram, 0);
                if (n < 0)
                        continue;
                bool reboot =
                    n == LSP_NOTICE_DATAGRAM && datagram[0] == LSP_VERSION && datagram[1] == LSP_REBOOT;
                r->reboot += reboot;
                r->other += !reboot;
        }
}

static int connect_to(const char *host, const char *port)
{
        struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *where;
        if (getaddrinfo(host, port, &hints, &where) != 0)
                return -1;
        int fd = socket(where->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, where->ai_addr, where->ai_addrlen) < 0) {
                close(fd);
                fd = -1;
        }
        freeaddrinfo(where);
        return fd;
}

static int resend(const char *path, const char *host, const char *port)
{
        uint8_t datagram[LSP_DATAGRAM_MAX];
        uint16_t length;
        unsigned datagrams = 0;
        struct replies r = {0};
        int fd = connect_to(host, port);
        FILE *in = fopen(path, "re");
        if (fd < 0 || !in)
                return fail(path);
        while (fread(&length, sizeof length, 1, in) == 1) {
                if (length > sizeof datagram || fread(datagram, length, 1, in) != 1)
                        return fail(path);
                if (send(fd, datagram, length, 0) < 0)
                        return fail(host);
                if (++datagrams % BURST == 0)
                        listen_for(fd, 5, &r);
        }
        fclose(in);
        listen_for(fd, SILENCE_MS, &r);
        close(fd);
        printf("%u datagrams sent again, %u REBOOT notices, %u other replies\n", datagrams, r.reboot,
               r.other);
        return datagrams == 0 || r.other > 0;
}

int main(int argc, char **argv)
{
        struct sigaction act = {.sa_handler = on_signal};
        sigaction(SIGTERM, &act, NULL);
        sigaction(SIGINT, &act, NULL);
        if (argc == 3 && strcmp(argv[1], "record") == 0)
                return record(argv[2]);
        if (argc == 5 && strcmp(argv[1], "resend") == 0)
                return resend(argv[2], argv[3], argv[4]);
        fprintf(stderr, "usage: landfall-wire record FILE | resend FILE HOST PORT\n");
        return 2;
}
