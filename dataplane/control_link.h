/* The socket between landfalld and control: one peer at a time, whole messages, their descriptors. Main
 * thread. */
#pragma once

#include "dataplane/handover.h"

#include <stdbool.h>
#include <stddef.h>

struct lf_control_link {
        int listener;
        int peer; /* -1: control is not there */
        uint32_t control_uid;
        uint32_t sequence; /* of the last message that we sent */
};

/* One message as it came. The buffer lies in locked memory while keys pass through it:
 * lf_control_link_forget. */
struct lf_control_message {
        _Alignas(8) uint8_t bytes[4096];
        size_t size;
        int fd[LF_HANDOVER_FDS_MAX]; /* ours to close */
        unsigned fds;
        bool cut; /* it was longer, or had more descriptors: what came of it is not to be used */
};
_Static_assert(sizeof(struct lf_handover_options) <= 4096, "every message fits");

/* Listens at run_dir/LF_HANDOVER_SOCKET, mode 0600, owned by control_uid. What a killed landfalld left there
 * is replaced (the run directory's lock is ours). The errno. */
int lf_control_link_listen(struct lf_control_link *link, const char *run_dir, uint32_t control_uid);

/* Takes a waiting connection: true if a new peer is there, in the place of any before it. Connections of
 * other users than control's and root are closed. */
bool lf_control_link_accept(struct lf_control_link *link);

/* 1: a message is in *ret. 0: none waits. -ECONNRESET: the peer has gone, `peer` is -1. */
int lf_control_link_receive(struct lf_control_link *link, struct lf_control_message *ret);
/* Wipes the message and closes its descriptors. */
void lf_control_link_forget(struct lf_control_message *m);

/* Fills in the head of `message` and sends it. A peer that does not read loses the connection. -ENOTCONN. */
int lf_control_link_send(struct lf_control_link *link, enum lf_handover_type type, void *message,
                         size_t size);
void lf_control_link_drop(struct lf_control_link *link);
