/* A dedicated NIC through vfio-pci. EAL probed it when it came up (dataplane/eal.c names it there). Frames
 * that are not ours are dropped and counted: nothing answers ARP or neighbour discovery on this port, so the
 * switch or the lanes need a static entry. */
#include "dataplane/ports/driver.h"

#include <errno.h>
#include <libgen.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 1024

/* The kernel's driver of the device must be vfio-pci. */
static int check_bound(const char *address, char why[256])
{
        char path[160], target[256] = "";
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", address);
        if (strchr(address, '/') || access(path, F_OK) < 0) {
                snprintf(why, 256, "no PCI device %s: write its address as lspci -D shows it", address);
                return -ENODEV;
        }
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", address);
        if (readlink(path, target, sizeof target - 1) < 0)
                target[0] = 0;
        const char *driver = basename(target);
        if (strcmp(driver, "vfio-pci") == 0)
                return 0;
        snprintf(why, 256,
                 "PCI device %s has the driver \"%.32s\", not vfio-pci: driverctl set-override %s vfio-pci",
                 address, target[0] ? driver : "none", address);
        return -EBUSY;
}

/* Drivers of DPDK 22.11 that are expected to make no system call after start that the sandbox forbids; none
 * of them has been run on a card yet. Others may (mlx5 shares its card with a kernel driver), and would end
 * landfalld in the middle of its work. */
static int check_supported(uint16_t ethdev, const char *address, char why[256])
{
        static const char *const supported[] = {"net_e1000_em", "net_e1000_igb", "net_igc",   "net_ixgbe",
                                                "net_i40e",     "net_ice",       "net_virtio"};
        struct rte_eth_dev_info info;
        int r = rte_eth_dev_info_get(ethdev, &info);
        if (r < 0) {
                snprintf(why, 256, "PCI device %s: its driver says nothing about it", address);
                return r;
        }
        for (unsigned i = 0; i < sizeof supported / sizeof *supported; i++)
                if (strcmp(info.driver_name, supported[i]) == 0)
                        return 0;
        snprintf(
            why, 256,
            "PCI device %s: its driver %.40s is not known to work in the sandbox; use af_xdp, or a card of "
            "e1000, igb, igc, ixgbe, i40e, ice or virtio",
            address, info.driver_name);
        return -ENOTSUP;
}

static int pci_open(struct lf_port *port, const struct lf_handover_options *options, char why[256])
{
        uint16_t mtu = 0;
        const char *address = options->interface;
        int r = check_bound(address, why);
        if (r < 0)
                return r;
        r = rte_eth_dev_get_port_by_name(address, &port->ethdev);
        if (r < 0) {
                snprintf(why, 256, "PCI device %s: no poll-mode driver took it, or /dev/vfio is closed to us",
                         address);
                return r;
        }
        r = check_supported(port->ethdev, address, why);
        if (r < 0)
                return r;
        r = rte_eth_dev_get_mtu(port->ethdev, &mtu);
        if (r == 0)
                r = lf_ethernet_start(port, options, DESCRIPTORS, mtu, why);
        if (r < 0) {
                lf_ethernet_stop(port);
                return r;
        }
        snprintf(port->describe, sizeof port->describe, "pci %.16s, %u queue%s", address, port->queues,
                 port->queues == 1 ? "" : "s");
        return 0;
}

const struct lf_port_driver lf_port_pci = {
    .open = pci_open, .close = lf_ethernet_stop, .rx = lf_ethernet_rx, .tx = lf_ethernet_tx};
