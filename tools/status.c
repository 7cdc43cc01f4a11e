/* landfall status: how the appliance is, in a page. */
#include "tools/appliance.h"
#include "tools/commands.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static const char *const audit_states[] = {"ok", "degraded", "full", "failed"};
static const char *const disturb_states[] = {"unknown", "calm", "over"};

static const char *audit_state(const struct lf_counters *c)
{
        uint64_t s = lf_read(&c->audit_state);
        return s < 4 ? audit_states[s] : "unknown";
}

static int exit_code(const struct lf_appliance *a)
{
        return !a->alive ? LF_EXIT_UNREACHABLE : a->n ? LF_EXIT_DEGRADED : LF_EXIT_OK;
}

static const char *state_word(const struct lf_appliance *a)
{
        return !a->alive ? "unreachable" : a->n ? "degraded" : "ok";
}

/* ---- JSON ---- */

static json_t *number(uint64_t v)
{
        return json_integer((json_int_t)v);
}

static void add_dataplane(json_t *all, const struct lf_appliance *a)
{
        const struct lf_counters *c = a->now;
        const struct lf_core_counters *k = &c->core[0];
        json_object_set_new(all, "pid", number(atomic_load(&a->now->pid)));
        json_object_set_new(all, "port", json_string(c->interface));
        json_object_set_new(all, "isa", json_string(c->isa));
        json_object_set_new(all, "started", number(c->started_ns / 1000000000));
        json_object_set_new(all, "generation", number(lf_read(&c->generation)));
        json_object_set_new(all, "generations_held", number(lf_read(&c->generations_held)));
        json_object_set_new(all, "ruleset", number(lf_read(&c->ruleset)));
        json_object_set_new(all, "shards", number(lf_read(&c->shards)));
        json_object_set_new(all, "records", number(lf_read(&c->records)));
        json_object_set_new(all, "clock_steps", number(lf_read(&c->clock_steps)));
        json_object_set_new(all, "memory_locked", json_boolean(c->memory_locked));
        json_object_set_new(all, "legal_time", number(lf_read(&c->legal_ns) / 1000000000));
        json_t *cores = json_array();
        for (unsigned i = 0; i < c->cores; i++)
                json_array_append_new(
                    cores, json_pack("{s:i, s:i, s:s, s:f}", "core", (int)i, "cpu", (int)c->core[i].cpu,
                                     "roles", lf_core_roles(c->core[i].roles), "busy", lf_core_busy(a, i)));
        json_object_set_new(all, "cores", cores);
        json_object_set_new(all, "queries",
                            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "received",
                                      (json_int_t)lf_counters_sum(c, &k->received), "absorbed",
                                      (json_int_t)lf_counters_sum(c, &k->absorbed), "opened",
                                      (json_int_t)lf_counters_sum(c, &k->opened), "resends",
                                      (json_int_t)lf_counters_sum(c, &k->resends), "answered",
                                      (json_int_t)lf_counters_sum(c, &k->answered), "in_flight",
                                      (json_int_t)lf_counters_sum(c, &k->in_flight), "sent",
                                      (json_int_t)lf_counters_sum(c, &k->sent), "balanced", a->balanced));
        json_t *drops = json_object();
        for (int d = 0; d < LF_DROP_COUNT; d++)
                json_object_set_new(drops, lf_drop_name(d), number(lf_counters_sum(c, &k->drop[d])));
        json_object_set_new(all, "drops", drops);
        json_object_set_new(all, "audit",
                            json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "state", audit_state(c),
                                      "errno", (int)lf_read(&c->audit_errno), "entries",
                                      (json_int_t)lf_read(&c->audit_appended), "durable",
                                      (json_int_t)lf_read(&c->audit_durable), "consumed",
                                      (json_int_t)lf_read(&c->audit_consumed), "segments_free",
                                      (json_int_t)lf_read(&c->audit_segments_free), "commit_us",
                                      (json_int_t)lf_read(&c->audit_commit_us), "commit_longest_us",
                                      (json_int_t)lf_read(&c->audit_commit_longest_us)));
}

static void say_json(const struct lf_appliance *a)
{
        json_t *all = json_pack("{s:s}", "state", state_word(a)), *reasons = json_array();
        for (unsigned i = 0; i < a->n; i++)
                json_array_append_new(
                    reasons, json_pack("{s:s, s:s}", "cause", a->reason[i].cause, "cure", a->reason[i].cure));
        json_object_set_new(all, "reasons", reasons);
        if (a->page)
                add_dataplane(all, a);
        json_object_set_new(all, "disturbance",
                            json_pack("{s:s, s:f, s:s, s:s}", "state", disturb_states[a->disturbance.state],
                                      "share", a->disturbance.share, "culprit", a->disturbance.culprit,
                                      "text", a->disturbance.text));
        json_object_set_new(all, "control_alive", json_boolean(a->control_alive));
        json_object_set(all, "control", a->control ? a->control : json_null());
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(all);
}

