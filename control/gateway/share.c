/* Where the gateway runs, and for how long at a time: a CPU may have a core of the dataplane on it that a
 * lane waits for. */
#include "control/gateway/gateway.h"

#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE     5
#define SLICE_NS 100000

/* Off the CPUs of the dataplane's cores, where there are others; where every CPU has a core, off those that
 * take and send datagrams: what the gateway sends is opened there, and so is what live lanes send. */
static void keep_off_cores(const struct lf_config *config)
{
        cpu_set_t ours, others, matching;
        if (sched_getaffinity(0, sizeof ours, &ours) < 0)
                return;
        others = matching = ours;
        for (uint32_t i = 0; i < config->cores; i++) {
                CPU_CLR(config->core[i].cpu, &others);
                if (config->core[i].roles & LF_ROLE_IO)
                        CPU_CLR(config->core[i].cpu, &matching);
        }
        const cpu_set_t *to = CPU_COUNT(&others) ? &others : CPU_COUNT(&matching) ? &matching : &ours;
        if (sched_setaffinity(0, sizeof *to, to) < 0)
                lf_log_error("its CPUs cannot be chosen: %s", strerror(errno));
}

/* Behind whoever shares a CPU with it, and in short slices, of which Linux knows since 6.12; before, a core
 * that has something to do again waits for the end of a whole one. */
static void run_behind(void)
{
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } a = {.size = sizeof a, .policy = SCHED_OTHER, .nice = NICE, .runtime = SLICE_NS};
        if (syscall(SYS_sched_setattr, 0, &a, 0) < 0 && nice(NICE) == -1)
                errno = 0;
}

void lf_share_cpus(const struct lf_config *config)
{
        keep_off_cores(config);
        run_behind();
}

void lf_give_way(unsigned *inout_n, unsigned every)
{
        if (++*inout_n % every == 0)
                sched_yield();
}
