/* LSP/1, the Lane Screening Protocol: every byte that a lane and an appliance exchange.
 *
 * This one header is the wire for the dataplane, for control's key exchange and for the client library. All
 * integers are little-endian; all structs are packed by construction (asserted below). The protocol's
 * rules are in dataplane/PROTOCOL.md. */
#pragma once

#include <stdint.h>

#define LSP_VERSION 1
#define LSP_DATAGRAM_MAX                                                                                     \
        1232 /* UDP payload, unless the link carries more: IPv6's minimum MTU less headers                   \
              */
#define LSP_PARTS_MAX   32
#define LSP_TAG_SIZE    16 /* AES-256-GCM */
#define LSP_KEY_SIZE    32
#define LSP_COOKIE_SIZE 96
#define LSP_BOOT_SIZE   16

enum lsp_type {
        LSP_QUERY = 1,  /* lane to appliance */
        LSP_ANSWER = 2, /* appliance to lane; audited before it leaves */
        LSP_REBOOT = 3, /* appliance to lane: your boot id is old; the header carries the new one */
        LSP_CLOCK = 4,  /* appliance to lane: your clock is off; the header carries the appliance's time */
        LSP_BUSY = 5,   /* appliance to lane: no context free; nothing was opened, send again */
};

/* The header of every datagram. With the cookie (queries) it is the AEAD's additional data. */
struct lsp_header {
        uint8_t version;
        uint8_t type;
        uint8_t part;   /* 0 .. parts-1 */
        uint8_t parts;  /* 1 .. LSP_PARTS_MAX; answers: 1 */
        uint32_t total; /* bytes of plaintext in all parts together */
        uint64_t nonce; /* query: the session's counter, from 1; answer: core << 48 | that core's counter */
        uint64_t time;  /* sender's clock, microseconds since 1970 */
        uint8_t query_id[16];
        uint8_t boot[LSP_BOOT_SIZE]; /* of the appliance that holds the keys; in REBOOT the new one */
};
_Static_assert(sizeof(struct lsp_header) == 56, "LSP header layout");

/* What stands before the box in a query. */
struct lsp_query_header {
        struct lsp_header h;
        uint8_t cookie[LSP_COOKIE_SIZE];
};
_Static_assert(sizeof(struct lsp_query_header) == 152, "LSP query header layout");

/* The cookie: sealed by control, opened by the dataplane, opaque to the lane. It says who, never what
 * they may do. Additional data of its AEAD: key_id. */
struct lsp_cookie {
        uint32_t key_id;
        uint8_t nonce[12]; /* random */
        uint8_t box[64];   /* struct lsp_cookie_plain under AES-256-GCM */
        uint8_t tag[LSP_TAG_SIZE];
};
_Static_assert(sizeof(struct lsp_cookie) == LSP_COOKIE_SIZE, "LSP cookie layout");

struct lsp_cookie_plain {
        uint64_t session; /* unique on the appliance, never used again */
        uint32_t lane;
        uint32_t slot;      /* of the replay table */
        uint32_t slot_turn; /* how often the slot was given out; 1 .. 2^24-1 */
        uint32_t reserved;
        uint64_t expiry;           /* seconds since 1970 */
        uint8_t key[LSP_KEY_SIZE]; /* the TLS exporter's */
};
_Static_assert(sizeof(struct lsp_cookie_plain) == 64, "LSP cookie contents");

/* A lane's datagram must be at least as long as any answer, so that no answer is longer than what asked for
 * it. */
#define LSP_ANSWER_DATAGRAM    512
#define LSP_ANSWER_SIZE        (LSP_ANSWER_DATAGRAM - (int)sizeof(struct lsp_header) - LSP_TAG_SIZE) /* 440 */
#define LSP_QUERY_DATAGRAM_MIN LSP_ANSWER_DATAGRAM
/* A notice (REBOOT, CLOCK, BUSY) is a header (total 0, part 0 of 1, the query's id) and the tag of an empty
 * box, sealed as an answer is; in REBOOT under the key of the new boot id. */
