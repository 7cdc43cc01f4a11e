/* Shared by the files of control/link. */
#pragma once

#include "control/link/link.h"

#include <sys/un.h>

/* What waits to be sent. */
enum {
        NEED_OPTIONS = 1,
        NEED_KEYS = 2,
        NEED_POLICY = 4,
        NEED_CONSUMED = 8,
        NEED_GENERATION = 16,
        NEED_CLOCK = 32,
};

enum held_state { HELD_NEW, HELD_SENT, HELD_ACCEPTED };

struct held {
        struct lf_generation *generation;
        enum held_state state;
};

struct lf_link {
        struct lf_link_options options;
        struct event_base *base;
        struct event *readable, *writable, *retry; /* retry also paces messages that must be sent again */
        struct sockaddr_un address;
        int fd; /* -1: not connected */
        unsigned backoff_ms;
        unsigned need;
        uint32_t sequence;        /* the last that was sent */
        uint32_t sequence_of[32]; /* by message type; 0: none under way */
        unsigned shards_sent;     /* of the generation that is being sent */
        bool part_under_way;      /* a message of it that is not the last */
        int part_error;           /* it was refused before its end */
        int policy;               /* -1: none */
        uint64_t consumed;
        struct lf_handover_clock clock; /* legal 0: none */
        unsigned n;
        struct held held[LF_LINK_GENERATIONS]; /* oldest first */
        struct lf_link_state state;
};

/* link.c: sends what is needed, and disconnects if that fails. */
void link_need(struct lf_link *link, unsigned need);
/* link_send.c: sends what is needed, as far as the socket takes it. -errno: the connection is of no use. */
int link_flush(struct lf_link *link);
/* link_receive.c: takes all that has come. -errno as above; -ECONNRESET: the other end has closed. */
int link_receive(struct lf_link *link);
/* link_generations.c */
struct held *link_newest(struct lf_link *link);
void link_drop(struct lf_link *link, unsigned index);
void link_release(struct held *held);
void link_generations_hello(struct lf_link *link, const struct lf_handover_hello *hello, bool same_boot);
void link_generation_done(struct lf_link *link, int error);
void link_retired(struct lf_link *link, uint64_t number);
