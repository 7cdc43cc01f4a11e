/* landfall: the operator's one command line. */
#include "matcher/isa.h"
#include "tools/audit.h"
#include "tools/bench/bench.h"
#include "tools/check/check.h"
#include "tools/commands.h"
#include "tools/disturb.h"
#include "tools/eval/eval.h"
#include "tools/explain/explain.h"
#include "tools/lane/commands.h"
#include "tools/manifest/manifest.h"
#include "tools/verify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cmd_eval(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "fingerprint") == 0)
                return lf_eval_fingerprint(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "person") == 0)
                return lf_eval_person(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "face") == 0)
                return lf_eval_face(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "iris") == 0)
                return lf_eval_iris(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "fusion") == 0)
                return lf_eval_fusion(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "ofac") == 0)
                return lf_eval_ofac(argc - 1, argv + 1);
        fprintf(stderr, "usage: landfall eval fingerprint DIR... [--json]\n"
                        "       landfall eval person --pairs FILE [--json]\n"
                        "       landfall eval ofac FILE [--json]\n"
                        "       landfall eval iris --gallery FILE --probes FILE [--json]\n"
                        "       landfall eval face --embeddings FILE --dim D --labels FILE [--json]\n"
                        "       landfall eval fusion --embeddings FILE --dim D --second FILE --second-dim D "
                        "--labels FILE "
                        "[--json]\n");
        return LF_EXIT_USAGE;
}

static int cmd_explain(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "fingerprint") == 0)
                return lf_explain_fingerprint(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "person") == 0)
                return lf_explain_person(argc - 1, argv + 1);
        fprintf(stderr, "usage: landfall explain fingerprint A B [--svg FILE] [--json]\n"
                        "       landfall explain person NAME LISTED-NAME [--json]\n");
        return LF_EXIT_USAGE;
}

static int cmd_bench(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "packet") == 0)
                return lf_bench_packet(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "person") == 0)
                return lf_bench_person(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "iris") == 0)
                return lf_bench_iris(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "face") == 0)
                return lf_bench_face(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "fingerprint") == 0)
                return lf_bench_fingerprint(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "edifact") == 0)
                return lf_bench_edifact(argc - 1, argv + 1);
        bool help = argc > 1 && strcmp(argv[1], "--help") == 0;
        fprintf(help ? stdout : stderr, "usage: landfall bench packet|iris|face [--json]\n"
                                        "       landfall bench fingerprint DIR... [--gallery N] [--json]\n"
                                        "       landfall bench edifact FILE... [--mib N] [--json]\n"
                                        "       landfall bench person --list sdn.csv [--aliases alt.csv] "
                                        "[--json]\nlandfall bench packet --help says more.\n");
        return help ? LF_EXIT_OK : LF_EXIT_USAGE;
}

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *text;
} commands[] = {
    {"audit", lf_cmd_audit, "check the audit log, show an entry, prove a receipt"},
    {"check", lf_cmd_check, "the acceptance of a site: ask what a plan says, compare the answers"},
    {"status", lf_cmd_status, "how the appliance is, and what would make it better"},
    {"top", lf_cmd_top, "where the cycles go, each second"},
    {"officer", lf_cmd_officer, "a token for an officer; an officer's word on the clock"},
    {"verify", lf_cmd_verify, "check a configuration file"},
    {"disturb", lf_cmd_disturb, "what interrupted the cores, and for how long"},
    {"bench", cmd_bench, "what one core answers, beside what it could do at most"},
    {"eval", cmd_eval, "run an engine over labelled files: its accuracy"},
    {"explain", cmd_explain, "why two records match"},
    {"site", lf_cmd_site, "make a site: authority, identity, keys"},
    {"lane", lf_cmd_lane, "enrol, revoke and list lanes; ask as one"},
    {"feed", lf_cmd_feed, "make, fill and sign an originator's feed of records"},
    {"manifest", lf_cmd_manifest, "read and screen passenger and cargo manifests"},
    {"generate", lf_cmd_generate, "invent fingers and people to test with"},
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

/* What engines would refuse is said here, once for all commands. */
static bool isa_is_there(void)
{
        enum lf_isa isa;
        int r = getenv("LANDFALL_ISA") ? lf_isa_choose(&isa) : 0;
        if (r < 0)
                fprintf(stderr, "landfall: LANDFALL_ISA=%s: %s\n", getenv("LANDFALL_ISA"),
                        r == -ENOTSUP ? "this machine lacks it" : "is none of scalar, avx2, avx512, amx");
        return r == 0;
}

int main(int argc, char **argv)
{
        if (!isa_is_there())
                return LF_EXIT_USAGE;
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
