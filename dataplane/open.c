#include "base/bytes.h"
#include "dataplane/lsp_seal.h"
#include "dataplane/path.h"

#include <errno.h>
#include <string.h>

/* Derivations for earlier boot ids. Anyone who has seen a cookie can cause them. */
#define OLD_BOOTS_A_SESSION 8    /* in a second */
#define OLD_BOOTS_A_SECOND  2000 /* a core */

/* The fields that anyone can check. */
static bool header_well(const struct lsp_header *h, uint32_t size)
{
        if (h->version != LSP_VERSION || h->type != LSP_QUERY || h->parts < 1 || h->parts > LSP_PARTS_MAX ||
            h->part >= h->parts || h->nonce == 0 || h->nonce >= LF_REPLAY_COUNTER_MAX)
                return false;
        uint32_t before_last = (uint32_t)(h->parts - 1) * LSP_PART_MAX;
        if (h->total <= before_last || h->total > before_last + LSP_PART_MAX)
                return false;
        return size == (h->part + 1 == h->parts ? h->total - before_last : LSP_PART_MAX);
}

static bool lane_active(const struct lf_io *io, uint32_t lane)
{
        return lane < LF_LANES_MAX && io->law->policy.lane[lane].active;
}

static bool unseal(const struct lf_aead *a, const struct lsp_query_header *qh, uint8_t *box, uint32_t size)
{
        uint8_t nonce[LF_AEAD_NONCE_SIZE];
        lsp_nonce(qh->h.nonce, nonce);
        return lf_aead_open(a, nonce, qh, sizeof *qh, box, size, box);
}

/* Sealed for an earlier start: who sent it is checked under that start's key, and told the new boot id.
 * Nothing says whether it is fresh, so it is not read further, and the work is limited. */
static void old_boot(struct lf_io *io, struct lf_session *s, const struct lsp_query_header *qh,
                     const struct lf_return_path *back, uint8_t *box, uint32_t size)
{
        uint64_t second = io->real_ns / 1000000000;
        if (io->notice_second != second) {
                io->notice_second = second;
                io->old_boots = 0;
        }
        if (s->old_boot_second != second) {
                s->old_boot_second = second;
                s->old_boots = 0;
        }
        if (s->old_boots >= OLD_BOOTS_A_SESSION || io->old_boots >= OLD_BOOTS_A_SECOND ||
            !lf_notice_allowed(io, s)) {
                lf_drop(io->k, LF_DROP_notice_limit);
                return;
        }
        s->old_boots++;
        io->old_boots++;
        uint8_t key[LSP_KEY_SIZE];
        bool good = lsp_derive(s->exported, qh->h.boot, LSP_INFO_TO_APPLIANCE, key) == 0;
        if (good) {
                lf_aead_set_key(&io->sessions.old_boot, key);
                good = unseal(&io->sessions.old_boot, qh, box, size);
        }
        explicit_bzero(key, sizeof key);
        lf_aead_wipe(&io->sessions.old_boot);
        if (!good)
                lf_drop(io->k, LF_DROP_forged);
        else if (!lane_active(io, s->lane))
                lf_drop(io->k, LF_DROP_revoked);
        else
                lf_notice(io, s, &qh->h, back, LSP_REBOOT, LF_DROP_old_boot);
}

/* Authentic and fresh? LF_DROP_COUNT: yes, and `box` is the plaintext. */
static enum lf_drop authenticate(struct lf_io *io, struct lf_session *s, const struct lsp_query_header *qh,
                                 uint8_t *box, uint32_t size)
{
        if (!unseal(&s->to_appliance, qh, box, size))
                return LF_DROP_forged;
        switch (lf_replay_accept(&io->dp->replay[s->slot], s->turn, qh->h.nonce)) {
        case 0:
                break;
        case -ESTALE:
                return LF_DROP_cookie_slot;
        default:
                return LF_DROP_replayed;
        }
        return lane_active(io, s->lane) ? LF_DROP_COUNT : LF_DROP_revoked;
}

static bool clock_close(const struct lf_io *io, const struct lsp_header *h)
{
        uint64_t now = io->real_ns / 1000, tolerance = LSP_CLOCK_TOLERANCE_S * 1000000ull;
        return h->time < now ? now - h->time <= tolerance : h->time - now <= tolerance;
}

/* The whole query is there and read: new, or asked before? */
static void open_whole(struct lf_io *io, struct lf_query *q, uint16_t detail)
{
        lf_digest(q->plain, q->size, NULL, 0, q->hash);
        enum lf_resend known = lf_resend_claim(&io->dp->resend[q->slot], q->session_id, q->query_id, q->hash,
                                               &q->claim, q->sealed);
        switch (known) {
        case LF_RESEND_IN_FLIGHT:
                lf_drop(io->k, LF_DROP_resend_in_flight);
                lf_query_give_back(io, q);
                return;
        case LF_RESEND_DONE:
                q->resend = true;
                lf_count(&io->k->resends, 1);
                lf_query_wipe(io, q);
                lf_mark(io, LF_STAGE_open, 0);
                lf_hold(io, q);
                return;
        case LF_RESEND_NEW:
        case LF_RESEND_REUSED:
                break;
        }
        lf_count(&io->k->opened, 1);
        lf_count(&io->k->in_flight, 1);
        lf_mark(io, LF_STAGE_open, 0);
        if (known == LF_RESEND_REUSED)
                detail = LSP_DETAIL_QUERY_ID_REUSED;
        if (detail != LSP_DETAIL_NONE)
                lf_refuse(io, q, detail);
        else
                lf_purpose(io, q);
}

