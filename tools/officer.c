/* landfall officer: asks the running control for an officer's token, or tells it an officer's word on the
 * clock. */
#include "control/config/config.h"
#include "tools/commands.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int usage(FILE *to)
{
        fprintf(to, "usage: landfall officer token NAME --config FILE [--lane LANE] [--json]\n"
                    "       landfall officer clock TOKEN --config FILE [--json]\n\n"
                    "token  prints a token in hex, for `landfall lane query --officer`. It is valid for two "
                    "hours, at that\n"
                    "       lane or, without --lane, at any.\n"
                    "clock  says as that officer that the machine's clock, which was set forward by more "
                    "than a minute, is\n"
                    "       right. When a second officer has said so within ten minutes, legal time follows "
                    "the clock.\n\n"
                    "landfall-control must run. Exit status: 0 ok, 1 refused, 2 usage, 4 no control.\n");
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

int lf_cmd_officer(int argc, char **argv)
{
        static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                                {"lane", required_argument, NULL, 'l'},
                                                {"json", no_argument, NULL, 'j'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        const char *path = NULL, *lane = NULL;
        bool json = false;
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o == 'c')
                        path = optarg;
                else if (o == 'l')
                        lane = optarg;
                else if (o == 'j')
                        json = true;
                else
                        return usage(stderr);
        }
        if (!path || optind + 2 != argc)
                return usage(stderr);
        bool clock = strcmp(argv[optind], "clock") == 0 && !lane;
        if (!clock && strcmp(argv[optind], "token") != 0)
                return usage(stderr);
        struct lf_problems *problems = malloc(sizeof *problems);
        struct lf_config *config;
        if (!problems || lf_config_read(path, &config, problems) < 0) {
                fprintf(stderr, "landfall officer: %s is not valid; landfall verify says why\n", path);
                free(problems);
                return LF_EXIT_FAILED;
        }
        int code = clock ? approve_clock(config->run, argv[optind + 1], json)
                         : token(config->run, argv[optind + 1], lane, json);
        lf_config_destroy(config);
        free(problems);
        return code;
}
