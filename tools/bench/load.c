/* landfall-load: the other end of a bench's memif. Started by `landfall bench`, see peer.h. */
#include "dataplane/eal.h"
#include "tools/bench/echo.h"
#include "tools/bench/generator.h"
#include "tools/bench/peer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int obey_load(struct lf_generator *g, const struct lf_peer_command *c, struct lf_peer_result *ret)
{
        switch (c->order) {
        case LF_PEER_PREPARE:
                return lf_generator_prepare(g, c->frames);
        case LF_PEER_ASK:
                return lf_generator_ask(g, c->window, c->ms, ret);
        case LF_PEER_BOUNCE:
                return lf_generator_bounce(g, c->ms, ret);
        default:
                return -EINVAL;
        }
}

static int load(const struct lf_peer_start *start)
{
        struct lf_peer_result result = {0};
        struct lf_generator *g = NULL;
        struct lf_peer_command c;
        result.error = lf_generator_create(start, &g, result.why);
        while (send(STDIN_FILENO, &result, sizeof result, MSG_NOSIGNAL) == sizeof result &&
               result.error == 0 && recv(STDIN_FILENO, &c, sizeof c, 0) == sizeof c) {
                result = (struct lf_peer_result){0};
                result.error = obey_load(g, &c, &result);
                if (result.error)
                        snprintf(result.why, sizeof result.why, "landfall-load: %s", strerror(-result.error));
        }
        lf_generator_destroy(g);
        return result.error ? 1 : 0;
}

static int echo(const struct lf_peer_start *start)
{
        struct lf_peer_result result = {0};
        struct lf_peer_command c;
        result.error = lf_echo_start(start, result.why);
        while (send(STDIN_FILENO, &result, sizeof result, MSG_NOSIGNAL) == sizeof result &&
               result.error == 0 && recv(STDIN_FILENO, &c, sizeof c, 0) == sizeof c) {
                result = (struct lf_peer_result){0};
                lf_echo_read(&result);
        }
        lf_echo_stop();
        return result.error ? 1 : 0;
}

int main(int argc, char **argv)
{
        struct lf_peer_start start;
        if (argc > 1 || recv(STDIN_FILENO, &start, sizeof start, 0) != sizeof start) {
                fprintf(stderr, "landfall-load: started by `landfall bench` only\n");
                return 2;
        }
        int r = start.role == LF_PEER_ECHO ? echo(&start) : load(&start);
        OPENSSL_cleanse(&start, sizeof start);
        return r;
}
