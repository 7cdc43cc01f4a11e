/* Internal to control/site. */
#pragma once

#include "control/site/site.h"

#include <time.h>

struct lf_site {
        int dir, lanes; /* directories */
        char *path;
        char name[LF_SITE_NAME_MAX];
        uint8_t appliance[16];
        struct timespec seen; /* the registry's time of change at the last full reading */
        bool settled;         /* that time was old enough then to tell a later change from it */
};

/* Holds the registry against other processes while enrolling and revoking. Returns a descriptor to be closed,
 * or -errno. */
int lf_site_lock(struct lf_site *site);
/* Writes a lane's file: new (-EEXIST when its number is taken), or in the place of the old one. */
int lf_site_lane_write(struct lf_site *site, const struct lf_site_lane *lane, bool fresh);
