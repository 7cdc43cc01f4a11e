/* All that a reader of manifests says, as text: two readings are the same when their texts are. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/manifest/manifest.h"

struct transcript {
        char *text;
        size_t n, room;
        unsigned begun, ended, parties;
        int result;
        struct lf_manifest_error error;
};

__attribute__((format(printf, 2, 3))) static inline void transcript_say(struct transcript *t,
                                                                        const char *format, ...)
{
        va_list list, again;
        va_start(list, format);
        va_copy(again, list);
        int n = vsnprintf(NULL, 0, format, list);
        if (t->n + (size_t)n + 1 > t->room) {
                t->room = 2 * (t->room + (size_t)n + 1);
                t->text = realloc(t->text, t->room);
                if (!t->text)
                        abort();
        }
        vsnprintf(t->text + t->n, t->room - t->n, format, again);
        t->n += (size_t)n;
        va_end(again);
        va_end(list);
}

static inline void transcript_time(struct transcript *t, const char *what, const struct lf_manifest_time *m)
{
        if (m->year)
                transcript_say(t, " %s=%04u%02u%02u", what, m->year, m->month, m->day);
        if (m->clock)
                transcript_say(t, "T%02u%02u", m->hour, m->minute);
}

static inline int transcript_begin(void *context, const struct lf_manifest_header *h)
{
        struct transcript *t = context;
        t->begun++;
        transcript_say(t, "begin %s\n", lf_manifest_kind_name(h->kind));
        return 0;
}

static inline int transcript_party(void *context, const struct lf_manifest_header *h,
                                   const struct lf_party *p)
{
        struct transcript *t = context;
        t->parties++;
        transcript_say(t, "%u %s %s %d %llu@%llu:%llu", p->number, lf_party_role_name(p->role), p->role_code,
                       p->kind, (unsigned long long)p->at.segment, (unsigned long long)p->at.line,
                       (unsigned long long)p->at.offset);
        for (unsigned i = 0; i < p->names; i++)
                transcript_say(t, " [%s|%s|%s]", p->name[i].full, p->name[i].family, p->name[i].given);
        for (unsigned i = 0; i < p->births; i++)
                transcript_time(t, "born", &p->birth[i]);
        if (p->sex)
                transcript_say(t, " %c", p->sex);
        for (unsigned i = 0; i < p->nations; i++)
                transcript_say(t, " of %s", p->nation[i]);
        for (unsigned i = 0; i < p->documents; i++) {
                transcript_say(t, " %c/%s/%s/%s", p->document[i].kind, p->document[i].type,
                               p->document[i].country, p->document[i].number);
                transcript_time(t, "until", &p->document[i].expiry);
        }
        transcript_say(t, " pnr=%s ref=%s seat=%s bill=%s at=%s in=%s %s-%s notes=%x\n", p->locator,
                       p->reference, p->seat, p->shipment, p->address, p->residence, p->embark, p->debark,
                       p->notes);
        return 0;
}

static inline int transcript_end(void *context, const struct lf_manifest_header *h,
                                 const struct lf_manifest_summary *s)
{
        struct transcript *t = context;
        t->ended++;
        transcript_say(t,
                       "end %s %s %s %s/%s to %s/%s ctl=%s grp=%s msg=%s common=%s doc=%s tn=%s part=%u%s%s",
                       h->version, h->agency, h->syntax, h->sender, h->sender_qualifier, h->recipient,
                       h->recipient_qualifier, h->control, h->group, h->message, h->common, h->document,
                       h->transaction, h->part, h->last_part ? " last" : "", h->test ? " test" : "");
        transcript_time(t, "prepared", &h->prepared);
        for (unsigned i = 0; i < h->legs; i++) {
                transcript_say(t, " (%s %s %s %s-%s", h->leg[i].carrier, h->leg[i].flight, h->leg[i].vessel,
                               h->leg[i].from, h->leg[i].to);
                transcript_time(t, "dep", &h->leg[i].departure);
                transcript_time(t, "arr", &h->leg[i].arrival);
                transcript_say(t, ")");
        }
        transcript_say(t, " parties=%llu segments=%llu notes=%x\n", (unsigned long long)s->parties,
                       (unsigned long long)s->segments, s->notes);
        return 0;
}

/* Reads in pieces: `piece` gives the size of the next one (0: all the rest). */
static inline struct transcript transcribe(const void *bytes, size_t n, size_t (*piece)(void *context),
                                           void *context)
{
        static const struct lf_manifest_calls calls = {transcript_begin, transcript_party, transcript_end};
        struct transcript t = {0};
        struct lf_manifest_reader *r;
        t.result = lf_manifest_reader_new(&calls, &t, &r);
        if (t.result < 0)
                return t;
        const uint8_t *p = bytes;
        while (n > 0 && t.result == 0) {
                size_t k = piece ? piece(context) : 0;
                if (k == 0 || k > n)
                        k = n;
                /* A block of its own, so that a sanitizer sees reading beyond it. */
                uint8_t *own = malloc(k);
                if (!own)
                        abort();
                memcpy(own, p, k);
                t.result = lf_manifest_push(r, own, k);
                free(own);
                p += k;
                n -= k;
        }
        if (t.result == 0)
                t.result = lf_manifest_finish(r);
        if (t.result < 0) {
                char text[512];
                t.error = *lf_manifest_error(r);
                lf_manifest_error_text(&t.error, text, sizeof text);
                transcript_say(&t, "%d %s\n", t.result, text);
        }
        lf_manifest_reader_free(r);
        return t;
}

static inline void transcript_free(struct transcript *t)
{
        free(t->text);
        *t = (struct transcript){0};
}
