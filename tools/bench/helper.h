/* A landfall-load as a child, and orders to it. */
#pragma once

#include "tools/bench/site.h"

struct lf_helper {
        pid_t pid;
        int socket; /* -1: none */
};

/* What is done every 20 ms while a helper works; `tick` NULL: nothing. */
struct lf_helper_watch {
        void (*tick)(void *arg);
        void *arg;
};

/* `start` but its run_dir is filled in. Stop it also after a failure. -errno, said on standard error. */
int lf_helper_start(struct lf_helper *h, const struct lf_site_dirs *d, struct lf_peer_start *start);
int lf_helper_order(struct lf_helper *h, const struct lf_helper_watch *watch, struct lf_peer_command order,
                    struct lf_peer_result *ret);
void lf_helper_stop(struct lf_helper *h);

/* From now on SIGINT and SIGTERM end what waits for a helper, with -EINTR. */
void lf_bench_interruptible(void);
/* Says it on standard error and returns it. */
int lf_bench_say(int error, const char *what);
