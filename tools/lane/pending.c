/* The queries under way: their table, their timetable and their end. */
#include "tools/lane/lane_internal.h"

#include "base/bytes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* When a query is sent, milliseconds after it was submitted. */
static const uint16_t timetable[] = {0, LSP_RETRANSMIT_MS, LSP_STANDBY_MS, 1000, 2000};
#define STEPS (sizeof timetable / sizeof *timetable)

static bool is_waiting_as(const struct lf_pending *p, const uint8_t query_id[16])
{
        return p->state == LF_PENDING_WAITING && memcmp(p->result.query_id, query_id, 16) == 0;
}

/* A query id: four bytes of the place in the table, twelve random ones. */
struct lf_pending *lf_pending_find(struct lf_lane *lane, const uint8_t query_id[16])
{
        uint32_t i = lf_get_le32(query_id);
        if (i < lane->size && is_waiting_as(&lane->pending[i], query_id))
                return &lane->pending[i];
        for (i = 0; lane->chosen_ids && i < lane->size; i++)
                if (is_waiting_as(&lane->pending[i], query_id))
                        return &lane->pending[i];
        return NULL;
}

static void drop_plain(struct lf_pending *p)
{
        if (p->plain)
                OPENSSL_cleanse(p->plain, p->size);
        free(p->plain);
        p->plain = NULL;
}

void lf_pending_finish(struct lf_lane *lane, struct lf_pending *p, int error)
{
        uint32_t self = (uint32_t)(p - lane->pending);
        drop_plain(p);
        p->state = LF_PENDING_DONE;
        p->result.error = error;
        p->result.microseconds = (uint32_t)(lf_lane_now_us() - p->submitted_us);
        p->next = LF_NONE;
        if (lane->done_last == LF_NONE)
                lane->done_first = self;
        else
                lane->pending[lane->done_last].next = self;
        lane->done_last = self;
        if (error == -ETIMEDOUT || error == -EKEYREJECTED)
                lane->stats.unavailable++;
        else if (error == 0)
                lane->stats.answered++;
}

void lf_pending_clear(struct lf_lane *lane, struct lf_pending *p)
{
        drop_plain(p);
        OPENSSL_cleanse(p, sizeof *p);
        lane->free[lane->n_free++] = (uint32_t)(p - lane->pending);
}

/* The appliance that a query goes to now; -1: there is no session. From LSP_STANDBY_MS on the other one than
 * before, as far as there is another. */
static int choose_peer(struct lf_lane *lane, const struct lf_pending *p)
{
        bool turn = p->result.sent > 0 && timetable[p->step] >= LSP_STANDBY_MS;
        int fallback = -1;
        for (unsigned i = 0; i < lane->peers; i++) {
                struct lf_peer *peer = &lane->peer[i];
                if (!peer->session.live)
                        continue;
                if (!peer->down && !(turn && p->peer == i))
                        return (int)i;
                if (fallback < 0)
                        fallback = (int)i;
        }
        return fallback;
}

/* Nothing at all came from the appliance since it was asked: perhaps it no longer knows the cookie. */
static void note_silence(struct lf_lane *lane, const struct lf_pending *p)
{
        struct lf_peer *peer = &lane->peer[p->peer];
        if (p->result.sent > 0 && timetable[p->step] >= LSP_STANDBY_MS && peer->heard_us < p->submitted_us)
                peer->down = true;
}

static void send_due(struct lf_lane *lane, struct lf_pending *p, uint64_t now_ms)
{
        uint64_t age = now_ms - p->submitted_us / 1000;
        while (p->step + 1u < STEPS && timetable[p->step + 1] <= age)
                p->step++;
        note_silence(lane, p);
        int peer = choose_peer(lane, p);
        if (peer >= 0) {
                lane->stats.retransmitted += p->result.sent > 0;
                lf_pending_send(lane, p, (unsigned)peer);
        }
        uint32_t next = p->step + 1u < STEPS ? timetable[p->step + 1] : LSP_UNAVAILABLE_MS;
        p->due_ms = p->submitted_us / 1000 + next;
}

