/* What became of a message: JSON for people and programs, CUSRES for who sent a PAXLST.
 *
 * A candidate is referred to an officer, never more: that a traveller may not board is written only with the
 * ruling of a named officer, and the receipt of its entry in the audit log. Reports that stay on disk name
 * only those whom a person must look at. */
#include "control/gateway/gateway.h"

#include "control/manifest/cusres.h"
#include "dataplane/lsp_cert.h"
#include "matcher/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct text {
        char *bytes;
        size_t size, room;
        bool failed;
};

static char *text_room(struct text *t, size_t more)
{
        if (t->failed)
                return NULL;
        if (t->size + more > t->room) {
                size_t room = (t->size + more) * 2 + 4096;
                char *bigger = realloc(t->bytes, room);
                if (!bigger) {
                        t->failed = true;
                        return NULL;
                }
                t->bytes = bigger;
                t->room = room;
        }
        return t->bytes + t->size;
}

static int text_add(const char *bytes, size_t n, void *arg)
{
        struct text *t = arg;
        char *to = text_room(t, n);
        if (!to)
                return -1;
        memcpy(to, bytes, n);
        t->size += n;
        return 0;
}

static void text_put(struct text *t, const char *s)
{
        text_add(s, strlen(s), t);
}

/* Takes the value. */
static void text_json(struct text *t, json_t *value)
{
        if (!value || json_dump_callback(value, text_add, t, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
                t->failed = true;
        json_decref(value);
}

static const char *iso_time(uint64_t s, char text[32])
{
        struct tm tm;
        time_t t = (time_t)s;
        if (!gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
                text[0] = 0;
        return text;
}

static json_t *candidate_json(const struct lsp_candidate *c, bool fresh)
{
        char reference[33], decade[LF_LANE_DECADE_TEXT], text[256];
        json_t *reasons = json_array();
        lsp_hex_write(c->reference, 16, reference);
        for (unsigned i = 0; i < c->reasons && i < LSP_REASONS_MAX; i++) {
                const struct lsp_reason *r = &c->reason[i];
                json_array_append_new(
                    reasons, json_string(lf_match_reason_text(
                                 (struct lf_match_reason){r->code, r->a, r->b, r->c}, text, sizeof text)));
        }
        json_t *j =
            json_pack("{s:s, s:i, s:i, s:s, s:o}", "record", reference, "dataset", c->dataset, "decade",
                      c->decade, "false_match", lf_lane_decade_text(c->decade, decade), "reasons", reasons);
        if (j && fresh)
                json_object_set_new(j, "new", json_true());
        return j;
}

const char *lf_report_cause(const struct lf_outcome *o)
{
        if (o->error == -ENODATA)
                return "neither a name nor a document to search with: have it sent again with one";
        if (o->error == -ETIMEDOUT)
                return "the appliance did not answer";
        if (o->error == -EKEYREJECTED)
                return "the gateway's lane is revoked";
        if (o->error)
                return strerror(-o->error);
        if (o->verdict == LSP_RETRY && o->defect)
                return lf_defect_text(o->defect);
        return o->detail ? lf_lane_detail_text(o->detail) : NULL;
}

static json_t *ruling_json(const struct lf_ruling *r)
{
        char leaf[65], at[32];
        lsp_hex_write(r->leaf, 32, leaf);
        return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "decision", lf_ruling_text(r), "officer", r->name,
                         "number", (json_int_t)r->officer, "reason", r->reason, "time", iso_time(r->at, at),
                         "receipt", leaf);
}

static void add_text(json_t *j, const char *key, const char *value)
{
        if (value[0])
                json_object_set_new(j, key, json_string(value));
}

/* The value of a string; jansson writes what is to be escaped. False: it is no UTF-8, and nothing is put. */
static bool text_string(struct text *t, const char *value)
{
        size_t n = 0;
        while (value[n] >= ' ' && value[n] < 0x7f && value[n] != '"' && value[n] != '\\')
                n++;
        json_t *other = value[n] ? json_string(value) : NULL;
        if (value[n] && !other)
                return false;
        if (other) {
                text_json(t, other);
                return true;
        }
        text_add("\"", 1, t);
        text_add(value, n, t);
        text_add("\"", 1, t);
        return true;
}

/* A member behind others, if it says anything. */
static void text_member(struct text *t, const char *key, const char *value)
{
        size_t before = t->size;
        if (!value || !value[0])
                return;
        text_put(t, ",\"");
        text_put(t, key);
        text_put(t, "\":");
        if (!text_string(t, value))
                t->size = before;
}

static void put_notes(struct text *t, uint32_t notes)
{
        text_put(t, ",\"notes\":[");
        for (uint32_t left = notes; left; left &= left - 1) {
                text_put(t, left == notes ? "" : ",");
                text_string(t, lf_party_note_text((unsigned)__builtin_ctz(left)));
        }
        text_put(t, "]");
}

static const char *cause_of(const struct lf_job *job, uint32_t first, uint32_t end)
{
        const char *cause = NULL;
        for (uint32_t i = first; i < end; i++)
                if (lf_report_cause(&job->probe[i].out))
                        cause = lf_report_cause(&job->probe[i].out);
        return cause;
}

static void put_candidates(struct text *t, const struct lf_job *job, uint32_t first, uint32_t end)
{
        unsigned n = 0;
        for (uint32_t i = first; i < end; i++)
                for (unsigned k = 0; k < job->probe[i].out.candidates; k++) {
                        text_put(t, n++ ? "," : ",\"candidates\":[");
                        text_json(t, candidate_json(&job->probe[i].candidate[k],
                                                    job->fresh && job->fresh[i] >> k & 1));
                }
        text_put(t, n ? "]" : "");
}

static void put_receipts(struct text *t, const struct lf_job *job, uint32_t first, uint32_t end)
{
        unsigned n = 0;
        text_put(t, ",\"receipts\":[");
        for (uint32_t i = first; i < end; i++) {
                char leaf[65];
                if (job->probe[i].out.verdict == 0)
                        continue;
                lsp_hex_write(job->probe[i].out.leaf, 32, leaf);
                text_put(t, n++ ? "," : "");
                text_string(t, leaf);
        }
        text_put(t, "]");
}

/* Written as it goes, without a tree: who waits for a flight waits for all of them. */
static void put_subject(struct text *t, const struct lf_job *job, uint32_t first, uint32_t end,
                        enum lf_decision decision, bool names)
{
        const struct lf_subject *s = &job->copy.subject[job->probe[first].subject];
        const char *cause = cause_of(job, first, end);
        char number[32];
        snprintf(number, sizeof number, "{\"number\":%" PRIu32, s->number);
        text_put(t, number);
        text_member(t, "role", lf_party_role_name(s->role));
        snprintf(number, sizeof number, ",\"segment\":%" PRIu64, s->at.segment);
        text_put(t, number);
        text_member(t, "decision", lf_decision_text[decision]);
        if (names || decision != LF_DECIDE_CLEAR) {
                text_member(t, "name", s->name);
                text_member(t, "locator", s->locator);
        }
        text_member(t, "reference", s->reference);
        text_member(t, "shipment", s->shipment);
        if (s->notes)
                put_notes(t, s->notes);
        if (!cause && s->nameless && decision == LF_DECIDE_RETRY)
                cause = "no name: only documents were compared; have it sent again with one";
        text_member(t, "cause", cause);
        put_candidates(t, job, first, end);
        put_receipts(t, job, first, end);
        if (decision == LF_DECIDE_BOARD || decision == LF_DECIDE_DO_NOT_BOARD) {
                text_put(t, ",\"officer_decision\":");
                text_json(t, ruling_json(lf_ruling_on(job, job->probe[first].subject)));
        }
        text_put(t, "}");
}

static json_t *leg_json(const struct lf_manifest_leg *leg)
{
        json_t *j = json_object();
        add_text(j, "flight", leg->flight);
        add_text(j, "vessel", leg->vessel);
        add_text(j, "from", leg->from);
        add_text(j, "to", leg->to);
        return j;
}

static json_t *header_json(const struct lf_manifest_header *h)
{
        json_t *j = json_pack("{s:s}", "kind", lf_manifest_kind_name(h->kind));
        add_text(j, "version", h->version);
        add_text(j, "sender", h->sender);
        add_text(j, "recipient", h->recipient);
        add_text(j, "control", h->control);
        add_text(j, "message", h->message);
        if (!j || h->legs == 0)
                return j;
        json_t *legs = json_array();
        for (unsigned i = 0; i < h->legs && i < LF_MANIFEST_LEGS; i++)
                json_array_append_new(legs, leg_json(&h->leg[i]));
        json_object_set_new(j, "legs", legs);
        return j;
}

static bool has_fresh(const struct lf_job *job, uint32_t first, uint32_t end)
{
        for (uint32_t i = first; i < end; i++)
                if (job->fresh && job->fresh[i])
                        return true;
        return false;
}

static void put_messages(struct text *t, const struct lf_job *job, bool names)
{
        uint32_t probe = 0;
        unsigned n = 0;
        for (uint32_t m = 0; m < job->copy.messages; m++) {
                const struct lf_copied_message *message = &job->copy.message[m];
                bool first = true;
                text_put(t, m ? ",\n{\"message\":" : "\n{\"message\":");
                text_json(t, header_json(&message->header));
                text_put(t, ",\"travellers\":[");
                while (probe < job->probes && job->copy.subject[job->probe[probe].subject].message == m) {
                        uint32_t start = probe;
                        enum lf_decision d = lf_job_decision(job, start, &probe);
                        lf_give_way(&n, 32);
                        if (job->kind == LF_JOB_RESCREEN && !has_fresh(job, start, probe))
                                continue;
                        text_put(t, first ? "\n" : ",\n");
                        put_subject(t, job, start, probe, d, names);
                        first = false;
                }
                text_put(t, "]}");
        }
}

static const char *state_of(const struct lf_job *job)
{
        static const char *const states[] = {[LF_TAKEN] = "screened",
                                             [LF_MALFORMED] = "malformed",
                                             [LF_NOT_PERMITTED] = "refused",
                                             [LF_EMPTY] = "failed"};
        if (job->kind == LF_JOB_RULING)
                return "decided on";
        return job->kind == LF_JOB_RESCREEN ? "screened again" : states[job->refusal];
}

static json_t *agreements_json(const struct lf_gateway *g, const struct lf_job *job)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < job->agreements; i++) {
                const struct lf_config_agreement *a =
                    lf_config_agreement_by_number(g->config, job->agreement[i]);
                json_array_append_new(list, json_string(a ? a->name : "?"));
        }
        return list;
}

