/* An audit stage without a log, for fuzzing: every entry is durable at once. */
#include "dataplane/topology.h"

void lf_audit_carve(struct lf_dataplane *dp, struct lf_arena *arena)
{
        for (unsigned i = 0; i < dp->ios; i++) {
                struct lf_query **waiting = lf_arena_take(arena, dp->contexts * sizeof *waiting);
                if (arena->memory)
                        dp->io[i].audit.waiting = waiting;
        }
}

int lf_audit_start(struct lf_dataplane *dp)
{
        return 0;
}

void lf_audit_stop(struct lf_dataplane *dp)
{
}

int lf_audit_note(struct lf_dataplane *dp, enum lf_entry_kind kind, uint64_t generation, uint32_t ruleset)
{
        return 0;
}

void lf_audit_consumed(struct lf_dataplane *dp, uint64_t entries)
{
}

void lf_audit_housekeep(struct lf_dataplane *dp)
{
}

bool lf_audit_degraded(const struct lf_dataplane *dp)
{
        return false;
}

void lf_audit_submit(struct lf_io *io, struct lf_query *q)
{
        io->audit.waiting[io->audit.head++ % io->dp->contexts] = q;
}

struct lf_query *lf_audit_next(struct lf_io *io)
{
        return io->audit.head == io->audit.tail ? NULL
                                                : io->audit.waiting[io->audit.tail++ % io->dp->contexts];
}
