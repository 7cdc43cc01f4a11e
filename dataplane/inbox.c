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

/* One from each io core in turn: that of a busy one does not keep that of another waiting. */
unsigned lf_inbox_any(struct lf_match *m, unsigned class, unsigned most)
{
        unsigned n = 0;
        unsigned *io = &m->next_io[class];
        for (unsigned empty = 0; n < most && empty < m->dp->ios; *io = (*io + 1) % m->dp->ios) {
                struct lf_task *t = lf_ring_take(lf_any_ring(m->dp, *io, class));
                empty = t ? 0 : empty + 1;
                if (t) {
                        join(m, t);
                        n++;
                }
        }
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

static unsigned left_for_any(struct lf_dataplane *dp)
{
        unsigned n = 0;
        for (unsigned i = 0; i < dp->ios; i++)
                for (unsigned class = 0; class < LSP_PRIORITY_COUNT; class ++)
                        n += lf_ring_depth(lf_any_ring(dp, i, class));
        return n;
}

unsigned lf_inbox(struct lf_match *m)
{
        unsigned n = 0;
        for (unsigned i = 0; i < m->dp->ios; i++)
                for (struct lf_task *t; (t = lf_ring_pop(lf_work_ring(m->dp, i, m->index))); n++)
                        join(m, t);
        n += take_any(m);
        lf_set(&m->k->inbox_depth, m->waiting + left_for_any(m->dp));
        return n;
}
/* Exits: tasks, to the sweeps of scan. */