/* An authentic datagram: a query, or a part of one. */
static void take(struct lf_io *io, struct lf_session *s, const struct lsp_header *h,
                 const struct lf_return_path *back, const uint8_t *plain, uint32_t size)
{
        struct lf_query *q = NULL;
        enum lf_drop drop = LF_DROP_busy;
        uint16_t detail = LSP_DETAIL_NONE;
        if (h->part == 0 && !lf_limits_flood(io->dp->limits, &io->law->policy.lane[s->lane], s->lane, io->now,
                                             io->dp->tsc_hz)) {
                drop = LF_DROP_over_rate;
        } else if (h->parts == 1) {
                q = lf_query_take(io, s, h, back);
                if (q)
                        memcpy(q->plain, plain, size);
        } else
                q = lf_assembly_add(io, s, h, back, plain, size, &drop);
        if (q) {
                detail = lf_tlv_read(q, io->dp->tsc_hz);
                if (q->request.priority != LSP_PRIORITY_LIVE && io->free_n < LF_LIVE_RESERVE) {
                        lf_query_give_back(io, q);
                        q = NULL;
                        drop = LF_DROP_busy;
                }
        }
        if (q)
                open_whole(io, q, detail);
        else if (drop == LF_DROP_COUNT)
                lf_count(&io->k->absorbed, 1);
        else if (drop == LF_DROP_busy || drop == LF_DROP_over_rate)
                lf_notice(io, s, h, back, LSP_BUSY, drop);
        else
                lf_drop(io->k, drop);
}

static void open_datagram(struct lf_io *io, const struct lf_datagram *d)
{
        if (d->size < LSP_QUERY_DATAGRAM_MIN) {
                lf_drop(io->k, LF_DROP_short_datagram);
                return;
        }
        struct lsp_query_header qh;
        memcpy(&qh, d->payload, sizeof qh);
        uint8_t *box = d->payload + sizeof qh;
        uint32_t size = (uint32_t)d->size - LSP_QUERY_OVERHEAD;
        if (!header_well(&qh.h, size)) {
                lf_drop(io->k, LF_DROP_bad_header);
                return;
        }
        if (!io->law) {
                lf_drop(io->k, LF_DROP_revoked); /* before the first policy there are no lanes */
                return;
        }
        struct lf_session *s;
        enum lf_drop drop = lf_session_find(&io->sessions, qh.cookie, io->legal_ns / 1000000000, &s);
        if (drop != LF_DROP_COUNT) {
                lf_drop(io->k, drop);
                return;
        }
        if (memcmp(qh.h.boot, io->dp->boot, sizeof qh.h.boot) != 0) {
                old_boot(io, s, &qh, &d->back, box, size);
        } else {
                drop = authenticate(io, s, &qh, box, size);
                if (drop != LF_DROP_COUNT)
                        lf_drop(io->k, drop);
                else if (!clock_close(io, &qh.h))
                        lf_notice(io, s, &qh.h, &d->back, LSP_CLOCK, LF_DROP_clock_skew);
                else
                        take(io, s, &qh.h, &d->back, box, size);
        }
        explicit_bzero(box, size);
}

void lf_open_prefetch(struct lf_io *io, const struct lf_datagram *d, unsigned step)
{
        const uint8_t *cookie = d->payload + offsetof(struct lsp_query_header, cookie);
        if (d->size < LSP_QUERY_DATAGRAM_MIN)
                return;
        if (step == 0) {
                lf_session_prefetch_bucket(&io->sessions, cookie);
                return;
        }
        const struct lf_session *s = lf_session_prefetch(&io->sessions, cookie);
        if (step == 1 || !s)
                return;
        lf_replay_prefetch(&io->dp->replay[s->slot],
                           lf_get_le64(d->payload + offsetof(struct lsp_header, nonce)));
        lf_resend_prefetch(&io->dp->resend[s->slot]);
}

void lf_open_datagram(struct lf_io *io, const struct lf_datagram *d)
{
        lf_count(&io->k->stage_count[LF_STAGE_open], 1);
        open_datagram(io, d);
        lf_mark(io, LF_STAGE_open, 0);
}
/* Exits: a whole query, to purpose (or, when its fields cannot be read or its id was used before, to audit as
 * REFUSED). A part: absorbed. A retransmission: to tx with the answer it had. A notice: old_boot, clock_skew,
 * busy, over_rate. In silence: short_datagram, bad_header, cookie_key, cookie_forged, cookie_expired,
 * cookie_slot, forged, replayed, revoked, notice_limit, resend_in_flight, assembly_limit, assembly_mismatch,
 * part_duplicate. */
