#include "control/replica/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/* What is available, and free huge pages: galleries are put into them first. */
static uint64_t of_machine(void)
{
        FILE *f = fopen("/proc/meminfo", "re");
        char line[128];
        unsigned long available = 0, pages = 0, reserved = 0, kib = 0;
        bool known = false;
        if (!f)
                return UINT64_MAX;
        while (fgets(line, sizeof line, f)) {
                known |= sscanf(line, "MemAvailable: %lu kB", &available) == 1;
                sscanf(line, "HugePages_Free: %lu", &pages);
                sscanf(line, "HugePages_Rsvd: %lu", &reserved);
                sscanf(line, "Hugepagesize: %lu kB", &kib);
        }
        fclose(f);
        if (!known)
                return UINT64_MAX;
        return ((uint64_t)available + (uint64_t)(pages > reserved ? pages - reserved : 0) * kib) * 1024;
}

/* A file of one number; "max" and what cannot be read are UINT64_MAX. */
static uint64_t number_in(const char *group, const char *file)
{
        char path[4096], text[64] = "";
        if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group, file) >= (int)sizeof path)
                return UINT64_MAX;
        FILE *f = fopen(path, "re");
        if (!f)
                return UINT64_MAX;
        size_t n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        return n > 0 && text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : UINT64_MAX;
}

/* The group and all above it limit. */
static uint64_t of_groups(void)
{
        char group[2100] = "", line[2100];
        uint64_t left = UINT64_MAX;
        FILE *f = fopen("/proc/self/cgroup", "re");
        if (!f)
                return left;
        while (fgets(line, sizeof line, f))
                if (strncmp(line, "0::/", 4) == 0) {
                        line[strcspn(line, "\n")] = '\0';
                        snprintf(group, sizeof group, "%s", line + 3);
                }
        fclose(f);
        for (char *end = group + strlen(group); *group; end = strrchr(group, '/')) {
                *end = '\0';
                uint64_t most = number_in(group, "memory.max"), used = number_in(group, "memory.current");
                if (most != UINT64_MAX && used != UINT64_MAX)
                        left = least(left, most > used ? most - used : 0);
        }
        return left;
}

uint64_t lf_memory_available(void)
{
        return least(of_machine(), of_groups());
}

const char *lf_memory_text(uint64_t bytes, char *text)
{
        static const char *const unit[] = {"KiB", "MiB", "GiB", "TiB"};
        double n = (double)bytes / 1024;
        unsigned u = 0;
        while (n >= 1024 && u < 3) {
                n /= 1024;
                u++;
        }
        snprintf(text, 32, "%.1f %s", n, unit[u]);
        return text;
}
