/* `landfall check`: asks what a plan says and compares the answers with it. */
#pragma once

/* argv[0] is "check". Exit status as tools/commands.h. */
int lf_cmd_check(int argc, char **argv);
