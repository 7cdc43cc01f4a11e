/* Asking: what a query says, under which id, and how many are under way. */
#include "control/gateway/ask.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS   2500 /* the client library gives up after 3 s */
#define PAUSE_MS      1000
#define CALL_ATTEMPTS 8
#define CALL_PAUSE_MS 100
#define FILE_ATTEMPTS 250
#define LONG_MESSAGE  1000 /* probes: a flight has fewer; who waits for more waits for long in any case */
#define BURST_SHARE   0.9
#define RATE_SHARE    0.98

static uint8_t subject_class(const struct lf_copied_message *m, const struct lf_subject *s)
{
        if (m->header.kind != LF_MANIFEST_PAXLST && m->header.kind != LF_MANIFEST_PNRGOV)
                return LSP_SUBJECT_CONSIGNMENT;
        return s->role == LF_ROLE_CREW || s->role == LF_ROLE_TRANSIT_CREW ? LSP_SUBJECT_CREW
                                                                          : LSP_SUBJECT_TRAVELLER;
}

int lf_ask_head(struct lf_gateway *g, const struct lf_job *job, uint32_t subject)
{
        const struct lf_subject *s = &job->copy.subject[subject];
        const struct lf_copied_message *m = &job->copy.message[s->message];
        bool batch = job->kind == LF_JOB_RESCREEN && (g->rules->priorities >> LSP_PRIORITY_BATCH & 1);
        struct lf_lane_query *q = g->query;
        lf_lane_query_reset(q);
        int r = lf_lane_query_agreements(q, job->agreement, job->agreements);
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_PURPOSE, (uint16_t)job->purpose);
        if (r == 0)
                r = lf_lane_query_u8(q, LSP_TLV_SUBJECT, subject_class(m, s));
        if (r == 0)
                r = lf_lane_query_u8(q, LSP_TLV_ENCOUNTER, LSP_ENCOUNTER_ADVANCE);
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_DEADLINE, DEADLINE_MS);
        if (r == 0)
                r = lf_lane_query_u8(q, LSP_TLV_PRIORITY, batch ? LSP_PRIORITY_BATCH : LSP_PRIORITY_MANIFEST);
        return r;
}

static int compose(struct lf_gateway *g, const struct lf_job *job, const struct lf_probe *p)
{
        const struct lf_subject *s = &job->copy.subject[p->subject];
        int r = lf_ask_head(g, job, p->subject);
        if (r == 0)
                r = lf_lane_query_put(g->query, LSP_TLV_PERSON, s->record[p->entity],
                                      s->record_size[p->entity]);
        return r;
}

int lf_ask_id(const struct lf_job *job, const char *label, uint32_t number, uint32_t attempt,
              uint8_t ret_id[16])
{
        struct {
                char label[16];
                uint32_t kind, number, attempt, purpose;
                uint64_t changed, versions;
        } what = {.kind = job->kind,
                  .number = number,
                  .attempt = attempt,
                  .purpose = job->purpose,
                  .changed = job->changed};
        strncpy(what.label, label, sizeof what.label - 1);
        uint8_t digest[32];
        unsigned n;
        for (unsigned i = 0; job->kind == LF_JOB_RESCREEN && i < LF_DATASETS_MAX; i++)
                what.versions = what.versions * 1000003 + job->versions.size[i];
        if (!HMAC(EVP_sha256(), job->sealed.key, sizeof job->sealed.key, (const uint8_t *)&what, sizeof what,
                  digest, &n))
                return -EIO;
        memcpy(ret_id, digest, 16);
        return 0;
}

static bool take_token(struct lf_gateway *g)
{
        uint64_t now = lf_gateway_now_us();
        double most = g->rules->query_burst * BURST_SHARE;
        if (most < 1)
                most = 1;
        g->tokens += (double)(now - g->tokens_us) * 1e-6 * g->rules->queries_per_second * RATE_SHARE;
        g->tokens_us = now;
        if (g->tokens > most)
                g->tokens = most;
        if (g->tokens < 1)
                return false;
        g->tokens -= 1;
        return true;
}

struct lf_slot *lf_ask_slot(struct lf_gateway *g)
{
        for (unsigned i = 0; i < g->options->in_flight; i++)
                if (!g->slot[i].job)
                        return &g->slot[i];
        return NULL;
}

static void settle(struct lf_job *job, struct lf_probe *p, int error)
{
        p->state = LF_PROBE_DONE;
        p->out.error = (int16_t)error;
        job->done++;
}

static void ask_one(struct lf_gateway *g, struct lf_job *job, struct lf_probe *p)
{
        uint8_t id[16];
        struct lf_slot *slot = lf_ask_slot(g);
        int r = slot ? compose(g, job, p) : -EAGAIN;
        if (r == 0 && job->kind == LF_JOB_CALL)
                r = lf_lane_submit(g->lane, g->query, slot, NULL);
        else if (r == 0) {
                r = lf_ask_id(job, "landfall query", p->out.probe, p->attempt, id);
                if (r == 0)
                        r = lf_lane_submit_as(g->lane, g->query, slot, id);
        }
        if (r == -EAGAIN || r == -EBUSY) {
                job->again_ms = lf_gateway_now_us() / 1000 + 1;
                return;
        }
        if (r < 0) {
                settle(job, p, r);
                return;
        }
        *slot = (struct lf_slot){job, p->out.probe};
        p->state = LF_PROBE_ASKED;
        job->outstanding++;
        g->outstanding++;
}

