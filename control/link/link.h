/* Control's end of the handover: finds landfalld, configures it once, and keeps it supplied with cookie keys,
 * policy, generations and the index of consumed audit entries, through restarts of either side.
 *
 * What is to be handed over is state, not a queue: the newest policy, the newest generation, the newest keys.
 * After a reconnect the link sends again what the other side lacks. It connects for ever, every 0.1 to 2 s.
 * All functions and callbacks run on the event loop's thread; none blocks. */
#pragma once

#include "control/replica/replica.h"
#include "dataplane/handover.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LF_LINK_GENERATIONS 8 /* held at once: newest, in force, and those not yet let go */

struct lf_link_options {
        const char *run_dir; /* copied */
        uid_t dataplane_uid; /* besides root and ourselves, who may stand behind the socket */
        /* Fills everything but the head. Both messages are wiped after sending. fill_options may say that it
         * is too early (an error): it is asked again with the next thing that is to be sent. */
        int (*fill_options)(void *arg, struct lf_handover_options *ret);
        void (*fill_keys)(void *arg, struct lf_handover_cookie_keys *ret);
        /* landfalld is there: before anything is sent to it. May be NULL, as all below. */
        void (*on_hello)(void *arg, const struct lf_handover_hello *hello);
        /* It took (error 0) or refused a message of that type (enum lf_handover_type). */
        void (*on_done)(void *arg, unsigned type, int error, const char *text);
        void *arg;
};

struct lf_link_state {
        bool connected;  /* and has said hello */
        bool configured; /* options are applied, the port is open */
        uint8_t boot[16];
        uint32_t pid;
        uint64_t generation;  /* accepted; 0: none */
        uint64_t in_force;    /* what it had when it said hello: newer numbers must be above */
        unsigned generations; /* that we still hold */
        uint64_t connects;    /* since start */
        uint64_t errors;      /* messages that it refused */
        char error[160];      /* the last of them, or why there is no connection; empty: none */
};

struct lf_link;
/* -ENOMEM, -ENAMETOOLONG: the socket's path. */
int lf_link_create(struct event_base *base, const struct lf_link_options *options, struct lf_link **ret);
/* Closes. Generations that the dataplane may have are left as they are: it goes on answering from them. NULL
 * is fine. */
void lf_link_destroy(struct lf_link *link);

/* The keys are new: they are asked for again and sent. */
void lf_link_keys_changed(struct lf_link *link);
/* Takes the memfd; the one before is closed. */
void lf_link_set_policy(struct lf_link *link, int fd);
/* Takes the generation; one that was not yet sent is wiped. -EBUSY: LF_LINK_GENERATIONS are held,
 * or one is half sent; the caller keeps it and tries again. */
int lf_link_set_generation(struct lf_link *link, struct lf_generation *generation);
/* Also the sign of life: to be called each second. */
void lf_link_consumed(struct lf_link *link, uint64_t entries);
/* Two officers have approved the clock; a landfalld that starts later begins there. */
void lf_link_set_clock(struct lf_link *link, const struct lf_handover_clock *clock);
/* The counters page says that landfalld holds `number` and none before it: what a lost connection may have
 * kept it from telling. */
void lf_link_settled(struct lf_link *link, uint64_t number);

void lf_link_get_state(const struct lf_link *link, struct lf_link_state *ret);
