/* Rulings: what a named officer decides about a traveller who was referred. Internal to control/gateway.
 *
 * A ruling is a job of its own. It stands in the message's journal before it is asked for, is asked for as
 * any lane asks (dataplane/PROTOCOL.md, DECISION), and counts once the appliance has answered that its audit
 * log holds it durably: whose it is, is what the appliance read from the officer's token. Only then are the
 * reports and the CUSRES written anew. */
#pragma once

#include "control/config/config.h"
#include "control/gateway/vault.h"
#include "dataplane/lsp.h"

#include <stdbool.h>

struct lf_gateway;
struct lf_job;
struct lf_lane_result;

enum lf_ruling_state {
        LF_RULING_NONE = 0,
        LF_RULING_WANTED,   /* in the journal; to be asked for */
        LF_RULING_ASKED,    /* under way */
        LF_RULING_RECORDED, /* in the audit log */
        LF_RULING_REFUSED,  /* `detail` says why */
};

/* As it stands in the journal. Texts end in 0. */
struct lf_ruling {
        uint32_t state;   /* enum lf_ruling_state */
        uint32_t subject; /* index */
        uint32_t number;  /* of the message's rulings, from 1 */
        uint32_t attempt; /* a quota was used up so often */
        uint32_t officer; /* RECORDED: the number of who decided */
        uint16_t detail;  /* REFUSED: enum lsp_detail */
        uint8_t decided;  /* enum lsp_decided */
        uint8_t reserved[5];
        uint64_t at;          /* RECORDED: seconds since 1970, by the appliance's clock */
        uint8_t referral[32]; /* leaf hash of the answer that is decided on */
        uint8_t leaf[32];     /* RECORDED: of the entry in the audit log */
        struct lsp_officer_token token;
        char name[LF_NAME_MAX]; /* RECORDED: the officer's in the configuration */
        char reason[LSP_DECISION_REASON_MAX + 1];
};

struct lf_ruling_request {
        const char *message;   /* the report's id, or at least its first 8 digits */
        const char *traveller; /* "N", or "M:N": the Nth of the Mth message */
        const char *decision;  /* "board", "do-not-board" */
        const char *reason;
        const char *token; /* hex */
};

/* Finds message and traveller, and begins: afterwards the ruling comes to its end, whatever ends meanwhile. A
 * ruling that is there already is not made twice: its job is at its end at once. -1: `why` says why not, and
 * what to do. */
int lf_ruling_new(struct lf_gateway *g, const struct lf_ruling_request *request, struct lf_job **ret,
                  char why[256]);
/* In place of lf_job_ask and lf_job_answer. */
bool lf_ruling_ask(struct lf_gateway *g, struct lf_job *job, uint64_t now_ms);
void lf_ruling_answer(struct lf_gateway *g, struct lf_job *job, const struct lf_lane_result *result);
/* Reports, and ends the job; or puts it back, where the disk does not take it yet. */
void lf_ruling_finish(struct lf_gateway *g, struct lf_job *job);

/* After a start: goes on with what the journal says was wanted, or not reported yet. False: there is nothing.
 */
bool lf_ruling_resume(struct lf_gateway *g, struct lf_job *job);

/* "board", "do not board". */
const char *lf_ruling_text(const struct lf_ruling *r);
/* The ruling on a subject that is in force; NULL: there is none. */
const struct lf_ruling *lf_ruling_on(const struct lf_job *job, uint32_t subject);
/* journal.c: the records as they are read again. -ENOMEM; -EBADMSG. */
int lf_ruling_recall(struct lf_job *job, const struct lf_ruling *r);
/* A later screening found more about the subject: that it may board was said of less. */
void lf_ruling_void(struct lf_job *job, uint32_t subject);
