#include "dataplane/path.h"

#include <string.h>

#define BUCKETS_A_TURN 4

static struct lf_query **bucket_of(struct lf_io *io, uint64_t session)
{
        return &io->assembly[(session * 0x9e3779b97f4a7c15ull >> 32) % LF_ASSEMBLY_BUCKETS];
}

static uint64_t patience(const struct lf_io *io)
{
        return io->dp->tsc_hz / 1000 * LSP_ASSEMBLY_MS;
}

static void unlink_from(struct lf_io *io, struct lf_query **at)
{
        *at = (*at)->next;
        io->assemblies--;
}

static void give_up(struct lf_io *io, struct lf_query **at)
{
        struct lf_query *q = *at;
        unlink_from(io, at);
        lf_drop(io->k, LF_DROP_assembly_timeout);
        lf_query_give_back(io, q);
}

/* The place of the assembly that this part belongs to, or the end of the bucket; how many the session has. */
static struct lf_query **find(struct lf_io *io, const struct lf_session *s, const struct lsp_header *h,
                              uint32_t flow, unsigned *ret_others)
{
        struct lf_query **p = bucket_of(io, s->id);
        *ret_others = 0;
        while (*p) {
                struct lf_query *q = *p;
                if (io->now - q->arrival > patience(io)) {
                        give_up(io, p);
                        continue;
                }
                if (q->session_id == s->id) {
                        if (q->back.flow == flow && memcmp(q->query_id, h->query_id, sizeof q->query_id) == 0)
                                return p;
                        ++*ret_others;
                }
                p = &q->next;
        }
        return p;
}

struct lf_query *lf_assembly_add(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                                 const struct lf_return_path *back, const uint8_t *plain, uint32_t size,
                                 enum lf_drop *ret_drop)
{
        unsigned others;
        struct lf_query **at = find(io, s, h, back->flow, &others), *q = *at;
        if (!q) {
                if (others >= LSP_ASSEMBLIES) {
                        *ret_drop = LF_DROP_assembly_limit;
                        return NULL;
                }
                q = lf_query_take(io, s, h, back);
                if (!q) {
                        *ret_drop = LF_DROP_busy;
                        return NULL;
                }
                *at = q;
                io->assemblies++;
        }
        *ret_drop = LF_DROP_COUNT;
        if (q->parts != h->parts || q->size != h->total)
                *ret_drop = LF_DROP_assembly_mismatch;
        else if (q->have >> h->part & 1)
                *ret_drop = LF_DROP_part_duplicate;
        if (*ret_drop != LF_DROP_COUNT)
                return NULL;
        memcpy(q->plain + (size_t)h->part * LSP_PART_MAX, plain, size);
        q->have |= 1u << h->part;
        if (q->have != (uint32_t)((1ull << q->parts) - 1))
                return NULL;
        unlink_from(io, at);
        q->arrival = io->now;
        q->received_us = io->real_ns / 1000;
        q->legal_ns = io->legal_ns;
        q->request.now = io->legal_ns / 1000000000;
        q->answer.received = q->received_us;
        q->answer.ruleset = io->law->policy.ruleset;
        q->back = *back;
        return q;
}

void lf_assembly_expire(struct lf_io *io, bool all)
{
        if (io->assemblies == 0)
                return;
        for (unsigned i = 0; i < (all ? LF_ASSEMBLY_BUCKETS : BUCKETS_A_TURN); i++) {
                struct lf_query **p = &io->assembly[io->next_bucket++ % LF_ASSEMBLY_BUCKETS];
                while (*p)
                        if (all || io->now - (*p)->arrival > patience(io))
                                give_up(io, p);
                        else
                                p = &(*p)->next;
        }
}
/* Exits: a whole query, back to open. Absorbed. Dropped by name: assembly_limit, assembly_mismatch,
 * part_duplicate, busy; and, later, assembly_timeout. */
