/* landfall manifest screen: asks the gateway about one message and shows each traveller's decision. */
#include "tools/manifest/gateway.h"
#include "tools/manifest/manifest.h"

#include "control/config/names.h"
#include "tools/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_DIRECTORY "/var/lib/landfall/gateway"

struct screen {
        const char *file, *gateway, *purpose, *cusres;
        bool json;
        char *bytes;
        size_t size;
        struct lf_gateway_reply reply;
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

static int write_cusres(const struct screen *s)
{
        FILE *to = strcmp(s->cusres, "-") == 0 ? stdout : fopen(s->cusres, "we");
        if (!to)
                return -errno;
        bool good = fwrite(s->reply.cusres, 1, s->reply.cusres_size, to) == s->reply.cusres_size;
        if (to == stdout)
                good = fflush(to) == 0 && good;
        else
                good = fclose(to) == 0 && good;
        return good ? 0 : -EIO;
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
                printf("         record %s of dataset %lld; how often such a match is false: %s\n",
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
        const json_t *n = json_object_get(s->reply.report, "counts"),
                     *us = json_object_get(s->reply.report, "elapsed_us");
        json_array_foreach(json_object_get(s->reply.report, "messages"), i, message)
        {
                const json_t *h = json_object_get(message, "message");
                printf("%s %s from %s to %s, reference %s\n", text_at(h, "kind"), text_at(h, "version"),
                       text_at(h, "sender"), text_at(h, "recipient"), text_at(h, "message"));
                json_array_foreach(json_object_get(message, "travellers"), k, t) show_traveller(t);
        }
        if (text_at(s->reply.report, "reason")[0]) {
                printf("%s: %s\n", text_at(s->reply.report, "state"), text_at(s->reply.report, "reason"));
                return;
        }
        printf(
            "%lld clear, %lld to be referred to an officer, %lld to be tried again, %lld without an answer\n",
            json_integer_value(json_object_get(n, "clear")), json_integer_value(json_object_get(n, "refer")),
            json_integer_value(json_object_get(n, "retry")), json_integer_value(json_object_get(n, "error")));
        printf("message %s: an officer decides under this id\n", text_at(s->reply.report, "id"));
        printf("read in %lld us, screened in %lld us, answered in %lld us after the message was sent\n",
               json_integer_value(json_object_get(us, "read")),
               json_integer_value(json_object_get(us, "screen")), (long long)s->reply.elapsed_us);
}

static int exit_code(const struct screen *s)
{
        const json_t *n = json_object_get(s->reply.report, "counts");
        if (text_at(s->reply.report, "reason")[0])
                return LF_EXIT_FAILED;
        if (json_integer_value(json_object_get(n, "retry")) ||
            json_integer_value(json_object_get(n, "error")) ||
            json_is_true(json_object_get(s->reply.report, "partial")) ||
            json_is_true(json_object_get(s->reply.report, "stale")) ||
            json_is_true(json_object_get(s->reply.report, "degraded")))
                return LF_EXIT_DEGRADED;
        return LF_EXIT_OK;
}

static int screen(struct screen *s)
{
        int r = read_file(s);
        if (r < 0) {
                fprintf(stderr, "landfall: %s: %s\n", s->file, strerror(-r));
                return LF_EXIT_FAILED;
        }
        char *copy = strdup(s->file);
        json_t *request = copy ? json_pack("{s:s, s:s, s:I}", "name", basename(copy), "purpose", s->purpose,
                                           "size", (json_int_t)s->size)
                               : NULL;
        free(copy);
        int code = lf_gateway_ask(s->gateway, request, s->bytes, s->size, &s->reply);
        json_decref(request);
        if (code != LF_EXIT_OK)
                return code;
        if (s->cusres && s->reply.cusres_size == 0) {
                fprintf(stderr, "landfall: this message has no CUSRES: none is written\n");
        } else if (s->cusres && (r = write_cusres(s)) < 0) {
                fprintf(stderr, "landfall: %s: %s\n", s->cusres, strerror(-r));
                return LF_EXIT_FAILED;
        }
        if (s->json) {
                json_object_set_new(json_object_get(s->reply.report, "elapsed_us"), "round_trip",
                                    json_integer((json_int_t)s->reply.elapsed_us));
                json_dumpf(s->reply.report, stdout, JSON_INDENT(2));
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
        int code = screen(&s);
        lf_gateway_reply_free(&s.reply);
        free(s.bytes);
        return code;
}
