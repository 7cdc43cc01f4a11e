/* What `landfall manifest check --travellers` tells of each traveller or party, flight and zone. */
#include <stdio.h>

#include "tools/manifest/check.h"

/* "1990-09-09", "1990-09", "1990"; with a clock "2024-03-10T10:30". */
static json_t *time_text(const struct lf_manifest_time *t)
{
        char text[32];
        int n = snprintf(text, sizeof text, "%04u", t->year);
        if (t->month)
                n += snprintf(text + n, sizeof text - (size_t)n, "-%02u", t->month);
        if (t->month && t->day)
                n += snprintf(text + n, sizeof text - (size_t)n, "-%02u", t->day);
        if (t->clock)
                snprintf(text + n, sizeof text - (size_t)n, "T%02u:%02u", t->hour, t->minute);
        return t->year ? json_string(text) : json_null();
}

static void put_text(json_t *o, const char *key, const char *text)
{
        if (text && *text)
                json_object_set_new(o, key, json_string(text));
}

static json_t *document(const struct lf_party_document *d)
{
        json_t *o = json_pack("{s:s#, s:s}", "kind", &d->kind, 1, "number", d->number);
        put_text(o, "type", d->type);
        put_text(o, "country", d->country);
        if (d->expiry.year)
                json_object_set_new(o, "expiry", time_text(&d->expiry));
        return o;
}

json_t *lf_check_traveller(const struct lf_party *p)
{
        json_t *names = json_array(), *births = json_array(), *nations = json_array(),
               *documents = json_array(), *notes = json_array();
        for (unsigned i = 0; i < p->names; i++) {
                json_t *name = json_pack("{s:s}", "full", p->name[i].full);
                put_text(name, "family", p->name[i].family);
                put_text(name, "given", p->name[i].given);
                json_array_append_new(names, name);
        }
        for (unsigned i = 0; i < p->births; i++)
                json_array_append_new(births, time_text(&p->birth[i]));
        for (unsigned i = 0; i < p->nations; i++)
                json_array_append_new(nations, json_string(p->nation[i]));
        for (unsigned i = 0; i < p->documents; i++)
                json_array_append_new(documents, document(&p->document[i]));
        for (unsigned i = 0; i < LF_PARTY_NOTES; i++)
                if (p->notes >> i & 1)
                        json_array_append_new(notes, json_string(lf_party_note_text(i)));
        json_t *o =
            json_pack("{s:i, s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "number", (int)p->number, "role",
                      lf_party_role_name(p->role), "segment", (json_int_t)p->at.segment, "names", names,
                      "births", births, "nationalities", nations, "documents", documents, "notes", notes);
        if (p->sex)
                json_object_set_new(o, "sex", json_pack("s#", &p->sex, 1));
        const char *const texts[][2] = {{"residence", p->residence}, {"embarks", p->embark},
                                        {"debarks", p->debark},      {"locator", p->locator},
                                        {"reference", p->reference}, {"seat", p->seat},
                                        {"shipment", p->shipment},   {"address", p->address}};
        for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
                put_text(o, texts[i][0], texts[i][1]);
        return o;
}

json_t *lf_check_legs(const struct lf_manifest_header *h)
{
        json_t *legs = json_array();
        for (unsigned i = 0; i < h->legs; i++) {
                const struct lf_manifest_leg *l = &h->leg[i];
                json_t *o = json_object();
                const char *const texts[][2] = {{"carrier", l->carrier},
                                                {"flight", l->flight},
                                                {"vessel", l->vessel},
                                                {"from", l->from},
                                                {"to", l->to}};
                for (unsigned k = 0; k < sizeof texts / sizeof texts[0]; k++)
                        put_text(o, texts[k][0], texts[k][1]);
                if (l->departure.year)
                        json_object_set_new(o, "departure", time_text(&l->departure));
                if (l->arrival.year)
                        json_object_set_new(o, "arrival", time_text(&l->arrival));
                json_array_append_new(legs, o);
        }
        return legs;
}

/* Years are of two digits in a zone, and are told as they stand there: "740812", "74<<<<". */
static void put_day(json_t *o, const char *key, const struct lf_manifest_time *t, bool year)
{
        char text[40];
        const unsigned part[3] = {t->year, t->month, t->day};
        const bool known[3] = {year, t->month > 0, t->day > 0};
        for (unsigned i = 0; i < 3; i++)
                if (known[i])
                        snprintf(text + 2 * i, sizeof text - 2 * i, "%02u", part[i] % 100);
                else
                        snprintf(text + 2 * i, sizeof text - 2 * i, "<<");
        json_object_set_new(o, key, json_string(text));
}

json_t *lf_check_zone(const struct lf_mrz *m)
{
        json_t *o = json_object();
        const char *const texts[][2] = {{"code", m->code},
                                        {"issuer", m->issuer},
                                        {"number", m->number},
                                        {"family", m->family},
                                        {"given", m->given},
                                        {"nationality", m->nation},
                                        {"optional", m->optional[0]},
                                        {"optional2", m->optional[1]}};
        for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++)
                put_text(o, texts[i][0], texts[i][1]);
        if (m->sex)
                json_object_set_new(o, "sex", json_pack("s#", &m->sex, 1));
        put_day(o, "birth", &m->birth, m->birth_year);
        put_day(o, "expiry", &m->expiry, m->expiry_year);
        json_object_set_new(o, "name_truncated", json_boolean(m->name_truncated));
        return o;
}