char *lf_report_json(const struct lf_gateway *g, struct lf_job *job, bool names, size_t *ret_size)
{
        struct text t = {0};
        char received[32], id[2 * LF_VAULT_ID + 1], name[LF_NAME_LENGTH];
        struct lf_counts n = lf_job_counts(job);
        uint64_t began = lf_gateway_now_us();
        lf_vault_hex(job->sealed.id, id);
        json_t *head = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:b, s:b, s:b}", "name",
            lf_printable(job->meta.name, name), "id", id, "received",
            iso_time(job->sealed.received, received), "state", state_of(job), "purpose",
            job->purpose ? lf_value_name(lf_purpose_names, job->purpose) : "", "agreements",
            agreements_json(g, job), "new_hits", (json_int_t)job->hits, "counts", "clear",
            (json_int_t)n.clear, "refer", (json_int_t)n.refer, "retry", (json_int_t)n.retry, "error",
            (json_int_t)n.error, "board", (json_int_t)n.board, "do_not_board", (json_int_t)n.do_not_board,
            "stale", n.stale, "partial", n.partial, "degraded", n.degraded);
        if (head && job->refusal != LF_TAKEN) {
                json_object_set_new(head, "reason", json_string(job->reason));
                if (job->fault.rule != LF_RULE_NONE)
                        json_object_set_new(head, "fault",
                                            json_pack("{s:I, s:I, s:I, s:s, s:s}", "segment",
                                                      (json_int_t)job->fault.at.segment, "line",
                                                      (json_int_t)job->fault.at.line, "offset",
                                                      (json_int_t)job->fault.at.offset, "tag", job->fault.tag,
                                                      "rule", lf_manifest_rule_text(job->fault.rule)));
        }
        if (head)
                json_object_set_new(head, "elapsed_us",
                                    json_pack("{s:I, s:I, s:I}", "read", (json_int_t)job->read_us, "screen",
                                              (json_int_t)job->screen_us, "cusres",
                                              (json_int_t)job->write_us));
        text_json(&t, head);
        if (!t.failed)
                t.size--; /* its closing brace */
        text_put(&t, ",\n\"messages\":[");
        if (job->refusal == LF_TAKEN)
                put_messages(&t, job, names);
        text_put(&t, "]}\n");
        if (t.failed) {
                free(t.bytes);
                return NULL;
        }
        job->write_us += lf_gateway_now_us() - began;
        *ret_size = t.size;
        return t.bytes;
}

