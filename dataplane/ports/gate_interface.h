/* What the gate asks the kernel about an interface; for gate.c alone. */
#pragma once

/* *ret_active: the interface's active receive queues. *ret_usable: how many DPDK's driver would serve: it
 * knows combined channels only, and takes an interface without them (veth) for one queue. Needs no privilege.
 * Returns what the kernel said on failure. */
int lf_gate_count_queues(const char *ifname, unsigned *ret_active, unsigned *ret_usable);
