/* Whether an interface is fit for the gate: what the kernel says of it, without privileges. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/ports/gate.h"
#include "dataplane/ports/gate_interface.h"

/* Columns of proc(5) net/route: name, destination, gateway, flags, counts and metric, mask. */
static bool is_default_ipv4(const char *line, const char *ifname)
{
        char name[IFNAMSIZ];
        unsigned destination, flags, mask;
        if (sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", name, &destination, &flags, &mask) != 4)
                return false;
        return destination == 0 && mask == 0 && strcmp(name, ifname) == 0;
}

/* Columns of net/ipv6_route: destination, its length, source, its length, next hop, metric, two counts,
 * flags, name. */
static bool is_default_ipv6(const char *line, const char *ifname)
{
        char name[IFNAMSIZ];
        unsigned length;
        if (sscanf(line, "%*s %x %*s %*x %*s %*x %*x %*x %*x %15s", &length, name) != 2)
                return false;
        return length == 0 && strcmp(name, ifname) == 0;
}

/* A missing file means a kernel without that protocol, and so without its default route. */
static bool file_has(const char *path, bool (*matches)(const char *line, const char *ifname),
                     const char *ifname)
{
        char line[512];
        bool found = false;
        FILE *file = fopen(path, "re");
        if (!file)
                return false;
        while (!found && fgets(line, sizeof line, file))
                found = matches(line, ifname);
        fclose(file);
        return found;
}

static int ask(const char *ifname, unsigned long request, struct ifreq *io)
{
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        snprintf(io->ifr_name, sizeof io->ifr_name, "%s", ifname);
        int error = ioctl(fd, request, io) < 0 ? -errno : 0;
        close(fd);
        return error;
}

int lf_gate_check_interface(const char *ifname, char *why, size_t size)
{
        struct ifreq request = {0};
        int error;
        if (strlen(ifname) >= IFNAMSIZ || if_nametoindex(ifname) == 0) {
                snprintf(why, size, "there is no interface %s", ifname);
                return -ENODEV;
        }
        if (file_has("/proc/thread-self/net/route", is_default_ipv4, ifname) ||
            file_has("/proc/thread-self/net/ipv6_route", is_default_ipv6, ifname)) {
                snprintf(why, size, "%s carries the default route: name another interface", ifname);
                return -EPERM;
        }
        error = ask(ifname, SIOCGIFFLAGS, &request);
        if (!error && !(request.ifr_flags & IFF_UP)) {
                snprintf(why, size, "%s is down: ip link set %s up", ifname, ifname);
                return -ENETDOWN;
        }
        if (!error)
                error = ask(ifname, SIOCGIFMTU, &request);
        if (error) {
                snprintf(why, size, "%s: %s", ifname, strerror(-error));
                return error;
        }
        if (request.ifr_mtu > LF_GATE_MTU_MAX) {
                snprintf(why, size, "the MTU of %s is %d, at most %d can be taken: ip link set %s mtu %d",
                         ifname, request.ifr_mtu, LF_GATE_MTU_MAX, ifname, LF_GATE_MTU_MAX);
                return -EMSGSIZE;
        }
        return 0;
}

int lf_gate_count_queues(const char *ifname, unsigned *ret_active, unsigned *ret_usable)
{
        struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
        struct ifreq request = {.ifr_data = (void *)&channels};
        int error = ask(ifname, SIOCETHTOOL, &request);
        if (error && error != -EOPNOTSUPP) /* a driver without channels has one queue */
                return error;
        unsigned active = channels.rx_count + channels.combined_count;
        *ret_active = active ? active : 1;
        *ret_usable = channels.combined_count ? channels.combined_count : 1;
        return 0;
}
