/* landfall manifest screen: asks the gateway about one message and shows each traveller's decision. */
#include "tools/manifest/manifest.h"

#include "control/config/names.h"
#include "tools/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_DIRECTORY "/var/lib/landfall/gateway"
#define SOCKET            "gateway.sock"
#define BAR               40

struct screen {
        const char *file, *gateway, *purpose, *cusres;
        bool json;
        char *bytes;
        size_t size;
        uint64_t started_us, elapsed_us;
        json_t *report;
};

static int usage(FILE *to)
{
        fprintf(
            to,
            "usage: landfall manifest screen FILE [--purpose PURPOSE] [--cusres FILE] [--gateway DIR] "
            "[--json]\n\n"
            "Asks landfall-gateway about every traveller or party of a message (PAXLST, PNRGOV, CUSCAR, "
            "CUSREP,\n"
            "X12 309) and shows what was decided: clear; refer, with the reasons why an officer must look;\n"
            "retry or error, with the cause. FILE - is the standard input.\n\n"
            "  --purpose  why: border-check, sanctions, customs ...; default: the recipient's first\n"
            "  --cusres   where to write the CUSRES that answers a PAXLST; - is the standard output\n"
            "  --gateway  the gateway's directory (default: LANDFALL_GATEWAY, else " DEFAULT_DIRECTORY ")\n\n"
            "Exit status: 0 everyone was screened, 1 the message was refused, 2 wrong usage, 3 some could "
            "not be\n"
            "screened or the answer is degraded, 4 gateway or appliance unreachable.\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

static uint64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int read_file(struct screen *s)
{
        size_t room = 0;
        int fd = strcmp(s->file, "-") == 0 ? dup(0) : open(s->file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = 0;
        for (;;) {
                if (s->size == room) {
                        room = room ? room * 2 : 1 << 16;
                        char *bigger = realloc(s->bytes, room);
                        if (!bigger) {
                                r = -ENOMEM;
                                break;
                        }
                        s->bytes = bigger;
                }
                ssize_t n = read(fd, s->bytes + s->size, room - s->size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = -errno;
                if (n <= 0)
                        break;
                s->size += (size_t)n;
        }
        close(fd);
        return r;
}

static int call_gateway(const struct screen *s, FILE **ret)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        if (snprintf(a.sun_path, sizeof a.sun_path, "%s/" SOCKET, s->gateway) >= (int)sizeof a.sun_path)
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

static int send_message(struct screen *s, FILE *to)
{
        char *copy = strdup(s->file);
        if (!copy)
                return -ENOMEM;
        json_t *j = json_pack("{s:s, s:s, s:I}", "name", basename(copy), "purpose", s->purpose, "size",
                              (json_int_t)s->size);
        free(copy);
        if (!j)
                return -EINVAL;
        s->started_us = now_us();
        int r = json_dumpf(j, to, JSON_COMPACT);
        json_decref(j);
        if (r < 0 || fputc('\n', to) == EOF || fwrite(s->bytes, 1, s->size, to) != s->size || fflush(to) != 0)
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

static int write_cusres(const struct screen *s, const char *bytes, size_t size)
{
        FILE *to = strcmp(s->cusres, "-") == 0 ? stdout : fopen(s->cusres, "we");
        if (!to)
                return -errno;
        bool good = fwrite(bytes, 1, size, to) == size;
        if (to == stdout)
                good = fflush(to) == 0 && good;
        else
                good = fclose(to) == 0 && good;
        return good ? 0 : -EIO;
}

/* The answer, line by line: progress, then the report and what follows it. */
static int receive(struct screen *s, FILE *from)
{
        char line[1024], *text = NULL, *cusres = NULL;
        bool shown = false;
        while (fgets(line, sizeof line, from)) {
                json_int_t done, of, report, cusres_size;
                const char *error;
                json_t *j = json_loads(line, 0, NULL);
                int r = 1;
                if (json_unpack(j, "{s:I, s:I}", "done", &done, "of", &of) == 0) {
                        show_progress(done, of);
                        shown = true;
                } else if (json_unpack(j, "{s:s}", "error", &error) == 0) {
                        fprintf(stderr, "landfall: %s\n", error);
                        r = strncmp(error, "unreachable", 11) == 0 ? -ENOTCONN : -EPERM;
                } else if (json_unpack(j, "{s:I, s:I}", "report", &report, "cusres", &cusres_size) == 0) {
                        s->elapsed_us = now_us() - s->started_us;
                        r = take(from, report, &text);
                        if (r == 0)
                                r = take(from, cusres_size, &cusres);
                        if (r == 0 && s->cusres)
                                r = write_cusres(s, cusres, (size_t)cusres_size);
                        s->report = r == 0 ? json_loads(text, 0, NULL) : NULL;
                        if (r == 0 && !s->report)
                                r = -EBADMSG;
                } else {
                        r = -EBADMSG;
                }
                json_decref(j);
                free(text);
                free(cusres);
                text = cusres = NULL;
                if (r <= 0) {
                        if (shown && r == 0)
                                show_progress(1, 1);
                        return r;
                }
        }
        return -EPIPE;
}

static const char *text_at(const json_t *j, const char *key)
{
        const char *text = json_string_value(json_object_get(j, key));
        return text ? text : "";
}

static void show_traveller(const json_t *t)
{
        size_t i, k;
        json_t *candidate, *reason;
        printf("%5lld  %-6s  %s%s%s\n", json_integer_value(json_object_get(t, "number")),
               text_at(t, "decision"), text_at(t, "name"), text_at(t, "cause")[0] ? "  -- " : "",
               text_at(t, "cause"));
        json_array_foreach(json_object_get(t, "candidates"), i, candidate)
        {
                printf("         record %s of dataset %lld; such a match is false %s\n",
                       text_at(candidate, "record"),
                       json_integer_value(json_object_get(candidate, "dataset")),
                       text_at(candidate, "false_match"));
                json_array_foreach(json_object_get(candidate, "reasons"), k, reason)
                    printf("           %s\n", json_string_value(reason));
        }
}

static void show(const struct screen *s)
{
        size_t i, k;
        json_t *message, *t;
        const json_t *n = json_object_get(s->report, "counts"),
                     *us = json_object_get(s->report, "elapsed_us");
        json_array_foreach(json_object_get(s->report, "messages"), i, message)
        {
                const json_t *h = json_object_get(message, "message");
                printf("%s %s from %s to %s, reference %s\n", text_at(h, "kind"), text_at(h, "version"),
                       text_at(h, "sender"), text_at(h, "recipient"), text_at(h, "message"));
                json_array_foreach(json_object_get(message, "travellers"), k, t) show_traveller(t);
        }
        if (text_at(s->report, "reason")[0]) {
                printf("%s: %s\n", text_at(s->report, "state"), text_at(s->report, "reason"));
                return;
        }
        printf(
            "%lld clear, %lld to be referred to an officer, %lld to be tried again, %lld without an answer\n",
            json_integer_value(json_object_get(n, "clear")), json_integer_value(json_object_get(n, "refer")),
            json_integer_value(json_object_get(n, "retry")), json_integer_value(json_object_get(n, "error")));
        printf("read in %lld us, screened in %lld us, answered in %lld us after the message was sent\n",
               json_integer_value(json_object_get(us, "read")),
               json_integer_value(json_object_get(us, "screen")), (long long)s->elapsed_us);
}

static int exit_code(const struct screen *s)
{
        const json_t *n = json_object_get(s->report, "counts");
        if (text_at(s->report, "reason")[0])
                return LF_EXIT_FAILED;
        if (json_integer_value(json_object_get(n, "retry")) ||
            json_integer_value(json_object_get(n, "error")) ||
            json_is_true(json_object_get(s->report, "partial")) ||
            json_is_true(json_object_get(s->report, "stale")) ||
            json_is_true(json_object_get(s->report, "degraded")))
                return LF_EXIT_DEGRADED;
        return LF_EXIT_OK;
}

static int screen(struct screen *s)
{
        FILE *gateway = NULL;
        int r = read_file(s);
        if (r < 0) {
                fprintf(stderr, "landfall: %s: %s\n", s->file, strerror(-r));
                return LF_EXIT_FAILED;
        }
        r = call_gateway(s, &gateway);
        if (r < 0) {
                fprintf(stderr, "landfall: no gateway answers at %s: %s; is landfall-gateway running?\n",
                        s->gateway, strerror(-r));
                return LF_EXIT_UNREACHABLE;
        }
        r = send_message(s, gateway);
        int received = receive(s, gateway); /* even if not all could be sent: it says why */
        fclose(gateway);
        if (received < 0) {
                if (received != -EPERM && received != -ENOTCONN)
                        fprintf(stderr, "landfall: the gateway broke off%s\n",
                                r < 0 ? " while it was sent to" : "");
                return received == -EPERM ? LF_EXIT_FAILED : LF_EXIT_UNREACHABLE;
        }
        if (s->json) {
                json_object_set_new(json_object_get(s->report, "elapsed_us"), "round_trip",
                                    json_integer((json_int_t)s->elapsed_us));
                json_dumpf(s->report, stdout, JSON_INDENT(2));
                putchar('\n');
        } else if (!s->cusres || strcmp(s->cusres, "-") != 0) {
                show(s);
        }
        return exit_code(s);
}

int lf_manifest_screen(int argc, char **argv)
{
        static const struct option options[] = {{"purpose", 1, 0, 'p'}, {"cusres", 1, 0, 'c'},
                                                {"gateway", 1, 0, 'g'}, {"json", 0, 0, 'j'},
                                                {"help", 0, 0, 'h'},    {0}};
        const char *from_environment = getenv("LANDFALL_GATEWAY");
        struct screen s = {.gateway = from_environment ? from_environment : DEFAULT_DIRECTORY, .purpose = ""};
        uint32_t purpose;
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o == 'p')
                        s.purpose = optarg;
                else if (o == 'c')
                        s.cusres = optarg;
                else if (o == 'g')
                        s.gateway = optarg;
                else if (o == 'j')
                        s.json = true;
                else
                        return usage(stderr);
        }
        if (optind != argc - 1)
                return usage(stderr);
        s.file = argv[optind];
        if (s.purpose[0] && lf_name_value(lf_purpose_names, s.purpose, &purpose) < 0) {
                fprintf(stderr, "landfall: \"%s\" is no purpose\n", s.purpose);
                return LF_EXIT_USAGE;
        }
        signal(SIGPIPE, SIG_IGN);
        int code = screen(&s);
        json_decref(s.report);
        free(s.bytes);
        return code;
}
