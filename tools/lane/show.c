#include "tools/lane/show.h"

#include "dataplane/lsp_cert.h"
#include "matcher/engine.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REASON_TEXT 256

static const struct {
        uint16_t flag;
        const char *name, *text;
} flags[] = {
    {LSP_FLAG_STALE, "stale", "the replica is older than its freshness limit"},
    {LSP_FLAG_PARTIAL, "partial", "part of the gallery was unavailable"},
    {LSP_FLAG_DEGRADED, "degraded", "the appliance is degraded"},
    {LSP_FLAG_CONTRADICTION, "contradiction", "modalities contradict each other"},
};
#define FLAGS (sizeof flags / sizeof *flags)

static const char *reason_text(const struct lsp_reason *r, char text[REASON_TEXT])
{
        return lf_match_reason_text((struct lf_match_reason){r->code, r->a, r->b, r->c}, text, REASON_TEXT);
}

/* Shares are shown by themselves. */
static bool is_share(const struct lsp_reason *r)
{
        return r->code == LF_MATCH_REASON_MODALITY_SHARE || r->code == LF_MATCH_REASON_MODALITY_AGAINST;
}

static void show_candidate(unsigned i, const struct lsp_candidate *c)
{
        char reference[33], decade[LF_LANE_DECADE_TEXT], text[REASON_TEXT], shares[LF_LANE_SHARES_TEXT];
        lsp_hex_write(c->reference, 16, reference);
        printf("  candidate %u: record %s of dataset %u; such a match is false %s\n", i + 1, reference,
               c->dataset, lf_lane_decade_text(c->decade, decade));
        if (lf_lane_shares_text(c, shares)[0])
                printf("    decades that each modality adds: %s\n", shares);
        for (unsigned k = 0; k < c->reasons; k++)
                if (!is_share(&c->reason[k]))
                        printf("    %s\n", reason_text(&c->reason[k], text));
        if (c->record_flags & LF_RECORD_DISPUTED)
                printf("    the record is disputed\n");
        if (c->record_flags & LF_RECORD_RESTRICTED)
                printf("    the record is restricted\n");
        if (c->record_flags & LF_RECORD_REDRESS)
                printf("    the record has a redress entry\n");
}

void lf_lane_show(const struct lf_lane_result *r)
{
        const struct lsp_answer *a = &r->answer;
        char leaf[65];
        if (r->error) {
                printf("UNAVAILABLE  %s after %u us, sent %u times: no answer is known\n",
                       strerror(-r->error), (unsigned)r->microseconds, r->sent);
                return;
        }
        printf("%s  %u us%s\n", lf_lane_verdict_text(a->verdict), (unsigned)r->microseconds,
               r->standby ? ", from the standby appliance" : "");
        if (a->detail)
                printf("  %s\n", lf_lane_detail_text(a->detail));
        if (a->verdict == LSP_RETRY && a->defect)
                printf("  field %u, byte %u: %s\n", (unsigned)a->defect_tlv, (unsigned)a->defect_offset,
                       lf_defect_text(a->defect));
        for (unsigned i = 0; i < a->candidates; i++)
                show_candidate(i, &a->candidate[i]);
        for (unsigned i = 0; i < FLAGS; i++)
                if (a->flags & flags[i].flag)
                        printf("  note: %s\n", flags[i].text);
        lsp_hex_write(a->leaf, 32, leaf);
        printf("  generation %llu, ruleset %u, receipt %s\n", (unsigned long long)a->generation,
               (unsigned)a->ruleset, leaf);
}

static json_t *candidate_json(const struct lsp_candidate *c)
{
        char reference[33], decade[LF_LANE_DECADE_TEXT], text[REASON_TEXT];
        json_t *reasons = json_array();
        for (unsigned k = 0; k < c->reasons; k++)
                json_array_append_new(reasons, json_pack("{s:i, s:s}", "code", c->reason[k].code, "text",
                                                         reason_text(&c->reason[k], text)));
        json_t *shares = json_object();
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                float decades;
                if (lf_lane_share(c, m, &decades) == 0)
                        json_object_set_new(shares, lf_lane_modality_text(m),
                                            json_real(round((double)decades * 10) / 10));
        }
        lsp_hex_write(c->reference, 16, reference);
        return json_pack("{s:s, s:i, s:i, s:i, s:s, s:b, s:b, s:b, s:o, s:o}", "record", reference, "dataset",
                         c->dataset, "modalities", c->modalities, "decade", c->decade, "false_match",
                         lf_lane_decade_text(c->decade, decade), "disputed",
                         !!(c->record_flags & LF_RECORD_DISPUTED), "restricted",
                         !!(c->record_flags & LF_RECORD_RESTRICTED), "redress",
                         !!(c->record_flags & LF_RECORD_REDRESS), "shares", shares, "reasons", reasons);
}

static void add_answer(json_t *j, const struct lsp_answer *a)
{
        char leaf[65];
        json_t *candidates = json_array(), *set = json_array();
        lsp_hex_write(a->leaf, 32, leaf);
        for (unsigned i = 0; i < a->candidates; i++)
                json_array_append_new(candidates, candidate_json(&a->candidate[i]));
        for (unsigned i = 0; i < FLAGS; i++)
                if (a->flags & flags[i].flag)
                        json_array_append_new(set, json_string(flags[i].name));
        json_object_set_new(j, "verdict", json_string(lf_lane_verdict_text(a->verdict)));
        json_object_set_new(j, "detail",
                            a->detail ? json_string(lf_lane_detail_text(a->detail)) : json_null());
        if (a->verdict == LSP_RETRY && a->defect)
                json_object_set_new(j, "defect",
                                    json_pack("{s:s, s:I, s:I}", "text", lf_defect_text(a->defect), "field",
                                              (json_int_t)a->defect_tlv, "offset",
                                              (json_int_t)a->defect_offset));
        json_object_set_new(j, "candidates", candidates);
        json_object_set_new(j, "flags", set);
        json_object_set_new(j, "generation", json_integer((json_int_t)a->generation));
        json_object_set_new(j, "ruleset", json_integer(a->ruleset));
        json_object_set_new(j, "receipt", json_string(leaf));
}

json_t *lf_lane_show_json(const struct lf_lane_result *r)
{
        char id[33], appliance[33];
        lsp_hex_write(r->query_id, 16, id);
        lsp_hex_write(r->appliance, 16, appliance);
        json_t *j = json_pack("{s:s, s:I, s:i}", "query", id, "microseconds", (json_int_t)r->microseconds,
                              "sent", r->sent);
        if (!j)
                return NULL;
        if (r->error) {
                json_object_set_new(j, "verdict", json_string("UNAVAILABLE"));
                json_object_set_new(j, "error", json_string(strerror(-r->error)));
                return j;
        }
        json_object_set_new(j, "appliance", json_string(appliance));
        json_object_set_new(j, "standby", json_boolean(r->standby));
        add_answer(j, &r->answer);
        return j;
}
