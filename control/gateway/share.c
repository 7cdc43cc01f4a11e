/* Where the gateway runs, when, and for how long at a time: a CPU may have a core of the dataplane on it that
 * a lane waits for. */
#include "control/gateway/gateway.h"

#include "base/log.h"
#include "base/slice.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define NICE 5

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

void lf_share_cpus(struct lf_gateway *g)
{
        keep_off_cores(g->config);
        lf_short_slices(NICE); /* behind whoever shares a CPU with it */
        g->may_idle = lf_may_leave_idle();
}

void lf_share_urgent(struct lf_gateway *g, bool urgent)
{
        if (!g->may_idle || g->idles == !urgent)
                return;
        g->idles = !urgent;
        lf_run_idle(g->idles);
}

void lf_give_way(unsigned *inout_n, unsigned every)
{
        if (++*inout_n % every == 0)
                sched_yield();
}
