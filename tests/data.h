/* The data folder that tests use where it is there: LANDFALL_DATA, else ../shared/data from the source root.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The folder's path, or NULL; says so when it is missing. */
static inline const char *test_data(void)
{
        static char path[4096];
        const char *given = getenv("LANDFALL_DATA"), *source = getenv("LANDFALL_SOURCE");
        if (given)
                snprintf(path, sizeof path, "%s", given);
        else
                snprintf(path, sizeof path, "%s/../shared/data", source ? source : ".");
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                return path;
        fprintf(stderr, "no data folder at %s: only data made by the test itself\n", path);
        return NULL;
}

/* Reads a whole file of at most `size` bytes; ends the test program when it cannot. Returns its size. */
static inline size_t test_file(const char *folder, const char *name, void *out, size_t size)
{
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *f = fopen(path, "rb");
        if (!f) {
                perror(path);
                exit(1);
        }
        size_t n = fread(out, 1, size, f);
        fclose(f);
        return n;
}
