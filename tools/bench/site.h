/* A temporary site for a bench: directories of its own, a landfalld as a child, and control's part of the
 * handover played by the bench. Nothing of an installed appliance is touched. One thread. */
#pragma once

#include "dataplane/counters.h"
#include "dataplane/policy.h"
#include "tools/bench/peer.h"

#include <sys/types.h>

#define LF_SITE_CONTEXTS 2048

/* Directories for everything; empty strings until made. */
struct lf_site_dirs {
        char top[64];    /* sockets and EAL's files, below TMPDIR or /tmp */
        char audit[160]; /* the audit log's, on the disk that is to be measured */
        uid_t uid;       /* what landfalld becomes when root starts the bench; 0: it stays who we are */
};
/* `audit_parent`: where the audit log's directory is made. -errno, said on standard error. */
int lf_site_dirs_make(const char *audit_parent, struct lf_site_dirs *ret);
void lf_site_dirs_remove(struct lf_site_dirs *d);
/* Makes PARENT/NAME for a child. */
int lf_site_dirs_child(const struct lf_site_dirs *d, const char *parent, const char *name, char *ret,
                       size_t size);

/* Starts build/PROGRAM, found beside this one, with `input` as its standard input (-1: /dev/null). */
int lf_site_spawn(const char *program, char *const arguments[], int input, pid_t *ret);
/* Ends a child: SIGTERM, after five seconds SIGKILL. False: it did not end well. */
bool lf_site_end(pid_t pid);

struct lf_site {
        pid_t pid;
        int control; /* the handover's socket */
        uint32_t sequence;
        const struct lf_counters *counters;
        char memif[108];
        struct lf_traffic_options traffic; /* boot id and cookie key of this start */
};

/* Starts `program` (landfalld, or one like it) on `cpu` with one core for everything, memif, and an empty
 * gallery; returns when it takes that traffic (whose boot id it fills in in ret->traffic). -errno, said on
 * standard error. */
int lf_site_start(const char *program, const struct lf_site_dirs *d, unsigned cpu, unsigned housekeeping_cpu,
                  const struct lf_traffic_options *traffic, struct lf_site *ret);
/* Says that control has tiles of all durable entries, so that the log's segments are reused. */
void lf_site_consume(struct lf_site *s);
/* False: landfalld did not end well. Zeroed is fine. */
bool lf_site_stop(struct lf_site *s);
