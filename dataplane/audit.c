#include "dataplane/audit.h"

#include "base/prefetch.h"
#include "dataplane/audit_thread.h"
#include "dataplane/path.h"

#include <string.h>

#define AHEAD 2 /* answers */

static uint32_t agreements_of(const struct lf_purpose_request *r)
{
        uint32_t bits = 0;
        for (unsigned i = 0; i < r->agreements && i < 8; i++)
                if (r->agreement[i] < LF_AGREEMENTS_MAX)
                        bits |= 1u << r->agreement[i];
        return bits;
}

static uint8_t kind_of(const struct lf_query *q)
{
        if (q->drop != LF_DROP_COUNT)
                return LF_ENTRY_DROPPED;
        return q->answer.verdict == LSP_RECORDED ? LF_ENTRY_DECISION : LF_ENTRY_QUERY;
}

static void fill_entry(struct lf_query *q)
{
        const struct lf_purpose_request *r = &q->request;
        const struct lsp_answer *a = &q->answer;
        struct lf_entry *e = &q->entry;
        *e = (struct lf_entry){
            .magic = LF_ENTRY_MAGIC,
            .version = LF_ENTRY_VERSION,
            .kind = kind_of(q),
            .lane = q->lane,
            .time = q->legal_ns,
            .session = q->session_id,
            .officer = r->officer_given && !r->officer_bad ? r->officer : 0,
            .purpose = r->purpose,
            .verdict = a->verdict,
            .subject_class = r->subject,
            .detail = q->drop == LF_DROP_COUNT ? a->detail : (uint16_t)q->drop,
            .flags = a->flags,
            .agreements = agreements_of(r),
            .ruleset = a->ruleset,
            .generation = a->generation,
            .modalities = r->modalities,
            .candidates = a->candidates,
            .encounter = r->encounter,
        };
        memcpy(e->query_id, q->query_id, sizeof e->query_id);
        if (r->warrant_given)
                memcpy(e->warrant, r->warrant, sizeof e->warrant);
        if (q->decision) {
                struct lsp_decision d;
                memcpy(&d, q->decision, sizeof d);
                e->decision = d.decision;
                memcpy(e->decided, d.leaf, sizeof e->decided);
        }
        for (unsigned i = 0; i < q->wanted_n; i++) {
                e->datasets |= 1ull << q->wanted[i].dataset;
                e->categories |= q->wanted[i].categories;
        }
        for (unsigned i = 0; i < a->candidates; i++)
                e->decade[i] = a->candidate[i].decade;
}

void lf_audit_submit(struct lf_io *io, struct lf_query *q)
{
        struct lf_entry_opening *o = &q->opening;
        *o = (struct lf_entry_opening){0};
        fill_entry(q);
        lf_digest_ratchet(io->ratchet, o->key);
        memcpy(o->probe_hash, q->hash, sizeof o->probe_hash);
        for (unsigned i = 0; i < q->answer.candidates; i++)
                memcpy(o->reference[i], q->answer.candidate[i].reference, sizeof o->reference[i]);
        lf_digest_commit(o->key, o->probe_hash, sizeof o->probe_hash, q->entry.probe_commitment);
        lf_digest_commit(o->key, o->reference, sizeof o->reference[0] * q->answer.candidates,
                         q->entry.candidate_commitment);
        lf_digest_leaf(&q->entry, q->answer.leaf);
        lf_query_leave_desk(io, q);

        atomic_store_explicit(&q->index, LF_INDEX_WAITING, memory_order_relaxed);
        struct lf_audit_io *a = &io->audit;
        a->waiting[a->head++ & a->ring.mask] = q;
        if (lf_ring_push(&a->ring, q) < 0)
                abort(); /* the ring has room for every context */
        lf_set(&io->k->audit_depth, a->head - a->tail);
        lf_mark(io, LF_STAGE_audit, 1);
}

/* What sealing one of the next answers reads and writes; of its query first, then of what that points to. */
static void look_ahead(const struct lf_io *io)
{
        const struct lf_audit_io *a = &io->audit;
        if (a->head - a->tail > AHEAD / 2) {
                const struct lf_query *q = a->waiting[(a->tail + AHEAD / 2) & a->ring.mask];
                lf_prefetch(&q->session->to_lane, sizeof q->session->to_lane);
        }
        if (a->head - a->tail > AHEAD) {
                const struct lf_query *q = a->waiting[(a->tail + AHEAD) & a->ring.mask];
                lf_prefetch(q, offsetof(struct lf_query, arrival));
                lf_prefetch_write(&q->drop,
                                  offsetof(struct lf_query, entry) - offsetof(struct lf_query, drop));
                lf_prefetch_write(&q->sealed, sizeof q->sealed);
        }
}

struct lf_query *lf_audit_next(struct lf_io *io)
{
        struct lf_audit_io *a = &io->audit;
        if (a->head == a->tail)
                return NULL;
        struct lf_query *q = a->waiting[a->tail & a->ring.mask];
        uint64_t index = atomic_load_explicit(&q->index, memory_order_acquire);
        if (index == LF_INDEX_WAITING)
                return NULL;
        enum lf_drop refused = LF_DROP_COUNT;
        if (index == LF_INDEX_FULL)
                refused = LF_DROP_audit_full;
        else if (index == LF_INDEX_FAILED)
                refused = LF_DROP_audit_failed;
        else if (index >= lf_audit_durable(io->dp->audit)) {
                if (!lf_audit_failed(io->dp->audit))
                        return NULL;
                refused = LF_DROP_audit_failed;
        }
        if (q->drop == LF_DROP_COUNT)
                q->drop = refused;
        a->tail++;
        look_ahead(io);
        lf_set(&io->k->audit_depth, a->head - a->tail);
        return q;
}
/* Exits: durable, to seal. Dropped by name: audit_full, audit_failed. */
