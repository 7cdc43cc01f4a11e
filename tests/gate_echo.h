/* A process that serves an interface through the gate and DPDK's af_xdp driver: it sends each datagram back.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "dataplane/ports/gate.h"

#define ECHO_QUEUES_MAX 8

enum echo_stop { ECHO_SERVE, ECHO_BEFORE_ATTACH, ECHO_WITHOUT_SOCKET };

/* In memory that both processes map. */
struct echo_page {
        volatile int error; /* what a gate call returned */
        volatile int ready; /* serving, without privileges (or stopped where asked) */
        volatile int quit;  /* set by the parent: end in good order */
        volatile uint64_t received;
        struct lf_gate_queue queues[ECHO_QUEUES_MAX];
        char why[256];
};

/* Forks; the child serves `ifname` in its network namespace until quit or killed. The page is zeroed first.
 * Returns its pid. */
pid_t echo_start(const char *ifname, unsigned queues, uint16_t udp_port, enum echo_stop stop,
                 struct echo_page *page);
