/* The socket: messages from programs of this machine, answered while they wait.
 *
 * A caller sends one line of JSON, {"name":…, "purpose":…, "size":N}, and N bytes; it gets lines of JSON,
 * {"done":…, "of":…}, and at the end {"report":M, "cusres":K} or {"error":…} and then M bytes of report and K
 * of CUSRES. One message a connection. */
#include "control/gateway/gateway.h"

#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
#define PROGRESS_US    100000
#define IDLE_US        30000000 /* for a message to arrive whole */

struct lf_client {
        int fd;
        char line[LINE_MAX_BYTES];
        size_t line_size;
        uint8_t *plain; /* meta and message, as they come */
        size_t size, got;
        struct lf_job *job;
        char *out;
        size_t out_size, out_done;
        bool ending, shut; /* all of `out` is there; and is written: it goes when the other end does */
        bool half;         /* the other end sends no more */
        uint64_t progress_us, came_us;
};

int lf_serve_open(struct lf_gateway *g)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        if (snprintf(a.sun_path, sizeof a.sun_path, "%s/" LF_GATEWAY_SOCKET, g->options->directory) >=
            (int)sizeof a.sun_path)
                return -ENAMETOOLONG;
        unlink(a.sun_path);
        g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (g->listener < 0)
                return -errno;
        /* anyone may knock: who is answered is decided by who knocks */
        if (bind(g->listener, (struct sockaddr *)&a, sizeof a) < 0 || chmod(a.sun_path, 0666) < 0 ||
            listen(g->listener, LF_CLIENTS_MAX) < 0)
                return -errno;
        return 0;
}

static void drop_client(struct lf_gateway *g, struct lf_client *c)
{
        for (unsigned i = 0; i < LF_CLIENTS_MAX; i++)
                if (g->client[i] == c)
                        g->client[i] = NULL;
        if (c->job) {
                c->job->client = NULL;
                c->job->abandoned = c->job->kind == LF_JOB_CALL; /* a ruling is made, whoever listens */
        }
        close(c->fd);
        if (c->plain)
                OPENSSL_cleanse(c->plain, c->size);
        free(c->plain);
        if (c->out)
                OPENSSL_cleanse(c->out, c->out_size);
        free(c->out);
        free(c);
}

void lf_serve_close(struct lf_gateway *g)
{
        for (unsigned i = 0; i < LF_CLIENTS_MAX; i++)
                if (g->client[i])
                        drop_client(g, g->client[i]);
        if (g->listener >= 0)
                close(g->listener);
}

static int say(struct lf_client *c, const char *bytes, size_t n)
{
        char *bigger = realloc(c->out, c->out_size + n);
        if (!bigger)
                return -ENOMEM;
        memcpy(bigger + c->out_size, bytes, n);
        c->out = bigger;
        c->out_size += n;
        return 0;
}

static bool flush(struct lf_client *c)
{
        while (c->out_done < c->out_size) {
                ssize_t n = send(c->fd, c->out + c->out_done, c->out_size - c->out_done, MSG_NOSIGNAL);
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                c->out_done += (size_t)n;
        }
        if (c->ending && !c->shut)
                c->shut = shutdown(c->fd, SHUT_WR) == 0;
        return true;
}

static void say_error(struct lf_client *c, const char *text)
{
        json_t *j = json_pack("{s:s}", "error", text);
        char *line = j ? json_dumps(j, JSON_COMPACT) : NULL;
        if (line)
                say(c, line, strlen(line));
        say(c, "\n", 1);
        free(line);
        json_decref(j);
        c->ending = true;
}

/* Only root, the gateway's own user and those whom the configuration names. */
static bool is_permitted(struct lf_gateway *g, int fd)
{
        struct ucred who;
        socklen_t n = sizeof who;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
                return false;
        for (unsigned i = 0; i < g->callers; i++)
                if (g->caller[i] == who.uid)
                        return true;
        lf_log_error("user %u is not permitted to have answers: refused", who.uid);
        return false;
}

static void accept_one(struct lf_gateway *g)
{
        int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
                return;
        struct lf_client *c = NULL;
        for (unsigned i = 0; i < LF_CLIENTS_MAX && !c; i++)
                if (!g->client[i])
                        c = g->client[i] = calloc(1, sizeof *c);
        if (!c) {
                close(fd);
                return;
        }
        c->fd = fd;
        c->came_us = lf_gateway_now_us();
        if (!is_permitted(g, fd))
                say_error(c, "this user is not permitted to have answers from the gateway");
}