static enum lf_cusres_status status_of(enum lf_decision d)
{
        switch (d) {
        case LF_DECIDE_CLEAR:
        case LF_DECIDE_BOARD:
                return LF_CUSRES_OK;
        case LF_DECIDE_DO_NOT_BOARD:
                return LF_CUSRES_DO_NOT_BOARD;
        case LF_DECIDE_REFER:
                return LF_CUSRES_REFER;
        default:
                return LF_CUSRES_UNKNOWN;
        }
}

static void put_part(struct text *t, int r, const size_t *n)
{
        t->size += r == 0 ? *n : 0;
        t->failed |= r < 0;
}

static struct lf_manifest_time time_now(void)
{
        time_t now = time(NULL);
        struct tm tm = {0};
        gmtime_r(&now, &tm);
        return (struct lf_manifest_time){.year = (uint16_t)(tm.tm_year + 1900),
                                         .month = (uint8_t)(tm.tm_mon + 1),
                                         .day = (uint8_t)tm.tm_mday,
                                         .hour = (uint8_t)tm.tm_hour,
                                         .minute = (uint8_t)tm.tm_min,
                                         .clock = true};
}

static uint32_t put_cusres(struct text *t, const struct lf_job *job, uint32_t m, uint32_t probe)
{
        char control[15], leaf[65];
        size_t n = 0;
        struct lf_cusres c = {.paxlst = &job->copy.message[m].header, .control = control, .now = time_now()};
        snprintf(control, sizeof control, "%02x%02x%02x%02x%02x%u", job->sealed.id[0], job->sealed.id[1],
                 job->sealed.id[2], job->sealed.id[3], job->sealed.id[4], m % 1000);
        char *to = text_room(t, LF_CUSRES_PART);
        if (to)
                put_part(t, lf_cusres_begin(&c, to, LF_CUSRES_PART, &n), &n);
        while (probe < job->probes && job->copy.subject[job->probe[probe].subject].message == m) {
                const struct lf_subject *s = &job->copy.subject[job->probe[probe].subject];
                uint32_t subject = job->probe[probe].subject;
                enum lf_decision d = lf_job_decision(job, probe, &probe);
                struct lf_cusres_traveller traveller = {.locator = s->locator,
                                                        .reference = s->reference,
                                                        .number = s->number,
                                                        .status = status_of(d)};
                if (d == LF_DECIDE_BOARD || d == LF_DECIDE_DO_NOT_BOARD) {
                        const struct lf_ruling *r = lf_ruling_on(job, subject);
                        lsp_hex_write(r->leaf, sizeof r->leaf, leaf);
                        traveller.officer = r->name;
                        traveller.decision = leaf;
                }
                to = text_room(t, LF_CUSRES_PART);
                if (to)
                        put_part(t, lf_cusres_traveller(&c, &traveller, to, LF_CUSRES_PART, &n), &n);
        }
        to = text_room(t, LF_CUSRES_PART);
        if (to)
                put_part(t, lf_cusres_end(&c, to, LF_CUSRES_PART, &n), &n);
        return probe;
}

int lf_report_cusres(struct lf_job *job, char **ret, size_t *ret_size)
{
        struct text t = {0};
        uint32_t probe = 0;
        uint64_t began = lf_gateway_now_us();
        for (uint32_t m = 0; job->refusal == LF_TAKEN && m < job->copy.messages; m++) {
                if (job->copy.message[m].header.kind == LF_MANIFEST_PAXLST)
                        probe = put_cusres(&t, job, m, probe);
                else
                        while (probe < job->probes &&
                               job->copy.subject[job->probe[probe].subject].message == m)
                                lf_job_decision(job, probe, &probe);
        }
        if (t.failed) {
                free(t.bytes);
                return -ENOMEM;
        }
        job->write_us = lf_gateway_now_us() - began;
        *ret = t.bytes;
        *ret_size = t.size;
        return 0;
}
