/* Legal time, and the two people who let it go forward.
 *
 * The machine's uptime says how much time has passed; the clock only says from when. What the clock was set
 * forward since control first ran on this start of the machine is taken up to a minute in all, however often
 * control starts again. While the machine was off nothing but its clock knows what passed: a day is believed.
 * What is beyond waits for two officers, who say within ten minutes of each other that the clock is right. */
#include "control/daemon/daemon.h"

#include "base/log.h"
#include "dataplane/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FORWARD_S    (LF_CLOCK_FORWARD_NS / 1000000000)
#define OFF_MOST_S   86400
#define APPROVAL_S   600
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static uint64_t uptime(void)
{
        struct timespec up;
        clock_gettime(CLOCK_BOOTTIME, &up); /* slewed as the clock is, but never set */
        return (uint64_t)up.tv_sec;
}

/* Which start of the machine this is; 0: it does not say. */
static uint64_t machine_start(void)
{
        char text[40] = "";
        int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
                close(fd);
        text[8] = 0;
        return n > 8 ? strtoull(text, NULL, 16) : 0;
}

static void begin(struct lf_control *c, uint64_t now)
{
        uint64_t start = machine_start(), last = lf_state_last(c->state);
        uint64_t took = lf_state_clock(c->state, start);
        if (took)
                c->clock_began = took;
        else if (last && now > last + OFF_MOST_S)
                c->clock_began = last - uptime();
        else
                c->clock_began = now - uptime();
        if (lf_state_set_clock(c->state, start, c->clock_began) < 0)
                lf_log_error("legal time: what the clock said could not be kept; see the site's disk");
}

uint64_t lf_control_legal_now(struct lf_control *c)
{
        uint64_t now = (uint64_t)time(NULL);
        if (c->clock_began == 0)
                begin(c, now);
        uint64_t most = c->clock_began + uptime() + FORWARD_S;
        if (now > most)
                now = most;
        if (c->counters && lf_read(&c->counters->legal_ns) / 1000000000 > now)
                now = lf_read(&c->counters->legal_ns) / 1000000000;
        return lf_state_legal_time(c->state, now);
}

static void follow_clock(struct lf_control *c, uint64_t now, uint32_t first, uint32_t second)
{
        uint64_t before = lf_control_legal_now(c);
        c->clock_began = now - uptime();
        if (lf_state_set_clock(c->state, machine_start(), c->clock_began) < 0)
                lf_log_error("legal time: what the clock said could not be kept; see the site's disk");
        struct lf_handover_clock m = {.legal = now, .officer = {first, second}};
        lf_link_set_clock(c->link, &m);
        lf_log_info("officers %u and %u: legal time goes %lu s forward, to %lu", first, second, now - before,
                    now);
}

int lf_control_approve_clock(struct lf_control *c, uint32_t officer, char text[160])
{
        uint64_t now = (uint64_t)time(NULL), legal = lf_control_legal_now(c), up = uptime();
        struct lf_clock_approval *a = &c->approval;
        if (now <= legal + 1) {
                snprintf(text, 160, "legal time is not behind the clock: there is nothing to approve");
                return -EALREADY;
        }
        uint64_t began = now - up, moved = began > a->began ? began - a->began : a->began - began;
        if (a->officer && a->officer != officer && up - a->at <= APPROVAL_S && moved <= FORWARD_S) {
                follow_clock(c, now, a->officer, officer);
                *a = (struct lf_clock_approval){0};
                snprintf(text, 160, "legal time has gone %lu s forward", now - legal);
                return 0;
        }
        *a = (struct lf_clock_approval){.officer = officer, .at = up, .began = began};
        lf_log_info("officer %u: legal time may go %lu s forward; a second officer is to say so, too",
                    officer, now - legal);
        snprintf(text, 160, "a second officer is needed within %d minutes", APPROVAL_S / 60);
        return 1;
}
