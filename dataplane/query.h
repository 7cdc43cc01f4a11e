/* The context of one query: all that is known of it, from its first datagram until its answer has left.
 *
 * It is owned by the io core that took the datagram and is the path's only credit: a query without one is not
 * taken (busy), and every ring on the path has room for all of them. Matcher cores read it between steer and
 * merge and write only their own task in it. */
#pragma once

#include "dataplane/audit/entry.h"
#include "dataplane/counters.h"
#include "dataplane/generation.h"
#include "dataplane/lsp.h"
#include "dataplane/policy.h"
#include "dataplane/ports/port.h"
#include "dataplane/session.h"
#include "matcher/shard.h"

#define LF_QUERY_DATASETS_MAX 16

struct lf_query;

/* A record that was close, and in which shard. */
struct lf_best {
        const struct lf_shard *shard;
        struct lf_hit hit;
};

/* The best of one dataset, best first, no record twice. */
struct lf_result {
        uint32_t n;
        struct lf_best best[LSP_CANDIDATES_MAX];
};

/* A dataset that the query may see, and what the policy said of it when the query was admitted. */
struct lf_wanted {
        uint8_t dataset, modality, agreement, candidates;
        uint32_t categories;
        float threshold; /* log10 of the false-match rate */
};

/* What one matcher core does for the query: it looks at the shards that it owns, or, as the one core that got
 * to it first, at all those of indexed modalities. */
struct lf_task {
        struct lf_query *query;
        struct lf_task *next; /* waits for its class */
        uint64_t remaining;   /* blocks */
        bool indexed;         /* the latter */
        bool late;            /* given up at the deadline */
        bool had;             /* its sweep's present block */
        struct lf_topk topk;  /* of the shard being scanned; its shard NULL: none */
        struct lf_result result[LF_QUERY_DATASETS_MAX];
};

struct lf_probe {
        const uint8_t *wire; /* in `plain`; NULL: none of this modality */
        uint16_t size, tlv;
        void *prepared; /* the desk's */
        bool ready;     /* `prepared` was filled */
};

/* Where a query is worked on: a query has one until its audit entry is built, and leaves it wiped. An io core
 * has one for each of its contexts and takes the one that was left last: few are in use, so they stay in its
 * cache. */
struct lf_desk {
        uint8_t *plain; /* LSP_QUERY_MAX */
        void *prepared[LF_MODALITY_COUNT];
};

#define LF_INDEX_WAITING UINT64_MAX       /* the audit thread has not taken the entry yet */
#define LF_INDEX_FULL    (UINT64_MAX - 1) /* the log had no room for it */
#define LF_INDEX_FAILED  (UINT64_MAX - 2) /* the log is broken */

struct lf_query {
        uint32_t io; /* whose it is, always */

        /* where from */
        struct lf_return_path back;
        struct lf_session *session; /* pinned */
        uint64_t session_id;
        uint32_t lane, slot;
        uint8_t query_id[16];
        uint64_t arrival, deadline; /* TSC */
        uint64_t received_us;       /* real time of arrival */
        uint64_t legal_ns;          /* legal time of arrival */
        uint64_t quantum;           /* cycles; 0: none */

        /* the plaintext, and its parts while they come in */
        struct lf_desk *desk; /* NULL: nothing of the probe is left */
        uint8_t *plain;       /* the desk's */
        uint32_t size, have;
        uint8_t parts;
        struct lf_query *next; /* in its bucket of assemblies */
        uint8_t hash[32];

        /* what it asks, and what the law grants */
        struct lf_purpose_request request;
        struct lf_probe probe[LF_MODALITY_COUNT];
        struct lsp_officer_token token;
        bool token_given;
        const uint8_t *decision;                  /* struct lsp_decision in `plain`; NULL: none */
        bool reserved;                            /* a candidate of the hour's quotas */
        bool warrant_used;                        /* one use of the warrant is taken */
        uint8_t wanted_n, place[LF_DATASETS_MAX]; /* index into wanted; 0xff: not wanted */
        struct lf_wanted wanted[LF_QUERY_DATASETS_MAX];

        /* the search */
        struct lf_generation *generation; /* pinned */
        struct lf_task **task;            /* one a match core, and one for whoever takes it */
        uint32_t pending;                 /* tasks that are out */
        bool late;

        /* the answer */
        enum lf_drop drop; /* LF_DROP_COUNT: it gets one */
        bool resend;       /* `sealed` is the answer of an earlier query: not counted as opened */
        uint64_t claim;    /* in the session's slot of sealed answers */
        struct lsp_answer answer;
        struct lf_entry entry;
        struct lf_entry_opening opening;
        _Atomic uint64_t index; /* of the audit entry, or LF_INDEX_*; written by the audit thread */
        uint64_t release;       /* TSC: when the answer may leave */
        uint8_t sealed[LSP_ANSWER_DATAGRAM];

        /* what the search found: apart from what every query needs */
        struct lf_result result[LF_QUERY_DATASETS_MAX];
        struct lf_best candidate[LSP_CANDIDATES_MAX][LF_MODALITY_COUNT]; /* shard NULL: not compared */
        float share[LSP_CANDIDATES_MAX][LF_MODALITY_COUNT]; /* log10 likelihood ratio; 0: not compared */
};
