#include "control/daemon/metrics.h"

#include "dataplane/counters.h"

#include <inttypes.h>
#include <string.h>
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

#define OFFSET(member) offsetof(struct lf_core_counters, member)
static const struct {
        size_t offset;
        const char *name, *type, *help;
} sums[] = {
    {OFFSET(received), "datagrams_received_total", "counter", "Datagrams to our port."},
    {OFFSET(absorbed), "datagrams_absorbed_total", "counter", "Parts of queries that were waited for."},
    {OFFSET(opened), "queries_opened_total", "counter", "Queries that were opened."},
    {OFFSET(resends), "answers_resent_total", "counter", "Answers sent again to a retransmission."},
    {OFFSET(answered), "queries_answered_total", "counter", "Queries that were answered."},
    {OFFSET(in_flight), "queries_in_flight", "gauge", "Queries that are under way."},
    {OFFSET(notices), "notices_total", "counter", "Sealed REBOOT, CLOCK and BUSY that were sent."},
    {OFFSET(sent), "datagrams_sent_total", "counter", "Datagrams that the port took."},
};

static void write_sums(FILE *out, const struct lf_counters *c)
{
        for (unsigned i = 0; i < sizeof sums / sizeof sums[0]; i++)
                one(out, sums[i].name, sums[i].type, sums[i].help,
                    lf_counters_sum(c, (const lf_counter *)((const char *)&c->core[0] + sums[i].offset)));
        static const char *const kinds[] = {"frame", "silent", "notice", "parts", "query"};
        head(out, "dropped_total", "counter", "What got no answer, by reason.");
        for (int d = 0; d < LF_DROP_COUNT; d++)
                fprintf(out, "landfall_dropped_total{reason=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
                        lf_drop_name(d), kinds[lf_drop_kind(d)], lf_counters_sum(c, &c->core[0].drop[d]));
}