#define LSP_NOTICE_DATAGRAM ((int)sizeof(struct lsp_header) + LSP_TAG_SIZE)       /* 72 */
#define LSP_QUERY_OVERHEAD  ((int)sizeof(struct lsp_query_header) + LSP_TAG_SIZE) /* 168 */
#define LSP_PART_MAX        (LSP_DATAGRAM_MAX - LSP_QUERY_OVERHEAD)       /* 1064: plaintext of a part */
#define LSP_PART_MIN        (LSP_QUERY_DATAGRAM_MIN - LSP_QUERY_OVERHEAD) /* 344 */
#define LSP_QUERY_MAX       (LSP_PARTS_MAX * LSP_PART_MAX)                /* 34,048: plaintext of a query */
/* Of a query in n parts every part but the last carries LSP_PART_MAX bytes; the last is padded to at
 * least LSP_PART_MIN (LSP_TLV_PAD). */

/* Keys: exported = TLS exporter(LSP_EXPORTER_LABEL, context = version, AEAD id, appliance id), 32 bytes.
 * Directional keys = HKDF-SHA256(secret = exported, salt = boot id, info = label). The AEAD nonce is four
 * zero bytes and the header's nonce, big-endian. Additional data of a query: struct lsp_query_header. Of an
 * answer: struct lsp_header, then the session (8 bytes, little-endian). */
#define LSP_EXPORTER_LABEL    "EXPERIMENTAL-landfall-lsp-1"
#define LSP_INFO_TO_APPLIANCE "landfall lsp-1 query"
#define LSP_INFO_TO_LANE      "landfall lsp-1 answer"
#define LSP_AEAD_AES_256_GCM  2 /* IANA AEAD registry: AEAD_AES_256_GCM */

#define LSP_CLOCK_TOLERANCE_S 30
#define LSP_RESENDS_KEPT      8 /* sealed answers a session can ask for again */
#define LSP_ASSEMBLIES        2 /* at once, a session */
#define LSP_ASSEMBLY_MS       500
#define LSP_RETRANSMIT_MS     250
#define LSP_STANDBY_MS        500
#define LSP_UNAVAILABLE_MS    3000

/* The plaintext of a query is a run of TLVs: type and length (16 bits each), value. No type may stand twice;
 * an unknown type makes the query REFUSED. Multi-byte values are unaligned. */
enum lsp_tlv {
        LSP_TLV_PAD = 0, /* zero bytes, ignored */
        LSP_TLV_AGREEMENTS =
            1,                 /* required: 1..8 agreement numbers, 16 bits each: all must permit the query */
        LSP_TLV_PURPOSE = 2,   /* required: enum lsp_purpose, 16 bits */
        LSP_TLV_OFFICER = 3,   /* struct lsp_officer_token */
        LSP_TLV_WARRANT = 4,   /* 16 bytes: reference of a registered warrant or case */
        LSP_TLV_SUBJECT = 5,   /* enum lsp_subject, 8 bits; default LSP_SUBJECT_TRAVELLER */
        LSP_TLV_ENCOUNTER = 6, /* enum lsp_encounter, 8 bits; default LSP_ENCOUNTER_PRIMARY */
        LSP_TLV_DEADLINE = 7,  /* milliseconds from arrival, 16 bits; default 1,000 */
        LSP_TLV_PRIORITY = 8,  /* enum lsp_priority, 8 bits; default LSP_PRIORITY_LIVE */
        LSP_TLV_CATEGORIES =
            9, /* bit mask, 32 bits, of the categories to be searched; default: all permitted */
        LSP_TLV_DECISION = 10,    /* struct lsp_decision, then the officer's reason: no probe beside it */
        LSP_TLV_FINGERPRINT = 16, /* ISO/IEC 19794-2:2005/2011 or ANSI 378-2004/2009 record */
        LSP_TLV_IRIS = 17,
        LSP_TLV_FACE = 18,
        LSP_TLV_PERSON = 19, /* matcher/person.h */
        LSP_TLV_CONSIGNMENT = 20,
};

