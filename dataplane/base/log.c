#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *program = "landfall";

void lf_log_program(const char *name)
{
        program = name;
}

static void say(const char *format, va_list args)
{
        char line[1024];
        vsnprintf(line, sizeof line, format, args);
        fprintf(stderr, "%s: %s\n", program, line);
}

void lf_log_error(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        say(format, args);
        va_end(args);
}

void lf_log_info(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        say(format, args);
        va_end(args);
}

_Noreturn void lf_log_die(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        say(format, args);
        va_end(args);
        exit(1);
}
