/* landfall-control: reads the configuration, keeps the dataplane supplied, gives lanes their sessions, signs
 * the audit log. */
#include "control/daemon/daemon.h"

#include "base/log.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(FILE *to)
{
        fprintf(
            to,
            "usage: landfall-control --config FILE [--check]\n\n"
            "  --config FILE  the configuration; config/landfall.yaml documents every key\n"
            "  --check        only check the file, touch nothing\n"
            "  --version\n\n"
            "SIGHUP reads the file again (a change of it is seen by itself); SIGTERM ends. Started as root "
            "it\n"
            "becomes the configuration's control_user, whose the site and the audit directory then are.\n");
        return to == stdout ? 0 : 2;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        lf_control_tick(arg);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
        lf_control_look_at_config(arg, true);
}

static void on_end(evutil_socket_t number, short what, void *arg)
{
        event_base_loopbreak(((struct lf_control *)arg)->base);
}

static int run(struct lf_control *c)
{
        const struct timeval period = {.tv_usec = LF_TICK_MS * 1000};
        c->base = event_base_new();
        if (!c->base)
                return 1;
        int r = lf_control_start(c);
        c->tick = event_new(c->base, -1, EV_PERSIST, on_tick, c);
        c->hangup = evsignal_new(c->base, SIGHUP, on_hangup, c);
        c->terminate = evsignal_new(c->base, SIGTERM, on_end, c);
        c->interrupt = evsignal_new(c->base, SIGINT, on_end, c);
        struct event *events[] = {c->tick, c->hangup, c->terminate, c->interrupt};
        for (unsigned i = 0; i < 4; i++)
                if (r == 0 && (!events[i] || event_add(events[i], i == 0 ? &period : NULL) < 0))
                        r = -1;
        if (r == 0) {
                lf_log_info("running");
                event_base_dispatch(c->base);
                c->ended = true;
                lf_status_write(c);
                lf_log_info("ending");
        }
        lf_control_stop(c);
        for (unsigned i = 0; i < 4; i++)
                if (events[i])
                        event_free(events[i]);
        event_base_free(c->base);
        return r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                                {"check", no_argument, NULL, 'k'},
                                                {"help", no_argument, NULL, 'h'},
                                                {"version", no_argument, NULL, 'v'},
                                                {0}};
        const char *path = NULL;
        bool check = false;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o == 'v') {
                        printf("landfall-control %s\n", LANDFALL_VERSION);
                        return 0;
                }
                if (o == 'c')
                        path = optarg;
                else if (o == 'k')
                        check = true;
                else
                        return usage(stderr);
        }
        if (!path || optind != argc)
                return usage(stderr);
        lf_log_program("landfall-control");
        struct lf_config *config = lf_config_read_or_print(path, stderr);
        if (!config)
                return 1;
        if (check) {
                printf("%s: valid\n", path);
                lf_config_destroy(config);
                return 0;
        }
        signal(SIGPIPE, SIG_IGN); /* a vanished peer is an error, not an end */
        struct lf_control *c = calloc(1, sizeof *c);
        if (!c)
                return 1;
        c->config_path = path;
        c->config = config;
        int status = run(c);
        lf_config_destroy(c->config);
        free(c);
        return status;
}
