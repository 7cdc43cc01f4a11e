#include "dataplane/topology.h"

#include <errno.h>

#define SESSIONS_CACHED_MAX 4096 /* beyond the contexts, a core */

int lf_topology_check(const struct lf_handover_options *o, unsigned port_queues)
{
        unsigned ios = 0, matches = 0;
        if (o->cores < 1 || o->cores > LF_CORES_MAX || o->contexts < 64 || o->contexts > 4096 ||
            (o->contexts & (o->contexts - 1)) != 0 || o->sessions < 1 || o->sessions > 65536 ||
            o->legal_floor > UINT64_MAX / 1000000000)
                return -EINVAL;
        for (unsigned i = 0; i < o->cores; i++) {
                if (o->core[i].roles == 0 || o->core[i].roles & ~(LF_ROLE_IO | LF_ROLE_MATCH))
                        return -EINVAL;
                ios += (o->core[i].roles & LF_ROLE_IO) != 0;
                matches += (o->core[i].roles & LF_ROLE_MATCH) != 0;
        }
        return ios > 0 && matches > 0 && port_queues >= ios ? 0 : -EINVAL;
}

/* The result is NULL while measuring. */
static struct lf_desk *carve_desk(struct lf_arena *a)
{
        struct lf_desk made = {.plain = lf_arena_take(a, LSP_QUERY_MAX)}, *desk;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                if (lf_engine_for(m))
                        made.prepared[m] = lf_arena_take(a, lf_engine_for(m)->probe_size);
        desk = lf_arena_take(a, sizeof *desk);
        if (desk)
                *desk = made;
        return desk;
}

/* One context. `q` is NULL while measuring, here and below. */
static void carve_query(struct lf_dataplane *dp, struct lf_query *q, unsigned io)
{
        struct lf_arena *a = &dp->arena;
        struct lf_task **task = lf_arena_take(a, (dp->matches + 1) * sizeof *task);
        for (unsigned m = 0; m <= dp->matches; m++) {
                struct lf_task *t = lf_arena_take(a, sizeof *t);
                if (!q)
                        continue;
                t->query = q;
                t->indexed = m == dp->matches;
                task[m] = t;
        }
        if (!q)
                return;
        q->io = io;
        q->task = task;
}

static size_t scratch_size(void)
{
        size_t most = 1;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                if (lf_engine_for(m) && lf_engine_for(m)->scratch_size > most)
                        most = lf_engine_for(m)->scratch_size;
        return most;
}

static void carve_io(struct lf_dataplane *dp, struct lf_io *io, unsigned index)
{
        struct lf_arena *a = &dp->arena;
        struct lf_query *queries = lf_arena_take(a, dp->contexts * sizeof *queries);
        struct lf_query **free = lf_arena_take(a, dp->contexts * sizeof *free);
        struct lf_desk **desks = lf_arena_take(a, dp->contexts * sizeof *desks);
        struct lf_held *held = lf_arena_take(a, dp->contexts * sizeof *held);
        void *scratch = lf_arena_take(a, scratch_size());
        for (uint32_t i = 0; i < dp->contexts; i++) {
                carve_query(dp, queries ? &queries[i] : NULL, index);
                struct lf_desk *desk = carve_desk(a);
                if (desks)
                        desks[i] = desk;
        }
        /* More than there are contexts: a session in use is never in the way of another. */
        uint32_t cached = dp->sessions < SESSIONS_CACHED_MAX ? dp->sessions : SESSIONS_CACHED_MAX;
        struct lf_sessions measured;
        uint8_t *ratchet = lf_arena_take(&dp->locked, 32);
        lf_sessions_carve(io ? &io->sessions : &measured, a, &dp->locked, dp->contexts + cached);
        if (!io)
                return;
        io->dp = dp;
        io->index = index;
        io->query = queries;
        io->free = free;
        io->desk = desks;
        io->desk_n = dp->contexts;
        io->held = held;
        io->scratch = scratch;
        io->ratchet = ratchet;
        for (uint32_t i = 0; i < dp->contexts; i++)
                io->free[io->free_n++] = &queries[dp->contexts - 1 - i];
}

static void carve_rings(struct lf_dataplane *dp, unsigned n, uint32_t entries, struct lf_ring **ret)
{
        struct lf_ring *rings = lf_arena_take(&dp->arena, n * sizeof *rings);
        for (unsigned i = 0; i < n; i++) {
                void **slots = lf_arena_take(&dp->arena, entries * sizeof *slots);
                if (rings)
                        lf_ring_init(&rings[i], slots, entries);
        }
        *ret = rings;
}

/* Gives each core its roles, in the order of the options. */
static void assign(struct lf_dataplane *dp, const struct lf_handover_options *o)
{
        unsigned io = 0, match = 0;
        for (unsigned i = 0; i < dp->cores; i++) {
                struct lf_core *c = &dp->core[i];
                *c = (struct lf_core){.dp = dp, .k = &dp->counters->core[i], .index = i};
                if (o->core[i].roles & LF_ROLE_IO) {
                        c->io = &dp->io[io++];
                        c->io->k = c->k;
                }
                if (o->core[i].roles & LF_ROLE_MATCH) {
                        c->match = &dp->match[match];
                        c->match->dp = dp;
                        c->match->k = c->k;
                        c->match->index = match++;
                }
        }
}

void lf_topology_carve(struct lf_dataplane *dp, const struct lf_handover_options *o)
{
        struct lf_arena *a = &dp->arena;
        dp->core = lf_arena_take(a, dp->cores * sizeof *dp->core);
        dp->io = lf_arena_take(a, dp->ios * sizeof *dp->io);
        dp->match = lf_arena_take(a, dp->matches * sizeof *dp->match);
        dp->generations = lf_arena_take(a, sizeof *dp->generations);
        dp->law_place = lf_arena_take(a, 2 * sizeof *dp->law_place);
        dp->limits = lf_arena_take(a, sizeof *dp->limits);
        dp->replay = lf_arena_take(a, dp->sessions * sizeof *dp->replay);
        dp->resend = lf_arena_take(a, dp->sessions * sizeof *dp->resend);
        dp->keys_place = lf_arena_take(&dp->locked, 2 * sizeof *dp->keys_place);
        carve_rings(dp, dp->ios * dp->matches, dp->contexts, &dp->work);
        carve_rings(dp, dp->ios * dp->matches, 2 * dp->contexts, &dp->done); /* its own, and who took it */
        carve_rings(dp, dp->ios * LSP_PRIORITY_COUNT, dp->contexts, &dp->any);
        for (unsigned i = 0; i < dp->ios; i++)
                carve_io(dp, a->memory ? &dp->io[i] : NULL, i);
        for (unsigned i = 0; i < dp->matches; i++) {
                void *scratch = lf_arena_take(a, scratch_size());
                if (a->memory)
                        dp->match[i].scratch = scratch;
        }
        lf_audit_carve(dp, a);
        if (a->memory)
                assign(dp, o);
}
