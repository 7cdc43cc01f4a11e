/* landfall eval NAME: an engine run over labelled files, and its accuracy. */
#pragma once

/* argv[0] is the engine's name. Prints to stdout. Returns the command's exit status: 0, 1 failed, 2 usage. */
int lf_eval_fingerprint(int argc, char **argv);
int lf_eval_person(int argc, char **argv);
int lf_eval_face(int argc, char **argv);
int lf_eval_iris(int argc, char **argv);
int lf_eval_fusion(int argc, char **argv);
int lf_eval_ofac(int argc, char **argv);
