/* Which generations we hold, and when one may be wiped: never while the dataplane may read it. */
#include "control/link/link_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct held *link_newest(struct lf_link *link)
{
        return link->n ? &link->held[link->n - 1] : NULL;
}

void link_drop(struct lf_link *link, unsigned index)
{
        lf_generation_wipe_destroy(link->held[index].generation);
        memmove(&link->held[index], &link->held[index + 1], (link->n - index - 1) * sizeof link->held[0]);
        link->n--;
}

/* At our end: what the dataplane may read must stay as it is, and goes when it lets go. */
void link_release(struct held *held)
{
        struct lf_generation *g = held->generation;
        if (held->state == HELD_NEW) {
                lf_generation_wipe_destroy(g);
                return;
        }
        for (unsigned i = 0; i < g->shards; i++) {
                munmap(g->shard[i].map, g->shard[i].mapped);
                close(g->shard[i].fd);
        }
        free(g->shard);
        free(g);
}

int lf_link_set_generation(struct lf_link *link, struct lf_generation *generation)
{
        struct held *newest = link_newest(link);
        if (newest && newest->state == HELD_NEW && link->shards_sent > 0)
                return -EBUSY;
        if (newest && newest->state == HELD_NEW)
                link_drop(link, link->n - 1); /* the dataplane has not seen it */
        if (link->n == LF_LINK_GENERATIONS)
                return -EBUSY;
        link->held[link->n++] = (struct held){.generation = generation, .state = HELD_NEW};
        link->shards_sent = 0;
        link_need(link, NEED_GENERATION);
        return 0;
}

void link_generations_hello(struct lf_link *link, const struct lf_handover_hello *hello, bool same_boot)
{
        link->shards_sent = 0;
        link->part_under_way = false;
        link->part_error = 0;
        for (unsigned i = link->n; i-- > 0;) {
                struct held *h = &link->held[i];
                uint64_t number = h->generation->number;
                if (same_boot && h->state != HELD_NEW && number <= hello->generation) {
                        h->state = HELD_ACCEPTED; /* in force, or before it and perhaps not let go */
                        continue;
                }
                /* a new process has mapped none of ours; the same one not this */
                if (i + 1 < link->n || number <= hello->generation)
                        link_drop(link, i);
                else
                        h->state = HELD_NEW;
        }
        struct held *newest = link_newest(link);
        if (newest && newest->state == HELD_NEW)
                link->need |= NEED_GENERATION;
        link->state.generation = same_boot ? hello->generation : 0;
}

void link_generation_done(struct lf_link *link, int error)
{
        for (unsigned i = link->n; i-- > 0;) {
                struct held *h = &link->held[i];
                if (h->state != HELD_SENT)
                        continue;
                if (error == 0) {
                        h->state = HELD_ACCEPTED;
                        link->state.generation = h->generation->number;
                } else if (error == -EBUSY && i + 1 == link->n) {
                        h->state = HELD_NEW; /* again when the retry timer fires */
                } else {
                        link_drop(link, i);
                }
                return;
        }
}

void link_retired(struct lf_link *link, uint64_t number)
{
        for (unsigned i = 0; i < link->n; i++) {
                struct held *h = &link->held[i];
                if (h->generation->number != number || h->state != HELD_ACCEPTED)
                        continue;
                link_drop(link, i);
                return;
        }
}

void lf_link_settled(struct lf_link *link, uint64_t number)
{
        for (unsigned i = link->n; i-- > 0;)
                if (link->held[i].state == HELD_ACCEPTED && link->held[i].generation->number < number)
                        link_drop(link, i);
}
