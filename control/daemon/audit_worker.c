#include "control/daemon/audit_worker.h"

#include "base/slice.h"
#include "dataplane/counters.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NICE       5
#define STEP_MS    250
#define REOPEN_S   5
#define STEPS_MOST 64 /* in one turn: a million entries */

struct lf_audit_worker {
        char run_dir[256], directory[256], wal[LF_WAL_MIRRORS][256];
        struct lf_audit_log_options options;
        pthread_t thread;
        struct lf_audit_log *log; /* the thread's alone, as all below */
        const struct lf_counters *counters;
        ino_t inode; /* of the counters page */
        time_t reopen;

        pthread_mutex_t lock;
        pthread_cond_t end;
        bool stop;
        struct lf_audit_worker_state state;
};

static time_t now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec;
}

static void fail(struct lf_audit_worker *w, int error, const char *what)
{
        if (w->log)
                lf_audit_log_close(w->log);
        w->log = NULL;
        w->reopen = now() + REOPEN_S;
        pthread_mutex_lock(&w->lock);
        w->state.open = false;
        snprintf(w->state.error, sizeof w->state.error, "%s: %s; run landfall audit verify %.80s", what,
                 error == -EBADMSG ? "damaged, or an entry is missing" : strerror(-error), w->directory);
        pthread_mutex_unlock(&w->lock);
}

static void open_log(struct lf_audit_worker *w)
{
        int r = lf_audit_log_open(&w->options, &w->log);
        if (r < 0) {
                w->log = NULL;
                fail(w, r, "the audit log cannot be opened");
                return;
        }
        pthread_mutex_lock(&w->lock);
        w->state.open = true;
        w->state.published = lf_audit_log_published(w->log);
        w->state.error[0] = 0;
        pthread_mutex_unlock(&w->lock);
}

/* landfalld makes a new page at each start. */
static void map_counters(struct lf_audit_worker *w)
{
        char path[300];
        struct stat st;
        snprintf(path, sizeof path, "%s/" LF_COUNTERS_FILE, w->run_dir);
        if (stat(path, &st) < 0 || (w->counters && st.st_ino == w->inode))
                return;
        const struct lf_counters *fresh;
        if (lf_counters_map(w->run_dir, &fresh) < 0)
                return;
        lf_counters_unmap(w->counters);
        w->counters = fresh;
        w->inode = st.st_ino;
}

static void step(struct lf_audit_worker *w)
{
        map_counters(w);
        if (!w->log && now() >= w->reopen)
                open_log(w);
        bool more = true;
        for (unsigned i = 0; w->log && more && i < STEPS_MOST; i++) {
                uint64_t durable = w->counters ? lf_read(&w->counters->audit_durable) : 0, consumed = 0;
                more = false;
                int r = lf_audit_log_step(w->log, durable, &consumed, &more);
                if (r < 0) {
                        fail(w, r, "the audit log cannot be continued");
                        return;
                }
                pthread_mutex_lock(&w->lock);
                w->state.consumed = consumed;
                w->state.published = lf_audit_log_published(w->log);
                w->state.checked = (uint64_t)time(NULL);
                pthread_mutex_unlock(&w->lock);
        }
}

static void *run(void *arg)
{
        struct lf_audit_worker *w = arg;
        lf_short_slices(NICE); /* its CPU may have a core on it, or landfalld's own audit thread */
        for (;;) {
                struct timespec until;
                clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_nsec += STEP_MS * 1000000L;
                until.tv_sec += until.tv_nsec / 1000000000;
                until.tv_nsec %= 1000000000;
                step(w);
                pthread_mutex_lock(&w->lock);
                int r = 0;
                while (!w->stop && r == 0)
                        r = pthread_cond_timedwait(&w->end, &w->lock, &until);
                bool stop = w->stop;
                pthread_mutex_unlock(&w->lock);
                if (stop)
                        break;
        }
        step(w);
        if (w->log)
                lf_audit_log_close(w->log);
        return NULL;
}

int lf_audit_worker_create(const char *run_dir, const struct lf_audit_log_options *options,
                           struct lf_audit_worker **ret)
{
        struct lf_audit_worker *w = calloc(1, sizeof *w);
        if (!w)
                return -ENOMEM;
        snprintf(w->run_dir, sizeof w->run_dir, "%s", run_dir);
        snprintf(w->directory, sizeof w->directory, "%s", options->directory);
        w->options = *options;
        w->options.directory = w->directory;
        for (unsigned i = 0; i < LF_WAL_MIRRORS; i++) {
                if (!options->wal[i])
                        continue;
                snprintf(w->wal[i], sizeof w->wal[i], "%s", options->wal[i]);
                w->options.wal[i] = w->wal[i];
        }
        pthread_mutex_init(&w->lock, NULL);
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&w->end, &attributes);
        pthread_condattr_destroy(&attributes);
        open_log(w);
        int r = -pthread_create(&w->thread, NULL, run, w);
        if (r < 0) {
                if (w->log)
                        lf_audit_log_close(w->log);
                OPENSSL_cleanse(w, sizeof *w);
                free(w);
                return r;
        }
        *ret = w;
        return 0;
}

void lf_audit_worker_destroy(struct lf_audit_worker *w)
{
        if (!w)
                return;
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->end);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        lf_counters_unmap(w->counters);
        pthread_cond_destroy(&w->end);
        pthread_mutex_destroy(&w->lock);
        OPENSSL_cleanse(w, sizeof *w);
        free(w);
}

void lf_audit_worker_get_state(struct lf_audit_worker *w, struct lf_audit_worker_state *ret)
{
        pthread_mutex_lock(&w->lock);
        *ret = w->state;
        pthread_mutex_unlock(&w->lock);
}
