/* The policy table: who may ask what, for which purpose, of which datasets.
 *
 * Compiled by control, read-only to the dataplane, replaced as a whole. The dataplane checks it before
 * publishing (lf_policy_check) and reads it on any core. Numbers are array indices: lane, agreement, dataset
 * and officer numbers are stable for the life of a site and never given to another. */
#pragma once

#include "dataplane/lsp.h"

#include <stdbool.h>
#include <stddef.h>

#define LF_POLICY_MAGIC 0x59434c4f504c4c46ull /* "FLLPOLCY" */
#define LF_POLICY_ABI   1

#define LF_LANES_MAX      1024
#define LF_AGREEMENTS_MAX 32
#define LF_DATASETS_MAX   64
#define LF_CATEGORIES_MAX 32
#define LF_OFFICERS_MAX   512
#define LF_WARRANTS_MAX   512

/* Roles of lanes and officers, bits. */
#define LF_ROLE_EGATE      0x0001u
#define LF_ROLE_DESK       0x0002u
#define LF_ROLE_KIOSK      0x0004u
#define LF_ROLE_GATEWAY    0x0008u
#define LF_ROLE_OFFICER    0x0010u
#define LF_ROLE_SUPERVISOR 0x0020u
#define LF_ROLE_CARGO      0x0040u

#define LF_NEEDS_OFFICER 0x01u
#define LF_NEEDS_WARRANT 0x02u

struct lf_policy_lane {
        uint8_t active;     /* 0: unknown or revoked */
        uint8_t priorities; /* bit per enum lsp_priority */
        uint16_t roles;
        uint32_t agreements;         /* bit per agreement */
        uint32_t queries_per_second; /* 0: none */
        uint32_t query_burst;
        uint32_t candidates_per_hour; /* 0: none: answers that are CANDIDATE count */
        uint32_t reserved;
};
_Static_assert(sizeof(struct lf_policy_lane) == 24, "policy lane layout");

struct lf_policy_rule {
        uint32_t categories; /* bit per category; 0: the purpose is not permitted */
        uint16_t roles;      /* the lane's or officer's roles must share a bit; 0: any */
        uint8_t needs;       /* LF_NEEDS_* */
        uint8_t subjects;    /* bit per enum lsp_subject */
        uint8_t encounters;  /* bit per enum lsp_encounter */
        uint8_t reserved[3];
};
_Static_assert(sizeof(struct lf_policy_rule) == 12, "policy rule layout");

struct lf_policy_agreement {
        uint8_t active;
        uint8_t reserved[7];
        uint64_t not_before, not_after;                /* legal time, seconds */
        uint64_t datasets;                             /* bit per dataset */
        struct lf_policy_rule rule[LSP_PURPOSE_COUNT]; /* by enum lsp_purpose */
};
_Static_assert(sizeof(struct lf_policy_agreement) == 224, "policy agreement layout");

struct lf_policy_dataset {
        uint8_t active;
        uint8_t agreement;
        uint8_t modality;    /* enum lf_modality */
        uint8_t candidates;  /* most that one answer may carry, 1..LSP_CANDIDATES_MAX */
        uint32_t categories; /* bit per category that it holds */
        float threshold;     /* log10 of the false-match rate that a candidate must reach: -4.0 */
        uint32_t fresh_s;    /* older than this the replica is stale; 0: no limit */
        uint64_t synced;     /* legal time, seconds, of the newest verified checkpoint */
};
_Static_assert(sizeof(struct lf_policy_dataset) == 24, "policy dataset layout");

struct lf_policy_officer {
        uint8_t active;
        uint8_t reserved;
        uint16_t roles;
        uint32_t agreements;
        uint32_t candidates_per_hour;
};
_Static_assert(sizeof(struct lf_policy_officer) == 12, "policy officer layout");

struct lf_policy_warrant {
        uint8_t reference[16];
        uint64_t expiry;
        uint32_t lane; /* 0xffffffff: any */
        uint32_t uses; /* how often it may be used; 0: not at all */
        uint32_t agreements;
        uint32_t purposes; /* bit per enum lsp_purpose */
};
_Static_assert(sizeof(struct lf_policy_warrant) == 40, "policy warrant layout");

struct lf_policy {
        uint64_t magic;
        uint16_t abi;
        uint16_t reserved;
        uint32_t size;
        uint32_t ruleset;    /* rises with every change */
        uint32_t quantum_us; /* answer_quantum; 0: none */
        struct lf_policy_lane lane[LF_LANES_MAX];
        struct lf_policy_agreement agreement[LF_AGREEMENTS_MAX];
        struct lf_policy_dataset dataset[LF_DATASETS_MAX];
        struct lf_policy_officer officer[LF_OFFICERS_MAX];
        struct lf_policy_warrant warrant[LF_WARRANTS_MAX];
};

/* -EBADMSG: magic, ABI, size or a number out of range; then nothing of it may be used. Any core. */
int lf_policy_check(const void *image, size_t size);

/* What a query asks for, as far as the law is concerned. */
struct lf_purpose_request {
        uint32_t lane;
        uint32_t officer;   /* meaningful if officer_given */
        bool officer_given; /* a token was sent and opened well */
        bool officer_bad;   /* a token was sent that did not open, has expired or is another lane's */
        bool warrant_given;
        uint8_t warrant[16];
        uint8_t agreements, agreement[8];
        uint16_t purpose;
        uint8_t subject, encounter, priority;
        bool categories_given;
        uint32_t categories;
        uint8_t modalities; /* bit per modality that the query has a probe for */
        bool decision;      /* no query but an officer's decision: needs an officer who holds that role */
        uint64_t now;       /* legal time, seconds */
};

struct lf_purpose_grant {
        uint16_t detail; /* LSP_DETAIL_NONE: granted; else why not, and the rest is zero */
        int16_t warrant; /* index into the policy's table, -1: none used */
        uint64_t datasets;
        uint32_t categories[LF_DATASETS_MAX]; /* by dataset: which categories may be searched */
};

/* The whole of the law on the fast path: a pure function, bit operations only. All agreements that the query
 * names must permit it; one that does not refuses the whole query. Of several reasons to refuse, the answer
 * names the first in the order of detail.def. Categories that are asked for by name must all be permitted; a
 * token or warrant that is sent must be good, needed or not. Officers are numbered from 1. A decision opens
 * no dataset; it needs the token of an officer or supervisor, whatever the lane may do without. Any core. */
void lf_purpose_decide(const struct lf_policy *policy, const struct lf_purpose_request *request,
                       struct lf_purpose_grant *ret_grant);
