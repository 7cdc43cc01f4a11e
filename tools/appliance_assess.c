/* What keeps the appliance from being well, each with its cure. */
#include "control/daemon/state.h"
#include "tools/appliance.h"

#include <stdarg.h>
#include <string.h>

static void say(struct lf_appliance *a, const char *cure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct lf_appliance *a, const char *cure, const char *format, ...)
{
        if (a->n == LF_REASONS_MAX)
                return;
        va_list args;
        va_start(args, format);
        vsnprintf(a->reason[a->n].cause, sizeof a->reason[0].cause, format, args);
        va_end(args);
        a->reason[a->n++].cure = cure;
}

/* Legal time follows a clock that is set only so far. */
static void assess_clock(struct lf_appliance *a)
{
        int64_t ahead = (int64_t)(lf_read(&a->now->legal_ns) - lf_read(&a->now->updated_ns)) / 1000000000;
        if (ahead < 0)
                say(a, "set the clock right; if it is right, two officers say so: landfall officer clock",
                    "the clock was set forward: legal time does not follow and is %lld s behind it",
                    (long long)-ahead);
        if (ahead > LF_STATE_RESERVE_S) /* so far it may be after a kill */
                say(a, "set the clock right; legal time waits for it",
                    "the clock is behind: legal time does not run back and is %lld s ahead of it",
                    (long long)ahead);
}

static void assess_dataplane(struct lf_appliance *a)
{
        const struct lf_counters *c = a->now;
        if (!lf_read(&c->ruleset))
                say(a, "landfall-control sends it; see its state below", "no policy: every query is refused");
        if (!lf_read(&c->generation))
                say(a, "landfall-control builds it; see feeds below",
                    "no gallery generation: every query is refused");
        assess_clock(a);
        if (!a->balanced)
                say(a, "report this: it is a fault in landfalld", "the counters do not add up: %.300s",
                    a->balance);
        switch (lf_read(&c->audit_state)) {
        case LF_AUDIT_OK:
                break;
        case LF_AUDIT_DEGRADED:
                say(a, "replace that disk, make the directory anew and restart landfalld",
                    "one of two audit directories failed: %s", strerror((int)lf_read(&c->audit_errno)));
                break;
        case LF_AUDIT_FULL:
                say(a, "start landfall-control, or see why its audit log is stopped",
                    "audit_full: no segment of the write-ahead log is free, answers have stopped");
                break;
        default:
                say(a, "mend the disk and restart landfalld",
                    "audit_failed: the write-ahead log cannot be written (%s), answers have stopped",
                    strerror((int)lf_read(&c->audit_errno)));
        }
        if (!lf_read(&c->control_connected))
                say(a, "start landfall-control: cookie keys last 24 hours without it",
                    "landfalld has no control: lanes with a session are answered, new ones are not");
        if (a->disturbance.state == LF_DISTURB_OVER)
                say(a, "landfall disturb shows who; move it to another CPU", "disturbed: %.300s",
                    a->disturbance.text);
}

static const char *text_at(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? text : "";
}

static void assess_feeds(struct lf_appliance *a)
{
        size_t i;
        json_t *feed;
        json_array_foreach(json_object_get(a->control, "feeds"), i, feed)
        {
                const char *name = text_at(feed, "dataset"), *error = text_at(feed, "error");
                json_int_t size = json_integer_value(json_object_get(feed, "size"));
                if (error[0])
                        say(a, "mend the feed; what was taken in before stays in force", "feed %.64s: %.300s",
                            name, error);
                else if (size && json_is_true(json_object_get(feed, "stale")))
                        say(a, "ask its originator, or see what keeps the feed from arriving",
                            "feed %.64s is older than its freshness limit: answers are flagged stale", name);
        }
}

static void assess_control(struct lf_appliance *a)
{
        static const struct {
                const char *section, *key, *what, *cure;
        } errors[] = {
            {NULL, "config_error", "the configuration is not valid, the one before stays in force",
             "mend the file; landfall verify checks it"},
            {NULL, "policy_error", "policy", "see the disk of the site's directory"},
            {"generation", "error", "galleries", "see the feeds and the machine's memory"},
            {"generation", "replica_error", "replica", "mend the file that it names"},
            {"dataplane", "error", "landfalld, as control sees it", "mend what it names"},
            {"audit", "error", "audit log",
             "make room, or restore what the verifier names; entries wait in the write-ahead log"},
            {"keys", "error", "cookie keys", "restart landfall-control"},
            {"lanes", "error", "lanes", "restore the register's file that it names"},
        };
        if (!a->control_alive) {
                say(a, "start landfall-control; its log says why it ended",
                    a->control ? "landfall-control does not run any more"
                               : "landfall-control has not run here");
                return;
        }
        for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
                const json_t *in =
                    errors[i].section ? json_object_get(a->control, errors[i].section) : a->control;
                const char *text = text_at(in, errors[i].key);
                if (text[0])
                        say(a, errors[i].cure, "%s: %.300s", errors[i].what, text);
        }
        assess_feeds(a);
}

void lf_appliance_assess(struct lf_appliance *a)
{
        a->n = 0;
        if (a->page && a->alive)
                assess_dataplane(a);
        else if (a->page && atomic_load(&a->now->pid))
                say(a, "start landfalld; nothing needs cleaning up",
                    "landfalld (%u) does not run any more, or hangs: it no longer writes its counters",
                    atomic_load(&a->now->pid));
        else if (a->page)
                say(a, "start landfalld", "landfalld was stopped");
        else
                say(a, "start landfalld, or name its directory with --run-dir", "no landfalld in %.200s: %s",
                    a->run_dir, strerror(-a->page_error));
        assess_control(a);
}
