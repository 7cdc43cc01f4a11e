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

int lf_lane_hook_submit_as(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                           const uint8_t query_id[16])
{
        lane->chosen_ids = true;
        if (lf_pending_find(lane, query_id))
                return -EBUSY;
        return lf_pending_add(lane, query, user, query_id, NULL);
}

void lf_lane_hook_renew(struct lf_lane *lane)
{
        lane->peer[0].renew_ms = 0;
        lane->peer[0].next_exchange_ms = 0;
}