static void write_latency(FILE *out, const struct lf_counters *c)
{
        head(out, "answer_latency_seconds", "histogram", "From arrival to release to the port.");
        uint64_t sum = 0;
        for (unsigned b = 0; b < LF_GAP_BUCKETS; b++) {
                sum += lf_counters_sum(c, &c->core[0].latency_histogram[b]);
                if (b + 1 < LF_GAP_BUCKETS)
                        fprintf(out, "landfall_answer_latency_seconds_bucket{le=\"%.9g\"} %" PRIu64 "\n",
                                (double)(2ull << b) * 1e-6, sum);
        }
        fprintf(out, "landfall_answer_latency_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
        fprintf(out, "landfall_answer_latency_seconds_count %" PRIu64 "\n", sum);
}

static void write_stages(FILE *out, const struct lf_counters *c)
{
        static const struct {
                size_t offset;
                const char *name, *help;
        } kinds[] = {{OFFSET(stage_count), "stage_queries_total", "Queries that passed the stage."},
                     {OFFSET(stage_cycles), "stage_cycles_total", "TSC cycles that the stage took."}};
        for (unsigned k = 0; k < 2; k++) {
                head(out, kinds[k].name, "counter", kinds[k].help);
                for (unsigned i = 0; i < c->cores; i++)
                        for (int s = 0; s < LF_STAGE_COUNT; s++)
                                fprintf(out, "landfall_%s{core=\"%u\",stage=\"%s\"} %" PRIu64 "\n",
                                        kinds[k].name, i, lf_stage_name(s),
                                        lf_read((const lf_counter *)((const char *)&c->core[i] +
                                                                     kinds[k].offset) +
                                                s));
        }
}

static const struct {
        size_t offset;
        const char *name, *type, *help;
} core_values[] = {
    {OFFSET(busy_cycles), "core_busy_cycles_total", "counter", "TSC cycles in turns that found work."},
    {OFFSET(idle_cycles), "core_idle_cycles_total", "counter", "TSC cycles in turns that found none."},
    {OFFSET(naps), "core_naps_total", "counter", "Times the core yielded or slept."},
    {OFFSET(inbox_depth), "core_inbox_depth", "gauge",
     "Queries that wait for the core or are in its scans; those that any core may take count at each."},
    {OFFSET(audit_depth), "core_audit_depth", "gauge", "Queries that wait for their audit entry."},
    {OFFSET(gap_count), "core_gaps_total", "counter", "Times the core was held up."},
    {OFFSET(gap_cycles), "core_gap_cycles_total", "counter", "TSC cycles in which it was held up."},
    {OFFSET(gap_max_cycles), "core_gap_longest_cycles", "gauge", "The longest such time."},
};

static void write_cores(FILE *out, const struct lf_counters *c)
{
        for (unsigned v = 0; v < sizeof core_values / sizeof core_values[0]; v++) {
                head(out, core_values[v].name, core_values[v].type, core_values[v].help);
                for (unsigned i = 0; i < c->cores; i++)
                        fprintf(
                            out, "landfall_%s{core=\"%u\",cpu=\"%u\"} %" PRIu64 "\n", core_values[v].name, i,
                            c->core[i].cpu,
                            lf_read((const lf_counter *)((const char *)&c->core[i] + core_values[v].offset)));
        }
        one(out, "tsc_hz", "gauge", "TSC cycles in a second.", c->tsc_hz);
        static const char *const modalities[] = {"fingerprint", "iris", "face", "person", "consignment"};
        head(out, "scan_comparisons_total", "counter", "Comparisons of a probe with a row of a gallery.");
        for (int m = 0; m < LF_MODALITY_COUNT; m++)
                fprintf(out, "landfall_scan_comparisons_total{modality=\"%s\"} %" PRIu64 "\n", modalities[m],
                        lf_counters_sum(c, &c->core[0].scan_pairs[m]));
}

static void write_audit(FILE *out, const struct lf_counters *c)
{
        static const char *const states[] = {"ok", "degraded", "full", "failed"};
        head(out, "audit_state", "gauge", "1 for the state that the write-ahead log is in.");
        for (unsigned s = 0; s < 4; s++)
                fprintf(out, "landfall_audit_state{state=\"%s\"} %d\n", states[s],
                        lf_read(&c->audit_state) == s);
        one(out, "audit_entries_total", "counter", "Audit entries with an index.",
            lf_read(&c->audit_appended));
        one(out, "audit_durable_total", "counter", "Of these on stable storage.", lf_read(&c->audit_durable));
        one(out, "audit_consumed_total", "counter", "Of these in signed tiles.", lf_read(&c->audit_consumed));
        one(out, "audit_commits_total", "counter", "Group commits.", lf_read(&c->audit_commits));
        one(out, "audit_segments_free", "gauge", "Segments that can be written.",
            lf_read(&c->audit_segments_free));
        head(out, "audit_commit_seconds", "gauge", "How long the last commit took.");
        fprintf(out, "landfall_audit_commit_seconds %.6f\n", (double)lf_read(&c->audit_commit_us) * 1e-6);
        head(out, "audit_commit_longest_seconds", "gauge",
             "How long the longest commit since the start took.");
        fprintf(out, "landfall_audit_commit_longest_seconds %.6f\n",
                (double)lf_read(&c->audit_commit_longest_us) * 1e-6);
}

void lf_metrics_counters(FILE *out, const struct lf_counters *c)
{
        uint64_t now = (uint64_t)time(NULL) * 1000000000;
        bool up =
            c && atomic_load(&((struct lf_counters *)c)->pid) && lf_read(&c->updated_ns) + 3000000000 > now;
        one(out, "up", "gauge", "1 while landfalld runs.", up);
        if (!c)
                return;
        head(out, "start_time_seconds", "gauge", "When landfalld started, since 1970.");
        fprintf(out, "landfall_start_time_seconds %.3f\n", (double)c->started_ns * 1e-9);
        write_sums(out, c);
        write_latency(out, c);
        write_stages(out, c);
        write_cores(out, c);
        write_audit(out, c);
        one(out, "generation", "gauge", "The gallery generation in force.", lf_read(&c->generation));
        one(out, "generations_held", "gauge", "Generations not yet let go.", lf_read(&c->generations_held));
        one(out, "ruleset", "gauge", "The ruleset in force.", lf_read(&c->ruleset));
        one(out, "shards", "gauge", "Shards of the generation.", lf_read(&c->shards));
        one(out, "records", "gauge", "Records of the generation.", lf_read(&c->records));
        one(out, "clock_steps_total", "counter", "Steps of the clock.", lf_read(&c->clock_steps));
        one(out, "control_connected", "gauge", "1 while landfalld has control.",
            lf_read(&c->control_connected));
}
