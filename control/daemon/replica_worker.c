#include "control/daemon/replica_worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct lf_replica_worker {
        struct lf_replica_worker_options options;
        char appliance_key[256];
        struct event *news;
        int eventfd;
        pthread_t thread;
        struct lf_replica *replica; /* the thread's alone, as `open` */
        unsigned open;              /* datasets in it */
        _Atomic uint64_t opened;    /* payloads */

        pthread_mutex_t lock; /* all below */
        pthread_cond_t work;
        bool stop;
        bool reopen;
        struct lf_replica_dataset dataset[LF_REPLICA_DATASETS];
        unsigned n;
        uint64_t build; /* number asked for; 0: none */
        unsigned shards;
        uint64_t memory;
        bool changed;     /* news for on_changed */
        bool built_ready; /* news for on_built */
        struct lf_generation *built;
        char built_why[LF_REPLICA_WHY];
        struct lf_feed_state feed[LF_REPLICA_DATASETS];
        char why[LF_REPLICA_WHY];
};

static void wake(struct lf_replica_worker *w)
{
        uint64_t one = 1;
        if (write(w->eventfd, &one, sizeof one) < 0)
                return; /* the counter is full: it wakes as well */
}

/* On the event loop. */
static void on_news(evutil_socket_t fd, short what, void *arg)
{
        struct lf_replica_worker *w = arg;
        uint64_t count;
        if (read(fd, &count, sizeof count) < 0)
                return;
        char why[LF_REPLICA_WHY];
        pthread_mutex_lock(&w->lock);
        bool changed = w->changed, ready = w->built_ready;
        struct lf_generation *g = w->built;
        memcpy(why, w->built_why, sizeof why);
        w->changed = w->built_ready = false;
        w->built = NULL;
        pthread_mutex_unlock(&w->lock);
        if (changed)
                w->options.on_changed(w->options.arg);
        if (ready)
                w->options.on_built(w->options.arg, g, why);
}

static void do_open(struct lf_replica_worker *w)
{
        struct lf_replica_dataset *datasets = calloc(LF_REPLICA_DATASETS, sizeof *datasets);
        if (!datasets)
                return;
        pthread_mutex_lock(&w->lock);
        unsigned n = w->n;
        memcpy(datasets, w->dataset, n * sizeof *datasets);
        w->reopen = false;
        pthread_mutex_unlock(&w->lock);
        struct lf_replica *fresh = NULL;
        char why[LF_REPLICA_WHY] = "";
        int r = lf_replica_open(datasets, n, w->appliance_key, &fresh, why);
        free(datasets);
        if (r == 0) {
                lf_replica_close(w->replica);
                lf_replica_count_in(fresh, &w->opened);
                w->replica = fresh;
                w->open = n;
        }
        pthread_mutex_lock(&w->lock);
        memcpy(w->why, why, sizeof why);
        if (r < 0 && !w->why[0])
                snprintf(w->why, sizeof w->why, "the replica cannot be opened: %s", strerror(-r));
        if (r < 0)
                w->reopen = true; /* again in a second: a key file may come */
        else
                w->changed = true; /* told after the sync that follows */
        pthread_mutex_unlock(&w->lock);
}

static void do_sync(struct lf_replica_worker *w)
{
        bool changed = false;
        char why[LF_REPLICA_WHY] = "";
        lf_replica_sync(w->replica, &changed, why); /* errors show in each feed's state */
        pthread_mutex_lock(&w->lock);
        for (unsigned i = 0; i < w->open; i++)
                lf_replica_feed_state(w->replica, i, &w->feed[i]);
        w->changed = w->changed || changed;
        bool news = w->changed;
        pthread_mutex_unlock(&w->lock);
        if (news)
                wake(w);
}

static void do_build(struct lf_replica_worker *w, uint64_t number, unsigned shards, uint64_t memory)
{
        struct lf_generation *g = NULL;
        char why[LF_REPLICA_WHY] = "";
        int r = lf_replica_build(w->replica, number, shards, memory, &g, why);
        if (r < 0 && !why[0])
                snprintf(why, sizeof why, "generation %lu cannot be built: %s", (unsigned long)number,
                         strerror(-r));
        pthread_mutex_lock(&w->lock);
        struct lf_generation *unused = w->built;
        w->built = r == 0 ? g : NULL;
        w->built_ready = true;
        memcpy(w->built_why, why, sizeof why);
        for (unsigned i = 0; i < w->open; i++)
                lf_replica_feed_state(w->replica, i, &w->feed[i]);
        pthread_mutex_unlock(&w->lock);
        lf_generation_wipe_destroy(unused);
        wake(w);
}