/* No answer is known. That every appliance refused the lane its keys is known, where it is so. */
static int why_unavailable(const struct lf_lane *lane)
{
        for (unsigned i = 0; i < lane->peers; i++)
                if (lane->peer[i].job.error != -EKEYREJECTED)
                        return -ETIMEDOUT;
        return lane->peers ? -EKEYREJECTED : -ETIMEDOUT;
}

void lf_pending_timers(struct lf_lane *lane, uint64_t now_ms)
{
        if (now_ms - lane->timers_ms < LF_TIMER_SLACK_MS)
                return;
        lane->timers_ms = now_ms;
        for (uint32_t i = 0; i < lane->size; i++) {
                struct lf_pending *p = &lane->pending[i];
                if (p->state != LF_PENDING_WAITING || now_ms < p->due_ms)
                        continue;
                if (now_ms - p->submitted_us / 1000 >= LSP_UNAVAILABLE_MS)
                        lf_pending_finish(lane, p, why_unavailable(lane));
                else
                        send_due(lane, p, now_ms);
        }
}

static int copy_padded(const struct lf_lane_query *query, struct lf_pending *p)
{
        uint32_t size = lf_padded_size(query->size);
        p->plain = calloc(1, size);
        if (!p->plain)
                return -ENOMEM;
        memcpy(p->plain, query->plain, query->size);
        if (size > query->size) {
                lf_put_le16(p->plain + query->size, LSP_TLV_PAD);
                lf_put_le16(p->plain + query->size + 2, (uint16_t)(size - query->size - 4));
        }
        p->size = size;
        return 0;
}

static int draw_id(struct lf_lane *lane, uint8_t ret[12])
{
        if (lane->random_left == 0) {
                if (RAND_bytes(lane->random[0], sizeof lane->random) != 1)
                        return -EIO;
                lane->random_left = LF_RANDOM_IDS;
        }
        memcpy(ret, lane->random[--lane->random_left], sizeof lane->random[0]);
        return 0;
}

int lf_pending_add(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                   const uint8_t *query_id, uint8_t ret_query_id[16])
{
        uint8_t id[16];
        int r = 0;
        if (query->size == 0)
                return -ENODATA;
        if (lane->n_free == 0)
                return -EAGAIN;
        uint32_t place = lane->free[--lane->n_free];
        struct lf_pending *p = &lane->pending[place];
        lf_put_le32(id, place);
        if (query_id)
                memcpy(id, query_id, sizeof id);
        else
                r = draw_id(lane, id + 4);
        if (r == 0)
                r = copy_padded(query, p);
        if (r < 0) {
                lf_pending_clear(lane, p);
                return r;
        }
        p->state = LF_PENDING_WAITING;
        p->result.user = user;
        memcpy(p->result.query_id, id, sizeof id);
        p->submitted_us = lf_lane_now_us();
        lane->stats.submitted++;
        send_due(lane, p, p->submitted_us / 1000);
        if (ret_query_id)
                memcpy(ret_query_id, id, sizeof id);
        return 0;
}

int lf_lane_submit(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                   uint8_t ret_query_id[16])
{
        return lf_pending_add(lane, query, user, NULL, ret_query_id);
}

int lf_lane_submit_as(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                      const uint8_t query_id[16])
{
        lane->chosen_ids = true;
        if (lf_pending_find(lane, query_id))
                return -EBUSY;
        return lf_pending_add(lane, query, user, query_id, NULL);
}

int lf_lane_collect(struct lf_lane *lane, struct lf_lane_result *ret_result)
{
        if (lane->done_first == LF_NONE)
                return -EAGAIN;
        struct lf_pending *p = &lane->pending[lane->done_first];
        lane->done_first = p->next;
        if (lane->done_first == LF_NONE)
                lane->done_last = LF_NONE;
        *ret_result = p->result;
        lf_pending_clear(lane, p);
        return 0;
}
