/* landfall-control as a whole. Internal to control/daemon; everything here runs on the event loop's thread.
 */
#pragma once

#include "control/config/config.h"
#include "control/daemon/audit_worker.h"
#include "control/daemon/replica_worker.h"
#include "control/daemon/state.h"
#include "control/ke/ke.h"
#include "control/ke/slots.h"
#include "control/link/link.h"
#include "control/policy/compile.h"
#include "control/site/site.h"
#include "dataplane/counters.h"

#include <event2/event.h>
#include <sys/stat.h>

#define LF_TICK_MS      250            /* how often the register and the configuration are looked at */
#define LF_CONTROL_DIR  "state"        /* in the site's directory */
#define LF_STATUS_FILE  "control.json" /* in the run directory */
#define LF_ADMIN_SOCKET "control.sock"

/* Outcomes of whole hours: see outcomes.c. */
struct lf_outcomes {
        uint8_t boot[16];
        uint64_t hour; /* that is being counted, since 1970; 0: not begun */
        bool whole;    /* `last` covers a whole hour */
        uint64_t seen[5], counting[5], last[5];
};

/* One officer's word that the clock is right; officer 0: nobody's. See legal.c. */
struct lf_clock_approval {
        uint32_t officer;
        uint64_t at, began; /* uptime when it was given, and what the clock then said of uptime 0 */
};

struct lf_control {
        const char *config_path;
        struct event_base *base;
        struct event *tick, *hangup, *terminate, *interrupt;
        unsigned ticks;
        uint64_t started;
        bool ended;

        struct lf_config *config;
        struct stat config_stat;
        char config_error[400]; /* of the file as it stands now; empty: it is in force */
        unsigned reloads;

        struct lf_site *site;
        char site_error[160];
        struct lf_site_lane lane[LF_SITE_LANES_MAX];
        unsigned lanes;
        struct lf_policy policy; /* in force */
        struct lf_policy next;   /* room to compile in */
        char policy_error[160];

        struct lf_state *state;
        uint64_t clock_began; /* what legal time was when the machine's uptime was 0; 0: not read yet */
        struct lf_clock_approval approval;
        struct lf_cookie_keys *keys;
        uint64_t keys_rotated; /* seconds since 1970 */
        char keys_error[160];
        struct lf_slots *slots;
        struct lf_ke_server *ke;
        struct lf_link *link;

        struct lf_replica_worker *replica;
        bool building, build_again, built;
        uint64_t newest; /* number of the newest that was built */
        uint64_t build_after; /* seconds since 1970: what failed is not tried again before */
        char build_error[LF_REPLICA_WHY];
        struct lf_generation *unsent; /* the link had no room for it yet */
        uint64_t opened, opening_since; /* payloads, and when it was last said how many */

        struct lf_audit_worker *audit;
        uid_t uid, dataplane_uid; /* what the two become when they are started as root */
        gid_t gid, dataplane_gid;
        uint8_t wal_key[32];

        const struct lf_counters *counters; /* NULL: landfalld never started here */
        ino_t counters_inode;
        struct lf_outcomes outcomes;

        struct lf_limits_page *limits; /* as it was kept last */
        bool limits_error;

        struct lf_http *http;
        struct lf_admin *admin;
};

/* start.c. On failure it has said why, and -errno comes back. */
int lf_control_start(struct lf_control *c);
void lf_control_stop(struct lf_control *c);

/* unprivileged.c. Makes the folders; as root gives them to who writes there, and becomes control_user for
 * good: no capability, no new privileges, no core dumps. */
int lf_control_unprivileged(struct lf_control *c);

/* reload.c: the configuration file, the register, and the policy of both. */
void lf_control_look_at_config(struct lf_control *c, bool even_if_unchanged);
void lf_control_look_at_lanes(struct lf_control *c);
/* Compiles; a changed law gets a new ruleset, and what changed goes to the dataplane. */
void lf_control_policy(struct lf_control *c);
void lf_control_datasets(struct lf_control *c);

/* handover.c: what the link and the key exchange ask for. */
int lf_control_fill_options(void *arg, struct lf_handover_options *ret);
void lf_control_fill_keys(void *arg, struct lf_handover_cookie_keys *ret);
void lf_control_on_hello(void *arg, const struct lf_handover_hello *hello);
void lf_control_on_done(void *arg, unsigned type, int error, const char *text);
enum lsp_ke_status lf_control_admit(void *arg, uint32_t lane, const uint8_t certificate[32],
                                    struct lf_ke_grant *ret);

/* generations.c */
void lf_control_on_changed(void *arg);
void lf_control_on_built(void *arg, struct lf_generation *generation, const char *why);
void lf_control_generations(struct lf_control *c);

/* limits.c: the page of quotas and warrant uses is copied; and put back for a landfalld that finds none. */
void lf_control_keep_limits(struct lf_control *c);
void lf_control_restore_limits(struct lf_control *c);

/* work.c: the tick. */
void lf_control_tick(struct lf_control *c);

/* legal.c. Legal time, seconds since 1970: the clock's, but never back, never behind landfalld's, and of what
 * the clock was set forward a minute at most. */
uint64_t lf_control_legal_now(struct lf_control *c);
/* An officer says that the clock is right. 0: the second one did, legal time follows it; 1: one more is
 * needed; -EALREADY: it does already. `text` says so. */
int lf_control_approve_clock(struct lf_control *c, uint32_t officer, char text[160]);

void lf_outcomes_step(struct lf_outcomes *o, const struct lf_counters *counters, uint64_t now);
/* False: withheld. */
bool lf_outcomes_cell(const struct lf_outcomes *o, unsigned verdict, uint64_t *ret);

/* http.c: /metrics and /healthz. */
int lf_http_start(struct lf_control *c);
void lf_http_stop(struct lf_control *c);
/* admin.c: the socket for `landfall officer`. */
int lf_admin_start(struct lf_control *c);
void lf_admin_stop(struct lf_control *c);
/* status_file.c */
void lf_status_write(struct lf_control *c);
