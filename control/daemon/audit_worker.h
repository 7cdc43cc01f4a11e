/* The audit log on a thread of its own: tiles and checkpoints wait for the disk, the event loop must not.
 *
 * Four times a second it takes in what the counters page says is durable; the checkpoint is signed each
 * second. After an error it opens the log anew every five seconds, and says what is wrong. */
#pragma once

#include "control/audit/audit_log.h"

#include <stdbool.h>
#include <stdint.h>

struct lf_audit_worker_state {
        bool open;
        uint64_t consumed;  /* entries below it are in tiles and vault, durably */
        uint64_t published; /* in the signed checkpoint */
        uint64_t checked;   /* seconds since 1970: the last step that went well */
        char error[160];    /* empty: none */
};

struct lf_audit_worker;
/* `options` are copied (its strings too), and wiped in destroy. The first opening is tried before this
 * returns. -ENOMEM, or errno of pthread_create. */
int lf_audit_worker_create(const char *run_dir, const struct lf_audit_log_options *options,
                           struct lf_audit_worker **ret);
/* Takes in what is durable by now, publishes, ends. NULL is fine. */
void lf_audit_worker_destroy(struct lf_audit_worker *worker);
void lf_audit_worker_get_state(struct lf_audit_worker *worker, struct lf_audit_worker_state *ret);