/* ---- for people ---- */

static void say_dataplane(const struct lf_appliance *a)
{
        const struct lf_counters *c = a->now;
        const struct lf_core_counters *k = &c->core[0];
        uint64_t up = (uint64_t)time(NULL) - c->started_ns / 1000000000;
        printf("landfalld   %u, for %" PRIu64 " h %" PRIu64 " min, port %s, engines %s\n",
               atomic_load(&a->now->pid), up / 3600, up / 60 % 60, c->interface, c->isa);
        for (unsigned i = 0; i < c->cores; i++)
                printf("core %-6u cpu %u, %s, busy %.0f%%\n", i, c->core[i].cpu,
                       lf_core_roles(c->core[i].roles), 100 * lf_core_busy(a, i));
        printf("galleries   generation %" PRIu64 " (%" PRIu64 " records in %" PRIu64
               " shards), ruleset %" PRIu64 "\n",
               lf_read(&c->generation), lf_read(&c->records), lf_read(&c->shards), lf_read(&c->ruleset));
        printf("queries     %" PRIu64 " received, %" PRIu64 " opened, %" PRIu64 " answered, %" PRIu64
               " in flight\n",
               lf_counters_sum(c, &k->received), lf_counters_sum(c, &k->opened),
               lf_counters_sum(c, &k->answered), lf_counters_sum(c, &k->in_flight));
        printf("balance     %s: %s\n", a->balanced ? "holds" : "does not hold", a->balance);
        printf("audit       %s, %" PRIu64 " entries, %" PRIu64 " durable, %" PRIu64 " in tiles, %" PRIu64
               " segments free, longest commit %.1f ms\n",
               audit_state(c), lf_read(&c->audit_appended), lf_read(&c->audit_durable),
               lf_read(&c->audit_consumed), lf_read(&c->audit_segments_free),
               (double)lf_read(&c->audit_commit_longest_us) / 1000);
        printf("disturbance %s\n", a->disturbance.text);
}

static void say_control(const struct lf_appliance *a)
{
        size_t i;
        json_t *feed;
        if (!a->control_alive)
                return;
        const json_t *lanes = json_object_get(a->control, "lanes");
        printf("control     %d, %d lanes enrolled, %d may ask\n",
               (int)json_integer_value(json_object_get(a->control, "pid")),
               (int)json_integer_value(json_object_get(lanes, "enrolled")),
               (int)json_integer_value(json_object_get(lanes, "may_ask")));
        json_array_foreach(json_object_get(a->control, "feeds"), i, feed)
        {
                const char *name = json_string_value(json_object_get(feed, "dataset"));
                printf("feed        %s: %d entries, %d records%s\n", name ? name : "?",
                       (int)json_integer_value(json_object_get(feed, "size")),
                       (int)json_integer_value(json_object_get(feed, "records")),
                       json_is_true(json_object_get(feed, "stale")) ? ", stale" : "");
        }
}

static void say_drops(const struct lf_appliance *a, bool all)
{
        static const char *const kinds[] = {"frame", "silent", "notice", "parts", "query"};
        const struct lf_counters *c = a->now;
        for (int d = 0; d < LF_DROP_COUNT; d++) {
                uint64_t n = lf_counters_sum(c, &c->core[0].drop[d]);
                if (n || all)
                        printf("dropped     %10" PRIu64 " %-18s (%s) %s\n", n, lf_drop_name(d),
                               kinds[lf_drop_kind(d)], lf_drop_text(d));
        }
}

static void say(const struct lf_appliance *a, bool drops)
{
        if (a->page && a->alive)
                say_dataplane(a);
        say_control(a);
        if (a->page)
                say_drops(a, drops);
        printf("state       %s\n", state_word(a));
        for (unsigned i = 0; i < a->n; i++)
                printf("  - %s\n      %s\n", a->reason[i].cause, a->reason[i].cure);
}

static int usage(FILE *to)
{
        fprintf(to,
                "usage: landfall status [--json] [--drops] [--run-dir DIR]\n"
                "How the appliance is. --drops names every reason to drop, also those that never happened.\n"
                "Exit status: 0 ok, 2 usage, 3 degraded (each reason with its cure), 4 unreachable.\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

int lf_cmd_status(int argc, char **argv)
{
        struct lf_look look;
        int code = lf_look_parse(argc, argv, "drops", usage, &look);
        if (code >= 0)
                return code;
        struct lf_appliance a;
        if (lf_appliance_read(look.run_dir, 200, &a) < 0)
                return LF_EXIT_FAILED;
        lf_appliance_assess(&a);
        if (look.json)
                say_json(&a);
        else
                say(&a, look.word);
        code = exit_code(&a);
        lf_appliance_free(&a);
        return code;
}
