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
        for (unsigned w = 0; w < t->query->wanted_n; w++)
                t->result[w].n = 0;
        t->late = false;
        if (s->generation != t->query->generation->id)
                *s = (struct lf_sweep){.generation = t->query->generation->id};
        if (!s->waiting)
                s->waiting_end = &s->waiting;
        t->next = NULL;
        *s->waiting_end = t;
        s->waiting_end = &t->next;
        m->waiting++;
        m->of_class[t->query->request.priority]++;
}

unsigned lf_inbox_any(struct lf_match *m, unsigned class, unsigned most)
{
        unsigned n = 0;
        for (unsigned i = 0; i < m->dp->ios; i++)
                for (struct lf_task *t; n < most && (t = lf_ring_take(lf_any_ring(m->dp, i, class))); n++)
                        join(m, t);
        return n;
}

/* Of what any core may do, as much as is looked at next: what a core has that is kept from running, waits. */
static unsigned take_any(struct lf_match *m)
{
        unsigned n = 0, ahead = 0;
        for (unsigned class = 0; class < LSP_PRIORITY_COUNT; class ++) {
                ahead += m->of_class[class];
                if (ahead >= LF_SCAN_AT_ONCE)
                        break;
                unsigned more = lf_inbox_any(m, class, LF_SCAN_AT_ONCE - ahead);
                ahead += more;
                n += more;
        }
        return n;
}

unsigned lf_inbox(struct lf_match *m)
{
        unsigned n = 0;
        for (unsigned i = 0; i < m->dp->ios; i++)
                for (struct lf_task *t; (t = lf_ring_pop(lf_work_ring(m->dp, i, m->index))); n++)
                        join(m, t);
        n += take_any(m);
        if (n > 0)
                lf_set(&m->k->inbox_depth, m->waiting);
        return n;
}
/* Exits: tasks, to the sweeps of scan. */
