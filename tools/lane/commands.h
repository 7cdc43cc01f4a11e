/* `landfall lane …` and `landfall site …`. Each takes its own name in argv[0] and returns an exit code of
 * tools/commands.h. */
#pragma once

int lf_cmd_site(int argc, char **argv);
int lf_cmd_lane(int argc, char **argv);

/* Parts of lf_cmd_lane. */
int lf_lane_cmd_enrol(int argc, char **argv);
int lf_lane_cmd_revoke(int argc, char **argv);
int lf_lane_cmd_list(int argc, char **argv);
int lf_lane_cmd_query(int argc, char **argv);