enum lsp_purpose {
        LSP_PURPOSE_BORDER_CHECK = 1,
        LSP_PURPOSE_VISA = 2,
        LSP_PURPOSE_ASYLUM = 3,
        LSP_PURPOSE_LAW_ENFORCEMENT = 4,
        LSP_PURPOSE_SANCTIONS = 5,
        LSP_PURPOSE_CUSTOMS = 6,
        LSP_PURPOSE_AVIATION_SECURITY = 7,
        LSP_PURPOSE_MISSING_PERSON = 8,
        LSP_PURPOSE_COUNT = 16, /* room: a policy table has a rule for each number below this */
};

enum lsp_subject {
        LSP_SUBJECT_TRAVELLER = 0,
        LSP_SUBJECT_CREW = 1,
        LSP_SUBJECT_APPLICANT = 2,
        LSP_SUBJECT_MINOR = 3,
        LSP_SUBJECT_CONSIGNMENT = 4,
        LSP_SUBJECT_COUNT = 8,
};

enum lsp_encounter {
        LSP_ENCOUNTER_PRIMARY = 0,   /* the lane */
        LSP_ENCOUNTER_SECONDARY = 1, /* a second look by an officer */
        LSP_ENCOUNTER_ADVANCE = 2,   /* before arrival: manifests */
        LSP_ENCOUNTER_DEPARTURE = 3,
        LSP_ENCOUNTER_COUNT = 8,
};

enum lsp_priority {
        LSP_PRIORITY_LIVE = 0,
        LSP_PRIORITY_DESK = 1,
        LSP_PRIORITY_MANIFEST = 2,
        LSP_PRIORITY_BATCH = 3,
        LSP_PRIORITY_COUNT = 4,
};

/* Issued by control at an officer's login. Sealed with the cookie key `key_id`; additional data: key_id and
 * the four bytes "OFCR". */
struct lsp_officer_token {
        uint32_t key_id;
        uint8_t nonce[12];
        uint8_t box[16]; /* struct lsp_officer_plain */
        uint8_t tag[LSP_TAG_SIZE];
};
_Static_assert(sizeof(struct lsp_officer_token) == 48, "LSP officer token layout");

struct lsp_officer_plain {
        uint32_t officer;
        uint32_t lane;   /* 0: any lane */
        uint64_t expiry; /* seconds since 1970 */
};
_Static_assert(sizeof(struct lsp_officer_plain) == 16, "LSP officer token contents");

/* What an officer decided about someone whom a CANDIDATE referred. Behind it stands the reason, UTF-8, 1 to
 * LSP_DECISION_REASON_MAX bytes. */
struct lsp_decision {
        uint8_t leaf[32]; /* the receipt of the answer that is decided on */
        uint8_t decision; /* enum lsp_decided */
        uint8_t reserved[3];
};
_Static_assert(sizeof(struct lsp_decision) == 36, "LSP decision layout");
#define LSP_DECISION_REASON_MAX 240

enum lsp_decided {
        LSP_DECIDED_BOARD = 1,
        LSP_DECIDED_DO_NOT_BOARD = 2,
};

enum lsp_verdict {
        LSP_CLEAR = 1,
        LSP_CANDIDATE = 2,
        LSP_RETRY = 3,    /* the probe cannot be compared: defect says what and where */
        LSP_REFUSED = 4,  /* detail says why */
        LSP_RECORDED = 5, /* an officer's decision is in the log; nothing was searched */
        LSP_VERDICT_COUNT,
};

/* Why RETRY or REFUSED: the list is dataplane/detail.def. */
enum lsp_detail {
        LSP_DETAIL_NONE = 0,
#define LSP_DETAIL(name, text) LSP_DETAIL_##name,
#include "dataplane/detail.def"
#undef LSP_DETAIL
        LSP_DETAIL_COUNT
};

#define LSP_FLAG_STALE         0x0001 /* the replica is older than its freshness limit */
#define LSP_FLAG_PARTIAL       0x0002 /* part of the gallery was unavailable */
#define LSP_FLAG_DEGRADED      0x0004 /* a disk, or control, is lost */
#define LSP_FLAG_CONTRADICTION 0x0008 /* modalities contradict each other */

#define LSP_CANDIDATES_MAX 5
#define LSP_REASONS_MAX    8

