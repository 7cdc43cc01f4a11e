/* `landfall audit`: checks and reads an appliance's audit directory. It needs no running appliance. */
#pragma once

/* argv[0] is "audit". Exit status: 0 sound or found, 1 damaged or not found, 2 usage. */
int lf_cmd_audit(int argc, char **argv);
