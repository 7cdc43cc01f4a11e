#include "dataplane/path.h"

static struct lf_sweep *sweep_of(struct lf_match *m, const struct lf_query *q)
{
        unsigned place = (unsigned)(q->generation - m->dp->generations->place);
        return &m->sweep[q->request.priority][place];
}

/* A task joins the sweep of its class and generation; it is taken in at the next block boundary. */
static void join(struct lf_match *m, struct lf_task *t)
{
        struct lf_sweep *s = sweep_of(m, t->query);
        if (s->generation != t->query->generation->id)
                *s = (struct lf_sweep){.generation = t->query->generation->id, .shard = m->index};
        if (!s->waiting)
                s->waiting_end = &s->waiting;
        t->next = NULL;
        *s->waiting_end = t;
        s->waiting_end = &t->next;
        m->waiting++;
}

unsigned lf_inbox(struct lf_match *m)
{
        unsigned n = 0;
        for (unsigned i = 0; i < m->dp->ios; i++)
                for (struct lf_task *t; (t = lf_ring_pop(lf_work_ring(m->dp, i, m->index))); n++) {
                        for (unsigned w = 0; w < t->query->wanted_n; w++)
                                t->result[w].n = 0;
                        t->late = false;
                        join(m, t);
                }
        if (n > 0)
                lf_set(&m->k->inbox_depth, m->waiting);
        return n;
}
/* Exits: tasks, to the sweeps of scan. */
