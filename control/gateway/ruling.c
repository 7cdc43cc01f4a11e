#include "control/gateway/ask.h"

#include "base/log.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHORTEST_ID 8 /* digits */
#define PAUSE_MS    1000
#define ATTEMPTS    250

/* ---- what there is already ---- */

const char *lf_ruling_text(const struct lf_ruling *r)
{
        return lf_decision_text[r->decided == LSP_DECIDED_BOARD ? LF_DECIDE_BOARD : LF_DECIDE_DO_NOT_BOARD];
}

const struct lf_ruling *lf_ruling_on(const struct lf_job *job, uint32_t subject)
{
        for (uint32_t i = job->rulings; i-- > 0;)
                if (job->ruling[i].subject == subject)
                        return &job->ruling[i];
        return NULL;
}

int lf_ruling_recall(struct lf_job *job, const struct lf_ruling *r)
{
        job->ruled = r->number;
        job->wish = *r;
        if (r->subject >= job->copy.subjects || r->reason[LSP_DECISION_REASON_MAX] ||
            r->name[LF_NAME_MAX - 1])
                return -EBADMSG;
        if (r->state != LF_RULING_RECORDED)
                return 0;
        struct lf_ruling *more = realloc(job->ruling, (job->rulings + 1) * sizeof *more);
        if (!more)
                return -ENOMEM;
        job->ruling = more;
        job->ruling[job->rulings++] = *r;
        return 0;
}

void lf_ruling_void(struct lf_job *job, uint32_t subject)
{
        for (uint32_t i = job->rulings; i-- > 0;)
                if (job->ruling[i].subject == subject && job->ruling[i].decided == LSP_DECIDED_BOARD)
                        memmove(&job->ruling[i], &job->ruling[i + 1],
                                (--job->rulings - i) * sizeof job->ruling[0]);
}

/* ---- a new one ---- */

struct search {
        const char *text;
        unsigned found;
        uint8_t id[LF_VAULT_ID];
};

static void compare_id(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received)
{
        struct search *s = arg;
        char hex[2 * LF_VAULT_ID + 1];
        lf_vault_hex(id, hex);
        if (strncmp(hex, s->text, strlen(s->text)) != 0)
                return;
        s->found++;
        memcpy(s->id, id, sizeof s->id);
}

static int find_message(struct lf_gateway *g, const char *text, uint8_t ret_id[LF_VAULT_ID], char why[256])
{
        struct search s = {.text = text};
        if (strlen(text) >= SHORTEST_ID)
                lf_vault_list(g->vault, compare_id, &s);
        memcpy(ret_id, s.id, sizeof s.id);
        if (s.found == 1)
                return 0;
        if (s.found > 1)
                snprintf(why, 256, "several messages begin with \"%.40s\": give all 32 digits of the id",
                         text);
        else
                snprintf(
                    why, 256,
                    "no message \"%.40s\" within the window: give the id of its report, at least its first "
                    "%d digits",
                    text, SHORTEST_ID);
        return -1;
}

