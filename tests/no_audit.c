/* The query path without its audit stage: for fuzzing, and for `landfall bench packet` to see what the stage
 * costs. The bench links it into landfalld-no-audit, which is never installed; landfalld has no way to be
 * without audit. No entry is made, an answer carries no receipt and waits for nothing. */
#include "dataplane/audit.h"
#include "dataplane/path.h"

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
        struct lf_audit_io *a = &io->audit;
        lf_query_leave_desk(io, q);
        a->waiting[a->head++ & (io->dp->contexts - 1)] = q;
        lf_mark(io, LF_STAGE_audit, 1);
}

struct lf_query *lf_audit_next(struct lf_io *io)
{
        struct lf_audit_io *a = &io->audit;
        return a->head == a->tail ? NULL : a->waiting[a->tail++ & (io->dp->contexts - 1)];
}
