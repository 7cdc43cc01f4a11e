/* How long a thread runs before another one of this CPU may. */
#pragma once

#include <stdbool.h>

/* Slices of 100 us for the calling thread and those that it creates, and so much added to its nice value: who
 * wakes up waits no longer for a CPU that several share. Linux has them since 6.12; before, only the nice
 * value changes. */
void lf_short_slices(int nicer);

/* Whether the calling thread runs only when nobody else wants its CPU (SCHED_IDLE): who wakes up does not
 * wait for it at all. lf_may_leave_idle, called with privilege, makes sure that it can come back without;
 * false: it cannot. */
bool lf_may_leave_idle(void);
void lf_run_idle(bool idle);