static int open_message(struct lf_gateway *g, const char *text, struct lf_job **ret, char why[256])
{
        struct lf_vault_message sealed;
        struct lf_past past = {0};
        struct lf_job *job = NULL;
        uint8_t id[LF_VAULT_ID], *plain;
        size_t size;
        if (find_message(g, text, id, why) < 0)
                return -1;
        if (lf_gateway_works_on(g, id)) {
                snprintf(why, 256,
                         "the message is being screened or decided on just now: say it again in a moment");
                return -1;
        }
        int r = lf_vault_unseal(g->vault, id, &sealed, &plain, &size);
        if (r == 0 && (uint64_t)time(NULL) >= sealed.received + g->options->window_us / 1000000) {
                lf_vault_let_go(&sealed);
                OPENSSL_cleanse(plain, size);
                free(plain);
                r = -ENOKEY;
        }
        if (r == 0)
                r = lf_job_new(g, LF_JOB_RULING, plain, size, &job);
        if (r == 0) {
                job->sealed = sealed;
                past.job = job->refusal == LF_TAKEN ? job : NULL;
                r = lf_journal_read(g, &job->sealed, &past);
        }
        if (r == 0 && job->refusal == LF_TAKEN && past.published) {
                job->versions = past.versions;
                job->cursor = job->probes; /* nobody is asked about again */
                *ret = job;
                return 0;
        }
        if (r == -ENOKEY || r == -EBADMSG || r == -ENOENT)
                snprintf(why, 256, "the message's window has ended, and its key with it: have it sent again");
        else if (r < 0)
                snprintf(why, 256, "the message cannot be read again: %s", strerror(-r));
        else if (job->refusal != LF_TAKEN)
                snprintf(why, 256, "the message was not screened: %.180s", job->reason);
        else
                snprintf(why, 256, "the message is not screened yet: wait for its report");
        lf_job_free(job);
        return -1;
}

/* The first probe of "N" or "M:N". */
static int find_traveller(const struct lf_job *job, const char *text, uint32_t *ret_probe, char why[256])
{
        unsigned message = 0, number = 0;
        int end = 0;
        bool both = sscanf(text, "%u:%u%n", &message, &number, &end) == 2;
        if (!both && sscanf(text, "%u%n", &number, &end) == 1)
                message = job->copy.messages == 1 ? 1 : 0;
        if (text[end] || number == 0) {
                snprintf(why, 256, "\"%.40s\" names no traveller: give the number of the report", text);
                return -1;
        }
        if (message == 0 || message > job->copy.messages) {
                snprintf(why, 256, "there are %u messages in it: say which, MESSAGE:NUMBER",
                         job->copy.messages);
                return -1;
        }
        for (uint32_t i = 0; i < job->probes; i++) {
                const struct lf_subject *s = &job->copy.subject[job->probe[i].subject];
                if (s->message == message - 1 && s->number == number) {
                        *ret_probe = i;
                        return 0;
                }
        }
        snprintf(why, 256, "there is no traveller %u: the message has %lu", number,
                 job->copy.message[message - 1].summary.parties);
        return -1;
}

/* The answer that referred the traveller, and the agreements of its candidates: the officer must be theirs.
 */
static int find_referral(struct lf_gateway *g, struct lf_job *job, uint32_t first, char why[256])
{
        uint32_t end;
        job->agreements = 0;
        if (lf_job_screened(job, first, &end) != LF_DECIDE_REFER) {
                snprintf(why, 256, "the traveller was not referred: there is nothing to decide on");
                return -1;
        }
        for (uint32_t i = first; i < end; i++) {
                const struct lf_probe *p = &job->probe[i];
                if (p->out.verdict != LSP_CANDIDATE)
                        continue;
                memcpy(job->wish.referral, p->out.leaf, sizeof job->wish.referral);
                for (unsigned k = 0; k < p->out.candidates; k++)
                        lf_gateway_add_agreement(g, job, p->candidate[k].dataset);
        }
        if (job->agreements == 0)
                snprintf(why, 256, "the candidates' datasets are no longer in the configuration");
        return job->agreements ? 0 : -1;
}

/* Words for reports and log lines: no control characters, and not nothing. */
static bool is_text(const char *s)
{
        bool any = false;
        for (; *s; s++) {
                if ((uint8_t)*s < ' ' || *s == 0x7f)
                        return false;
                any |= *s != ' ';
        }
        return any;
}

