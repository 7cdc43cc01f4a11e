#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/manifest/manifest.h"

int lf_cmd_manifest(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "check") == 0)
                return lf_manifest_check(argc - 1, argv + 1);
        if (argc > 1 && strcmp(argv[1], "screen") == 0)
                return lf_manifest_screen(argc - 1, argv + 1);
        int help = argc > 1 && strcmp(argv[1], "--help") == 0;
        fprintf(help ? stdout : stderr,
                "usage: landfall manifest check FILE... [--json] [--travellers]\n"
                "       landfall manifest screen FILE [--purpose PURPOSE] [--json]\n");
        return help ? LF_EXIT_OK : LF_EXIT_USAGE;
}
