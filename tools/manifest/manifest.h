/* landfall manifest ...: each takes its own name in argv[0] and returns an exit code. */
#pragma once

int lf_cmd_manifest(int argc, char **argv);

/* `landfall manifest check FILE...` */
int lf_manifest_check(int argc, char **argv);

/* `landfall manifest screen FILE` */
int lf_manifest_screen(int argc, char **argv);
