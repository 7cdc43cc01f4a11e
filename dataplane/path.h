/* The stages of the query path, in order. One file each; each ends by handing the query to the next, or by
 * one of the exits that are listed at its end. Called on the query's io core, lf_scan on a match core. */
#pragma once

#include "dataplane/topology.h"

/* rx.c: takes a burst from the port. How many datagrams. */
unsigned lf_rx(struct lf_io *io);

/* open.c: asks the cache for what opening the datagram reads, in as many steps as one read leads to the next.
 */
#define LF_OPEN_STEPS 3
void lf_open_prefetch(struct lf_io *io, const struct lf_datagram *d, unsigned step);
/* One datagram; its mbuf remains the caller's, its plaintext is wiped from it. */
void lf_open_datagram(struct lf_io *io, const struct lf_datagram *d);

/* context.c: the credit. NULL: all are in use. */
struct lf_query *lf_query_take(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                               const struct lf_return_path *back);
/* The query's audit entry is built: wipes all that is known of the probe but its hash. */
void lf_query_leave_desk(struct lf_io *io, struct lf_query *q);
/* The answer is sealed, or there will be none: nothing of the probe stays. */
void lf_query_wipe(struct lf_io *io, struct lf_query *q);
/* Not opened after all. */
void lf_query_give_back(struct lf_io *io, struct lf_query *q);
/* An opened query has left (q->drop == LF_DROP_COUNT) or was dropped: counts it and frees its context. */
void lf_query_finish(struct lf_io *io, struct lf_query *q);

/* assembly.c: a part of a query in several datagrams, already decrypted. The query once it is whole; else
 * NULL, with the reason in *ret_drop (LF_DROP_COUNT: absorbed). */
struct lf_query *lf_assembly_add(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                                 const struct lf_return_path *back, const uint8_t *plain, uint32_t size,
                                 enum lf_drop *ret_drop);
/* Gives up what has waited for too long: a few buckets a turn; at a stop, all at once. */
void lf_assembly_expire(struct lf_io *io, bool all);

/* notice.c: a sealed REBOOT, CLOCK or BUSY, if the session may have one more this second; counts the drop. */
void lf_notice(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
               const struct lf_return_path *back, enum lsp_type type, enum lf_drop drop);
/* Whether the session may have one more notice in this second. */
bool lf_notice_allowed(struct lf_io *io, struct lf_session *s);

/* tlv.c: reads the plaintext into q->request, q->probe, q->token and q->deadline. LSP_DETAIL_NONE or why not.
 */
uint16_t lf_tlv_read(struct lf_query *q, uint64_t tsc_hz);

/* purpose.c: the law. Then steer, or the answer REFUSED. */
void lf_purpose(struct lf_io *io, struct lf_query *q);
/* The quotas' candidate that purpose took for the query, if it has it still: there is none to tell. */
void lf_candidate_back(struct lf_io *io, struct lf_query *q);
/* That, and the use of its warrant: nothing that was found leaves. */
void lf_quota_back(struct lf_io *io, struct lf_query *q);
/* steer.c: prepares the probes and hands the query to the match cores that own what it may see. */
void lf_steer(struct lf_io *io, struct lf_query *q);
/* inbox.c, scan.c: takes waiting tasks; scans one block. How much was found to do. */
unsigned lf_inbox(struct lf_match *m);
/* Takes tasks of a class that any core may do, though there are others to do first. How many. */
unsigned lf_inbox_any(struct lf_match *m, unsigned class, unsigned most);
unsigned lf_scan(struct lf_match *m);
/* merge.c: takes tasks back from the match cores. How many. */
unsigned lf_merge(struct lf_io *io);
/* Inserts a hit into a list of the best; true when it found a place. */
bool lf_result_push(struct lf_result *r, const struct lf_best *b);
/* decide.c, explain.c */
void lf_decide(struct lf_io *io, struct lf_query *q);
void lf_explain(struct lf_io *io, struct lf_query *q);
/* The answer is RETRY or REFUSED and needs no search: on to audit. */
void lf_refuse(struct lf_io *io, struct lf_query *q, uint16_t detail);

/* seal.c: queries whose entry is durable: sealed, kept for a retransmission, held until their time. How many.
 */
unsigned lf_seal(struct lf_io *io);
/* tx.c */
void lf_hold(struct lf_io *io, struct lf_query *q);
unsigned lf_release(struct lf_io *io);
void lf_tx_notice(struct lf_io *io, struct rte_mbuf *m);
void lf_tx_flush(struct lf_io *io);

/* core.c: one turn of all its roles. How much there was to do. */
unsigned lf_core_turn(struct lf_core *c);
