#include "dataplane/ports/driver.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_USUAL    (RTE_PKTMBUF_HEADROOM + 2048)
#define XDP_ROOM      256 /* the kernel's, before a frame (XDP_PACKET_HEADROOM) */
#define ETHERNET_ROOM 22  /* header and two tags */
#define CACHE         64
#define DESCRIPTORS   (3 * 1024) /* what any driver asks for, per queue */

static unsigned io_cores(const struct lf_handover_options *options)
{
        unsigned n = 0;
        for (unsigned i = 0; i < options->cores && i < LF_CORES_MAX; i++)
                n += (options->core[i].roles & LF_ROLE_IO) != 0;
        return n;
}

static unsigned queues_of(const struct lf_handover_options *options)
{
        return options->queues ? options->queues : io_cores(options);
}

/* A context holds its answer until the log has it; one burst is being read, one sent, and every core may keep
 * a cache. */
static unsigned buffers_of(const struct lf_handover_options *options, unsigned queues, unsigned descriptors)
{
        return queues * (descriptors + options->contexts + 4 * LF_BURST) + 2 * CACHE * (options->cores + 1);
}

static unsigned room_of(unsigned mtu)
{
        unsigned room = RTE_PKTMBUF_HEADROOM + XDP_ROOM + ETHERNET_ROOM + mtu;
        room = (room + 63) & ~63u;
        return room > ROOM_USUAL ? room : ROOM_USUAL;
}

size_t lf_port_memory(const struct lf_handover_options *options)
{
        size_t buffers = buffers_of(options, queues_of(options), DESCRIPTORS);
        return buffers * (4096 + 2 * sizeof(void *));
}

/* As rte_pktmbuf_pool_create, but that af_xdp's buffers stand close together: DPDK 22.11's driver takes the
 * pool to be count times size long, and without huge pages the usual layout leaves gaps at page ends, so that
 * buffers beyond that length could be received into never and sent from never. */
static struct rte_mempool *make_pool(unsigned n, uint16_t room, bool close)
{
        struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
        unsigned flags = close ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
        struct rte_mempool *pool = rte_mempool_create_empty("landfall", n, sizeof(struct rte_mbuf) + room,
                                                            CACHE, sizeof private, SOCKET_ID_ANY, flags);
        if (!pool)
                return NULL;
        rte_pktmbuf_pool_init(pool, &private);
        int r = rte_mempool_populate_default(pool);
        if (r < 0) {
                rte_mempool_free(pool);
                rte_errno = -r;
                return NULL;
        }
        rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
        return pool;
}

int lf_port_make_pool(struct lf_port *port, const struct lf_handover_options *options, unsigned descriptors,
                      unsigned mtu, char why[256])
{
        unsigned n = buffers_of(options, port->queues, descriptors);
        port->pool = make_pool(n, (uint16_t)room_of(mtu), options->port_kind == LF_PORT_AF_XDP);
        if (!port->pool) {
                snprintf(why, 256, "no memory for %u packet buffers: %s; take fewer contexts or queues", n,
                         rte_strerror(rte_errno));
                return -ENOMEM;
        }
        return 0;
}

static const struct lf_port_driver *driver_of(uint32_t kind)
{
        switch (kind) {
        case LF_PORT_AF_XDP:
                return &lf_port_af_xdp;
        case LF_PORT_MEMIF:
                return &lf_port_memif;
        case LF_PORT_PCI:
                return &lf_port_pci;
        case LF_PORT_UDP:
                return &lf_port_udp;
        }
        return NULL;
}

int lf_port_open(const struct lf_handover_options *options, struct lf_port **ret, char why[256])
{
        snprintf(why, 256, "the port could not be opened");
        const struct lf_port_driver *driver = driver_of(options->port_kind);
        unsigned queues = queues_of(options);
        if (!driver || options->udp_port == 0 || queues == 0 || queues > io_cores(options) ||
            !memchr(options->interface, 0, sizeof options->interface)) {
                snprintf(why, 256,
                         "port options out of range: kind %u, UDP port %u, %u queues for %u io cores",
                         options->port_kind, options->udp_port, queues, io_cores(options));
                return -EINVAL;
        }
        struct lf_port *port = calloc(1, sizeof *port);
        if (!port)
                return -ENOMEM;
        port->driver = driver;
        port->queues = queues;
        port->udp_port = options->udp_port;
        int r = driver->open(port, options, why);
        if (r < 0) {
                rte_mempool_free(port->pool);
                free(port);
                return r;
        }
        *ret = port;
        return 0;
}

void lf_port_close(struct lf_port *port)
{
        if (!port)
                return;
        port->driver->close(port);
        rte_mempool_free(port->pool);
        free(port);
}

unsigned lf_port_queues(const struct lf_port *port)
{
        return port->queues;
}

const char *lf_port_describe(const struct lf_port *port)
{
        return port->describe;
}

unsigned lf_port_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                    uint64_t drops[3])
{
        return port->driver->rx(port, queue, ret, n < LF_BURST ? n : LF_BURST, drops);
}

struct rte_mbuf *lf_port_reply(struct lf_port *port, unsigned queue, const struct lf_return_path *back,
                               uint16_t size, uint8_t **ret_payload)
{
        struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);
        if (!m)
                return NULL;
        uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(back->length + size));
        if (!p) {
                rte_pktmbuf_free(m);
                return NULL;
        }
        memcpy(p, back->bytes, back->length);
        m->l2_len = back->l3;
        m->l3_len = (uint64_t)(back->l4 - back->l3);
        *ret_payload = p + back->length;
        return m;
}

unsigned lf_port_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n)
{
        return port->driver->tx(port, queue, replies, n);
}
