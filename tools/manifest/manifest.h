/* landfall manifest ...: each takes its own name in argv[0] and returns an exit code. */
#pragma once

#include <stdbool.h>

int lf_cmd_manifest(int argc, char **argv);

/* `landfall manifest check FILE...` */
int lf_manifest_check(int argc, char **argv);

/* `landfall manifest screen FILE` */
int lf_manifest_screen(int argc, char **argv);

/* `landfall officer decide`: `gateway` is its directory; the others are as the gateway takes them. */
int lf_manifest_decide(const char *gateway, const char *token, const char *message, const char *traveller,
                       const char *decision, const char *reason, bool json);
