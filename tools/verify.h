/* `landfall verify [--json] FILE`: checks a configuration and says what is wrong and where. It reads that
 * file and nothing else. */
#pragma once

/* argv[0] is "verify". Exit status: 0 valid, 1 not valid or not readable, 2 usage. */
int lf_cmd_verify(int argc, char **argv);
