#include "dataplane/eal.h"

#include "dataplane/ports/port.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLACK_MIB 48 /* EAL's own, devices and the path, beside the ports' buffers */
#define ARGS_MAX  16

static char said[160];

/* EAL's log: the last line is kept, nothing is written anywhere. */
static ssize_t keep_line(void *cookie, const char *text, size_t size)
{
        size_t n = size;
        while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
                n--;
        if (n)
                snprintf(said, sizeof said, "%.*s", (int)(n < sizeof said ? n : sizeof said - 1), text);
        return (ssize_t)size;
}

const char *lf_eal_said(void)
{
        return said;
}

static int silence(void)
{
        FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = keep_line});
        if (!f)
                return -ENOMEM;
        setvbuf(f, NULL, _IONBF, 0);
        return rte_openlog_stream(f) ? -ENOMEM : 0;
}

static int add(char *out, size_t size, size_t *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int add(char *out, size_t size, size_t *at, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int n = vsnprintf(out + *at, size - *at, format, args);
        va_end(args);
        if (n < 0 || (size_t)n >= size - *at)
                return -EINVAL;
        *at += (size_t)n;
        return 0;
}

/* "--lcores=0@(HOUSEKEEPING),1@CPU,2@CPU..." */
static int make_lcores(const struct lf_handover_options *o, char *out, size_t size, char why[256])
{
        cpu_set_t ours;
        size_t at = 0;
        int r = sched_getaffinity(0, sizeof ours, &ours) < 0 ? -errno : 0;
        if (r == 0)
                r = add(out, size, &at, "--lcores=0@(");
        for (unsigned cpu = 0, n = 0; r == 0 && cpu < CPU_SETSIZE; cpu++)
                if (CPU_ISSET(cpu, &ours) && (o->housekeeping_cpu == 0xffff || o->housekeeping_cpu == cpu))
                        r = add(out, size, &at, "%s%u", n++ ? "," : "", cpu);
        if (r == 0)
                r = add(out, size, &at, ")");
        for (unsigned i = 0; r == 0 && i < o->cores; i++)
                r = add(out, size, &at, ",%u@%u", LF_EAL_LCORE(i), o->core[i].cpu);
        if (r < 0)
                return r;
        for (unsigned i = 0; i <= o->cores; i++) {
                uint16_t cpu = i < o->cores ? o->core[i].cpu : o->housekeeping_cpu;
                if ((i == o->cores && cpu == 0xffff) || (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &ours)))
                        continue;
                snprintf(why, 256,
                         "CPU %u is not online or not ours to use (nproc, lscpu and taskset show which are)",
                         cpu);
                return -EINVAL;
        }
        return 0;
}

static uint64_t raw_ns(uint64_t *ret_tsc)
{
        uint64_t least = UINT64_MAX, ns = 0;
        for (unsigned i = 0; i < 8; i++) {
                struct timespec t;
                uint64_t before = rte_rdtsc();
                clock_gettime(CLOCK_MONOTONIC_RAW, &t);
                uint64_t passed = rte_rdtsc() - before;
                if (passed >= least)
                        continue;
                least = passed;
                *ret_tsc = before + passed / 2;
                ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
        }
        return ns;
}

uint64_t lf_eal_tsc_hz(void)
{
        uint64_t from_tsc, to_tsc, from = raw_ns(&from_tsc);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        uint64_t to = raw_ns(&to_tsc);
        return (uint64_t)((unsigned __int128)(to_tsc - from_tsc) * 1000000000 / (to - from));
}

static int check(const struct lf_handover_options *o, char why[256])
{
        const unsigned known = LF_ROLE_IO | LF_ROLE_MATCH;
        if (o->cores == 0 || o->cores > LF_CORES_MAX) {
                snprintf(why, 256, "%u cores: there must be 1 to %d", o->cores, LF_CORES_MAX);
                return -EINVAL;
        }
        for (unsigned i = 0; i < o->cores; i++)
                if (o->core[i].roles == 0 || (o->core[i].roles & ~known)) {
                        snprintf(why, 256, "core %u has roles %#x: io is 1, match is 2", i, o->core[i].roles);
                        return -EINVAL;
                }
        return 0;
}

int lf_eal_start(const struct lf_handover_options *o, const char *run_dir, char why[256])
{
        char lcores[2048], memory[16], device[sizeof o->interface];
        snprintf(why, 256, "EAL could not be started");
        int r = check(o, why);
        if (r == 0)
                r = make_lcores(o, lcores, sizeof lcores, why);
        if (r == 0)
                r = silence();
        if (r < 0)
                return r;
        /* Where EAL keeps its files, whoever runs it. */
        if (setenv("RUNTIME_DIRECTORY", run_dir, 1) < 0)
                return -ENOMEM;

        char *args[ARGS_MAX] = {"landfalld",     "--log-level=error",      "--no-telemetry",
                                "--no-shconf",   "--file-prefix=landfall", lcores,
                                "--main-lcore=0"};
        int n = 7;
        size_t need = SLACK_MIB + (lf_port_memory(o) >> 20);
        snprintf(memory, sizeof memory, "%zu", o->hugepages ? (size_t)o->hugepages : need);
        args[n++] = "-m";
        args[n++] = memory;
        args[n++] = o->hugepages ? "--huge-unlink" : "--no-huge";
        if (o->port_kind == LF_PORT_PCI) {
                snprintf(device, sizeof device, "%s", o->interface);
                args[n++] = "-a";
                args[n++] = device;
        } else {
                args[n++] = "--no-pci";
        }
        if (rte_eal_init(n, args) < 0) {
                r = rte_errno ? -rte_errno : -EIO;
                snprintf(why, 256, "EAL: %s%s%s%s", said[0] ? said : rte_strerror(-r),
                         o->hugepages ? "; are there " : "", o->hugepages ? memory : "",
                         o->hugepages ? " MiB of free huge pages and a hugetlbfs that we may write to?" : "");
                return r;
        }
        return 0;
}
