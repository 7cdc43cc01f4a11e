/* The commands of `landfall`: each takes its own name in argv[0] and returns an exit code. */
#pragma once

/* 0 ok, 1 failed, 2 usage, 3 degraded, 4 unreachable */
#define LF_EXIT_OK          0
#define LF_EXIT_FAILED      1
#define LF_EXIT_USAGE       2
#define LF_EXIT_DEGRADED    3
#define LF_EXIT_UNREACHABLE 4

#define LF_DEFAULT_RUN_DIR "/run/landfall" /* LANDFALL_RUN in the environment, or --run-dir, says otherwise  \
                                            */

int lf_cmd_feed(int argc, char **argv);
int lf_cmd_generate(int argc, char **argv);
int lf_cmd_officer(int argc, char **argv);
int lf_cmd_status(int argc, char **argv);
int lf_cmd_top(int argc, char **argv);
