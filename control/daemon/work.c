/* The tick: four times a second the register and the file, each second the rest. */
#include "control/daemon/daemon.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* landfalld makes a new page at each start. */
static void map_counters(struct lf_control *c)
{
        char path[300];
        struct stat st;
        snprintf(path, sizeof path, "%s/" LF_COUNTERS_FILE, c->config->run);
        if (stat(path, &st) < 0 || (c->counters && st.st_ino == c->counters_inode))
                return;
        const struct lf_counters *fresh;
        if (lf_counters_map(c->config->run, &fresh) < 0)
                return;
        lf_counters_unmap(c->counters);
        c->counters = fresh;
        c->counters_inode = st.st_ino;
}

static void rotate_keys(struct lf_control *c)
{
        bool rotated = false;
        uint64_t now = lf_control_legal_now(c);
        if (lf_cookie_keys_rotate(c->keys, now, &rotated) < 0) {
                snprintf(c->keys_error, sizeof c->keys_error,
                         "no new cookie key: the system gave no random numbers; the old keys stay");
                return;
        }
        c->keys_error[0] = 0;
        if (!rotated)
                return;
        c->keys_rotated = now;
        lf_link_keys_changed(c->link);
}

/* Long work says every ten seconds how far it is. */
static void say_progress(struct lf_control *c)
{
        uint64_t opened = lf_replica_worker_opened(c->replica), now = (uint64_t)time(NULL);
        if (opened == c->opened)
                c->opening_since = now;
        c->opened = opened;
        if (now < c->opening_since + 10)
                return;
        lf_log_info("reading feeds and building galleries: %lu payloads opened so far",
                    (unsigned long)opened);
        c->opening_since = now;
}

static void each_second(struct lf_control *c)
{
        struct lf_audit_worker_state audit;
        lf_audit_worker_get_state(c->audit, &audit);
        map_counters(c);
        lf_control_legal_now(c); /* keeps what landfalld has reached, for when it starts again */
        rotate_keys(c);
        lf_control_keep_limits(c);
        lf_control_policy(c);
        lf_control_generations(c);
        say_progress(c);
        lf_link_consumed(c->link, audit.consumed);
        lf_outcomes_step(&c->outcomes, c->counters, (uint64_t)time(NULL));
        lf_status_write(c);
}

void lf_control_tick(struct lf_control *c)
{
        if (lf_site_changed(c->site))
                lf_control_look_at_lanes(c);
        lf_control_look_at_config(c, false);
        if (c->ticks++ % (1000 / LF_TICK_MS) == 0)
                each_second(c);
}
