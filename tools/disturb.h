/* What disturbed the cores of landfalld: the gaps that they measured themselves, and what BPF programs saw.
 */
#pragma once

#include <stdint.h>

enum lf_disturb_state {
        LF_DISTURB_UNKNOWN, /* landfall-observe does not run, or has not watched for a whole period yet */
        LF_DISTURB_CALM,
        LF_DISTURB_OVER, /* a core lost more than the limit in the last period */
};

struct lf_disturb_verdict {
        enum lf_disturb_state state;
        uint32_t core, cpu; /* the most disturbed core */
        double share;       /* of its last period that others took or delayed, 0..1 */
        double window;      /* that period, seconds */
        char culprit[16];   /* who took most of it; empty: nobody */
        double culprit_share;
        char text[192]; /* all of it in a sentence; for UNKNOWN: why */
};

/* Judges the last complete period (two seconds) of every watched core against `limit_share` (0..1). Always
 * fills *ret and returns 0, unless the page is there and cannot be read: then what the kernel said, or
 * -EPROTO, and *ret is UNKNOWN. */
int lf_disturb_assess(const char *run_dir, double limit_share, struct lf_disturb_verdict *ret);

/* `landfall disturb`: argv[0] is "disturb". Returns the exit code: 0, 2 usage, 3 landfall-observe is missing
 * or lacks events, 4 there is nothing to show. */
int lf_cmd_disturb(int argc, char **argv);
