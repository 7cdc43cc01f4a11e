/* DPDK's environment (EAL), brought up from control's options. No user ever sees an EAL argument. */
#pragma once

#include "dataplane/handover.h"

#include <stddef.h>

/* The lcore that runs options->core[i]; the main thread is lcore 0. */
#define LF_EAL_LCORE(i) ((unsigned)(i) + 1)

/* Starts EAL, once in a process: the main thread on the housekeeping CPU, one lcore thread for each core on
 * its CPU (several may share one). Its files go below run_dir. Its log is not shown; `why` (256 bytes) gets
 * cause and cure on failure. -EINVAL: a core's CPU or role is out of range or the CPU is not ours to use.
 * -ENOMEM, -EACCES, or what EAL said. */
int lf_eal_start(const struct lf_handover_options *options, const char *run_dir, char why[256]);

/* The last line that DPDK logged as an error, "" if none: the cause when opening a port fails. Static
 * storage. */
const char *lf_eal_said(void);

/* Cycles a second of the TSC, measured against the kernel's raw clock in a tenth of a second. (EAL rounds its
 * own to 10 MHz, which can be off by thousandths.) Main thread. */
uint64_t lf_eal_tsc_hz(void);
