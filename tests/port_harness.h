/* For tests of ports: an ordinary user, options, EAL. */
#pragma once

#include "dataplane/eal.h"
#include "dataplane/ports/port.h"

#include <stddef.h>
#include <stdint.h>

/* A new directory below /tmp, which is removed when the test ends. */
void harness_new_dir(char *ret_dir, size_t size);
/* Makes a new directory for sockets and EAL's files and, when run as root, becomes the user nobody for good.
 */
void harness_become_nobody(char *ret_dir, size_t size);
/* One io and match core on a CPU that we may use, 64 contexts. */
struct lf_handover_options harness_options(uint32_t port_kind, unsigned io_cores);
/* Starts EAL; ends the process with a message when it does not start. */
void harness_eal(const struct lf_handover_options *options, const char *dir);
/* A UDP port that nothing was bound to just now. */
uint16_t harness_free_udp_port(void);
/* Turns one burst round: each payload goes back to where it came from. How many went. */
unsigned harness_echo(struct lf_port *port, unsigned queue, uint64_t drops[3]);
