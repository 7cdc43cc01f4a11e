/* Messages of programs to stderr. Libraries do not log: they return -errno and let the program speak.
 *
 * One line a message: "landfalld: text". Never called on the query path. */
#pragma once

/* Sets the name that begins every line; borrowed, call once at the start of main. */
void lf_log_program(const char *name);

void lf_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lf_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs and ends the process with exit status 1. */
_Noreturn void lf_log_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
