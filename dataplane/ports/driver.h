/* What the four drivers share behind port.h. Included by dataplane/ports/ alone. */
#pragma once

#include "dataplane/ports/port.h"

#define LF_PORT_TEXT 64

struct lf_port_driver {
        /* Fills in port->queues (already set to what the options ask for; may not be changed to another
         * number), pool, describe and its own state. On failure nothing is left open. Errors and `why` as in
         * lf_port_open. */
        int (*open)(struct lf_port *port, const struct lf_handover_options *options, char why[256]);
        void (*close)(struct lf_port *port);
        unsigned (*rx)(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                       uint64_t drops[3]);
        unsigned (*tx)(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n);
};

extern const struct lf_port_driver lf_port_af_xdp, lf_port_memif, lf_port_pci, lf_port_udp;

struct lf_port {
        const struct lf_port_driver *driver;
        unsigned queues;
        uint16_t udp_port;
        uint16_t ethdev; /* all but udp */
        struct rte_mempool *pool;
        void *state; /* the driver's own */
        char describe[LF_PORT_TEXT];
};

/* A pool for the port's queues: `descriptors` per queue that the device may hold, and what queries hold.
 * `mtu` 0: buffers of the usual size. -ENOMEM. */
int lf_port_make_pool(struct lf_port *port, const struct lf_handover_options *options, unsigned descriptors,
                      unsigned mtu, char why[256]);

/* Ethernet devices. Configures and starts port->ethdev with port->queues queues each way, and makes the pool.
 */
int lf_ethernet_start(struct lf_port *port, const struct lf_handover_options *options, unsigned descriptors,
                      unsigned mtu, char why[256]);
void lf_ethernet_stop(struct lf_port *port);
unsigned lf_ethernet_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                        uint64_t drops[3]);
unsigned lf_ethernet_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n);
