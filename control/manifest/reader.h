/* What the files that give messages a meaning share. Internal to control/manifest.
 *
 * Functions return 0, or the negative result of a failure that is already set in the error. */
#pragma once

#include "control/manifest/edifact.h"

#include <string.h>

/* One kind of message: what its segments say, from the one behind the header to the one before the trailer,
 * and what the trailer ends. */
struct lf_message {
        enum lf_manifest_kind kind;
        int (*begin)(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
        int (*segment)(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
        int (*end)(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
};

extern const struct lf_message lf_message_paxlst, lf_message_pnrgov, lf_message_cuscar, lf_message_cusrep,
    lf_message_309;

struct lf_pnr; /* pnrgov.h */

struct lf_manifest_reader {
        struct lf_edi *edi;
        struct lf_manifest_calls calls;
        void *context;

        /* The envelope. */
        const struct lf_message *message; /* NULL: outside of messages */
        bool in_interchange, in_group, groups_used;
        uint64_t groups, messages, group_messages; /* of the interchange, of the group */
        uint64_t message_segments;
        char group_type[8];

        struct lf_manifest_header header;
        struct lf_manifest_summary summary;
        bool begun; /* `begin` was called */

        /* PAXLST, CUSCAR, CUSREP, 309 */
        bool started;  /* BGM (M10) was there */
        bool in_party; /* `party` is being filled */
        bool in_goods; /* behind the first consignment */
        struct {
                bool said;
                uint64_t n;
        } crew, passengers; /* control totals */
        uint64_t crew_seen;
        struct lf_party_document *document; /* the one whose details follow */
        char shipment[36];
        struct lf_party party;

        struct lf_pnr *pnr;
};

/* ---- envelope.c, x12.c ---- */
int lf_envelope_segment(void *reader, const struct lf_edi_segment *s);
int lf_x12_segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
/* The message of a header that is filled: chosen by kind. */
int lf_message_begin(struct lf_manifest_reader *r, const struct lf_message *m,
                     const struct lf_edi_segment *s);
int lf_message_end(struct lf_manifest_reader *r, const struct lf_edi_segment *s);

/* ---- fields.c ---- */
#define lf_reader_fail(r, s, rule, e, c, ...) lf_edi_fail((r)->edi, s, rule, e, c, __VA_ARGS__)
/* A field of the header: empty, or at most size - 1 bytes. LF_RULE_TOO_LONG. */
int lf_copy(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c, char *to,
            size_t size);
/* The same; LF_RULE_MISSING when it is empty. */
int lf_copy_needed(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c,
                   char *to, size_t size);
/* A code of letters and digits; anything else, or longer, leaves `to` as it was. True: taken. */
bool lf_code(struct lf_edi_view v, char *to, size_t size);
/* LF_RULE_NUMBER unless it is 1 to 18 digits. */
int lf_number(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c,
              uint64_t *ret);
/* LF_RULE_ORDER: the segment stands where it may not. */
int lf_reader_order(struct lf_manifest_reader *r, const struct lf_edi_segment *s, const char *where);
/* A trailer's count and reference, elements 1 and 2, against what was counted and what the header said.
 * `component`: where errors point to; 0 in X12, which has no components here. */
int lf_reader_trailer(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned component,
                      uint64_t counted, enum lf_manifest_rule count_rule, const char *reference,
                      enum lf_manifest_rule reference_rule);
/* LF_RULE_REPEATED when an element of the segment repeats. */
int lf_no_repeats(struct lf_manifest_reader *r, const struct lf_edi_segment *s);

/* ---- dates.c ---- */
/* `format`: code 2379, or empty: by its length. False: not a date. A year of two digits is left so in
 * ret->year, and *ret_short set. */
bool lf_date_read(struct lf_edi_view v, struct lf_edi_view format, struct lf_manifest_time *ret,
                  bool *ret_short);
/* The same of a flight or of an expiry: the century that `prepared` makes likely. */
bool lf_date_near(struct lf_edi_view v, struct lf_edi_view format, const struct lf_manifest_time *prepared,
                  struct lf_manifest_time *ret);
/* Fills the party's dates of birth from one that may have a short year. */
void lf_party_born(struct lf_party *p, struct lf_manifest_time t, bool short_year,
                   const struct lf_manifest_time *prepared);
bool lf_day_exists(unsigned year, unsigned month, unsigned day); /* 0: not known */
void lf_year_near(struct lf_manifest_time *t, const struct lf_manifest_time *prepared);

/* ---- party.c ---- */
void lf_party_begin(struct lf_party *p, enum lf_party_kind kind, enum lf_party_role role,
                    const struct lf_manifest_place *at);
/* Gives it to the caller, with its number. */
int lf_party_emit(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_party *p);
/* A component as one of the party's texts; "" when it is empty. LF_RULE_PARTY_TOO_LARGE. */
int lf_take(struct lf_manifest_reader *r, struct lf_party *p, const struct lf_edi_segment *s, unsigned e,
            unsigned c, const char **ret);
/* Copies text into the party; NULL: no room. */
const char *lf_party_put(struct lf_party *p, const char *text, size_t n);
/* A name of these parts, which lie in the party; `full` is made. -ENOSPC: too many, or no room. */
int lf_party_add_name(struct lf_party *p, const char *family, const char *given);
/* -ENOSPC: too many. */
int lf_party_add_nation(struct lf_party *p, const char *code);
int lf_too_large(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
/* The components first .. last of element e, joined by `between`, as one of the party's texts. */
int lf_take_joined(struct lf_manifest_reader *r, struct lf_party *p, const struct lf_edi_segment *s,
                   unsigned e, unsigned first, unsigned last, const char *between, const char **ret);

/* ---- legs.c: TDT, LOC and DTM of a header ---- */
int lf_leg_begin(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
int lf_leg_place(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
int lf_leg_time(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
/* The leg that is being filled; the first, if there is none yet. */
struct lf_manifest_leg *lf_leg_current(struct lf_manifest_reader *r);
