/* landfall officer: asks the running control for an officer's token, tells it an officer's word on the clock,
 * and the gateway an officer's decision on a traveller. */
#include "control/config/config.h"
#include "dataplane/lsp_cert.h"
#include "tools/commands.h"
#include "tools/lane/officer_token.h"
#include "tools/manifest/manifest.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int usage(FILE *to)
{
        fprintf(
            to,
            "usage: landfall officer token NAME --config FILE [--lane LANE] [--json]\n"
            "       landfall officer clock TOKEN-FILE --config FILE [--json]\n"
            "       landfall officer decide TOKEN-FILE MESSAGE TRAVELLER board|do-not-board --reason TEXT "
            "--config FILE [--json]\n\n"
            "token  prints a token in hex. It speaks for the officer for two hours, at that lane or, without "
            "--lane, at\n"
            "       any: keep it in a file that only the officer reads, for --officer-token of `landfall "
            "lane "
            "query`\n"
            "       and for the words below, or pipe it to them (TOKEN-FILE -).\n"
            "clock  says as that officer that the machine's clock, which was set forward by more "
            "than a minute, is\n"
            "       right. When a second officer has said so within ten minutes, legal time follows "
            "the clock.\n\n"
            "decide says as that officer whether a traveller who was referred may board. MESSAGE is the id "
            "of its\n"
            "       report (8 digits do), TRAVELLER the number there (MESSAGE-NUMBER:NUMBER where the file "
            "holds\n"
            "       several messages). When the audit log has it, report and CUSRES are written anew.\n\n"
            "landfall-control must run; for decide, landfall-gateway. Exit status: 0 ok, 1 refused, 2 "
            "usage,\n4 nobody answers.\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

/* One line to control's socket, one line back. */
static int ask(const char *run_dir, const char *line, char *ret_answer, size_t size)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof address.sun_path, "%.80s/control.sock", run_dir);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const struct timeval patience = {.tv_sec = 5};
        if (fd < 0)
                return -1;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
                perror(address.sun_path);
                close(fd);
                return -1;
        }
        size_t got = 0;
        for (ssize_t n; got < size - 1 && (n = recv(fd, ret_answer + got, size - 1 - got, 0)) > 0;)
                got += (size_t)n;
        close(fd);
        ret_answer[got] = 0;
        ret_answer[strcspn(ret_answer, "\n")] = 0;
        return got ? 0 : -1;
}

/* Sends `word` and up to two arguments; the answer without its "ok ". */
static int order(const char *run_dir, const char *word, const char *first, const char *second,
                 char ret_answer[512])
{
        char line[256];
        int n =
            snprintf(line, sizeof line, "%s %s%s%s\n", word, first, second ? " " : "", second ? second : "");
        if (n >= (int)sizeof line || strcspn(line, "\n") != (size_t)n - 1)
                return usage(stderr);
        if (ask(run_dir, line, ret_answer, 512) < 0) {
                fprintf(stderr, "landfall officer: no answer from landfall-control in %s; start it\n",
                        run_dir);
                return LF_EXIT_UNREACHABLE;
        }
        if (strncmp(ret_answer, "ok ", 3) != 0) {
                fprintf(stderr, "landfall officer: %s\n",
                        strncmp(ret_answer, "error ", 6) == 0 ? ret_answer + 6
                                                              : "an answer that makes no sense");
                return LF_EXIT_FAILED;
        }
        memmove(ret_answer, ret_answer + 3, strlen(ret_answer + 3) + 1);
        return LF_EXIT_OK;
}

static int token(const char *run_dir, const char *name, const char *lane, bool json)
{
        char answer[512], hex[256];
        unsigned long expiry;
        int code = order(run_dir, "token", name, lane, answer);
        if (code != LF_EXIT_OK)
                return code;
        if (sscanf(answer, "%lu %255[0-9a-f]", &expiry, hex) != 2) {
                fprintf(stderr, "landfall officer: an answer that makes no sense\n");
                return LF_EXIT_FAILED;
        }
        if (json)
                printf("{\"token\": \"%s\", \"expiry\": %lu}\n", hex, expiry);
        else
                printf("%s\n", hex);
        return LF_EXIT_OK;
}

static int approve_clock(const char *run_dir, const char *officer_token, bool json)
{
        char answer[512];
        int code = order(run_dir, "clock", officer_token, NULL, answer);
        if (code != LF_EXIT_OK)
                return code;
        bool done = strncmp(answer, "done ", 5) == 0;
        if (json)
                printf("{\"approved\": %s}\n", done ? "true" : "false");
        else
                printf("%s\n", answer + 5);
        return LF_EXIT_OK;
}

/* 0, or an exit status. */
static int read_token(const char *path, char ret_hex[2 * sizeof(struct lsp_officer_token) + 1])
{
        struct lsp_officer_token token;
        int r = lf_officer_token_read(path, &token);
        if (r < 0) {
                fprintf(stderr,
                        "landfall officer: %s: %s; name a file with what `landfall officer token` printed\n",
                        path, r == -EBADMSG ? "holds no token" : strerror(-r));
                return LF_EXIT_FAILED;
        }
        lsp_hex_write((const uint8_t *)&token, sizeof token, ret_hex);
        return LF_EXIT_OK;
}

struct officer {
        const char *path, *lane, *reason;
        bool json;
};

static int run(const struct lf_config *c, const struct officer *o, char **word, int words)
{
        char hex[2 * sizeof(struct lsp_officer_token) + 1];
        bool decide = strcmp(word[0], "decide") == 0, clock = strcmp(word[0], "clock") == 0;
        if (words != (decide ? 5 : 2) || decide != (o->reason != NULL) || ((decide || clock) && o->lane))
                return usage(stderr);
        if (strcmp(word[0], "token") == 0)
                return token(c->run, word[1], o->lane, o->json);
        if (!decide && !clock)
                return usage(stderr);
        if (decide && !c->gateway.given) {
                fprintf(stderr, "landfall officer: the configuration has no section gateway\n");
                return LF_EXIT_FAILED;
        }
        int code = read_token(word[1], hex);
        if (code != LF_EXIT_OK)
                return code;
        return clock ? approve_clock(c->run, hex, o->json)
                     : lf_manifest_decide(c->gateway.directory, hex, word[2], word[3], word[4], o->reason,
                                          o->json);
}

int lf_cmd_officer(int argc, char **argv)
{
        static const struct option options[] = {
            {"config", required_argument, NULL, 'c'}, {"lane", required_argument, NULL, 'l'},
            {"reason", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
            {"help", no_argument, NULL, 'h'},         {0}};
        struct officer o = {0};
        optind = 0;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 'h')
                        return usage(stdout);
                if (c == 'c')
                        o.path = optarg;
                else if (c == 'l')
                        o.lane = optarg;
                else if (c == 'r')
                        o.reason = optarg;
                else if (c == 'j')
                        o.json = true;
                else
                        return usage(stderr);
        }
        if (!o.path || optind == argc)
                return usage(stderr);
        struct lf_config *config = lf_config_read_or_print(o.path, stderr);
        if (!config)
                return LF_EXIT_FAILED;
        int code = run(config, &o, argv + optind, argc - optind);
        lf_config_destroy(config);
        return code;
}