static void take_ruling(struct lf_gateway *g, struct lf_client *c, json_t *j)
{
        struct lf_ruling_request q;
        char why[256];
        if (json_unpack(j, "{s:s, s:s, s:s, s:s, s:s}", "message", &q.message, "traveller", &q.traveller,
                        "decision", &q.decision, "reason", &q.reason, "token", &q.token) < 0) {
                say_error(c, "the request cannot be read");
        } else if (lf_ruling_new(g, &q, &c->job, why) < 0) {
                c->job = NULL;
                lf_log_error("a decision was not taken: %s", why);
                say_error(c, why);
        } else {
                c->job->client = c;
                lf_gateway_add(g, c->job);
        }
}

static void take_line(struct lf_gateway *g, struct lf_client *c)
{
        const char *name = "", *purpose = "";
        json_int_t size = 0;
        struct lf_meta meta = {.kind = LF_JOB_CALL};
        json_t *j = json_loads(c->line, 0, NULL);
        if (json_is_object(json_object_get(j, "decide"))) {
                take_ruling(g, c, json_object_get(j, "decide"));
        } else if (!j ||
                   json_unpack(j, "{s:s, s?s, s:I}", "name", &name, "purpose", &purpose, "size", &size) < 0 ||
                   (purpose[0] && lf_name_value(lf_purpose_names, purpose, &meta.purpose) < 0)) {
                say_error(c, "the request cannot be read");
        } else if (size < 0 || (uint64_t)size > g->options->largest) {
                say_error(c, "longer than largest_message");
        } else {
                snprintf(meta.name, sizeof meta.name, "%s", name);
                for (char *p = meta.name; *p; p++)
                        if (*p == '/')
                                *p = '_';
                c->size = sizeof meta + (size_t)size;
                c->plain = malloc(c->size);
                if (c->plain) {
                        memcpy(c->plain, &meta, sizeof meta);
                        c->got = sizeof meta;
                } else
                        say_error(c, "no memory");
        }
        json_decref(j);
}

static void begin(struct lf_gateway *g, struct lf_client *c)
{
        struct lf_job *job;
        uint8_t *plain = c->plain;
        c->plain = NULL;
        if (lf_job_new(g, LF_JOB_CALL, plain, c->size, &job) < 0) {
                say_error(c, "no memory");
                return;
        }
        job->sealed.received = (uint64_t)time(NULL);
        job->client = c;
        c->job = job;
        if (RAND_bytes(job->sealed.id, sizeof job->sealed.id) != 1 ||
            (!g->lane && job->refusal == LF_TAKEN)) {
                job->abandoned = true;
                job->client = NULL;
                c->job = NULL;
                say_error(c, "unreachable: the gateway has no session with the appliance");
        }
        lf_gateway_add(g, job);
}

/* False: the other end is gone. */
static bool receive(struct lf_gateway *g, struct lf_client *c)
{
        for (;;) {
                ssize_t n;
                if (c->ending || c->job) { /* nothing more is expected but the end */
                        char more[64];
                        n = recv(c->fd, more, sizeof more, 0);
                        c->half |= n == 0;
                        return n >= 0 ? !(c->half && c->shut) : errno == EAGAIN || errno == EINTR;
                }
                if (!c->plain) {
                        n = recv(c->fd, c->line + c->line_size, 1, 0);
                } else {
                        n = recv(c->fd, c->plain + c->got, c->size - c->got, 0);
                }
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                if (n == 0 && !(c->plain && c->got == c->size))
                        return false;
                if (c->plain) {
                        c->got += (size_t)n;
                } else if (c->line[c->line_size] == '\n') {
                        c->line[c->line_size] = 0;
                        take_line(g, c);
                } else if (++c->line_size == sizeof c->line) {
                        return false;
                }
                if (c->plain && c->got == c->size)
                        begin(g, c);
        }
}

