/* A job: one message and what is asked about its travellers and parties. Internal to control/gateway; one
 * thread.
 *
 * Each subject becomes one probe, or two where a party may be a person or a firm. Probes are under way
 * together, as many as the gateway's window holds; a probe that is unavailable, or beyond the lane's quota,
 * is asked again where the job can wait. */
#pragma once

#include "control/gateway/copy.h"
#include "control/gateway/ruling.h"
#include "control/gateway/vault.h"
#include "dataplane/lsp.h"
#include "dataplane/policy.h"

#define LF_NAME_LENGTH 160 /* of a message's name, with its zero */

enum lf_job_kind {
        LF_JOB_CALL,     /* someone waits for it at the socket */
        LF_JOB_FILE,     /* from the drop directory */
        LF_JOB_RESCREEN, /* a message of the window, against what changed */
        LF_JOB_RULING,   /* a message of the window, and an officer's decision on a traveller of it */
};

enum lf_probe_state { LF_PROBE_TO_ASK = 0, LF_PROBE_ASKED, LF_PROBE_DONE };

/* What is kept of an answer; journalled as it stands, candidates behind it. */
struct lf_outcome {
        uint32_t probe;
        uint8_t verdict; /* enum lsp_verdict; 0: none, and `error` says why */
        uint8_t candidates;
        uint16_t flags, detail, defect;
        int16_t error;
        uint16_t reserved;
        uint32_t ruleset;
        uint64_t generation;
        uint8_t leaf[32];
};

struct lf_probe {
        uint32_t subject;
        uint8_t entity; /* index of the subject's record */
        uint8_t state;  /* enum lf_probe_state */
        uint8_t attempt;
        struct lf_outcome out;
        struct lsp_candidate *candidate;
};

/* What the galleries hold of each dataset, by its number: another value after every change. */
struct lf_versions {
        uint64_t size[LF_DATASETS_MAX];
};

/* What a sealed message begins with. */
struct lf_meta {
        char name[LF_NAME_LENGTH]; /* of the file, or as the caller gave it */
        uint32_t purpose;          /* enum lsp_purpose */
        uint32_t kind;             /* enum lf_job_kind: CALL or FILE */
};

/* How a message ended before anyone was asked. */
enum lf_refusal { LF_TAKEN = 0, LF_MALFORMED, LF_NOT_PERMITTED, LF_EMPTY };

struct lf_gateway;
struct lf_client;

struct lf_job {
        struct lf_job *next;
        enum lf_job_kind kind;
        struct lf_meta meta;
        struct lf_vault_message sealed;
        uint8_t *plain; /* meta and message; NULL once it is sealed */
        size_t plain_size;
        struct lf_copy copy;
        struct lf_manifest_error fault; /* LF_MALFORMED */
        enum lf_refusal refusal;
        char reason[192]; /* why it was refused */
        uint16_t agreement[8];
        unsigned agreements;
        uint32_t purpose; /* that is asked for: of a rescreening perhaps another than meta's */
        struct lf_probe *probe;
        uint32_t probes, cursor, outstanding, done;
        uint64_t again_ms;           /* not to be asked before */
        bool began;                  /* its journal says so */
        bool abandoned;              /* nobody waits any more; goes once nothing is outstanding */
        bool waiting_said;           /* that the appliance does not answer */
        struct lf_versions versions; /* of the datasets when it began */
        uint64_t started_us, asked_us, read_us, screen_us, write_us;
        struct lf_client *client; /* LF_JOB_CALL, LF_JOB_RULING */
        uint64_t changed;         /* LF_JOB_RESCREEN: bit mask of datasets */
        uint64_t generation;      /* LF_JOB_RESCREEN: of the galleries with which it began */
        uint32_t hits;            /* LF_JOB_RESCREEN: candidates that were not there before */
        uint64_t *fresh;          /* LF_JOB_RESCREEN: by probe, bit mask of candidates that are new */
        struct lf_ruling *ruling; /* in force, in the order in which they were made */
        uint32_t rulings;
        uint32_t ruled;        /* the highest number of one that there was */
        struct lf_ruling wish; /* LF_JOB_RULING: the one that it is about */
};

/* Reads the message behind the meta (both in `plain`, which the job owns from then on) and decides whether it
 * may be asked about: refusal and reason. -ENOMEM; plain is wiped and freed on failure. */
int lf_job_new(struct lf_gateway *g, enum lf_job_kind kind, uint8_t *plain, size_t size, struct lf_job **ret);
void lf_job_free(struct lf_job *job);

/* How the probes of one subject add up; or, where it was referred, what an officer decided since. */
enum lf_decision {
        LF_DECIDE_CLEAR = 0,
        LF_DECIDE_REFER,
        LF_DECIDE_RETRY,
        LF_DECIDE_ERROR,
        LF_DECIDE_BOARD,
        LF_DECIDE_DO_NOT_BOARD,
};
extern const char *const lf_decision_text[];
/* Without the officer. */
enum lf_decision lf_job_screened(const struct lf_job *job, uint32_t first_probe, uint32_t *ret_next);
enum lf_decision lf_job_decision(const struct lf_job *job, uint32_t first_probe, uint32_t *ret_next);
struct lf_counts {
        uint64_t clear, refer, retry, error, board, do_not_board;
        bool stale, partial, degraded;
};
struct lf_counts lf_job_counts(const struct lf_job *job);

/* ask.c: whether someone waits for it, and not for long in any case. */
bool lf_job_waited_for(const struct lf_job *job);
/* The most queries under way, of all jobs together, with which this one goes on asking. */
unsigned lf_job_window(const struct lf_gateway *g, const struct lf_job *job);
/* When it may ask next, as far as lanes are not to notice it. */
uint64_t lf_job_next_us(const struct lf_gateway *g, const struct lf_job *job);
/* Puts as many probes under way as the window allows; true if it is finished. */
bool lf_job_ask(struct lf_gateway *g, struct lf_job *job, uint64_t now_ms);
/* Takes an outcome that the journal kept; its candidates behind it. -EBADMSG. */
int lf_job_recall(struct lf_job *job, const uint8_t *bytes, size_t size);

/* report.c: why there is no decision; NULL: nothing is to be said. */
const char *lf_report_cause(const struct lf_outcome *o);
/* JSON to be freed; NULL: no memory. `names`: of all travellers, not only of those who are referred. */
char *lf_report_json(const struct lf_gateway *g, struct lf_job *job, bool names, size_t *ret_size);
/* The CUSRES of the PAXLST messages in it; NULL with *ret_size 0: there is none. Negative: no memory. */
int lf_report_cusres(struct lf_job *job, char **ret, size_t *ret_size);
