/* A message's journal: that it began, what was answered, what was to be published, what it was screened
 * against. Records begin with their kind, one byte. */
#include "control/gateway/gateway.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct plain_record {
        uint8_t kind;
        struct lf_versions versions;
};

int lf_journal_begin(struct lf_gateway *g, struct lf_job *job)
{
        struct plain_record r = {.kind = LF_ENTRY_BEGIN, .versions = job->versions};
        int e = lf_vault_append(g->vault, &job->sealed, &r, sizeof r, false);
        job->began = e == 0;
        return e;
}

int lf_journal_covered(struct lf_gateway *g, struct lf_vault_message *m, const struct lf_versions *versions)
{
        struct plain_record r = {.kind = LF_ENTRY_COVERED, .versions = *versions};
        return lf_vault_append(g->vault, m, &r, sizeof r, false);
}

int lf_journal_outcomes(struct lf_gateway *g, struct lf_job *job, const uint32_t *probes, unsigned n)
{
        size_t size = 1,
               most = 1 + n * (sizeof(struct lf_outcome) + LSP_CANDIDATES_MAX * sizeof(struct lsp_candidate));
        uint8_t *record = malloc(most);
        if (!record)
                return -ENOMEM;
        record[0] = LF_ENTRY_OUTCOMES;
        for (unsigned i = 0; i < n; i++) {
                const struct lf_probe *p = &job->probe[probes[i]];
                size_t more = p->out.candidates * sizeof *p->candidate;
                memcpy(record + size, &p->out, sizeof p->out);
                size += sizeof p->out;
                if (more)
                        memcpy(record + size, p->candidate, more);
                size += more;
        }
        int r = lf_vault_append(g->vault, &job->sealed, record, size, false);
        OPENSSL_cleanse(record, size);
        free(record);
        return r;
}

int lf_journal_all(struct lf_gateway *g, struct lf_job *job)
{
        uint32_t probes[256];
        unsigned n = 0;
        int r = 0;
        for (uint32_t i = 0; r == 0 && i < job->probes; i++) {
                if (job->probe[i].out.verdict)
                        probes[n++] = i;
                if (n > 0 && (n == 256 || i + 1 == job->probes)) {
                        r = lf_journal_outcomes(g, job, probes, n);
                        n = 0;
                }
        }
        return r;
}

struct ruling_record {
        uint8_t kind;
        struct lf_ruling ruling;
};

int lf_journal_ruling(struct lf_gateway *g, struct lf_job *job)
{
        struct ruling_record r = {.kind = LF_ENTRY_RULING, .ruling = job->wish};
        int e = lf_vault_append(g->vault, &job->sealed, &r, sizeof r, true);
        OPENSSL_cleanse(&r, sizeof r);
        return e;
}

static int take_ruling(struct lf_past *past, const uint8_t *record, size_t size)
{
        struct ruling_record r;
        if (size != sizeof r)
                return -EBADMSG;
        memcpy(&r, record, sizeof r);
        int e = past->job ? lf_ruling_recall(past->job, &r.ruling) : 0;
        OPENSSL_cleanse(&r, sizeof r);
        return e;
}

struct publish_record {
        uint8_t kind, n, reserved[6];
        struct lf_versions versions;
        struct lf_output output[LF_OUTPUTS];
};

int lf_journal_publish(struct lf_gateway *g, struct lf_job *job, const struct lf_output *outputs, unsigned n)
{
        struct publish_record r = {.kind = LF_ENTRY_PUBLISH, .n = (uint8_t)n, .versions = job->versions};
        for (unsigned i = 0; i < n; i++)
                r.output[i] = outputs[i];
        return lf_vault_append(g->vault, &job->sealed, &r, sizeof r, true);
}

static void take_publication(struct lf_past *past, const struct publish_record *r)
{
        past->published = true;
        past->publications++;
        past->versions = r->versions;
        if (past->job && past->job->wish.state == LF_RULING_RECORDED)
                past->job->wish.state = LF_RULING_NONE; /* it is reported */
        past->outputs = r->n <= LF_OUTPUTS ? r->n : LF_OUTPUTS;
        for (unsigned i = 0; i < past->outputs; i++) {
                struct lf_output *o = &past->output[i];
                *o = r->output[i];
                o->temporary[sizeof o->temporary - 1] = 0;
                o->folder[sizeof o->folder - 1] = 0;
                o->name[sizeof o->name - 1] = 0;
        }
}

static int take(void *arg, const uint8_t *record, size_t size)
{
        struct lf_past *past = arg;
        struct plain_record plain;
        struct publish_record publish;
        if (size < 1)
                return -EBADMSG;
        switch (record[0]) {
        case LF_ENTRY_BEGIN:
        case LF_ENTRY_COVERED:
                if (size != sizeof plain)
                        return -EBADMSG;
                memcpy(&plain, record, sizeof plain);
                past->began = true;
                past->versions = plain.versions;
                return 0;
        case LF_ENTRY_OUTCOMES:
                return past->job ? lf_job_recall(past->job, record + 1, size - 1) : 0;
        case LF_ENTRY_PUBLISH:
                if (size != sizeof publish)
                        return -EBADMSG;
                memcpy(&publish, record, sizeof publish);
                take_publication(past, &publish);
                return 0;
        case LF_ENTRY_RULING:
                return take_ruling(past, record, size);
        default:
                return -EBADMSG;
        }
}

int lf_journal_read(struct lf_gateway *g, struct lf_vault_message *m, struct lf_past *ret)
{
        struct lf_job *job = ret->job;
        *ret = (struct lf_past){.job = job};
        return lf_vault_replay(g->vault, m, take, ret);
}
