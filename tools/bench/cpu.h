/* The time that rates of one core are taken by. */
#pragma once

#include <time.h>

/* Seconds of the calling thread's CPU. */
static inline double lf_bench_cpu_seconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
