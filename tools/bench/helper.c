#include "tools/bench/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS     20
#define PATIENCE_MS 300000

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
        interrupted = 1;
}

void lf_bench_interruptible(void)
{
        struct sigaction stop = {.sa_handler = on_signal};
        sigaction(SIGINT, &stop, NULL);
        sigaction(SIGTERM, &stop, NULL);
        signal(SIGPIPE, SIG_IGN);
}

int lf_bench_say(int error, const char *what)
{
        fprintf(stderr, "landfall bench: %s: %s\n", what, interrupted ? "interrupted" : strerror(-error));
        return error;
}

static int wait_result(struct lf_helper *h, const struct lf_helper_watch *watch, struct lf_peer_result *ret)
{
        for (unsigned waited = 0; waited < PATIENCE_MS; waited += TICK_MS) {
                struct pollfd f = {.fd = h->socket, .events = POLLIN};
                int r = poll(&f, 1, TICK_MS);
                if (interrupted)
                        return lf_bench_say(-EINTR, "landfall-load");
                if (watch && watch->tick)
                        watch->tick(watch->arg);
                if (r <= 0)
                        continue;
                if (recv(h->socket, ret, sizeof *ret, 0) != sizeof *ret)
                        return lf_bench_say(-ECONNRESET, "landfall-load");
                if (ret->error)
                        fprintf(stderr, "landfall bench: %s\n", ret->why);
                return ret->error;
        }
        return lf_bench_say(-ETIMEDOUT, "landfall-load");
}

int lf_helper_order(struct lf_helper *h, const struct lf_helper_watch *watch, struct lf_peer_command order,
                    struct lf_peer_result *ret)
{
        if (send(h->socket, &order, sizeof order, MSG_NOSIGNAL) != sizeof order)
                return lf_bench_say(-errno, "landfall-load");
        return wait_result(h, watch, ret);
}

int lf_helper_start(struct lf_helper *h, const struct lf_site_dirs *d, struct lf_peer_start *start)
{
        int pair[2];
        struct lf_peer_result result;
        *h = (struct lf_helper){.socket = -1};
        int r = lf_site_dirs_child(d, d->top, start->role == LF_PEER_ECHO ? "echo" : "load", start->run_dir,
                                   sizeof start->run_dir);
        if (r < 0)
                return lf_bench_say(r, d->top);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return lf_bench_say(-errno, "socketpair");
        h->socket = pair[0];
        r = lf_site_spawn("landfall-load", (char *[]){"landfall-load", NULL}, pair[1], &h->pid);
        close(pair[1]);
        if (r == 0 && send(h->socket, start, sizeof *start, MSG_NOSIGNAL) != sizeof *start)
                r = lf_bench_say(-errno, "landfall-load");
        return r < 0 ? r : wait_result(h, NULL, &result);
}

void lf_helper_stop(struct lf_helper *h)
{
        if (h->socket >= 0)
                close(h->socket);
        lf_site_end(h->pid);
        *h = (struct lf_helper){.socket = -1};
}
