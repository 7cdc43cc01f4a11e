/* How long a thread runs before another one of this CPU may. */
#pragma once

/* Slices of 100 us for the calling thread and those that it creates, and so much added to its nice value: who
 * wakes up waits no longer for a CPU that several share. Linux has them since 6.12; before, only the nice
 * value changes. */
void lf_short_slices(int nicer);
