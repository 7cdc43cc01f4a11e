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

/* What the probes of one subject brought. */
static void add_outcomes(json_t *j, const struct lf_job *job, uint32_t first, uint32_t end)
{
        json_t *candidates = json_array(), *receipts = json_array();
        for (uint32_t i = first; i < end; i++) {
                const struct lf_probe *p = &job->probe[i];
                char leaf[65];
                for (unsigned k = 0; k < p->out.candidates; k++)
                        json_array_append_new(
                            candidates,
                            candidate_json(&p->candidate[k], job->fresh && job->fresh[i] >> k & 1));
                if (lf_report_cause(&p->out))
                        json_object_set_new(j, "cause", json_string(lf_report_cause(&p->out)));
                if (p->out.verdict == 0)
                        continue;
                lsp_hex_write(p->out.leaf, 32, leaf);
                json_array_append_new(receipts, json_string(leaf));
        }
        if (json_array_size(candidates))
                json_object_set_new(j, "candidates", candidates);
        else
                json_decref(candidates);
        json_object_set_new(j, "receipts", receipts);
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

static json_t *subject_json(const struct lf_job *job, uint32_t first, uint32_t end, enum lf_decision decision,
                            bool names)
{
        const struct lf_subject *s = &job->copy.subject[job->probe[first].subject];
        json_t *j =
            json_pack("{s:i, s:s, s:I, s:s}", "number", (int)s->number, "role", lf_party_role_name(s->role),
                      "segment", (json_int_t)s->at.segment, "decision", lf_decision_text[decision]);
        if (!j)
                return NULL;
        if (names || decision != LF_DECIDE_CLEAR) {
                add_text(j, "name", s->name);
                add_text(j, "locator", s->locator);
        }
        add_text(j, "reference", s->reference);
        add_text(j, "shipment", s->shipment);
        if (s->notes) {
                json_t *notes = json_array();
                for (unsigned bit = 0; bit < LF_PARTY_NOTES; bit++)
                        if (s->notes >> bit & 1)
                                json_array_append_new(notes, json_string(lf_party_note_text(bit)));
                json_object_set_new(j, "notes", notes);
        }
        if (s->nameless && decision == LF_DECIDE_RETRY)
                add_text(j, "cause", "no name: only documents were compared; have it sent again with one");
        add_outcomes(j, job, first, end);
        if (decision == LF_DECIDE_BOARD || decision == LF_DECIDE_DO_NOT_BOARD)
                json_object_set_new(j, "officer_decision",
                                    ruling_json(lf_ruling_on(job, job->probe[first].subject)));
        return j;
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
                        text_json(t, subject_json(job, start, probe, d, names));
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
