/* A lane's bundle: lane.conf and the files that it names. Internal to tools/lane. */
#pragma once

#include <limits.h>
#include <stdint.h>

struct lf_bundle {
        uint32_t lane;
        char name[64];
        uint8_t appliance[16];
        char address[256]; /* of control: host name or IP address */
        char port[6];      /* of its key exchange */
        char certificate[PATH_MAX], key[PATH_MAX], ca[PATH_MAX];
        char standby[PATH_MAX]; /* the standby's bundle; empty: none */
};

/* -EBADMSG: lane.conf is malformed or lacks a line; ret_line (may be NULL): which line, 0 when one lacks.
 * Else errno of reading it. */
int lf_bundle_read(const char *directory, struct lf_bundle *ret, unsigned *ret_line);
