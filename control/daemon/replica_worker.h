/* The replica on a thread of its own: following feeds and building galleries takes long, and must not keep
 * the event loop from revoking a lane.
 *
 * It syncs each second. What it finds reaches the event loop through two callbacks, which run there. */
#pragma once

#include "control/replica/replica.h"

#include <event2/event.h>

#define LF_REPLICA_DATASETS 64

struct lf_replica_worker_options {
        struct event_base *base;
        const char *appliance_key; /* file; copied */
        /* Some feed has news since the last build: ask for one. */
        void (*on_changed)(void *arg);
        /* What was asked for; the receiver owns it. NULL: it failed, `why` says how. */
        void (*on_built)(void *arg, struct lf_generation *generation, const char *why);
        void *arg;
};

struct lf_replica_worker;
/* Starts the thread; it has no datasets yet. -ENOMEM, or errno of eventfd and pthread_create. */
int lf_replica_worker_create(const struct lf_replica_worker_options *options, struct lf_replica_worker **ret);
/* Waits for what the thread is doing. A generation that nobody took is wiped. NULL is fine. */
void lf_replica_worker_destroy(struct lf_replica_worker *worker);

/* From now on these datasets (at most LF_REPLICA_DATASETS, copied). Those that were open stay in use until
 * the new ones could be opened. */
void lf_replica_worker_configure(struct lf_replica_worker *worker, const struct lf_replica_dataset *datasets,
                                 unsigned n);
/* Builds a generation with that number, as lf_replica_build. One at a time: a later request replaces one not
 * yet begun. */
void lf_replica_worker_build(struct lf_replica_worker *worker, uint64_t number, unsigned shards_per_group,
                             uint64_t memory);

/* State of feed i of the datasets as configured; ret_why: what is wrong with all of them, or empty. */
void lf_replica_worker_feed(struct lf_replica_worker *worker, unsigned i, struct lf_feed_state *ret);
void lf_replica_worker_why(struct lf_replica_worker *worker, char ret_why[LF_REPLICA_WHY]);
/* Payloads opened so far: rises while feeds are read and galleries are built. */
uint64_t lf_replica_worker_opened(const struct lf_replica_worker *w);
