#include "tools/manifest/gateway.h"

#include "tools/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET "gateway.sock"
#define BAR    40

static uint64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int call(const char *directory, FILE **ret)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        if (snprintf(a.sun_path, sizeof a.sun_path, "%s/" SOCKET, directory) >= (int)sizeof a.sun_path)
                return -ENAMETOOLONG;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
                int r = -errno;
                close(fd);
                return r;
        }
        *ret = fdopen(fd, "r+");
        if (!*ret) {
                close(fd);
                return -ENOMEM;
        }
        return 0;
}

static int send_all(FILE *to, const json_t *request, const void *bytes, size_t size)
{
        if (!request)
                return -ENOMEM;
        if (json_dumpf(request, to, JSON_COMPACT) < 0 || fputc('\n', to) == EOF ||
            fwrite(bytes, 1, size, to) != size || fflush(to) != 0)
                return -EPIPE;
        return 0;
}

static void show_progress(json_int_t done, json_int_t of)
{
        char bar[BAR + 1];
        int filled = of > 0 ? (int)(done * BAR / of) : 0;
        if (!isatty(2))
                return;
        memset(bar, '#', sizeof bar);
        memset(bar + filled, '.', (size_t)(BAR - filled));
        bar[BAR] = 0;
        fprintf(stderr, "\r[%s] %lld of %lld", bar, (long long)done, (long long)of);
        if (done == of)
                fputc('\n', stderr);
}

static int take(FILE *from, json_int_t size, char **ret)
{
        char *bytes = size >= 0 && size < (1ll << 32) ? malloc((size_t)size + 1) : NULL;
        if (!bytes)
                return -ENOMEM;
        if (fread(bytes, 1, (size_t)size, from) != (size_t)size) {
                free(bytes);
                return -EPIPE;
        }
        bytes[size] = 0;
        *ret = bytes;
        return 0;
}

static int take_reply(FILE *from, json_int_t report, json_int_t cusres, struct lf_gateway_reply *ret)
{
        char *text = NULL;
        int r = take(from, report, &text);
        if (r == 0)
                r = take(from, cusres, &ret->cusres);
        if (r == 0) {
                ret->cusres_size = (size_t)cusres;
                ret->report = json_loads(text, 0, NULL);
                r = ret->report ? 0 : -EBADMSG;
        }
        free(text);
        return r;
}

/* The answer, line by line: progress, then the report and what follows it. */
static int receive(FILE *from, uint64_t started, struct lf_gateway_reply *ret)
{
        char line[1024];
        json_int_t done = 0, of = 0;
        while (fgets(line, sizeof line, from)) {
                json_int_t report, cusres;
                const char *error;
                json_t *j = json_loads(line, 0, NULL);
                int r = 1;
                if (json_unpack(j, "{s:I, s:I}", "done", &done, "of", &of) == 0) {
                        show_progress(done, of);
                } else if (json_unpack(j, "{s:s}", "error", &error) == 0) {
                        fprintf(stderr, "landfall: %s\n", error);
                        r = strncmp(error, "unreachable", 11) == 0 ? -ENOTCONN : -EPERM;
                } else if (json_unpack(j, "{s:I, s:I}", "report", &report, "cusres", &cusres) == 0) {
                        ret->elapsed_us = now_us() - started;
                        r = take_reply(from, report, cusres, ret);
                } else {
                        r = -EBADMSG;
                }
                json_decref(j);
                if (r <= 0) {
                        if (done < of && r == 0)
                                show_progress(of, of);
                        return r;
                }
        }
        return -EPIPE;
}

int lf_gateway_ask(const char *directory, json_t *request, const void *bytes, size_t size,
                   struct lf_gateway_reply *ret)
{
        FILE *gateway = NULL;
        struct lf_gateway_reply reply = {0};
        signal(SIGPIPE, SIG_IGN);
        int r = call(directory, &gateway);
        if (r < 0) {
                fprintf(stderr, "landfall: no gateway answers at %s: %s; is landfall-gateway running?\n",
                        directory, strerror(-r));
                return LF_EXIT_UNREACHABLE;
        }
        uint64_t started = now_us();
        r = send_all(gateway, request, bytes, size);
        int received = receive(gateway, started, &reply); /* even if not all could be sent: it says why */
        fclose(gateway);
        if (received == 0) {
                *ret = reply;
                return LF_EXIT_OK;
        }
        lf_gateway_reply_free(&reply);
        if (received != -EPERM && received != -ENOTCONN)
                fprintf(stderr, "landfall: the gateway broke off%s\n", r < 0 ? " while it was sent to" : "");
        return received == -EPERM ? LF_EXIT_FAILED : LF_EXIT_UNREACHABLE;
}

void lf_gateway_reply_free(struct lf_gateway_reply *reply)
{
        json_decref(reply->report);
        free(reply->cusres);
        *reply = (struct lf_gateway_reply){0};
}
