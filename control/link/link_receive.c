#include "control/link/link_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int hello(struct lf_link *link, const struct lf_handover_hello *h)
{
        bool same = link->state.connects > 1 && memcmp(h->boot, link->state.boot, sizeof h->boot) == 0;
        memcpy(link->state.boot, h->boot, sizeof h->boot);
        link->state.connected = true;
        link->state.configured = h->configured != 0;
        link->state.pid = h->pid;
        link->state.in_force = h->generation;
        link->state.error[0] = 0;
        link->need = NEED_KEYS | NEED_POLICY | NEED_CONSUMED | (h->configured ? 0 : NEED_OPTIONS) |
                     (link->clock.legal ? NEED_CLOCK : 0);
        link_generations_hello(link, h, same);
        if (link->options.on_hello)
                link->options.on_hello(link->options.arg, h);
        return 0;
}

static unsigned type_of(const struct lf_link *link, uint32_t sequence)
{
        for (unsigned t = 0; t < sizeof link->sequence_of / sizeof link->sequence_of[0]; t++)
                if (sequence && link->sequence_of[t] == sequence)
                        return t;
        return 0;
}

static const char *const kinds[] = {
    [LF_HANDOVER_OPTIONS] = "options",         [LF_HANDOVER_COOKIE_KEYS] = "cookie keys",
    [LF_HANDOVER_POLICY] = "policy",           [LF_HANDOVER_GENERATION] = "generation",
    [LF_HANDOVER_CONSUMED] = "consumed index", [LF_HANDOVER_CLOCK] = "clock"};

static int done(struct lf_link *link, const struct lf_handover_done *d, bool refused)
{
        unsigned type = type_of(link, d->sequence);
        if (type == 0)
                return 0;
        int error = refused ? (d->error < 0 ? d->error : -EIO) : 0;
        if (type == LF_HANDOVER_CLOCK)
                link->clock.legal = 0;
        bool part = type == LF_HANDOVER_GENERATION && link->part_under_way;
        bool told = type == LF_HANDOVER_GENERATION && link->part_error;
        if (told)
                error = link->part_error;
        if (refused && !told) {
                link->state.errors++;
                snprintf(link->state.error, sizeof link->state.error, "landfalld refused the %s: %.*s",
                         kinds[type], (int)sizeof d->text, d->text);
        }
        if (part) {
                struct held *newest = link_newest(link);
                link->part_under_way = false;
                link->part_error = error;
                if (refused && newest)
                        link->shards_sent = newest->generation->shards;
                return 0;
        }
        if (type == LF_HANDOVER_GENERATION) {
                link->part_error = 0;
                link_generation_done(link, error);
        }
        char text[sizeof d->text];
        snprintf(text, sizeof text, "%.*s", (int)sizeof d->text - 1, d->text);
        if (link->options.on_done)
                link->options.on_done(link->options.arg, type, error, text);
        if (type == LF_HANDOVER_OPTIONS && refused)
                return -ECANCELED; /* nothing else can be sent: begin anew, after a while */
        return 0;
}

static int take(struct lf_link *link, const void *bytes, size_t size)
{
        const struct lf_handover_head *head = bytes;
        if (size < sizeof *head || head->magic != LF_HANDOVER_MAGIC || head->abi != LF_HANDOVER_ABI ||
            head->size != size)
                return -EPROTO;
        size_t want = head->type == LF_HANDOVER_HELLO     ? sizeof(struct lf_handover_hello)
                      : head->type == LF_HANDOVER_READY   ? sizeof *head
                      : head->type == LF_HANDOVER_DONE    ? sizeof(struct lf_handover_done)
                      : head->type == LF_HANDOVER_ERROR   ? sizeof(struct lf_handover_done)
                      : head->type == LF_HANDOVER_RETIRED ? sizeof(struct lf_handover_generation)
                                                          : 0;
        if (size != want || (head->type != LF_HANDOVER_HELLO && !link->state.connected))
                return -EPROTO;
        switch (head->type) {
        case LF_HANDOVER_HELLO:
                return hello(link, bytes);
        case LF_HANDOVER_READY:
                link->state.configured = true;
                return 0;
        case LF_HANDOVER_DONE:
        case LF_HANDOVER_ERROR:
                return done(link, bytes, head->type == LF_HANDOVER_ERROR);
        default:
                link_retired(link, ((const struct lf_handover_generation *)bytes)->generation);
                return 0;
        }
}

int link_receive(struct lf_link *link)
{
        for (;;) {
                _Alignas(8) char message[512];
                ssize_t n = recv(link->fd, message, sizeof message, MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n == 0)
                        return -ECONNRESET;
                int r = take(link, message, (size_t)n);
                if (r < 0)
                        return r;
        }
}