static void *run(void *arg)
{
        struct lf_replica_worker *w = arg;
        struct timespec next;
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (;;) {
                pthread_mutex_lock(&w->lock);
                bool due = false;
                while (!w->stop && !(w->build && w->replica) && !due)
                        due = pthread_cond_timedwait(&w->work, &w->lock, &next) == ETIMEDOUT;
                bool stop = w->stop, reopen = w->reopen;
                uint64_t build = w->replica ? w->build : 0; /* not before the feeds were read */
                unsigned shards = w->shards;
                uint64_t memory = w->memory;
                if (build)
                        w->build = 0;
                pthread_mutex_unlock(&w->lock);
                if (stop)
                        return NULL;
                if (due) {
                        clock_gettime(CLOCK_MONOTONIC, &next);
                        next.tv_sec++;
                }
                if (due && reopen)
                        do_open(w);
                if (w->replica && due)
                        do_sync(w);
                if (build)
                        do_build(w, build, shards, memory);
        }
}

int lf_replica_worker_create(const struct lf_replica_worker_options *options, struct lf_replica_worker **ret)
{
        struct lf_replica_worker *w = calloc(1, sizeof *w);
        if (!w)
                return -ENOMEM;
        w->options = *options;
        snprintf(w->appliance_key, sizeof w->appliance_key, "%s", options->appliance_key);
        pthread_mutex_init(&w->lock, NULL);
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&w->work, &attributes);
        pthread_condattr_destroy(&attributes);
        w->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        int r = w->eventfd < 0 ? -errno : 0;
        if (r == 0) {
                w->news = event_new(options->base, w->eventfd, EV_READ | EV_PERSIST, on_news, w);
                if (!w->news || event_add(w->news, NULL) < 0)
                        r = -ENOMEM;
        }
        if (r == 0)
                r = -pthread_create(&w->thread, NULL, run, w);
        if (r < 0) {
                if (w->news)
                        event_free(w->news);
                if (w->eventfd >= 0)
                        close(w->eventfd);
                free(w);
                return r;
        }
        *ret = w;
        return 0;
}

void lf_replica_worker_destroy(struct lf_replica_worker *w)
{
        if (!w)
                return;
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        event_free(w->news);
        close(w->eventfd);
        lf_generation_wipe_destroy(w->built);
        lf_replica_close(w->replica);
        pthread_cond_destroy(&w->work);
        pthread_mutex_destroy(&w->lock);
        free(w);
}

void lf_replica_worker_configure(struct lf_replica_worker *w, const struct lf_replica_dataset *datasets,
                                 unsigned n)
{
        pthread_mutex_lock(&w->lock);
        memcpy(w->dataset, datasets, n * sizeof *datasets);
        memset(w->feed, 0, sizeof w->feed);
        w->n = n;
        w->reopen = true;
        pthread_mutex_unlock(&w->lock);
}

void lf_replica_worker_build(struct lf_replica_worker *w, uint64_t number, unsigned shards_per_group,
                             uint64_t memory)
{
        pthread_mutex_lock(&w->lock);
        w->build = number;
        w->shards = shards_per_group;
        w->memory = memory;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->lock);
}

void lf_replica_worker_feed(struct lf_replica_worker *w, unsigned i, struct lf_feed_state *ret)
{
        pthread_mutex_lock(&w->lock);
        *ret = w->feed[i];
        pthread_mutex_unlock(&w->lock);
}

uint64_t lf_replica_worker_opened(const struct lf_replica_worker *w)
{
        return w->opened;
}

void lf_replica_worker_why(struct lf_replica_worker *w, char ret_why[LF_REPLICA_WHY])
{
        pthread_mutex_lock(&w->lock);
        memcpy(ret_why, w->why, LF_REPLICA_WHY);
        pthread_mutex_unlock(&w->lock);
}
