#include "control/manifest/cusres.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONTROL_MAX 14

struct out {
        char *buf;
        size_t size, n;
        uint32_t segments;
        bool full;
};

static void put(struct out *o, const char *text, size_t n)
{
        if (o->full || n > o->size - o->n) {
                o->full = true;
                return;
        }
        memcpy(o->buf + o->n, text, n);
        o->n += n;
}

static void syntax(struct out *o, const char *text)
{
        put(o, text, strlen(text));
}

static void value(struct out *o, const char *text)
{
        for (; *text; text++) {
                if (strchr(":+?'*", *text))
                        put(o, "?", 1);
                put(o, text, 1);
        }
}

static void end_segment(struct out *o)
{
        put(o, "'", 1);
        o->segments++;
}

/* A whole segment: `before` as it stands, then the value. */
static void segment(struct out *o, const char *before, const char *text)
{
        syntax(o, before);
        value(o, text);
        end_segment(o);
}

static void party(struct out *o, const char *id, const char *qualifier)
{
        put(o, "+", 1);
        value(o, id);
        if (*qualifier) {
                put(o, ":", 1);
                value(o, qualifier);
        }
}

__attribute__((format(printf, 2, 3))) static void number(struct out *o, const char *format, ...)
{
        char text[64];
        va_list list;
        va_start(list, format);
        vsnprintf(text, sizeof text, format, list);
        va_end(list);
        syntax(o, text);
}

static void when(struct out *o, const char *code, const struct lf_manifest_time *t)
{
        if (t->year == 0)
                return;
        number(o, "DTM+%s:%02u%02u%02u", code, t->year % 100u, t->month, t->day);
        if (t->clock)
                number(o, "%02u%02u", t->hour, t->minute);
        syntax(o, t->clock ? ":201" : ":101");
        end_segment(o);
}

/* Only these sets are ISO 646 alone; the texts of the others are UTF-8 by now. */
static const char *charset(const struct lf_manifest_header *h)
{
        bool ascii = !strcmp(h->syntax, "UNOA") || !strcmp(h->syntax, "UNOB") || !strcmp(h->syntax, "IATA") ||
                     !strcmp(h->syntax, "IATB");
        return ascii ? "UNOA:4" : "UNOY:4";
}

static void envelope(struct out *o, const struct lf_cusres *c)
{
        const struct lf_manifest_header *h = c->paxlst;
        const struct lf_manifest_time *t = &c->now;
        syntax(o, "UNA:+.?*'UNB+");
        syntax(o, charset(h));
        party(o, h->recipient, h->recipient_qualifier);
        party(o, h->sender, h->sender_qualifier);
        number(o, "+%02u%02u%02u:%02u%02u+", t->year % 100u, t->month, t->day, t->hour, t->minute);
        segment(o, "", c->control);
        syntax(o, "UNG+CUSRES");
        party(o, h->recipient, h->recipient_qualifier);
        party(o, h->sender, h->sender_qualifier);
        number(o, "+%02u%02u%02u:%02u%02u+", t->year % 100u, t->month, t->day, t->hour, t->minute);
        value(o, c->control);
        syntax(o, "+UN+D:05B'");
}

static int done(struct lf_cusres *c, const struct out *o, uint32_t travellers, size_t *ret_n)
{
        if (o->full)
                return -ENOSPC;
        c->segments = o->segments;
        c->travellers += travellers;
        *ret_n = o->n;
        return 0;
}

int lf_cusres_begin(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n)
{
        const struct lf_manifest_header *h = c->paxlst;
        struct out o = {.buf = buf, .size = size};
        size_t control = c->control ? strlen(c->control) : 0;
        if (h->kind != LF_MANIFEST_PAXLST || control == 0 || control > CONTROL_MAX)
                return -EINVAL;
        envelope(&o, c);
        o.segments = 0;
        syntax(&o, "UNH+");
        value(&o, h->message);
        syntax(&o, "+CUSRES:D:05B:UN:IATA");
        if (h->common[0]) {
                put(&o, "+", 1);
                value(&o, h->common);
        }
        end_segment(&o);
        segment(&o, "BGM+962", "");
        if (h->transaction[0])
                segment(&o, "RFF+TN:", h->transaction);
        for (unsigned i = 0; i < h->legs; i++) {
                const struct lf_manifest_leg *leg = &h->leg[i];
                if (leg->flight[0])
                        segment(&o, "RFF+AF:", leg->flight);
                when(&o, "189", &leg->departure);
                when(&o, "232", &leg->arrival);
                if (leg->from[0])
                        segment(&o, "LOC+125+", leg->from);
                if (leg->to[0])
                        segment(&o, "LOC+87+", leg->to);
        }
        c->travellers = 0;
        return done(c, &o, 0, ret_n);
}

int lf_cusres_traveller(struct lf_cusres *c, const struct lf_cusres_traveller *t, char *buf, size_t size,
                        size_t *ret_n)
{
        static const struct {
                const char *code, *text;
        } words[] = {
            [LF_CUSRES_OK] = {"0Z", "OK TO BOARD"},
            [LF_CUSRES_REFER] = {"2Z", "REFER TO OFFICER"},
            [LF_CUSRES_DO_NOT_BOARD] = {"1Z", "DO NOT BOARD"},
            [LF_CUSRES_UNKNOWN] = {"4Z", "NOT CHECKED - REFER TO OFFICER"},
        };
        struct out o = {.buf = buf, .size = size, .segments = c->segments};
        bool decided = t->officer && t->officer[0] && t->decision && t->decision[0];
        if ((unsigned)t->status >= sizeof words / sizeof words[0])
                return -EINVAL;
        if (t->status == LF_CUSRES_DO_NOT_BOARD && !decided)
                return -EPERM;
        bool locator = t->locator && t->locator[0], reference = t->reference && t->reference[0];
        syntax(&o, "ERP+2");
        if (!locator && !reference)
                number(&o, ":%u", t->number);
        end_segment(&o);
        if (locator)
                segment(&o, "RFF+AVF:", t->locator);
        if (reference)
                segment(&o, "RFF+ABO:", t->reference);
        segment(&o, "ERC+", words[t->status].code);
        syntax(&o, "FTX+AAP+++");
        syntax(&o, words[t->status].text);
        if (decided) {
                syntax(&o, ":DECISION ");
                value(&o, t->decision);
        }
        end_segment(&o);
        return done(c, &o, 1, ret_n);
}

int lf_cusres_end(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n)
{
        struct out o = {.buf = buf, .size = size, .segments = c->segments};
        number(&o, "UNT+%u+", c->segments + 1);
        segment(&o, "", c->paxlst->message);
        segment(&o, "UNE+1+", c->control);
        segment(&o, "UNZ+1+", c->control);
        return done(c, &o, 0, ret_n);
}

int lf_cusres_write(const struct lf_manifest_header *paxlst, const char *control, struct lf_manifest_time now,
                    const struct lf_cusres_traveller *travellers, size_t n, char *buf, size_t size,
                    size_t *ret_n)
{
        struct lf_cusres c = {.paxlst = paxlst, .control = control, .now = now};
        size_t used, part;
        int r = lf_cusres_begin(&c, buf, size, &used);
        for (size_t i = 0; i < n && r == 0; i++) {
                r = lf_cusres_traveller(&c, &travellers[i], buf + used, size - used, &part);
                used += r == 0 ? part : 0;
        }
        if (r == 0)
                r = lf_cusres_end(&c, buf + used, size - used, &part);
        if (r == 0)
                *ret_n = used + part;
        return r;
}
