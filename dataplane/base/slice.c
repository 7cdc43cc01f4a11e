#include "base/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000

static int set_policy(uint32_t policy, int nice_value)
{
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } a = {.size = sizeof a, .policy = policy, .nice = nice_value, .runtime = SLICE_NS};
        return (int)syscall(SYS_sched_setattr, 0, &a, 0);
}

void lf_short_slices(int nicer)
{
        int nice_value = getpriority(PRIO_PROCESS, 0) + nicer;
        if (set_policy(SCHED_OTHER, nice_value) < 0)
                setpriority(PRIO_PROCESS, 0, nice_value);
}

bool lf_may_leave_idle(void)
{
        rlim_t need = (rlim_t)(20 - getpriority(PRIO_PROCESS, 0));
        struct rlimit have;
        if (getrlimit(RLIMIT_NICE, &have) < 0)
                return false;
        return have.rlim_cur >= need || setrlimit(RLIMIT_NICE, &(struct rlimit){need, need}) == 0;
}

void lf_run_idle(bool idle)
{
        set_policy(idle ? SCHED_IDLE : SCHED_OTHER, getpriority(PRIO_PROCESS, 0));
}