static int fill_wish(struct lf_job *job, const struct lf_ruling_request *q, uint32_t subject, char why[256])
{
        struct lf_ruling *w = &job->wish;
        if (strcmp(q->decision, "do-not-board") != 0 && strcmp(q->decision, "board") != 0) {
                snprintf(why, 256, "\"%.40s\" is no decision: say board or do-not-board", q->decision);
                return -1;
        }
        if (strlen(q->reason) > LSP_DECISION_REASON_MAX || !is_text(q->reason)) {
                snprintf(why, 256, "a reason is needed, in at most %d bytes", LSP_DECISION_REASON_MAX);
                return -1;
        }
        *w = (struct lf_ruling){
            .state = LF_RULING_WANTED,
            .subject = subject,
            .number = job->ruled + 1,
            .decided = q->decision[0] == 'd' ? LSP_DECIDED_DO_NOT_BOARD : LSP_DECIDED_BOARD,
        };
        if (lsp_hex_read(q->token, (uint8_t *)&w->token, sizeof w->token) < 0) {
                snprintf(why, 256, "not an officer's token: `landfall officer token NAME` gives one");
                return -1;
        }
        strcpy(w->reason, q->reason);
        return 0;
}

/* The same officer's same words on the same traveller, said again. */
static bool is_said_already(const struct lf_job *job)
{
        const struct lf_ruling *r = lf_ruling_on(job, job->wish.subject), *w = &job->wish;
        return r && r->decided == w->decided && strcmp(r->reason, w->reason) == 0 &&
               memcmp(&r->token, &w->token, sizeof r->token) == 0;
}

int lf_ruling_new(struct lf_gateway *g, const struct lf_ruling_request *q, struct lf_job **ret, char why[256])
{
        struct lf_job *job;
        uint32_t probe = 0;
        if (!g->lane) {
                snprintf(why, 256, "unreachable: the gateway has no session with the appliance");
                return -1;
        }
        if (open_message(g, q->message, &job, why) < 0)
                return -1;
        int r = find_traveller(job, q->traveller, &probe, why);
        if (r == 0)
                r = fill_wish(job, q, job->probe[probe].subject, why);
        if (r == 0 && is_said_already(job)) {
                job->wish.state = LF_RULING_NONE;
                *ret = job;
                return 0;
        }
        if (r == 0)
                r = find_referral(g, job, probe, why);
        if (r == 0) {
                r = lf_journal_ruling(g, job);
                if (r < 0)
                        snprintf(why, 256, "the message's journal cannot be written: %s", strerror(-r));
        }
        if (r < 0) {
                lf_job_free(job);
                return -1;
        }
        *ret = job;
        return 0;
}

/* ---- asking for it ---- */

static int compose(struct lf_gateway *g, const struct lf_job *job)
{
        const struct lf_ruling *w = &job->wish;
        struct {
                struct lsp_decision head;
                char reason[LSP_DECISION_REASON_MAX];
        } value = {.head.decision = w->decided};
        size_t n = strlen(w->reason);
        memcpy(value.head.leaf, w->referral, sizeof value.head.leaf);
        memcpy(value.reason, w->reason, n);
        int r = lf_ask_head(g, job, w->subject);
        if (r == 0)
                r = lf_lane_query_put(g->query, LSP_TLV_OFFICER, &w->token, sizeof w->token);
        if (r == 0)
                r = lf_lane_query_put(g->query, LSP_TLV_DECISION, &value, sizeof value.head + n);
        return r;
}

bool lf_ruling_ask(struct lf_gateway *g, struct lf_job *job, uint64_t now_ms)
{
        struct lf_ruling *w = &job->wish;
        if (w->state != LF_RULING_WANTED)
                return w->state != LF_RULING_ASKED;
        uint8_t id[16];
        struct lf_slot *slot = g->lane && now_ms >= job->again_ms ? lf_ask_slot(g) : NULL;
        if (!slot)
                return false;
        int r = compose(g, job);
        if (r == 0)
                r = lf_ask_id(job, "landfall ruling", w->number, w->attempt, id);
        if (r == 0)
                r = lf_lane_submit_as(g->lane, g->query, slot, id);
        if (r < 0) {
                job->again_ms = now_ms + PAUSE_MS;
                return false;
        }
        *slot = (struct lf_slot){.job = job};
        job->outstanding++;
        g->outstanding++;
        w->state = LF_RULING_ASKED;
        return false;
}