bool lf_job_waited_for(const struct lf_job *job)
{
        return job->kind == LF_JOB_RULING || (job->kind == LF_JOB_CALL && job->probes <= LONG_MESSAGE);
}

unsigned lf_job_window(const struct lf_gateway *g, const struct lf_job *job)
{
        /* of the quantum they are idle, and lanes do not see what happens within it */
        uint64_t few = g->options->in_background * (1 + g->config->answer_quantum_us / 1000);
        unsigned all = g->options->in_flight;
        return lf_job_waited_for(job) || all < few ? all : (unsigned)few;
}

uint64_t lf_job_next_us(const struct lf_gateway *g, const struct lf_job *job)
{
        return lf_job_waited_for(job) ? 0 : g->next_background_us;
}

bool lf_job_ask(struct lf_gateway *g, struct lf_job *job, uint64_t now_ms)
{
        if (job->kind == LF_JOB_RULING)
                return lf_ruling_ask(g, job, now_ms);
        unsigned window = lf_job_window(g, job);
        unsigned n = 0;
        if (g->lane)
                lf_lane_gather(g->lane, true);
        while (!job->abandoned && job->refusal == LF_TAKEN && g->lane && now_ms >= job->again_ms &&
               g->outstanding < window && job->cursor < job->probes) {
                struct lf_probe *p = &job->probe[job->cursor];
                if (p->state != LF_PROBE_TO_ASK) {
                        job->cursor++;
                        continue;
                }
                uint64_t now_us = lf_gateway_now_us();
                if (now_us < lf_job_next_us(g, job) || !take_token(g))
                        break;
                ask_one(g, job, p);
                if (p->state != LF_PROBE_TO_ASK)
                        job->cursor++;
                if (!lf_job_waited_for(job))
                        g->next_background_us = now_us + 1000 / g->options->in_background;
                lf_give_way(&n, 8);
        }
        if (g->lane)
                lf_lane_gather(g->lane, false);
        return job->outstanding == 0 &&
               (job->abandoned || job->refusal != LF_TAKEN || job->done == job->probes);
}

/* To be asked once more, later. */
static void put_back(struct lf_job *job, struct lf_probe *p, unsigned pause_ms)
{
        p->state = LF_PROBE_TO_ASK;
        if (p->out.probe < job->cursor)
                job->cursor = p->out.probe;
        job->again_ms = lf_gateway_now_us() / 1000 + pause_ms;
}

static void keep_answer(struct lf_job *job, struct lf_probe *p, const struct lsp_answer *a)
{
        unsigned n = a->candidates <= LSP_CANDIDATES_MAX ? a->candidates : LSP_CANDIDATES_MAX;
        if (n) {
                free(p->candidate);
                p->candidate = malloc(n * sizeof *p->candidate);
                if (!p->candidate) {
                        settle(job, p, -ENOMEM);
                        return;
                }
                memcpy(p->candidate, a->candidate, n * sizeof *p->candidate);
        }
        p->out.verdict = a->verdict;
        p->out.candidates = (uint8_t)n;
        p->out.flags = a->flags;
        p->out.detail = a->detail;
        p->out.defect = a->defect;
        p->out.ruleset = a->ruleset;
        p->out.generation = a->generation;
        memcpy(p->out.leaf, a->leaf, sizeof p->out.leaf);
        settle(job, p, 0);
}

bool lf_job_answer(struct lf_job *job, struct lf_probe *p, const struct lf_lane_result *result)
{
        bool waits = job->kind != LF_JOB_CALL;
        job->outstanding--;
        if (result->error && waits) { /* a message that was dropped is never lost */
                put_back(job, p, PAUSE_MS);
                return false;
        }
        if (result->error) {
                settle(job, p, result->error);
                return true;
        }
        if (result->answer.verdict == LSP_REFUSED && result->answer.detail == LSP_DETAIL_QUOTA &&
            p->attempt < (waits ? FILE_ATTEMPTS : CALL_ATTEMPTS)) {
                p->attempt++; /* another question: this one has its answer */
                put_back(job, p, waits ? PAUSE_MS : CALL_PAUSE_MS);
                return false;
        }
        keep_answer(job, p, &result->answer);
        return true;
}

int lf_job_recall(struct lf_job *job, const uint8_t *bytes, size_t size)
{
        while (size > 0) {
                struct lf_outcome o;
                if (size < sizeof o)
                        return -EBADMSG;
                memcpy(&o, bytes, sizeof o);
                size_t more = o.candidates * sizeof(struct lsp_candidate);
                if (o.probe >= job->probes || o.candidates > LSP_CANDIDATES_MAX || size - sizeof o < more)
                        return -EBADMSG;
                struct lf_probe *p = &job->probe[o.probe];
                struct lsp_candidate *c = more ? malloc(more) : NULL;
                if (more && !c)
                        return -ENOMEM;
                if (more)
                        memcpy(c, bytes + sizeof o, more);
                lf_ruling_void(job, p->subject);
                if (p->state != LF_PROBE_DONE)
                        job->done++;
                free(p->candidate);
                p->candidate = c;
                p->out = o;
                p->state = LF_PROBE_DONE;
                bytes += sizeof o + more;
                size -= sizeof o + more;
        }
        return 0;
}
