/* The configuration: one YAML file, read by control and by `landfall verify`. config/landfall.yaml documents
 * every key. */
#pragma once

#include "control/config/problems.h"
#include "dataplane/handover.h"
#include "dataplane/policy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LF_NAME_MAX 64  /* of an agreement, lane and so on, with its zero */
#define LF_PATH_MAX 256 /* with its zero */

/* Where something stands in the file. */
struct lf_place {
        unsigned line, column;
};

/* An IP address and a port (host order); IPv4 is mapped into IPv6. */
struct lf_address {
        uint8_t ip[16];
        uint16_t port;
        bool given;
};

struct lf_config_port {
        uint32_t kind; /* LF_PORT_* */
        char interface[108];
        struct lf_address address; /* udp: where to bind */
        uint32_t udp_port;
        uint32_t queues;
        bool memif_server;
        struct lf_place place;
};

struct lf_config_core {
        uint32_t cpu, roles;
        struct lf_place place;
};

struct lf_config_audit {
        char directory[LF_PATH_MAX]; /* tiles, checkpoint, vault */
        uint32_t wals;
        char wal[2][LF_PATH_MAX]; /* none given: DIRECTORY/wal */
        uint64_t segment_size;
        uint32_t segments;
};

/* A purpose that an agreement permits. */
struct lf_config_rule {
        uint32_t purpose; /* enum lsp_purpose */
        uint32_t categories, roles, needs, subjects, encounters;
        struct lf_place place;
};

#define LF_RESCREEN_SAME 0    /* for the purpose of the first screening */
#define LF_RESCREEN_NO   0xff /* not at all */

struct lf_config_agreement {
        uint32_t number;
        char name[LF_NAME_MAX], originator[128];
        uint64_t not_before, not_after;
        uint32_t rescreening; /* enum lsp_purpose; or one of LF_RESCREEN_* */
        uint32_t rules;
        struct lf_config_rule rule[LSP_PURPOSE_COUNT];
        struct lf_place place;
};

struct lf_config_feed {
        char directory[LF_PATH_MAX], key[LF_PATH_MAX], keyring[LF_PATH_MAX];
};

struct lf_config_dataset {
        uint32_t number;
        char name[LF_NAME_MAX];
        uint32_t agreement; /* its number */
        uint32_t modality;
        uint32_t categories;
        double threshold;
        uint32_t candidates;
        uint32_t scoring, birth_tolerance; /* struct lf_person_rules */
        uint64_t freshness_us;
        struct lf_config_feed feed;
        struct lf_place place;
};

struct lf_config_lane {
        char name[LF_NAME_MAX]; /* as enrolled */
        uint32_t roles, agreements, priorities;
        uint32_t queries_per_second, query_burst, candidates_per_hour;
        struct lf_place place;
};

struct lf_config_officer {
        uint32_t number;
        char name[LF_NAME_MAX];
        uint32_t roles, agreements, candidates_per_hour;
        struct lf_place place;
};

struct lf_config_warrant {
        uint8_t reference[16];
        uint64_t expiry;
        char lane[LF_NAME_MAX]; /* empty: any */
        uint32_t uses, agreements, purposes;
        struct lf_place place;
};

struct lf_config_category {
        char name[LF_NAME_MAX];
        uint32_t bit;
};

/* Who gets answers to its manifests, and for which purposes. */
struct lf_config_recipient {
        char name[LF_NAME_MAX]; /* as the interchange names its sender */
        uint32_t purposes;      /* bit mask by enum lsp_purpose */
        uint32_t purpose;       /* the first named: for messages that come with none */
        struct lf_place place;
};

#define LF_RECIPIENTS_MAX 256
#define LF_CALLERS_MAX    16

struct lf_config_gateway {
        bool given;
        char lane[LF_NAME_MAX];      /* its name as a lane */
        char bundle[LF_PATH_MAX];    /* its lane's keys */
        char directory[LF_PATH_MAX]; /* in, work, done, failed, vault */
        char user[64];               /* what landfall-gateway becomes when it was started as root */
        uint32_t agreements;         /* to ask under */
        uint64_t window_us;          /* how long a message can be read and screened again */
        bool rescreen;
        uint32_t in_flight, in_background; /* queries at once: in all; where nobody waits, and in 1 ms */
        uint64_t largest;                  /* bytes of a message */
        uint32_t callers;
        char caller[LF_CALLERS_MAX][64]; /* users who may ask through its socket, besides root and `user` */
        uint32_t recipients;
        struct lf_config_recipient recipient[LF_RECIPIENTS_MAX];
        struct lf_place place;
};

struct lf_config {
        char site[LF_PATH_MAX];  /* the site authority's and the registry's directory */
        char run[80];            /* sockets, counters, status: must leave room for a socket's name */
        char control_user[64];   /* what landfall-control becomes when it was started as root */
        char dataplane_user[64]; /* what landfalld becomes then */
        struct lf_config_port port;
        uint32_t cores;
        struct lf_config_core core[LF_CORES_MAX];
        uint32_t housekeeping_cpu; /* 0xffff: any */
        uint32_t contexts, sessions;
        uint64_t hugepages;      /* bytes */
        uint64_t gallery_memory; /* bytes; 0: what the machine can give */
        uint64_t answer_quantum_us;
        struct lf_config_audit audit;
        struct lf_address key_exchange; /* TCP */
        struct lf_address advertise;    /* where lanes reach the dataplane; not given: control's address */
        struct lf_address metrics;      /* loopback */
        uint32_t categories;
        struct lf_config_category category[LF_CATEGORIES_MAX];
        uint32_t agreements;
        struct lf_config_agreement agreement[LF_AGREEMENTS_MAX];
        uint32_t datasets;
        struct lf_config_dataset dataset[LF_DATASETS_MAX];
        uint32_t lanes;
        struct lf_config_lane lane[LF_LANES_MAX];
        uint32_t officers;
        struct lf_config_officer officer[LF_OFFICERS_MAX];
        uint32_t warrants;
        struct lf_config_warrant warrant[LF_WARRANTS_MAX];
        struct lf_config_gateway gateway;
};

/* Reads and checks a file; nothing but the file is looked at. problems is filled from the start, sorted.
 * -EBADMSG: it says everything that is wrong, with line and column. Other errors are open's and read's, and
 * are in problems as well. The caller frees *ret with lf_config_destroy. */
int lf_config_read(const char *path, struct lf_config **ret, struct lf_problems *problems);

/* The same for a program's start: NULL, and every problem a line of its own, when it is not valid. */
struct lf_config *lf_config_read_or_print(const char *path, FILE *problems_to);

/* The same over a buffer; `name` stands for the file in problems. */
int lf_config_parse(const char *name, const void *text, size_t size, struct lf_config **ret,
                    struct lf_problems *problems);
void lf_config_destroy(struct lf_config *config);

/* NULL: no such. */
const struct lf_config_agreement *lf_config_agreement_by_number(const struct lf_config *c, uint32_t number);
const struct lf_config_officer *lf_config_officer_by_name(const struct lf_config *c, const char *name);

/* "ADDRESS:PORT", "[ADDRESS]:PORT" for IPv6; IPv4-mapped is shown as IPv4. Always terminated. */
void lf_address_format(const struct lf_address *a, char *out, size_t size);
