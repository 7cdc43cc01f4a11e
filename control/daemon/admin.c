/* The admin socket: one line in, one line out, then closed. Mode 0600: who may connect is the file system's
 * business.
 *
 *   token NAME [LANE]   "ok EXPIRY HEX" an officer's token, at any lane or at one; or "error TEXT"
 *   clock HEX           the officer of that token says that the clock is right: "ok done TEXT", "ok wait
 * TEXT" when a second one has to; or "error TEXT" */
#include "control/daemon/daemon.h"

#include "base/log.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES  256
#define CONNECTIONS_MAX 16
#define TIMEOUT_S       5
/* A token dies with its key, and a key lives for two more rotations after its own hour. */
#define TOKEN_LIFE_S (2 * LF_COOKIE_ROTATE_S)

struct lf_admin {
        struct evconnlistener *listener;
        struct lf_control *control;
        char path[108];
        struct bufferevent *connection[CONNECTIONS_MAX];
};

static void drop(struct lf_admin *a, struct bufferevent *bev)
{
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                if (a->connection[i] == bev)
                        a->connection[i] = NULL;
        bufferevent_free(bev);
}

static void token(struct lf_control *c, const char *name, const char *lane, struct evbuffer *out)
{
        const struct lf_config_officer *o = lf_config_officer_by_name(c->config, name);
        struct lsp_officer_plain plain = {.expiry = lf_control_legal_now(c) + TOKEN_LIFE_S};
        if (!o) {
                evbuffer_add_printf(out, "error no officer \"%s\" in the configuration\n", name);
                return;
        }
        for (unsigned i = 0; lane && i < c->lanes; i++)
                if (c->lane[i].active && strcmp(c->lane[i].name, lane) == 0)
                        plain.lane = c->lane[i].number;
        if (lane && !plain.lane) {
                evbuffer_add_printf(out, "error no enrolled lane \"%s\"\n", lane);
                return;
        }
        plain.officer = o->number;
        struct lsp_officer_token sealed;
        if (lf_officer_token_seal(c->keys, &plain, &sealed) < 0) {
                evbuffer_add_printf(out, "error the token could not be sealed\n");
                return;
        }
        evbuffer_add_printf(out, "ok %lu ", plain.expiry);
        for (unsigned i = 0; i < sizeof sealed; i++)
                evbuffer_add_printf(out, "%02x", ((const uint8_t *)&sealed)[i]);
        evbuffer_add_printf(out, "\n");
        lf_log_info("token for officer %u", o->number);
}

static void approve_clock(struct lf_control *c, const char *hex, struct evbuffer *out)
{
        struct lsp_officer_token sealed;
        struct lsp_officer_plain plain;
        char text[160];
        bool known = false;
        if (lsp_hex_read(hex, (uint8_t *)&sealed, sizeof sealed) < 0 ||
            lf_officer_token_open(c->keys, &sealed, &plain) < 0 || plain.expiry <= lf_control_legal_now(c)) {
                evbuffer_add_printf(out, "error not a token that is valid\n");
                return;
        }
        for (unsigned i = 0; i < c->config->officers; i++)
                known = known || c->config->officer[i].number == plain.officer;
        int r = known ? lf_control_approve_clock(c, plain.officer, text) : -EPERM;
        if (r < 0)
                evbuffer_add_printf(out, "error %s\n",
                                    known ? text : "this officer is not in the configuration");
        else
                evbuffer_add_printf(out, "ok %s %s\n", r ? "wait" : "done", text);
}

static void answer(struct lf_control *c, char *line, struct evbuffer *out)
{
        char *save, *word = strtok_r(line, " ", &save), *name = strtok_r(NULL, " ", &save),
                    *lane = strtok_r(NULL, " ", &save);
        if (word && strcmp(word, "token") == 0 && name && !strtok_r(NULL, " ", &save))
                token(c, name, lane, out);
        else if (word && strcmp(word, "clock") == 0 && name && !lane)
                approve_clock(c, name, out);
        else
                evbuffer_add_printf(out, "error say: token NAME [LANE], or clock HEX\n");
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
        drop(arg, bev);
}

static void on_written(struct bufferevent *bev, void *arg)
{
        drop(arg, bev);
}

static void on_line(struct bufferevent *bev, void *arg)
{
        struct lf_admin *a = arg;
        struct evbuffer *in = bufferevent_get_input(bev);
        size_t size;
        char *line = evbuffer_readln(in, &size, EVBUFFER_EOL_LF);
        if (!line) {
                if (evbuffer_get_length(in) > LINE_MAX_BYTES)
                        drop(a, bev);
                return;
        }
        bufferevent_disable(bev, EV_READ);
        bufferevent_setcb(bev, NULL, on_written, on_end, a);
        if (size > LINE_MAX_BYTES || strlen(line) != size)
                evbuffer_add_printf(bufferevent_get_output(bev), "error too long\n");
        else
                answer(a->control, line, bufferevent_get_output(bev));
        free(line);
}

static void on_connect(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int size,
                       void *arg)
{
        struct lf_admin *a = arg;
        unsigned i = 0;
        while (i < CONNECTIONS_MAX && a->connection[i])
                i++;
        struct bufferevent *bev =
            i < CONNECTIONS_MAX ? bufferevent_socket_new(a->control->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
        if (!bev) {
                close(fd);
                return;
        }
        a->connection[i] = bev;
        const struct timeval t = {.tv_sec = TIMEOUT_S};
        bufferevent_setcb(bev, on_line, NULL, on_end, a);
        bufferevent_set_timeouts(bev, &t, &t);
        bufferevent_setwatermark(bev, EV_READ, 0, 2 * LINE_MAX_BYTES);
        bufferevent_enable(bev, EV_READ | EV_WRITE);
}

int lf_admin_start(struct lf_control *c)
{
        struct lf_admin *a = calloc(1, sizeof *a);
        if (!a)
                return -ENOMEM;
        a->control = c;
        c->admin = a;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof address.sun_path, "%.80s/" LF_ADMIN_SOCKET, c->config->run);
        snprintf(a->path, sizeof a->path, "%s", address.sun_path);
        unlink(a->path);
        mode_t before = umask(0177);
        a->listener =
            evconnlistener_new_bind(c->base, on_connect, a, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 4,
                                    (struct sockaddr *)&address, sizeof address);
        int r = a->listener ? 0 : errno ? -errno : -EADDRINUSE;
        umask(before);
        if (r < 0)
                lf_log_error("%s: %s; is the run directory ours?", a->path, strerror(-r));
        return r;
}

void lf_admin_stop(struct lf_control *c)
{
        struct lf_admin *a = c->admin;
        if (!a)
                return;
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
                if (a->connection[i])
                        bufferevent_free(a->connection[i]);
        if (a->listener) {
                evconnlistener_free(a->listener);
                unlink(a->path);
        }
        free(a);
        c->admin = NULL;
}
