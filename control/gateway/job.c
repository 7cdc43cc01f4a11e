/* From a message's bytes to probes, and from their outcomes to decisions. */
#include "control/gateway/gateway.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const lf_decision_text[] = {"clear", "refer", "retry", "error", "board", "do not board"};

static void refuse(struct lf_job *job, enum lf_refusal why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct lf_job *job, enum lf_refusal why, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vsnprintf(job->reason, sizeof job->reason, format, args);
        va_end(args);
        job->refusal = why;
}

static void read_message(struct lf_job *job)
{
        int r = lf_copy_read(job->plain + sizeof job->meta, job->plain_size - sizeof job->meta, &job->copy,
                             &job->fault);
        if (r == 0)
                return;
        if (job->fault.rule != LF_RULE_NONE) {
                job->refusal = LF_MALFORMED;
                lf_manifest_error_text(&job->fault, job->reason, sizeof job->reason);
        } else {
                refuse(job, LF_MALFORMED, "%s",
                       r == -ENODATA ? "there is no message in it"
                       : r == -E2BIG ? "it holds too many messages"
                                     : strerror(-r));
        }
}

/* Only who is named in the configuration gets an answer, and only for the purposes that stand there. */
static void check_recipients(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        for (uint32_t i = 0; i < job->copy.messages && job->refusal == LF_TAKEN; i++) {
                const char *sender = job->copy.message[i].header.sender;
                const struct lf_config_recipient *to = lf_gateway_recipient(g, sender);
                lf_printable(sender, name);
                if (!to)
                        refuse(job, LF_NOT_PERMITTED,
                               "recipient \"%.64s\" is not permitted to have an answer: "
                               "gateway.recipients does not name it",
                               name);
                else if (job->meta.purpose == 0)
                        job->meta.purpose = to->purpose;
                if (to && !(to->purposes >> job->meta.purpose & 1))
                        refuse(job, LF_NOT_PERMITTED,
                               "recipient \"%.64s\" is not permitted to have an answer for the purpose %s",
                               name, lf_value_name(lf_purpose_names, job->meta.purpose));
        }
}

static int make_probes(struct lf_job *job)
{
        const struct lf_copy *c = &job->copy;
        job->probe = calloc(2 * (size_t)c->subjects + 1, sizeof *job->probe);
        if (!job->probe)
                return -ENOMEM;
        for (uint32_t i = 0; i < c->subjects; i++) {
                const uint16_t *size = c->subject[i].record_size;
                for (unsigned k = 0; k < 2; k++) {
                        bool nothing = k == 0 && size[0] == 0 && size[1] == 0;
                        if (size[k] == 0 && !nothing)
                                continue;
                        struct lf_probe *p = &job->probe[job->probes];
                        *p = (struct lf_probe){.subject = i, .entity = (uint8_t)k, .out.probe = job->probes};
                        job->probes++;
                        if (nothing) {
                                p->state = LF_PROBE_DONE;
                                p->out.error = -ENODATA;
                                job->done++;
                        }
                }
        }
        return 0;
}

int lf_job_new(struct lf_gateway *g, enum lf_job_kind kind, uint8_t *plain, size_t size, struct lf_job **ret)
{
        struct lf_job *job = size >= sizeof job->meta ? calloc(1, sizeof *job) : NULL;
        if (!job) {
                OPENSSL_cleanse(plain, size);
                free(plain);
                return size >= sizeof job->meta ? -ENOMEM : -EBADMSG;
        }
        job->kind = kind;
        job->sealed.journal = -1;
        job->plain = plain;
        job->plain_size = size;
        job->started_us = lf_gateway_now_us();
        job->versions = g->versions;
        memcpy(&job->meta, plain, sizeof job->meta);
        job->meta.name[sizeof job->meta.name - 1] = 0;
        read_message(job);
        check_recipients(g, job);
        job->purpose = job->meta.purpose;
        memcpy(plain, &job->meta, sizeof job->meta);
        if (job->refusal == LF_TAKEN) {
                lf_gateway_agreements(g, job);
                if (job->agreements == 0 && kind != LF_JOB_RESCREEN)
                        refuse(job, LF_NOT_PERMITTED, "no agreement permits the purpose %s before arrival",
                               lf_value_name(lf_purpose_names, job->purpose));
        }
        int r = job->refusal == LF_TAKEN ? make_probes(job) : 0;
        if (r < 0) {
                lf_job_free(job);
                return r;
        }
        job->asked_us = lf_gateway_now_us();
        job->read_us = job->asked_us - job->started_us;
        *ret = job;
        return 0;
}

