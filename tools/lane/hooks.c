#include "tools/lane/lane_internal.h"

#include <errno.h>
#include <sys/socket.h>

void lf_lane_hook_clock(struct lf_lane *lane, int64_t us)
{
        lane->clock_fault_us = us;
}

int lf_lane_hook_send(struct lf_lane *lane, const void *data, size_t size)
{
        return send(lane->peer[0].fd, data, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int lf_lane_hook_replay(struct lf_lane *lane)
{
        return lane->last_size ? lf_lane_hook_send(lane, lane->last, lane->last_size) : -ENODATA;
}

const uint8_t *lf_lane_hook_last(const struct lf_lane *lane, size_t *ret_size)
{
        *ret_size = lane->last_size;
        return lane->last;
}

void lf_lane_hook_renew(struct lf_lane *lane)
{
        lane->peer[0].renew_ms = 0;
        lane->peer[0].next_exchange_ms = 0;
}
