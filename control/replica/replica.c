#include "control/replica/replica.h"

#include "control/feed/feed.h"
#include "control/replica/group.h"
#include "control/replica/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct dataset {
        struct lf_replica_dataset info;
        struct lf_feed_reader *feed;
        struct lf_feed_state state;
};

struct lf_replica {
        unsigned n;
        struct dataset *dataset;
        char *appliance_key;      /* path */
        _Atomic uint64_t *opened; /* NULL: nobody counts */
};

void lf_replica_close(struct lf_replica *r)
{
        if (!r)
                return;
        for (unsigned i = 0; i < r->n; i++)
                lf_feed_reader_close(r->dataset[i].feed);
        free(r->dataset);
        free(r->appliance_key);
        free(r);
}

int lf_replica_open(const struct lf_replica_dataset *datasets, unsigned n, const char *appliance_key_path,
                    struct lf_replica **ret, char why[LF_REPLICA_WHY])
{
        struct lf_replica *r = calloc(1, sizeof *r);
        if (r) {
                r->dataset = calloc(n ? n : 1, sizeof *r->dataset);
                r->appliance_key = strdup(appliance_key_path);
        }
        if (!r || !r->dataset || !r->appliance_key) {
                lf_replica_close(r);
                snprintf(why, LF_REPLICA_WHY, "no memory for %u datasets", n);
                return -ENOMEM;
        }
        r->n = n;
        for (unsigned i = 0; i < n; i++)
                r->dataset[i].info = datasets[i];
        *ret = r;
        return 0;
}

void lf_replica_count_in(struct lf_replica *r, _Atomic uint64_t *opened)
{
        r->opened = opened;
}

/* Opened when it is first needed: a feed whose key has not been delivered yet keeps no other from working. */
static int sync_feed(struct lf_replica *r, struct dataset *d, bool *ret_changed, char *why)
{
        if (!d->feed) {
                struct lf_feed_options options = {.directory = d->info.feed_dir,
                                                  .key = d->info.feed_key,
                                                  .keyring = d->info.keyring,
                                                  .appliance = r->appliance_key,
                                                  .opened = r->opened};
                int e = lf_feed_reader_open(&options, &d->feed, why);
                if (e < 0)
                        return e;
        }
        return lf_feed_reader_sync(d->feed, ret_changed, why);
}

int lf_replica_sync(struct lf_replica *r, bool *ret_changed, char why[LF_REPLICA_WHY])
{
        int first = 0;
        for (unsigned i = 0; i < r->n; i++) {
                struct dataset *d = &r->dataset[i];
                char text[LF_FEED_WHY] = "";
                int e = sync_feed(r, d, ret_changed, text);
                d->state.error = e;
                snprintf(d->state.text, sizeof d->state.text, "%s", text);
                if (d->feed) {
                        d->state.size = lf_feed_reader_size(d->feed);
                        d->state.checkpoint_time = lf_feed_reader_time(d->feed);
                        d->state.locked = lf_feed_reader_locked(d->feed);
                }
                if (e < 0 && first == 0) {
                        first = e;
                        snprintf(why, LF_REPLICA_WHY, "%s", text);
                }
        }
        return first;
}

int lf_replica_feed_state(const struct lf_replica *r, unsigned dataset_index, struct lf_feed_state *ret)
{
        if (dataset_index >= r->n)
                return -ERANGE;
        *ret = r->dataset[dataset_index].state;
        return 0;
}

static struct lf_group_options options_of(const struct dataset *d)
{
        return (struct lf_group_options){.dataset = &d->info, .feed = d->feed, .now = (uint64_t)time(NULL)};
}

int lf_replica_need(struct lf_replica *r, uint64_t *ret, char why[LF_REPLICA_WHY])
{
        uint64_t need = 0;
        for (unsigned i = 0; i < r->n; i++) {
                struct lf_group_options o = options_of(&r->dataset[i]);
                int e = o.feed ? lf_group_need(&o, &r->dataset[i].state.need, why) : 0;
                if (e < 0)
                        return e;
                need += r->dataset[i].state.need;
        }
        *ret = need;
        return 0;
}

uint64_t lf_replica_memory(uint64_t limit)
{
        uint64_t have = lf_memory_available();
        have -= have / 16; /* the machine needs some for itself */
        return limit > 0 && limit < have ? limit : have;
}

/* Whether there is room, before anything is loaded; ret_have: what all shards may take. */
static int check_memory(struct lf_replica *r, uint64_t limit, uint64_t *ret_have, char *why)
{
        uint64_t have = lf_replica_memory(limit), need;
        char need_text[32], have_text[32];
        int e = lf_replica_need(r, &need, why);
        if (e < 0)
                return e;
        *ret_have = have;
        if (need <= have)
                return 0;
        snprintf(why, LF_REPLICA_WHY, "the galleries need %s and have %s%s", lf_memory_text(need, need_text),
                 lf_memory_text(have, have_text),
                 have == limit
                     ? ", as gallery_memory says: raise it, or search fewer records"
                     : ", which is what this machine can give: add memory, or search fewer records");
        return -ENOMEM;
}

int lf_replica_build(struct lf_replica *r, uint64_t number, unsigned shards_per_group, uint64_t memory,
                     struct lf_generation **ret, char why[LF_REPLICA_WHY])
{
        char reason[LF_FEED_WHY] = "";
        uint64_t have = 0;
        struct lf_generation *g = calloc(1, sizeof *g);
        int e = g ? check_memory(r, memory, &have, reason) : -ENOMEM;
        for (unsigned i = 0; e == 0 && i < r->n; i++) {
                struct dataset *d = &r->dataset[i];
                struct lf_group_options o = options_of(d);
                uint64_t before = g->records;
                o.number = number;
                o.per_group = shards_per_group ? shards_per_group : 1;
                o.memory = have;
                d->state.left_out = 0;
                d->state.built = d->state.size;
                e = d->feed ? lf_group_build(&o, g, &d->state.left_out, reason) : 0;
                d->state.records = g->records - before;
        }
        if (e < 0) {
                lf_generation_wipe_destroy(g);
                snprintf(why, LF_REPLICA_WHY, "cannot build generation %lu: %.200s", (unsigned long)number,
                         reason[0] ? reason : strerror(-e));
                return e;
        }
        g->number = number;
        *ret = g;
        return 0;
}
