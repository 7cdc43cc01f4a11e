/* The configuration file and the register of lanes: looked at several times a second, taken over when valid.
 */
#include "control/daemon/daemon.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lf_control_policy(struct lf_control *c)
{
        struct lf_policy_facts facts = {.lane = c->lane, .lanes = c->lanes, .ruleset = c->policy.ruleset};
        for (unsigned i = 0; i < c->config->datasets; i++) {
                struct lf_feed_state feed = {0};
                lf_replica_worker_feed(c->replica, i, &feed);
                facts.synced[c->config->dataset[i].number] = feed.checkpoint_time;
        }
        lf_policy_compile(c->config, &facts, &c->next);
        if (memcmp(&c->next, &c->policy, sizeof c->next) == 0)
                return;
        uint8_t digest[32];
        int fd = -1, r = lf_policy_digest(&c->next, digest);
        if (r == 0)
                r = lf_state_ruleset(c->state, digest, &c->next.ruleset);
        if (r == 0 && memcmp(&c->next, &c->policy, sizeof c->next) == 0)
                return;
        if (r == 0)
                r = lf_policy_memfd(&c->next, &fd);
        if (r < 0) {
                snprintf(c->policy_error, sizeof c->policy_error,
                         "the new policy could not be made: %s; the old one stays in force", strerror(-r));
                return; /* tried again with the next tick */
        }
        c->policy_error[0] = 0;
        if (c->next.ruleset != c->policy.ruleset)
                lf_log_info("ruleset %u", c->next.ruleset);
        c->policy = c->next;
        lf_link_set_policy(c->link, fd);
}

void lf_control_datasets(struct lf_control *c)
{
        struct lf_replica_dataset *list = calloc(LF_REPLICA_DATASETS, sizeof *list);
        if (!list)
                return;
        for (unsigned i = 0; i < c->config->datasets; i++)
                list[i] = lf_replica_dataset_of(&c->config->dataset[i]);
        lf_replica_worker_configure(c->replica, list, c->config->datasets);
        free(list);
}

/* What only a restart can change stays as it is, and is said. */
static void say_what_waits(const struct lf_config *old, const struct lf_config *new)
{
        bool port = old->port.kind != new->port.kind || old->port.udp_port != new->port.udp_port ||
                    strcmp(old->port.interface, new->port.interface) != 0;
        bool cores =
            old->cores != new->cores || old->contexts != new->contexts || old->sessions != new->sessions;
        for (unsigned i = 0; i < old->cores && !cores; i++)
                cores = old->core[i].cpu != new->core[i].cpu || old->core[i].roles != new->core[i].roles;
        bool paths = strcmp(old->site, new->site) != 0 || strcmp(old->run, new->run) != 0 ||
                     strcmp(old->audit.directory, new->audit.directory) != 0;
        bool listen = memcmp(&old->key_exchange, &new->key_exchange, sizeof new->key_exchange) != 0 ||
                      memcmp(&old->metrics, &new->metrics, sizeof new->metrics) != 0;
        if (port || cores || paths || listen)
                lf_log_info("configuration: the new%s%s%s%s take effect with the next start",
                            port ? " port" : "", cores ? " cores" : "", paths ? " directories" : "",
                            listen ? " addresses" : "");
}

/* The law of the new one, and from the old what cannot change under way. */
static void take_over(struct lf_control *c, struct lf_config *fresh)
{
        say_what_waits(c->config, fresh);
        bool datasets = fresh->datasets != c->config->datasets;
        for (unsigned i = 0; i < fresh->datasets && !datasets; i++) {
                const struct lf_config_dataset *a = &fresh->dataset[i], *b = &c->config->dataset[i];
                datasets = a->number != b->number || a->modality != b->modality ||
                           a->categories != b->categories || memcmp(&a->feed, &b->feed, sizeof a->feed) != 0;
        }
        struct lf_config *old = c->config;
        strcpy(fresh->site, old->site);
        strcpy(fresh->run, old->run);
        strcpy(fresh->control_user, old->control_user);
        strcpy(fresh->dataplane_user, old->dataplane_user);
        fresh->port = old->port;
        fresh->cores = old->cores;
        memcpy(fresh->core, old->core, sizeof fresh->core);
        fresh->housekeeping_cpu = old->housekeeping_cpu;
        fresh->contexts = old->contexts;
        fresh->sessions = old->sessions;
        fresh->hugepages = old->hugepages;
        fresh->audit = old->audit;
        fresh->key_exchange = old->key_exchange;
        fresh->metrics = old->metrics;
        c->config = fresh;
        c->build_after = 0; /* there may be more memory for the galleries now */
        lf_config_destroy(old);
        c->reloads++;
        if (datasets)
                lf_control_datasets(c);
        lf_control_policy(c);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_dev == b->st_dev &&
               memcmp(&a->st_mtim, &b->st_mtim, sizeof a->st_mtim) == 0;
}

void lf_control_look_at_config(struct lf_control *c, bool even_if_unchanged)
{
        struct stat st = {0};
        bool there = stat(c->config_path, &st) == 0;
        if (!even_if_unchanged && (!there || same_file(&st, &c->config_stat)))
                return; /* a missing file may be one that is being replaced */
        c->config_stat = st;
        struct lf_problems *problems = malloc(sizeof *problems);
        if (!problems)
                return;
        struct lf_config *fresh;
        int r = lf_config_read(c->config_path, &fresh, problems);
        if (r == 0) {
                c->config_error[0] = 0;
                take_over(c, fresh);
                lf_log_info("configuration: taken over");
        } else {
                for (unsigned i = 0; i < problems->n; i++) {
                        char line[600];
                        lf_problem_format(problems, i, line, sizeof line);
                        lf_log_error("%s", line);
                }
                if (problems->n)
                        lf_problem_format(problems, 0, c->config_error, sizeof c->config_error);
                else
                        snprintf(c->config_error, sizeof c->config_error, "%s", strerror(-r));
                lf_log_error("configuration: nothing changed");
        }
        free(problems);
}

void lf_control_look_at_lanes(struct lf_control *c)
{
        unsigned n;
        static struct lf_site_lane fresh[LF_SITE_LANES_MAX];
        int r = lf_site_lanes(c->site, fresh, &n);
        if (r < 0) {
                if (!c->site_error[0])
                        lf_log_error("the register of lanes cannot be read: %s; what was known stays",
                                     strerror(-r));
                snprintf(c->site_error, sizeof c->site_error,
                         "the register of lanes cannot be read: %s; what was known stays", strerror(-r));
                return;
        }
        c->site_error[0] = 0;
        memcpy(c->lane, fresh, n * sizeof fresh[0]);
        c->lanes = n;
        lf_control_policy(c);
}
