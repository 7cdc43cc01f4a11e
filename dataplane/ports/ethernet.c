/* The Ethernet devices' common half: af_xdp, memif and pci differ in how the device comes to be, not here. */
#include "dataplane/ports/driver.h"
#include "dataplane/ports/frame.h"

#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

static int setup(struct lf_port *port, unsigned descriptors)
{
        struct rte_eth_conf conf = {.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE};
        struct rte_eth_dev_info info;
        int r = rte_eth_dev_info_get(port->ethdev, &info);
        if (r < 0)
                return r;
        if (port->queues > 1 && (info.flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_UDP)) {
                conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
                conf.rx_adv_conf.rss_conf.rss_hf =
                    info.flow_type_rss_offloads &
                    (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
        }
        uint16_t queues = (uint16_t)port->queues, rx = (uint16_t)descriptors, tx = (uint16_t)descriptors;
        r = rte_eth_dev_configure(port->ethdev, queues, queues, &conf);
        if (r == 0)
                r = rte_eth_dev_adjust_nb_rx_tx_desc(port->ethdev, &rx, &tx);
        int socket = rte_eth_dev_socket_id(port->ethdev);
        for (uint16_t q = 0; r == 0 && q < queues; q++)
                r = rte_eth_rx_queue_setup(port->ethdev, q, rx, (unsigned)socket, NULL, port->pool);
        for (uint16_t q = 0; r == 0 && q < queues; q++)
                r = rte_eth_tx_queue_setup(port->ethdev, q, tx, (unsigned)socket, NULL);
        return r ? r : rte_eth_dev_start(port->ethdev);
}

int lf_ethernet_start(struct lf_port *port, const struct lf_handover_options *options, unsigned descriptors,
                      unsigned mtu, char why[256])
{
        /* The fill ring of af_xdp takes twice the descriptors; the transmit ring holds its share. */
        int r = lf_port_make_pool(port, options, 3 * descriptors, mtu, why);
        if (r < 0)
                return r;
        r = setup(port, descriptors);
        if (r < 0)
                snprintf(why, 256, "%s: starting %u queues: %s", options->interface, port->queues,
                         strerror(-r));
        return r;
}

void lf_ethernet_stop(struct lf_port *port)
{
        rte_eth_dev_stop(port->ethdev);
        rte_eth_dev_close(port->ethdev);
}

unsigned lf_ethernet_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                        uint64_t drops[3])
{
        struct rte_mbuf *burst[LF_BURST];
        unsigned got = rte_eth_rx_burst(port->ethdev, (uint16_t)queue, burst, (uint16_t)n), kept = 0;
        for (unsigned i = 0; i < got; i++) {
                struct rte_mbuf *m = burst[i];
                struct lf_datagram *d = &ret[kept];
                uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
                size_t offset = 0, size = 0;
                enum lf_frame_kind kind = LF_FRAME_MALFORMED;
                if (m->nb_segs == 1)
                        kind = lf_frame_parse(frame, m->data_len, port->udp_port, &d->back, &offset, &size);
                if (kind != LF_FRAME_DATAGRAM) {
                        drops[kind - 1]++;
                        rte_pktmbuf_free(m);
                        continue;
                }
                d->mbuf = m;
                d->payload = frame + offset;
                d->size = (uint16_t)size;
                kept++;
        }
        return kept;
}

unsigned lf_ethernet_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                struct rte_mbuf *m = replies[i];
                lf_frame_finish(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->l2_len,
                                m->l2_len + m->l3_len);
        }
        unsigned sent = rte_eth_tx_burst(port->ethdev, (uint16_t)queue, replies, (uint16_t)n);
        if (sent < n)
                rte_pktmbuf_free_bulk(replies + sent, n - sent);
        return sent;
}
