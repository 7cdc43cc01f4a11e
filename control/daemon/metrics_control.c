#include "control/daemon/daemon.h"
#include "control/daemon/metrics.h"

#include <inttypes.h>
#include <time.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
        fprintf(out, "# HELP landfall_%s %s\n# TYPE landfall_%s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
        head(out, name, type, help);
        fprintf(out, "landfall_%s %" PRIu64 "\n", name, value);
}

/* Datasets' names are letters, digits and - _ . by the configuration's schema: no label needs escaping. */
static void write_feeds(FILE *out, struct lf_control *c)
{
        static const struct {
                const char *name, *help;
        } values[] = {{"feed_entries", "Entries of the feed that were taken in."},
                      {"feed_records", "Records that can be searched."},
                      {"feed_checkpoint_time_seconds", "Time of the newest verified entry, since 1970."},
                      {"feed_error", "1 if the last sync failed."}};
        for (unsigned v = 0; v < 4; v++) {
                head(out, values[v].name, "gauge", values[v].help);
                for (unsigned i = 0; i < c->config->datasets; i++) {
                        struct lf_feed_state f;
                        lf_replica_worker_feed(c->replica, i, &f);
                        const uint64_t value[] = {f.size, f.records, f.checkpoint_time, f.error != 0};
                        fprintf(out, "landfall_%s{dataset=\"%s\"} %" PRIu64 "\n", values[v].name,
                                c->config->dataset[i].name, value[v]);
                }
        }
}

static void write_outcomes(FILE *out, const struct lf_control *c)
{
        static const char *const verdicts[] = {NULL, "clear", "candidate", "retry", "refused"};
        head(out, "answers_last_hour", "gauge",
             "Answers of the last whole hour by verdict; cells below 10 are withheld.");
        for (unsigned v = 1; v < 5; v++) {
                uint64_t n;
                if (lf_outcomes_cell(&c->outcomes, v, &n))
                        fprintf(out, "landfall_answers_last_hour{verdict=\"%s\"} %" PRIu64 "\n", verdicts[v],
                                n);
        }
}

void lf_metrics_control(FILE *out, struct lf_control *c)
{
        struct lf_link_state link;
        struct lf_audit_worker_state audit;
        lf_link_get_state(c->link, &link);
        lf_audit_worker_get_state(c->audit, &audit);
        struct lf_ke_stats ke = lf_ke_server_stats(c->ke);
        write_outcomes(out, c);
        write_feeds(out, c);
        one(out, "control_start_time_seconds", "gauge", "When control started, since 1970.", c->started);
        one(out, "control_dataplane_connected", "gauge", "1 while control has landfalld.", link.connected);
        one(out, "control_refused_total", "counter", "Messages that landfalld refused.", link.errors);
        one(out, "control_ruleset", "gauge", "The ruleset that control made last.", c->policy.ruleset);
        one(out, "control_config_error", "gauge", "1 if the configuration file is not valid.",
            c->config_error[0] != 0);
        one(out, "audit_log_entries", "gauge", "Entries in the signed checkpoint.", audit.published);
        one(out, "audit_log_checked_time_seconds", "gauge", "When the log was last brought up to date.",
            audit.checked);
        one(out, "audit_log_error", "gauge", "1 if the log cannot be continued.", audit.error[0] != 0);
        one(out, "cookie_keys_rotated_time_seconds", "gauge", "When the newest cookie key was made.",
            c->keys_rotated);
        one(out, "key_exchanges_granted_total", "counter", "Sessions given to lanes.", ke.granted);
        one(out, "key_exchanges_refused_total", "counter", "Lanes that were refused.", ke.refused);
        one(out, "key_exchanges_closed_total", "counter", "Connections closed without a word.", ke.closed);
}
