/* RUN_DIR/control.json: what control knows, for `landfall status`; a second old at most. */
#include "control/daemon/daemon.h"

#include "control/file/file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_t *feeds(struct lf_control *c)
{
        json_t *list = json_array();
        uint64_t now = (uint64_t)time(NULL);
        for (unsigned i = 0; i < c->config->datasets; i++) {
                const struct lf_config_dataset *d = &c->config->dataset[i];
                struct lf_feed_state f;
                lf_replica_worker_feed(c->replica, i, &f);
                uint64_t age = now > f.checkpoint_time ? now - f.checkpoint_time : 0;
                uint64_t limit = d->freshness_us / 1000000;
                json_array_append_new(
                    list, json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s}", "dataset",
                                    d->name, "number", (int)d->number, "size", (json_int_t)f.size, "built",
                                    (json_int_t)f.built, "records", (json_int_t)f.records, "locked",
                                    (json_int_t)f.locked, "left_out", (json_int_t)f.left_out,
                                    "checkpoint_time", (json_int_t)f.checkpoint_time, "freshness_limit",
                                    (json_int_t)limit, "stale", limit > 0 && age > limit, "error",
                                    f.error ? f.text[0] ? f.text : strerror(-f.error) : ""));
        }
        return list;
}

static json_t *lanes(const struct lf_control *c)
{
        unsigned enrolled = 0, revoked = 0, may_ask = 0;
        for (unsigned i = 0; i < c->lanes; i++) {
                enrolled += c->lane[i].active;
                revoked += !c->lane[i].active;
        }
        for (unsigned i = 0; i < LF_LANES_MAX; i++)
                may_ask += c->policy.lane[i].active;
        return json_pack("{s:i, s:i, s:i, s:s}", "enrolled", (int)enrolled, "revoked", (int)revoked,
                         "may_ask", (int)may_ask, "error", c->site_error);
}

static json_t *whole(struct lf_control *c)
{
        struct lf_link_state link;
        struct lf_audit_worker_state audit;
        char why[LF_REPLICA_WHY];
        lf_link_get_state(c->link, &link);
        lf_audit_worker_get_state(c->audit, &audit);
        lf_replica_worker_why(c->replica, why);
        struct lf_ke_stats ke = lf_ke_server_stats(c->ke);
        return json_pack(
            "{s:i, s:I, s:I, s:i, s:s, s:s, s:{s:I, s:I, s:b, s:s, s:s}, s:{s:b, s:b, s:i, s:I, s:I, s:s},"
            " s:{s:b, s:I, s:I, s:I, s:s}, s:{s:I, s:s}, s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
            "pid", c->ended ? 0 : (int)getpid(), "time", (json_int_t)time(NULL), "started",
            (json_int_t)c->started, "ruleset", (int)c->policy.ruleset, "config_error", c->config_error,
            "policy_error", c->policy_error,
            /* galleries */
            "generation", "number", (json_int_t)link.generation, "newest", (json_int_t)c->newest, "building",
            c->building, "error", c->build_error, "replica_error", why,
            /* the dataplane, as seen from here */
            "dataplane", "connected", link.connected, "configured", link.configured, "pid", (int)link.pid,
            "connects", (json_int_t)link.connects, "refused", (json_int_t)link.errors, "error", link.error,
            /* the log */
            "audit", "open", audit.open, "size", (json_int_t)audit.consumed, "published",
            (json_int_t)audit.published, "checkpoint_time", (json_int_t)audit.checked, "error", audit.error,
            "keys", "rotated", (json_int_t)c->keys_rotated, "error", c->keys_error,
            /* lanes' sessions */
            "key_exchange", "granted", (json_int_t)ke.granted, "refused", (json_int_t)ke.refused, "closed",
            (json_int_t)ke.closed, "timeouts", (json_int_t)ke.timeouts, "lanes", lanes(c), "feeds", feeds(c));
}

void lf_status_write(struct lf_control *c)
{
        char path[300];
        snprintf(path, sizeof path, "%s/" LF_STATUS_FILE, c->config->run);
        json_t *all = whole(c);
        char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
        if (text)
                lf_file_replace(AT_FDCWD, path, text, strlen(text), 0644, false);
        free(text);
        json_decref(all);
}
