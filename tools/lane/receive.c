/* What comes in. Whatever is not sealed for a query under way is ignored: it is not known who sent it. */
#include "tools/lane/lane_internal.h"

#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

static bool shape_good(const struct lsp_header *h, size_t size)
{
        if (h->version != LSP_VERSION || h->part != 0 || h->parts != 1)
                return false;
        switch (h->type) {
        case LSP_ANSWER:
                return size == LSP_ANSWER_DATAGRAM && h->total == LSP_ANSWER_SIZE;
        case LSP_REBOOT:
        case LSP_CLOCK:
        case LSP_BUSY:
                return size == (size_t)LSP_NOTICE_DATAGRAM && h->total == 0;
        default:
                return false;
        }
}

/* Opens the box under the peer's session or the one before. */
static int open_box(struct lf_peer *peer, const struct lsp_header *h, const uint8_t *datagram, size_t size,
                    void *ret_plain)
{
        struct lf_session *sessions[] = {&peer->session, &peer->previous};
        for (unsigned i = 0; i < 2; i++)
                if (sessions[i]->live && memcmp(sessions[i]->boot, h->boot, LSP_BOOT_SIZE) == 0 &&
                    lf_session_open_box(sessions[i], datagram, size, ret_plain) == 0)
                        return 0;
        return -EBADMSG;
}

/* Sends the query again because of a notice; a peer that only ever sends notices is left to the timetable. */
static void send_again(struct lf_lane *lane, struct lf_pending *p, unsigned peer)
{
        if (p->notices >= LF_NOTICES_MAX)
                return;
        p->notices++;
        lf_pending_send(lane, p, peer);
}

/* What else was sent under the old keys or the wrong time will not be answered, and an appliance limits its
 * notices: it goes out again without waiting for one. */
static void hurry_others(struct lf_lane *lane, const struct lf_pending *p, unsigned peer)
{
        for (uint32_t i = 0; i < lane->size; i++) {
                struct lf_pending *other = &lane->pending[i];
                if (other != p && other->state == LF_PENDING_WAITING && other->peer == peer)
                        other->due_ms = 0;
        }
}

static int on_reboot(struct lf_lane *lane, struct lf_pending *p, unsigned peer, const struct lsp_header *h,
                     const uint8_t *datagram, size_t size)
{
        struct lf_session *s = &lane->peer[peer].session;
        if (!s->live)
                return -EBADMSG;
        int r = lf_session_check_reboot(s, datagram, size);
        if (r == 0 && memcmp(s->boot, h->boot, LSP_BOOT_SIZE) != 0) {
                r = lf_session_reboot(s, h->boot);
                if (r == 0)
                        hurry_others(lane, p, peer);
        }
        if (r < 0)
                return r;
        lane->stats.reboot++;
        send_again(lane, p, peer);
        return 0;
}

static void on_clock(struct lf_lane *lane, struct lf_pending *p, unsigned peer, const struct lsp_header *h)
{
        lane->stats.clock++;
        int64_t off = (int64_t)(h->time - lf_lane_clock_us(lane));
        lane->clock_offset_us = (int64_t)((uint64_t)lane->clock_offset_us + (uint64_t)off); /* may wrap */
        if (off > LSP_CLOCK_TOLERANCE_S * 500000ll || off < -LSP_CLOCK_TOLERANCE_S * 500000ll)
                hurry_others(lane, p, peer);
        send_again(lane, p, peer);
}

static void on_busy(struct lf_lane *lane, struct lf_pending *p)
{
        lane->stats.busy++;
        if (p->notices >= LF_NOTICES_MAX)
                return;
        p->notices++;
        uint64_t again = lf_lane_now_us() / 1000 + ((uint64_t)LF_BUSY_PAUSE_MS << p->busy);
        if (p->busy < 4)
                p->busy++;
        if (again < p->due_ms)
                p->due_ms = again;
}

static void on_answer(struct lf_lane *lane, struct lf_pending *p, unsigned peer,
                      const struct lsp_answer *answer)
{
        p->result.standby = peer != 0;
        memcpy(p->result.appliance, lane->peer[peer].bundle.appliance, sizeof p->result.appliance);
        int r = lf_lane_answer_check(answer);
        if (r == 0)
                p->result.answer = *answer;
        lf_pending_finish(lane, p, r);
}

static int take(struct lf_lane *lane, unsigned peer, const uint8_t *datagram, size_t size)
{
        struct lsp_header h;
        struct lsp_answer answer;
        if (size < sizeof h + LSP_TAG_SIZE)
                return -EBADMSG;
        memcpy(&h, datagram, sizeof h);
        struct lf_pending *p = shape_good(&h, size) ? lf_pending_find(lane, h.query_id) : NULL;
        if (!p)
                return -EBADMSG;
        if (h.type == LSP_REBOOT)
                return on_reboot(lane, p, peer, &h, datagram, size);
        int r = open_box(&lane->peer[peer], &h, datagram, size, &answer);
        if (r < 0)
                return r;
        if (h.type == LSP_ANSWER)
                on_answer(lane, p, peer, &answer);
        else if (h.type == LSP_CLOCK)
                on_clock(lane, p, peer, &h);
        else
                on_busy(lane, p);
        OPENSSL_cleanse(&answer, sizeof answer);
        return 0;
}

void lf_lane_receive(struct lf_lane *lane, unsigned peer, const uint8_t *datagram, size_t size)
{
        lane->stats.datagrams_received++;
        if (take(lane, peer, datagram, size) < 0) {
                lane->stats.ignored++;
                return;
        }
        lane->peer[peer].heard_us = lf_lane_now_us();
        lane->peer[peer].down = false;
}