static void name_officer(const struct lf_gateway *g, struct lf_ruling *w)
{
        snprintf(w->name, sizeof w->name, "officer %u", w->officer);
        for (uint32_t i = 0; i < g->config->officers; i++)
                if (g->config->officer[i].number == w->officer)
                        snprintf(w->name, sizeof w->name, "%s", g->config->officer[i].name);
}

void lf_ruling_answer(struct lf_gateway *g, struct lf_job *job, const struct lf_lane_result *result)
{
        const struct lsp_answer *a = &result->answer;
        struct lf_ruling *w = &job->wish;
        job->outstanding--;
        bool quota = !result->error && a->verdict == LSP_REFUSED && a->detail == LSP_DETAIL_QUOTA;
        if (result->error || (quota && w->attempt < ATTEMPTS)) {
                w->attempt += quota; /* another question: this one has its answer */
                w->state = LF_RULING_WANTED;
                job->again_ms = lf_gateway_now_us() / 1000 + PAUSE_MS;
                return;
        }
        w->state = LF_RULING_REFUSED;
        w->detail = a->detail;
        if (a->verdict != LSP_RECORDED || a->officer == 0)
                return;
        w->state = LF_RULING_RECORDED;
        w->officer = a->officer;
        w->at = a->received / 1000000;
        memcpy(w->leaf, a->leaf, sizeof w->leaf);
        name_officer(g, w);
}

/* ---- its end ---- */

static void say(const struct lf_job *job, const struct lf_ruling *r)
{
        char name[LF_NAME_LENGTH], leaf[17];
        lsp_hex_write(r->leaf, 8, leaf);
        lf_log_info("%s: officer %u (%s) decided on traveller %u: %s; audit entry %s",
                    lf_printable(job->meta.name, name), r->officer, r->name,
                    job->copy.subject[r->subject].number, lf_ruling_text(r), leaf);
}

/* The journal first, which then knows whose it is; then the reports. What is there already stays. */
static int conclude(struct lf_gateway *g, struct lf_job *job)
{
        const struct lf_ruling *last = job->rulings ? &job->ruling[job->rulings - 1] : NULL;
        bool known = last && last->number == job->wish.number;
        int r = known ? 0 : lf_journal_ruling(g, job);
        if (r < 0 || job->wish.state != LF_RULING_RECORDED)
                return r;
        if (!known)
                r = lf_ruling_recall(job, &job->wish);
        return r < 0 ? r : lf_drop_publish(g, job);
}

void lf_ruling_finish(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        bool in_window = (uint64_t)time(NULL) < job->sealed.received + g->options->window_us / 1000000;
        if (job->wish.state != LF_RULING_NONE && conclude(g, job) < 0 && in_window) {
                job->again_ms = lf_gateway_now_us() / 1000 + 5 * PAUSE_MS;
                lf_gateway_add(g, job);
                return;
        }
        if (job->wish.state == LF_RULING_RECORDED)
                say(job, &job->wish);
        else if (job->wish.state == LF_RULING_REFUSED)
                lf_log_error("%s: a decision on traveller %u was refused: %s",
                             lf_printable(job->meta.name, name), job->copy.subject[job->wish.subject].number,
                             lf_lane_detail_text(job->wish.detail));
        lf_serve_ruled(g, job);
        lf_job_free(job);
}

bool lf_ruling_resume(struct lf_gateway *g, struct lf_job *job)
{
        char why[256];
        uint32_t first = 0;
        if (job->wish.state != LF_RULING_WANTED && job->wish.state != LF_RULING_RECORDED)
                return false;
        while (first < job->probes && job->probe[first].subject != job->wish.subject)
                first++;
        if (job->wish.state == LF_RULING_WANTED &&
            (first == job->probes || find_referral(g, job, first, why) < 0))
                return false;
        job->kind = LF_JOB_RULING;
        job->cursor = job->probes;
        lf_gateway_add(g, job);
        return true;
}