struct lsp_reason {
        uint8_t code; /* matcher/reason.def */
        uint8_t a, b, c;
};

struct lsp_candidate {
        uint8_t reference[16]; /* opaque; 0 where the lane may not have it */
        uint16_t dataset;
        uint8_t modalities; /* bit per modality that agreed */
        int8_t decade;      /* floor(log10 of the false-match rate): -4 is below one in a thousand */
        uint8_t reasons;
        uint8_t record_flags; /* LF_RECORD_* */
        uint8_t reserved[2];
        struct lsp_reason reason[LSP_REASONS_MAX];
};
_Static_assert(sizeof(struct lsp_candidate) == 56, "LSP candidate layout");

/* The plaintext of every answer: always this long. */
struct lsp_answer {
        uint8_t verdict;
        uint8_t candidates;
        uint16_t flags;
        uint16_t detail;        /* enum lsp_detail */
        uint16_t defect;        /* RETRY: matcher/defect.def */
        uint32_t defect_tlv;    /* RETRY: in which probe (enum lsp_tlv) */
        uint32_t defect_offset; /* RETRY: bytes from the start of that probe */
        uint64_t generation;    /* of the galleries that were searched */
        uint64_t received;      /* when the query arrived, microseconds since 1970 */
        uint32_t ruleset;
        uint32_t officer; /* RECORDED: whose decision it is; else 0 */
        uint8_t leaf[32]; /* audit leaf hash: the lane's receipt */
        struct lsp_candidate candidate[LSP_CANDIDATES_MAX];
        uint8_t pad[88];
};
_Static_assert(sizeof(struct lsp_answer) == LSP_ANSWER_SIZE, "LSP answer layout");

/* The key exchange: mutual TLS 1.3 with this ALPN; the lane sends one request, control answers once and
 * closes. */
#define LSP_KE_ALPN  "lsp-ke/1"
#define LSP_KE_PORT  4761       /* TCP, unless configured otherwise */
#define LSP_KE_MAGIC 0x454b534c /* "LSKE" */

struct lsp_ke_request {
        uint32_t magic;
        uint16_t version;
        uint16_t aead;
        uint64_t time; /* lane's clock, microseconds since 1970 */
};
_Static_assert(sizeof(struct lsp_ke_request) == 16, "LSP key exchange request layout");

enum lsp_ke_status {
        LSP_KE_OK = 0,
        LSP_KE_VERSION = 1,   /* version or AEAD not supported */
        LSP_KE_REVOKED = 2,   /* the lane is unknown or revoked */
        LSP_KE_FULL = 3,      /* no replay slot free */
        LSP_KE_NOT_READY = 4, /* the dataplane is not there yet */
};

struct lsp_ke_reply {
        uint32_t magic;
        uint16_t version;
        uint16_t aead;
        uint32_t status; /* enum lsp_ke_status; if not OK the rest is zero */
        uint32_t lane;
        uint8_t appliance[16];
        uint8_t boot[LSP_BOOT_SIZE];
        uint64_t session;
        uint64_t expiry; /* of the cookie, seconds since 1970 */
        uint64_t time;   /* control's clock, microseconds since 1970 */
        uint16_t
            port; /* UDP port of the dataplane; same address as control unless `address` says otherwise */
        uint8_t address_family; /* 0, 4 or 6 */
        uint8_t reserved[5];
        uint8_t address[16];
        uint8_t cookie[LSP_COOKIE_SIZE];
};
_Static_assert(sizeof(struct lsp_ke_reply) == 192, "LSP key exchange reply layout");

/* Who a certificate speaks for: one URI among its subject alternative names. */
#define LSP_URI_APPLIANCE "landfall:appliance:" /* and the appliance id, 32 lower-case hex digits */
#define LSP_URI_LANE      "landfall:lane:"      /* and the lane's number, decimal */

/* The exporter's context: 20 bytes. */
struct lsp_exporter_context {
        uint16_t version;
        uint16_t aead;
        uint8_t appliance[16];
};
_Static_assert(sizeof(struct lsp_exporter_context) == 20, "LSP exporter context layout");
