/* The audit stage: an answer waits here until its entry is durable.
 *
 * The query path calls it by this interface alone; audit.c and audit_thread.c are the stage that the
 * appliance has. (A bench that measures what the log costs links another in its place.) */
#pragma once

#include "base/arena.h"
#include "base/ring.h"
#include "dataplane/audit/entry.h"

#include <stdbool.h>
#include <stdint.h>

struct lf_audit; /* the audit thread's */
struct lf_dataplane;
struct lf_io;
struct lf_query;

/* An io core's part. */
struct lf_audit_io {
        struct lf_ring ring;       /* queries to the audit thread */
        struct lf_query **waiting; /* the same queries in the same order, until their entries are durable */
        uint32_t head, tail;
};

/* Main thread: memory at start; the thread; its end. lf_audit_start: -errno of pthread_create. */
void lf_audit_carve(struct lf_dataplane *dp, struct lf_arena *arena);
int lf_audit_start(struct lf_dataplane *dp);
void lf_audit_stop(struct lf_dataplane *dp);
/* Main thread: an entry about the appliance itself. It stands in the log before the entry of any query that
 * is submitted after this returns. -EAGAIN: too many wait. */
int lf_audit_note(struct lf_dataplane *dp, enum lf_entry_kind kind, uint64_t generation, uint32_t ruleset);
void lf_audit_consumed(struct lf_dataplane *dp, uint64_t entries);
/* Main thread: the log's state to the counters page. */
void lf_audit_housekeep(struct lf_dataplane *dp);

/* Io core: builds the query's entry and puts the receipt into its answer. */
void lf_audit_submit(struct lf_io *io, struct lf_query *q);
/* Io core: the next query, in the order of submission, whose wait is over; NULL: none. q->drop says when the
 * log did not take it. */
struct lf_query *lf_audit_next(struct lf_io *io);
/* Io core: the log has lost a disk, is full or broken. */
bool lf_audit_degraded(const struct lf_dataplane *dp);
