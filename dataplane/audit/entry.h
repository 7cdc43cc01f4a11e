/* The audit entry: one per query, and the leaf of the appliance's transparency log.
 *
 * 256 bytes, little-endian. The bytes here are the leaf: its hash is SHA-256(0x00 || entry) as in RFC 6962,
 * section 2.1, and is the receipt that the lane gets. An entry holds policy facts, and commitments under a
 * random key that stands only in the WAL record's sealed part and later in the vault:
 * HMAC-SHA256(key, content). It holds no name, no template and no record reference. */
#pragma once

#include <stdint.h>

#define LF_ENTRY_SIZE       256
#define LF_ENTRY_MAGIC      0x4c45 /* "EL" */
#define LF_ENTRY_VERSION    1
#define LF_ENTRY_CANDIDATES 5

enum lf_entry_kind {
        LF_ENTRY_QUERY = 1,      /* an answered query */
        LF_ENTRY_DROPPED = 2,    /* a query that was opened but not answered: `detail` is the drop's reason */
        LF_ENTRY_POLICY = 3,     /* a policy took effect: `ruleset` */
        LF_ENTRY_GENERATION = 4, /* a gallery generation took effect: `generation` */
        LF_ENTRY_START = 5,      /* landfalld started: boot id in query_id */
        LF_ENTRY_CLOCK = 6,      /* legal time goes forward by the word of two officers: their numbers are the
                                    halves of `ruleset`, what the clock said (seconds since 1970) `generation` */
        LF_ENTRY_DECISION = 7, /* `officer` decided on a referral: `decision`, `decided`; why, says the query
                                  that probe_commitment is of */
};

struct lf_entry {
        uint16_t magic;
        uint8_t version;
        uint8_t kind; /* enum lf_entry_kind */
        uint32_t lane;
        uint64_t time; /* legal time, nanoseconds since 1970 */
        uint8_t query_id[16];
        uint64_t session;
        uint32_t officer; /* 0: none named */
        uint16_t purpose;
        uint8_t verdict;       /* enum lsp_verdict */
        uint8_t subject_class; /* as sent */
        uint16_t detail;       /* why RETRY or REFUSED (enum lsp_detail), or the drop's reason */
        uint16_t flags;        /* LSP_FLAG_* of the answer */
        uint32_t agreements;   /* bit per agreement that was named */
        uint64_t datasets;     /* bit per dataset that was searched; 0: none was touched */
        uint32_t categories;   /* bit per category that was searched */
        uint32_t ruleset;
        uint64_t generation;
        uint8_t warrant[16]; /* zero: none */
        uint8_t modalities;  /* bit per enum lf_modality in the probe */
        uint8_t candidates;
        int8_t decade[LF_ENTRY_CANDIDATES]; /* of each candidate's false-match rate */
        uint8_t encounter;
        uint8_t decision; /* enum lsp_decided that was sent; 0: none */
        uint8_t reserved[7];
        uint8_t probe_commitment[32];     /* of the SHA-256 of the query's plaintext */
        uint8_t candidate_commitment[32]; /* of the candidates' references, in order */
        uint8_t decided[32];              /* leaf hash of the entry that `decision` is about */
        uint8_t reserved2[48];
};
_Static_assert(sizeof(struct lf_entry) == LF_ENTRY_SIZE, "audit entry layout");

/* What opens the commitments: travels beside the entry, sealed, and ends in the vault. */
struct lf_entry_opening {
        uint8_t key[32];
        uint8_t probe_hash[32]; /* SHA-256 of the query's plaintext */
        uint8_t reference[LF_ENTRY_CANDIDATES][16];
};
_Static_assert(sizeof(struct lf_entry_opening) == 144, "opening layout");
