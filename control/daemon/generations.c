/* From a feed's news to a generation in force. */
#include "control/daemon/daemon.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUILD_PAUSE_S 5 /* after a build that failed */

/* Each core that matches gets a shard of every dataset and category. */
static unsigned match_cores(const struct lf_config *config)
{
        unsigned n = 0;
        for (unsigned i = 0; i < config->cores; i++)
                n += (config->core[i].roles & LF_ROLE_MATCH) != 0;
        return n;
}

/* A feed that could not be read since we started has no records here, but may have them in the generation
 * that the dataplane got from a control before us: that one must not be replaced by an empty one. */
static bool would_lose_records(struct lf_control *c, const struct lf_link_state *link)
{
        for (unsigned i = 0; link->in_force && i < c->config->datasets; i++) {
                struct lf_feed_state f;
                lf_replica_worker_feed(c->replica, i, &f);
                if (f.error == 0 || f.size > 0)
                        continue;
                snprintf(c->build_error, sizeof c->build_error,
                         "feed %s cannot be read: generation %lu stays in force", c->config->dataset[i].name,
                         link->in_force);
                return true;
        }
        return false;
}

static void build(struct lf_control *c)
{
        struct lf_link_state link;
        lf_link_get_state(c->link, &link);
        c->build_again = c->building || would_lose_records(c, &link);
        if (c->build_again)
                return;
        uint64_t number;
        int r = lf_state_generation(c->state, link.in_force, &number);
        if (r < 0) {
                snprintf(c->build_error, sizeof c->build_error, "no number for a new generation: %s",
                         strerror(-r));
                c->build_again = true; /* with the next tick */
                return;
        }
        c->building = true;
        lf_replica_worker_build(c->replica, number, match_cores(c->config), c->config->gallery_memory);
}

void lf_control_on_changed(void *arg)
{
        struct lf_control *c = arg;
        build(c);
        lf_control_policy(c); /* the times of the last syncs */
}

void lf_control_on_built(void *arg, struct lf_generation *generation, const char *why)
{
        struct lf_control *c = arg;
        c->building = false;
        if (!generation) {
                /* each try has a number of its own: what comes behind the colon tells whether it is news */
                const char *reason = strchr(why, ':'), *before = strchr(c->build_error, ':');
                if (!reason || !before || strcmp(reason, before) != 0)
                        lf_log_error("%s; the generation in force stays", why);
                snprintf(c->build_error, sizeof c->build_error, "%s", why);
                c->build_again = true;
                c->build_after = (uint64_t)time(NULL) + BUILD_PAUSE_S;
                return;
        }
        c->build_error[0] = 0;
        c->built = true;
        c->newest = generation->number;
        lf_generation_wipe_destroy(c->unsent);
        c->unsent = generation;
        lf_control_generations(c);
}

void lf_control_generations(struct lf_control *c)
{
        struct lf_link_state link;
        lf_link_get_state(c->link, &link);
        if (c->unsent && c->unsent->number <= link.in_force) { /* we are younger than the dataplane */
                lf_generation_wipe_destroy(c->unsent);
                c->unsent = NULL;
                c->build_again = true;
        }
        if (c->unsent && lf_link_set_generation(c->link, c->unsent) == 0)
                c->unsent = NULL;
        /* the link threw away one that was too low */
        lf_link_get_state(c->link, &link);
        if (c->built && link.connected && link.generations == 0 && !c->unsent && !c->building)
                c->build_again = true;
        if (c->build_again && !c->building && (uint64_t)time(NULL) >= c->build_after)
                build(c);
        const struct lf_counters *k = c->counters;
        if (k && link.connected && memcmp(k->boot, link.boot, sizeof k->boot) == 0 &&
            lf_read(&k->generations_held) == 1 && lf_read(&k->generation) == link.generation &&
            link.generations > 1 && link.connects > 1)
                lf_link_settled(c->link, link.generation);
}