void lf_job_free(struct lf_job *job)
{
        if (!job)
                return;
        for (uint32_t i = 0; job->probe && i < job->probes; i++)
                free(job->probe[i].candidate);
        free(job->probe);
        free(job->fresh);
        if (job->ruling)
                OPENSSL_cleanse(job->ruling, job->rulings * sizeof *job->ruling);
        free(job->ruling);
        OPENSSL_cleanse(&job->wish, sizeof job->wish);
        lf_copy_free(&job->copy);
        if (job->plain)
                OPENSSL_cleanse(job->plain, job->plain_size);
        free(job->plain);
        lf_vault_let_go(&job->sealed);
        free(job);
}

enum lf_decision lf_job_screened(const struct lf_job *job, uint32_t first, uint32_t *ret_next)
{
        const struct lf_probe *p = &job->probe[first];
        bool refer = false, retry = job->copy.subject[p->subject].nameless, error = false;
        uint32_t n = 1;
        while (first + n < job->probes && p[n].subject == p->subject)
                n++;
        for (uint32_t i = 0; i < n; i++) {
                const struct lf_outcome *o = &p[i].out;
                refer |= o->verdict == LSP_CANDIDATE;
                bool nothing = o->error == -ENODATA; /* to be sent again with a name or a document */
                error |= (o->verdict == 0 && !nothing) || o->verdict == LSP_REFUSED;
                retry |= o->verdict == LSP_RETRY || nothing;
        }
        *ret_next = first + n;
        return refer ? LF_DECIDE_REFER : error ? LF_DECIDE_ERROR : retry ? LF_DECIDE_RETRY : LF_DECIDE_CLEAR;
}

/* Only a ruling that the audit log holds says more than refer. */
enum lf_decision lf_job_decision(const struct lf_job *job, uint32_t first, uint32_t *ret_next)
{
        enum lf_decision d = lf_job_screened(job, first, ret_next);
        const struct lf_ruling *r =
            d == LF_DECIDE_REFER ? lf_ruling_on(job, job->probe[first].subject) : NULL;
        if (!r || r->state != LF_RULING_RECORDED)
                return d;
        return r->decided == LSP_DECIDED_BOARD ? LF_DECIDE_BOARD : LF_DECIDE_DO_NOT_BOARD;
}

struct lf_counts lf_job_counts(const struct lf_job *job)
{
        struct lf_counts c = {0};
        for (uint32_t i = 0; i < job->probes;) {
                switch (lf_job_decision(job, i, &i)) {
                case LF_DECIDE_CLEAR:
                        c.clear++;
                        break;
                case LF_DECIDE_REFER:
                        c.refer++;
                        break;
                case LF_DECIDE_RETRY:
                        c.retry++;
                        break;
                case LF_DECIDE_ERROR:
                        c.error++;
                        break;
                case LF_DECIDE_BOARD:
                        c.board++;
                        break;
                case LF_DECIDE_DO_NOT_BOARD:
                        c.do_not_board++;
                        break;
                }
        }
        for (uint32_t i = 0; i < job->probes; i++) {
                c.stale |= (job->probe[i].out.flags & LSP_FLAG_STALE) != 0;
                c.partial |= (job->probe[i].out.flags & LSP_FLAG_PARTIAL) != 0;
                c.degraded |= (job->probe[i].out.flags & LSP_FLAG_DEGRADED) != 0;
        }
        return c;
}
