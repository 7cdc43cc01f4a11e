/* landfall-gateway: manifests in, sealed datagrams out, a decision for each traveller back. */
#include "control/gateway/gateway.h"

#include "base/log.h"
#include "control/file/file.h"

#include <errno.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static int usage(FILE *to)
{
        fprintf(to,
                "usage: landfall-gateway --config FILE\n\n"
                "  --config FILE  the configuration; config/landfall.yaml documents its section gateway\n"
                "  --version\n\n"
                "Drop messages into in/ of its directory, by a rename; each ends in a report under done/ or\n"
                "failed/. `landfall manifest screen` asks it about one. SIGTERM ends.\n");
        return to == stdout ? 0 : 2;
}

static uid_t user_id(const char *name)
{
        const struct passwd *p = getpwnam(name);
        return p ? p->pw_uid : (uid_t)-1;
}

/* Names become numbers while the file of users can still be read. */
static void resolve_callers(struct lf_gateway *g)
{
        g->caller[g->callers++] = 0;
        g->caller[g->callers++] = geteuid() == 0 ? user_id(g->options->user) : geteuid();
        for (unsigned i = 0; i < g->options->callers; i++) {
                uid_t uid = user_id(g->options->caller[i]);
                if (uid == (uid_t)-1)
                        lf_log_error("caller \"%s\" is no user of this machine", g->options->caller[i]);
                else
                        g->caller[g->callers++] = uid;
        }
}

/* The directory is the gateway's own: root makes it and gives it away. */
static int make_directory(const struct lf_gateway *g)
{
        const char *path = g->options->directory;
        int r = lf_make_directories(path, 0755);
        if (r == 0 && geteuid() == 0 &&
            (chown(path, user_id(g->options->user), (gid_t)-1) < 0 || chmod(path, 0755) < 0))
                r = -errno;
        return r;
}

static int open_all(struct lf_gateway *g)
{
        char why[256] = "", in[LF_PATH_MAX + 4];
        resolve_callers(g);
        int r = make_directory(g);
        if (r < 0) {
                lf_log_error("%s: %s", g->options->directory, strerror(-r));
                return r;
        }
        r = lf_become(g->options->user, why);
        if (r < 0) {
                lf_log_error("%s", why);
                return r;
        }
        if (access(g->options->bundle, R_OK | X_OK) < 0) {
                lf_log_error("%s: %s; give it to user %s", g->options->bundle, strerror(errno),
                             g->options->user);
                return -errno;
        }
        r = lf_drop_open(g);
        if (r == 0)
                r = lf_serve_open(g);
        if (r < 0) {
                lf_log_error("%s: %s", g->options->directory, strerror(-r));
                return r;
        }
        g->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        snprintf(in, sizeof in, "%s/in", g->options->directory);
        if (g->watch < 0 || inotify_add_watch(g->watch, in, IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
                lf_log_error("%s: not watched, only looked at: %s", in, strerror(errno));
        g->slot = calloc(g->options->in_flight, sizeof *g->slot);
        return g->slot ? lf_lane_query_create(&g->query) : -ENOMEM;
}

/* What libraries would read later, when they no longer may. */
static void warm_up(void)
{
        uint8_t byte;
        OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
        SSL_CTX *t = SSL_CTX_new(TLS_client_method());
        SSL_CTX_free(t);
        if (RAND_bytes(&byte, 1) != 1)
                lf_log_die("no random numbers");
        strerror(EIO);
}

static int serve(const struct lf_config *config)
{
        char why[256] = "";
        struct lf_gateway *g = calloc(1, sizeof *g);
        if (!g)
                return 1;
        g->config = config;
        g->options = &config->gateway;
        g->listener = g->watch = -1;
        for (uint32_t i = 0; i < config->lanes; i++)
                if (strcmp(config->lane[i].name, g->options->lane) == 0)
                        g->rules = &config->lane[i];
        signal(SIGPIPE, SIG_IGN);
        lf_share_cpus(g);
        warm_up();
        int r = open_all(g);
        if (r == 0) {
                r = lf_confine(g->options->directory, g->options->bundle, config->run, why);
                if (r < 0)
                        lf_log_error("%s", why);
        }
        if (r == 0)
                r = lf_gateway_run(g);
        lf_gateway_close(g);
        free(g);
        return r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                                {"help", no_argument, NULL, 'h'},
                                                {"version", no_argument, NULL, 'v'},
                                                {0}};
        const char *path = NULL;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o == 'v') {
                        printf("landfall-gateway %s\n", LANDFALL_VERSION);
                        return 0;
                }
                if (o != 'c')
                        return usage(stderr);
                path = optarg;
        }
        if (!path || optind != argc)
                return usage(stderr);
        lf_log_program("landfall-gateway");
        struct lf_config *config = lf_config_read_or_print(path, stderr);
        if (!config)
                return 1;
        if (!config->gateway.given) {
                lf_log_error("%s has no section gateway", path);
                lf_config_destroy(config);
                return 1;
        }
        int status = serve(config);
        lf_config_destroy(config);
        return status;
}
