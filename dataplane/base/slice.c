#include "base/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000

void lf_short_slices(int nicer)
{
        int nice_value = getpriority(PRIO_PROCESS, 0) + nicer;
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } a = {.size = sizeof a, .policy = SCHED_OTHER, .nice = nice_value, .runtime = SLICE_NS};
        if (syscall(SYS_sched_setattr, 0, &a, 0) < 0)
                setpriority(PRIO_PROCESS, 0, nice_value);
}
