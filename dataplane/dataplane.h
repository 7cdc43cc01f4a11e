/* The query path, as main and the handover see it.
 *
 * Everything here is called by the main thread unless it says otherwise; nothing of it may be called on a
 * core but lf_dataplane_core_main. Order of a life: create, start, (sandbox), launch the cores, set keys,
 * policy and generation in any order, housekeep several times a second, stop, join the cores, destroy. */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/handover.h"
#include "dataplane/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lf_dataplane;
struct lf_port;
struct lf_wal;

#define LF_GENERATIONS_MAX 4    /* held at once, the current one included */
#define LF_SHARDS_MAX      4096 /* of one generation */

/* Declares cores, roles and rings, and allocates all memory of the path. lf_engines_init() has been called;
 * of `counters` at least tsc_hz is filled in, and the rest zero: create fills magic, abi, size, cores, boot
 * and each core's cpu and roles; started_ns, pid, port_kind, interface, isa, control_connected and
 * control_seen_ns remain main's. Port, counters and wal are lent until destroy; the wal belongs to the audit
 * thread from start to destroy. Queries are dropped until keys, and refused until a policy and a generation
 * are there. -EINVAL: options out of range (no io core, no match core, contexts no power of two ...) or fewer
 * queues in the port than io cores. -ENOMEM; -EPERM or -ENOMEM also when the keys' memory cannot be locked.
 * -EIO: OpenSSL. */
int lf_dataplane_create(const struct lf_handover_options *options, struct lf_port *port,
                        struct lf_counters *counters, struct lf_wal *wal, const uint8_t boot[16],
                        struct lf_dataplane **ret);
/* Starts the audit thread (on options->housekeeping_cpu) and logs the start. Before the sandbox: it calls
 * clone. The errno of pthread_create, negative. */
int lf_dataplane_start(struct lf_dataplane *dp);

/* Core i of options->core[], to be given to lf_dataplane_core_main on the thread pinned to its CPU. */
unsigned lf_dataplane_cores(const struct lf_dataplane *dp);
void *lf_dataplane_core(struct lf_dataplane *dp, unsigned i);
unsigned lf_dataplane_match_cores(const struct lf_dataplane *dp);
/* Counts in `limits` instead of memory of its own; borrowed for its life. Before the cores start. */
struct lf_limits;
void lf_dataplane_use_limits(struct lf_dataplane *dp, struct lf_limits *limits);
/* The polling loop; an lcore_function_t. Returns 0 after lf_dataplane_stop. Makes no system call of its own
 * but sched_yield, clock_nanosleep and, once, gettid. */
int lf_dataplane_core_main(void *core);

/* Each replaces what was before, but for cookie keys that are still accepted and find a free place among the
 * new ones (control has started again); the argument is copied, wiped and unmapped as the caller likes.
 * -EBADMSG: it does not pass lf_policy_check; nothing changed. -EINVAL: two keys with one id; nothing
 * changed. -ETIMEDOUT: a core has not turned its loop for a second. */
int lf_dataplane_set_cookie_keys(struct lf_dataplane *dp, const struct lf_handover_cookie_keys *keys);
int lf_dataplane_set_policy(struct lf_dataplane *dp, const void *image, size_t size);

/* Checks one shard image, which takes a while if it is large: each for itself, so that a policy need not wait
 * behind a whole gallery. -EBADMSG, -ENOTSUP (no engine). */
int lf_dataplane_check_shard(const void *image, size_t size);

/* Makes shard images that have passed the check the current generation. They are borrowed, read-only and
 * aligned to 64 bytes, until lf_dataplane_retired names this generation; n may be 0. A generation that is
 * refused stays the caller's: -EINVAL (more than LF_SHARDS_MAX, or `id` not above the current one), -EBUSY
 * (LF_GENERATIONS_MAX are held: queries of old ones are still in flight; try again). */
int lf_dataplane_publish(struct lf_dataplane *dp, uint64_t id, const void *const *images, size_t n);
/* True once for each generation that no query refers to any more: unmap its shards and say so to control. */
bool lf_dataplane_retired(struct lf_dataplane *dp, uint64_t *ret_id);

/* Control has durable tiles of the audit entries below this index. */
void lf_dataplane_consumed(struct lf_dataplane *dp, uint64_t entries);

/* Legal time follows the clock, which was set forward: an audit entry says by whose word. Nothing to do is no
 * error. -ERANGE: the clock is elsewhere by now. -EAGAIN: the log takes no entry. */
int lf_dataplane_approve_clock(struct lf_dataplane *dp, const struct lf_handover_clock *clock);

/* Clock, counters of the page that belong to no core. Several times a second. */
void lf_dataplane_housekeep(struct lf_dataplane *dp);

/* No further query is taken; cores finish what is in flight (for at most a second) and return. */
void lf_dataplane_stop(struct lf_dataplane *dp);
/* After the cores have returned. Ends the audit thread, once it has written what it was given, wipes and
 * frees. Generations count as let go. NULL is fine. */
void lf_dataplane_destroy(struct lf_dataplane *dp);
