/* The last sealed answers of a session: a retransmitted query gets the same bytes again, and no second entry
 * in the log.
 *
 * A slot belongs to a session and is shared by all cores without a lock. An entry is claimed in the order of
 * arrival, is pending while its query is on its way and done once its answer is sealed; the ninth claim takes
 * the place of the first, pending or not, and a query that finds its place taken leaves its answer unkept. */
#pragma once

#include "base/prefetch.h"
#include "dataplane/lsp.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lf_resend_entry {
        _Alignas(64) _Atomic uint64_t given_up; /* the last claim that did not get the entry */
        _Atomic uint64_t session, query_id[2], hash[4];
        _Atomic uint64_t sealed[LSP_ANSWER_DATAGRAM / 8];
};

/* What tells an entry that is not the query's stands together for all of them: two cache lines to look at. */
struct lf_resend_slot {
        _Alignas(64) _Atomic uint64_t claims;
        _Atomic uint32_t tag[LSP_RESENDS_KEPT];               /* of the query id */
        _Alignas(64) _Atomic uint64_t word[LSP_RESENDS_KEPT]; /* claim number << 2 | state */
        struct lf_resend_entry entry[LSP_RESENDS_KEPT];
};

enum lf_resend {
        LF_RESEND_NEW,       /* not known: *ret_claim is the query's */
        LF_RESEND_DONE,      /* answered before: ret_sealed is the answer */
        LF_RESEND_IN_FLIGHT, /* being answered, or another core is in the middle of it: try again */
        LF_RESEND_REUSED,    /* the query id was used with another plaintext */
};

#define LF_RESEND_NO_CLAIM 0ull

/* Asks the cache for what a claim looks at. */
static inline void lf_resend_prefetch(const struct lf_resend_slot *slot)
{
        lf_prefetch_write(slot, offsetof(struct lf_resend_slot, entry));
}

/* hash: SHA-256 of the query's plaintext. Any core. */
enum lf_resend lf_resend_claim(struct lf_resend_slot *slot, uint64_t session, const uint8_t query_id[16],
                               const uint8_t hash[32], uint64_t *ret_claim,
                               uint8_t ret_sealed[LSP_ANSWER_DATAGRAM]);
/* The answer of the query that holds the claim. Its core. */
void lf_resend_keep(struct lf_resend_slot *slot, uint64_t claim, const uint8_t sealed[LSP_ANSWER_DATAGRAM]);
/* The query ends without an answer: a retransmission is a new query. Its core. */
void lf_resend_forget(struct lf_resend_slot *slot, uint64_t claim);
