/* landfall explain NAME: why two records match, as text and as a picture. */
#pragma once

/* argv[0] is the engine's name. Returns the command's exit status: 0, 1 failed, 2 usage. */
int lf_explain_fingerprint(int argc, char **argv);
int lf_explain_person(int argc, char **argv);
