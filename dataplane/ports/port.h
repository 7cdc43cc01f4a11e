/* A port: where datagrams come in and answers go out. Four drivers, one face.
 *
 * af_xdp, memif and pci carry Ethernet frames through DPDK's ethdev; udp carries bare UDP payloads through an
 * ordinary socket. What differs between them ends here: the path sees a payload and a return path. A port is
 * opened by the main thread while privileged; rx and tx of one queue belong to one io core. */
#pragma once

#include "dataplane/handover.h"

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>

#define LF_BURST 32

struct lf_port;

/* How the answer finds its way back: the request's own headers, turned round. Plain data, copied freely. */
struct lf_return_path {
        uint8_t length; /* of `bytes`; Ethernet ports: L2 (up to two tags), IP and UDP headers, ready to send
                         * but for lengths and checksums; udp port: a struct sockaddr_in6 */
        uint8_t l3, l4; /* offsets of the IP and UDP headers in `bytes`; udp port: 0 */
        uint8_t bytes[84]; /* 14 + 8 + 40 + 8 and room */
        uint32_t flow;     /* hash of the request's 5-tuple: parts of one query must share it */
};

struct lf_datagram {
        struct rte_mbuf *mbuf; /* owns the payload */
        uint8_t *payload;
        uint16_t size;
        struct lf_return_path back;
};

/* Opens what the options name. `why` (256 bytes) gets cause and cure on failure. -ENODEV no such interface,
 * -EPERM missing right, -EBUSY in use, -EADDRINUSE, -ENOMEM, -EINVAL. EAL must be up. */
int lf_port_open(const struct lf_handover_options *options, struct lf_port **ret, char why[256]);
void lf_port_close(struct lf_port *port);
/* Bytes of EAL memory that a port with these options wants at most. */
size_t lf_port_memory(const struct lf_handover_options *options);
unsigned lf_port_queues(const struct lf_port *port);
/* The port in words for status: "af_xdp eth0, 1 queue". */
const char *lf_port_describe(const struct lf_port *port);

/* The io core of the queue. Takes up to `n` (at most LF_BURST) frames, parses them and fills `ret` with the
 * datagrams for our UDP port; the caller owns their mbufs. Frames that are not are freed here and counted in
 * `drops` (one counter each for enum lf_drop's FRAME kinds, in that order: not ours, malformed, fragment). */
unsigned lf_port_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                    uint64_t drops[3]);

/* The io core of the queue. A buffer for an answer of `size` bytes of UDP payload; the caller writes the
 * payload to *ret_payload. NULL when the pool is empty. */
struct rte_mbuf *lf_port_reply(struct lf_port *port, unsigned queue, const struct lf_return_path *back,
                               uint16_t size, uint8_t **ret_payload);
/* Completes headers and checksums of replies and sends them; frees what the port does not take. How many it
 * took. */
unsigned lf_port_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n);
