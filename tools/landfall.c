/* landfall: the operator's one command line. */
#include "tools/commands.h"

#include <stdio.h>
#include <string.h>

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *text;
} commands[] = {
    {"feed", lf_cmd_feed, "make, fill and sign an originator's feed of records"},
};

static int usage(FILE *to)
{
        fprintf(to, "usage: landfall COMMAND [ARGUMENTS]\n\ncommands:\n");
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].text);
        fprintf(to,
                "\nlandfall COMMAND --help says more. Commands take --json for answers that programs read.\n"
                "exit status: 0 ok, 1 failed, 2 wrong usage, 3 degraded, 4 unreachable\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return usage(stderr);
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
                return usage(stdout);
        if (strcmp(argv[1], "--version") == 0) {
                printf("landfall %s\n", LANDFALL_VERSION);
                return LF_EXIT_OK;
        }
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                if (strcmp(argv[1], commands[i].name) == 0)
                        return commands[i].run(argc - 1, argv + 1);
        fprintf(stderr, "landfall: no command \"%s\"\n", argv[1]);
        return usage(stderr);
}
