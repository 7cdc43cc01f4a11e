/* What landfalld counts for an hour or for good (quotas, uses of warrants) lies in a page of the run
 * directory, which a start of the machine empties. A copy is kept in the site's directory, a second old at
 * most. */
#include "control/daemon/daemon.h"

#include "base/log.h"
#include "control/file/file.h"
#include "dataplane/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whole and of our version, or not at all. */
static bool read_page(const char *path, struct lf_limits_page *ret)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        ssize_t n = fd < 0 ? -1 : read(fd, ret, sizeof *ret);
        if (fd >= 0)
                close(fd);
        return n == sizeof *ret && lf_limits_page_begin(ret);
}

static int paths(struct lf_control *c, char kept[PATH_MAX], char page[128], char saved[128])
{
        snprintf(page, 128, "%.80s/" LF_LIMITS_FILE, c->config->run);
        snprintf(saved, 128, "%.80s/" LF_LIMITS_SAVED, c->config->run);
        return lf_site_path(c->site, LF_CONTROL_DIR "/limits", kept, PATH_MAX);
}

void lf_control_keep_limits(struct lf_control *c)
{
        char kept[PATH_MAX], page[128], saved[128];
        struct lf_limits_page *now = malloc(sizeof *now);
        if (!c->limits)
                c->limits = calloc(1, sizeof *c->limits);
        if (now && c->limits && paths(c, kept, page, saved) == 0 && read_page(page, now) &&
            memcmp(now, c->limits, sizeof *now) != 0) {
                int r = lf_file_replace(AT_FDCWD, kept, now, sizeof *now, 0600, true);
                if (r == 0)
                        memcpy(c->limits, now, sizeof *now);
                else if (!c->limits_error)
                        lf_log_error(
                            "%s: %s; warrants and quotas are not kept for the next start of the machine",
                            kept, strerror(-r));
                c->limits_error = r < 0;
        }
        free(now);
}

void lf_control_restore_limits(struct lf_control *c)
{
        char kept[PATH_MAX], page[128], saved[128];
        struct lf_limits_page *old = malloc(sizeof *old);
        if (old && paths(c, kept, page, saved) == 0 && access(page, F_OK) < 0 && read_page(kept, old)) {
                int r = lf_file_replace(AT_FDCWD, saved, old, sizeof *old, 0640, false);
                if (r < 0)
                        lf_log_error("%s: %s", saved, strerror(-r));
        }
        free(old);
}