unsigned lf_serve_poll(struct lf_gateway *g, struct pollfd *fds)
{
        unsigned n = 0;
        for (unsigned i = 0; i < LF_CLIENTS_MAX; i++)
                if (g->client[i])
                        fds[n++] = (struct pollfd){
                            .fd = g->client[i]->fd,
                            .events = (g->client[i]->half ? 0 : POLLIN) |
                                      (g->client[i]->out_done < g->client[i]->out_size ? POLLOUT : 0)};
        return n;
}

bool lf_serve_waits(const struct lf_gateway *g)
{
        for (unsigned i = 0; i < LF_CLIENTS_MAX; i++) {
                const struct lf_client *c = g->client[i];
                if (c && !c->shut && (!c->job || lf_job_waited_for(c->job)))
                        return true;
        }
        return false;
}

static struct lf_client *client_of(struct lf_gateway *g, int fd)
{
        for (unsigned i = 0; i < LF_CLIENTS_MAX; i++)
                if (g->client[i] && g->client[i]->fd == fd)
                        return g->client[i];
        return NULL;
}

void lf_serve_events(struct lf_gateway *g, const struct pollfd *fds, unsigned n)
{
        uint64_t now = lf_gateway_now_us();
        for (unsigned i = 0; i < n; i++) {
                struct lf_client *c = client_of(g, fds[i].fd);
                if (!c)
                        continue;
                bool gone = fds[i].revents & (POLLHUP | POLLERR);
                bool stays = !gone && (!fds[i].revents || c->half || receive(g, c));
                if (!flush(c) || !stays || (!c->job && now - c->came_us > IDLE_US))
                        drop_client(g, c);
        }
        accept_one(g);
}

void lf_serve_progress(struct lf_gateway *g, struct lf_job *job)
{
        struct lf_client *c = job->client;
        char line[96];
        uint64_t now = lf_gateway_now_us();
        if (!c || now - c->progress_us < PROGRESS_US)
                return;
        c->progress_us = now;
        int n = snprintf(line, sizeof line, "{\"done\":%u,\"of\":%u}\n", job->done, job->probes);
        if (say(c, line, (size_t)n) < 0 || !flush(c))
                drop_client(g, c);
}

/* Report and CUSRES, to who waits for them, if anyone does; it is not the job's any more. */
static void deliver(struct lf_gateway *g, struct lf_job *job)
{
        struct lf_client *c = job->client;
        char *cusres = NULL, *json = NULL, line[96];
        size_t cusres_size = 0, json_size = 0;
        if (!c)
                return;
        job->client = NULL;
        c->job = NULL;
        c->came_us = lf_gateway_now_us();
        if (lf_report_cusres(job, &cusres, &cusres_size) == 0)
                json = lf_report_json(g, job, true, &json_size);
        if (json) {
                int n =
                    snprintf(line, sizeof line, "{\"report\":%zu,\"cusres\":%zu}\n", json_size, cusres_size);
                int r = say(c, line, (size_t)n);
                if (r == 0)
                        r = say(c, json, json_size);
                if (r == 0)
                        r = say(c, cusres, cusres_size);
                c->ending = true;
                if (r < 0 || !flush(c))
                        drop_client(g, c);
        } else {
                say_error(c, "no memory");
        }
        free(json);
        free(cusres);
}

void lf_serve_finish(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        job->screen_us = lf_gateway_now_us() - job->asked_us;
        deliver(g, job);
        if (job->refusal == LF_TAKEN)
                lf_drop_keep(g, job);
        else if (job->refusal == LF_NOT_PERMITTED)
                lf_log_error("%s: refused: %s", lf_printable(job->meta.name, name), job->reason);
        lf_job_free(job);
}

void lf_serve_ruled(struct lf_gateway *g, struct lf_job *job)
{
        struct lf_client *c = job->client;
        char why[256];
        if (!c || job->wish.state != LF_RULING_REFUSED) {
                deliver(g, job);
                return;
        }
        snprintf(why, sizeof why, "the appliance refused: %s%s", lf_lane_detail_text(job->wish.detail),
                 job->wish.detail == LSP_DETAIL_OFFICER_INVALID
                     ? "; `landfall officer token NAME` gives an officer of this agreement a new one"
                     : "");
        job->client = NULL;
        c->job = NULL;
        c->came_us = lf_gateway_now_us();
        say_error(c, why);
        if (!flush(c))
                drop_client(g, c);
}
