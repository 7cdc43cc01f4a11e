/* Everything that landfalld opens while it may still open things, in the one order that works. Main thread.
 */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/dataplane.h"
#include "dataplane/handover.h"

#include <stdbool.h>
#include <stdint.h>

struct lf_appliance {
        struct lf_wal *wal;
        struct lf_port *port;
        struct lf_dataplane *dp;
        bool locked; /* all its memory is kept out of swap; else that of the keys as they came, and of no copy
                      */
};

/* Opens audit log, EAL, port and query path, starts the audit thread and fills in the counters page, but for
 * its pid. `why` (256 bytes) gets cause and cure; on failure nothing is left open but EAL. */
int lf_appliance_open(const struct lf_handover_options *options, const char *run_dir, const uint8_t boot[16],
                      struct lf_counters *counters, struct lf_appliance *ret, char why[256]);

/* Gives up what opening needed: privileges first, so that the audit thread, which is started here, never had
 * any; then the sandbox closes. On failure the process can only end. `why` as above. */
int lf_appliance_bare(struct lf_appliance *a, const struct lf_handover_options *options, char why[256]);

/* Sends the cores off. The errno of DPDK, negative. */
int lf_appliance_launch(struct lf_appliance *a);

/* Stops the cores, answers or drops what is in flight, closes the audit log, wipes the keys. The port stays
 * open until the process ends: closing it needs what the sandbox forbids. -EIO: not every audit entry is
 * durable. */
int lf_appliance_stop(struct lf_appliance *a);
