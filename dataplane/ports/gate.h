/* The gate: brings Landfall's UDP port, and nothing else, from a kernel interface to DPDK's af_xdp driver.
 *
 * The order, all of it while privileged (CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON; root in practice):
 *
 *   lf_gate_open     refuses unfit interfaces, clears what a killed process left, writes the driver's
 * arguments the driver       rte_eth_dev / EAL vdev with lf_gate_vdev(), rte_eth_dev_configure with exactly
 * `queues` RX queues, rte_eth_rx_queue_setup for each, rte_eth_dev_start lf_gate_attach   adopts the driver's
 * sockets and puts the gate in place under a bpf_link lf_gate_close    before rte_eth_dev_close
 *
 * The driver loads the gate's own program with its port still 0, so that until lf_gate_attach everything
 * passes to the kernel: the machine is never cut off. The bpf_link dies with the process: after kill -9
 * nothing stays on the interface once the gate was attached, and the next lf_gate_open removes what stayed if
 * the process died earlier. After lf_gate_attach no call here or in rte_eth_rx_burst/tx_burst needs a
 * privilege.
 *
 * What DPDK 22.11's driver needs (found by test_gate):
 *   - EAL: "--no-huge" works, "--in-memory" with it does not; "--vdev=" and lf_gate_vdev() together.
 *   - The mempool lies in one virtually contiguous chunk (rte_mempool->nb_mem_chunks == 1); all queues of a
 *     port may share one. Each queue's fill ring holds rx descriptors of it for good: size it at least
 *     queues * (2 * descriptors) more than what the application itself holds.
 *   - A packet never spans buffers: the data room holds RTE_PKTMBUF_HEADROOM + 256 (the kernel's own
 * headroom) + MTU + 22 bytes, and a whole mempool object fits a page: hence LF_GATE_MTU_MAX.
 *   - As many RX as TX queues. The driver reads combined channels only: an interface without them is served
 *     by one queue, and must have one. A veth made without numbers of queues does; the kernel further wants
 *     its peer to have no more transmit queues than that.
 *   - No checksum or VLAN offload in either direction. Packets from a veth carry partial UDP checksums. Tags
 * are seen only where they are in the frame: "ethtool -K IF rxvlan off" for a NIC, "ethtool -K PEER txvlan
 * off" for a veth.
 *   - rte_eth_dev_close after privileges were dropped logs that it cannot remove its program: it is gone
 * already.
 *   - libbpf and libxdp print nothing: lf_gate_open silences them for the whole process.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ebpf/abi.h"

#define LF_GATE_MTU_MAX 3434

struct lf_gate;

/* Whether the interface may be used at all; needs no privilege. On failure `why` (size bytes) holds one
 * sentence. -ENODEV: no such interface. -EPERM: it carries a default route (IPv4 or IPv6), through which the
 * operator may be logged in. -ENETDOWN: it is down. -EMSGSIZE: its MTU is above LF_GATE_MTU_MAX. */
int lf_gate_check_interface(const char *ifname, char *why, size_t size);

/* Prepares `ifname` with `queues` receive queues for datagrams to `udp_port` (host order, not 0). Runs
 * lf_gate_check_interface first and returns its errors too. *ret is the caller's until lf_gate_close. `why`
 * as above. -EINVAL: port 0, or `queues` is not the interface's number of receive queues (each must be
 * covered: the sentence says how to change it; an interface without combined channels, such as veth, must
 * have one). -EBUSY: another XDP program, not ours, is attached. -EPERM: no privilege. */
int lf_gate_open(const char *ifname, unsigned queues, uint16_t udp_port, struct lf_gate **ret, char *why,
                 size_t size);

/* The vdev's arguments without its name: "iface=...,start_queue=0,queue_count=N,xdp_prog=...,busy_budget=0".
 * Use as "net_af_xdp<n>," + this. Borrowed from the gate. */
const char *lf_gate_vdev(const struct lf_gate *gate);

/* Puts the gate in place; call once after the driver's rte_eth_dev_start. On failure nothing is
 * attached but what the driver attached, the gate is still to be closed, `why` as above.
 * -EINVAL: the interface's queues changed meanwhile. -ENOENT: the driver's program or its map is not on the
 * interface. -ENOTCONN: a receive queue has no socket in the map. -EBUSY: another program holds the
 * interface. Else what the kernel said. */
int lf_gate_attach(struct lf_gate *gate, char *why, size_t size);

/* Takes the gate, and a program that the driver left, off the interface and frees; NULL is allowed. Without
 * privileges the link's closing still detaches. */
void lf_gate_close(struct lf_gate *gate);

/* Packet counts of queue `queue` (below `queues`) since lf_gate_attach, zero before; any thread, no system
 * call. */
void lf_gate_count(const struct lf_gate *gate, unsigned queue, struct lf_gate_queue *ret);
