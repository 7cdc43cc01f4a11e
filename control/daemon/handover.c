/* What the link and the key exchange ask for. */
#include "control/daemon/daemon.h"

#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int lf_control_fill_options(void *arg, struct lf_handover_options *o)
{
        struct lf_control *c = arg;
        const struct lf_config *f = c->config;
        struct lf_audit_worker_state audit;
        lf_audit_worker_get_state(c->audit, &audit);
        if (!audit.open)
                return -EAGAIN; /* how many entries must be there is not known yet */
        lf_control_restore_limits(c);
        o->port_kind = f->port.kind;
        o->queues = f->port.queues;
        strcpy(o->interface, f->port.interface);
        memcpy(o->address, f->port.address.ip, sizeof o->address);
        o->udp_port = (uint16_t)f->port.udp_port;
        o->memif_server = f->port.memif_server;
        o->contexts = f->contexts;
        o->sessions = f->sessions;
        o->cores = f->cores;
        for (unsigned i = 0; i < f->cores; i++) {
                o->core[i].cpu = (uint16_t)f->core[i].cpu;
                o->core[i].roles = (uint16_t)f->core[i].roles;
        }
        o->housekeeping_cpu = (uint16_t)f->housekeeping_cpu;
        o->audit_dirs = (uint16_t)f->audit.wals;
        for (unsigned i = 0; i < f->audit.wals; i++)
                strcpy(o->audit_dir[i], f->audit.wal[i]);
        o->run_uid = c->dataplane_uid;
        o->run_gid = c->dataplane_gid;
        o->audit_segment_size = f->audit.segment_size;
        o->audit_segments = f->audit.segments;
        o->hugepages = (uint32_t)(f->hugepages >> 20);
        o->audit_expected = audit.published;
        o->legal_floor = lf_control_legal_now(c);
        memcpy(o->audit_key, c->wal_key, sizeof o->audit_key);
        memcpy(o->appliance, lf_site_appliance(c->site), sizeof o->appliance);
        return 0;
}

void lf_control_fill_keys(void *arg, struct lf_handover_cookie_keys *ret)
{
        struct lf_control *c = arg;
        lf_cookie_keys_export(c->keys, ret);
}

void lf_control_on_hello(void *arg, const struct lf_handover_hello *hello)
{
        struct lf_control *c = arg;
        lf_log_info("landfalld %u is there", hello->pid);
        lf_control_generations(c);
}

void lf_control_on_done(void *arg, unsigned type, int error, const char *text)
{
        if (error < 0)
                lf_log_error("landfalld refused message %u: %s", type, text[0] ? text : strerror(-error));
        else if (type == LF_HANDOVER_GENERATION) {
                struct lf_link_state s;
                lf_link_get_state(((struct lf_control *)arg)->link, &s);
                lf_log_info("generation %lu is in force", s.generation);
        }
}

static const struct lf_site_lane *lane_numbered(const struct lf_control *c, uint32_t number)
{
        for (unsigned i = 0; i < c->lanes; i++)
                if (c->lane[i].number == number)
                        return &c->lane[i];
        return NULL;
}

enum lsp_ke_status lf_control_admit(void *arg, uint32_t number, const uint8_t certificate[32],
                                    struct lf_ke_grant *ret)
{
        struct lf_control *c = arg;
        const struct lf_site_lane *lane = lane_numbered(c, number);
        uint64_t now = lf_control_legal_now(c);
        if (number >= LF_LANES_MAX || !lane || !lane->active || !c->policy.lane[number].active ||
            lane->expiry <= now || memcmp(lane->certificate, certificate, sizeof lane->certificate) != 0)
                return LSP_KE_REVOKED;
        struct lf_link_state link;
        lf_link_get_state(c->link, &link);
        if (!link.configured)
                return LSP_KE_NOT_READY;
        uint64_t expiry = now + LF_COOKIE_LIFE_S < lane->expiry ? now + LF_COOKIE_LIFE_S : lane->expiry;
        struct lf_slot_grant slot;
        int r = lf_slots_take(c->slots, number, now, expiry, &slot);
        if (r < 0)
                return r == -ENOSPC ? LSP_KE_FULL : LSP_KE_NOT_READY;
        *ret = (struct lf_ke_grant){.session = slot.session,
                                    .slot = slot.slot,
                                    .slot_turn = slot.slot_turn,
                                    .expiry = expiry,
                                    .port = (uint16_t)c->config->port.udp_port};
        memcpy(ret->boot, link.boot, sizeof ret->boot);
        const struct lf_address *a = &c->config->advertise;
        if (a->given && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->ip)) {
                ret->address_family = 4;
                memcpy(ret->address, a->ip + 12, 4);
        } else if (a->given) {
                ret->address_family = 6;
                memcpy(ret->address, a->ip, 16);
        }
        return LSP_KE_OK;
}
