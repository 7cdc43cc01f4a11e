/* A kernel interface through AF_XDP: the gate brings us our UDP port, everything else stays with the kernel.
 */
#include "dataplane/ports/driver.h"
#include "dataplane/ports/gate.h"

#include <errno.h>
#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

#define DEVICE      "net_af_xdp0"
#define DESCRIPTORS 1024

static int start(struct lf_port *port, const struct lf_handover_options *options, struct lf_gate *gate,
                 char why[256])
{
        uint16_t mtu;
        int r = rte_eth_dev_get_port_by_name(DEVICE, &port->ethdev);
        if (r == 0)
                r = rte_eth_dev_get_mtu(port->ethdev, &mtu);
        if (r < 0)
                return r;
        r = lf_ethernet_start(port, options, DESCRIPTORS, mtu, why);
        if (r == 0 && port->pool->nb_mem_chunks != 1) {
                snprintf(why, 256, "%s: packet buffers are not in one piece of memory", options->interface);
                r = -ENOMEM;
        }
        return r ? r : lf_gate_attach(gate, why, 256);
}

static int af_xdp_open(struct lf_port *port, const struct lf_handover_options *options, char why[256])
{
        struct lf_gate *gate;
        int r = lf_gate_open(options->interface, port->queues, port->udp_port, &gate, why, 256);
        if (r < 0)
                return r;
        snprintf(why, 256, "%s: its AF_XDP sockets could not be opened; does the driver support XDP?",
                 options->interface);
        r = rte_vdev_init(DEVICE, lf_gate_vdev(gate));
        if (r < 0) {
                lf_gate_close(gate);
                return r;
        }
        r = start(port, options, gate, why);
        if (r < 0) {
                lf_gate_close(gate);
                lf_ethernet_stop(port);
                rte_vdev_uninit(DEVICE);
                return r;
        }
        port->state = gate;
        snprintf(port->describe, sizeof port->describe, "af_xdp %.15s, %u queue%s", options->interface,
                 port->queues, port->queues == 1 ? "" : "s");
        return 0;
}

static void af_xdp_close(struct lf_port *port)
{
        lf_gate_close(port->state);
        lf_ethernet_stop(port);
        rte_vdev_uninit(DEVICE);
}

const struct lf_port_driver lf_port_af_xdp = {
    .open = af_xdp_open, .close = af_xdp_close, .rx = lf_ethernet_rx, .tx = lf_ethernet_tx};
