/* Shared memory to another process on the machine: Ethernet frames, no NIC, no root.
 *
 * The peer is trusted as the machine is: DPDK's driver follows the ring descriptors that it writes. The
 * socket's directory decides who may be one. */
#include "dataplane/ports/driver.h"

#include <errno.h>
#include <poll.h>
#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEVICE      "net_memif0"
#define RING_LOG2   10
#define BUFFER_SIZE 2048
#define GREETING_MS 1000

/* A server's socket that a killed process left is removed; one that somebody listens on is not. Who listens
 * is given time to greet us: DPDK 22.11's server panics when a peer leaves before it has been greeted. */
static int clear_socket(const char *path, char why[256])
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;
        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode)) {
                snprintf(why, 256, "%s is there and not a socket: name another path or remove it", path);
                return -EBUSY;
        }
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        int r = connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
        if (r == 0)
                poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, GREETING_MS);
        close(fd);
        if (r == -ECONNREFUSED)
                return unlink(path) < 0 ? -errno : 0;
        snprintf(why, 256, "%s is another process's socket: name another path or stop it", path);
        return -EBUSY;
}

static int memif_open(struct lf_port *port, const struct lf_handover_options *options, char why[256])
{
        char args[256];
        const char *path = options->interface;
        if (path[0] != '/' || strpbrk(path, ",=[]\"'")) {
                snprintf(why, 256, "memif: \"%s\" is not an absolute path without , = [ ] and quotes", path);
                return -EINVAL;
        }
        int r = options->memif_server ? clear_socket(path, why) : 0;
        if (r < 0)
                return r;
        snprintf(args, sizeof args, "role=%s,id=0,socket=%s,socket-abstract=no,rsize=%d,bsize=%d",
                 options->memif_server ? "server" : "client", path, RING_LOG2, BUFFER_SIZE);
        snprintf(why, 256, "memif %s could not be opened: may this user write to its directory?", path);
        r = rte_vdev_init(DEVICE, args);
        if (r < 0)
                return r;
        r = rte_eth_dev_get_port_by_name(DEVICE, &port->ethdev);
        if (r == 0)
                r = lf_ethernet_start(port, options, 1u << RING_LOG2, 0, why);
        if (r < 0) {
                lf_ethernet_stop(port);
                rte_vdev_uninit(DEVICE);
                return r;
        }
        snprintf(port->describe, sizeof port->describe, "memif %.40s, %u queue%s", path, port->queues,
                 port->queues == 1 ? "" : "s");
        return 0;
}

static void memif_close(struct lf_port *port)
{
        lf_ethernet_stop(port);
        rte_vdev_uninit(DEVICE);
}

const struct lf_port_driver lf_port_memif = {
    .open = memif_open, .close = memif_close, .rx = lf_ethernet_rx, .tx = lf_ethernet_tx};
