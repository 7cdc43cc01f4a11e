/* For tests: landfalld started and spoken to as control would, message by message. */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/handover.h"

#include <stddef.h>
#include <sys/types.h>

struct peer {
        char dir[64]; /* run directory; DIR/audit is the log */
        pid_t pid;
        int fd; /* connection; -1: none */
        uint32_t sequence;
        char said[80]; /* file that holds landfalld's stderr */
};

/* A new run directory and options for a udp port on loopback, one core. As root the daemon is to become
 * nobody. */
void peer_init(struct peer *p, struct lf_handover_options *ret_options);
/* Starts build/landfalld. */
void peer_start(struct peer *p);
/* Connects (waiting up to ten seconds) and returns its HELLO. */
struct lf_handover_hello peer_connect(struct peer *p);
/* Fills in the head and sends. As it is: sends what is there. */
void peer_send(struct peer *p, uint16_t type, void *message, size_t size, const int *fd, unsigned fds);
void peer_send_as_it_is(struct peer *p, const void *message, size_t size, const int *fd, unsigned fds);
/* The next message of this type within ten seconds; others before it are an error. Returns its size, 0:
 * closed. */
size_t peer_receive(struct peer *p, uint16_t type, void *ret, size_t size);
/* Waits for the DONE or ERROR to the last message: 0 or -errno. */
int peer_answer(struct peer *p, char text[104]);
/* Sends options and waits until it is READY. */
void peer_configure(struct peer *p, struct lf_handover_options *options);
/* Its exit status, or minus the signal. */
int peer_wait(struct peer *p);
/* A memfd with this content, sealed with these F_SEAL_* (0: none). */
int peer_memfd(const void *data, size_t size, int seals);
#define PEER_SEALS (F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
