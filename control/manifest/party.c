/* A party that is being put together. */
#include <errno.h>
#include <stddef.h>

#include "control/manifest/reader.h"

void lf_party_begin(struct lf_party *p, enum lf_party_kind kind, enum lf_party_role role,
                    const struct lf_manifest_place *at)
{
        memset(p, 0, offsetof(struct lf_party, text));
        p->kind = kind;
        p->role = role;
        p->at = *at;
        p->locator = p->reference = p->seat = p->shipment = p->address = "";
}

int lf_too_large(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        lf_reader_fail(r, s, LF_RULE_PARTY_TOO_LARGE, 0, 0, NULL);
        return -EMSGSIZE;
}

const char *lf_party_put(struct lf_party *p, const char *text, size_t n)
{
        if (n == 0)
                return "";
        if (n >= LF_PARTY_TEXT - p->text_used)
                return NULL;
        char *to = p->text + p->text_used;
        memcpy(to, text, n);
        to[n] = 0;
        p->text_used += (uint32_t)n + 1;
        return to;
}

int lf_take(struct lf_manifest_reader *r, struct lf_party *p, const struct lf_edi_segment *s, unsigned e,
            unsigned c, const char **ret)
{
        struct lf_edi_view v = lf_edi_component(s, e, c);
        *ret = "";
        if (v.n == 0)
                return 0;
        char *to = p->text + p->text_used;
        int n = lf_edi_text(r->edi, s, v, to, LF_PARTY_TEXT - p->text_used, &p->notes);
        if (n < 0)
                return lf_too_large(r, s);
        if (n > 0) {
                p->text_used += (uint32_t)n + 1;
                *ret = to;
        }
        return 0;
}

int lf_take_joined(struct lf_manifest_reader *r, struct lf_party *p, const struct lf_edi_segment *s,
                   unsigned e, unsigned first, unsigned last, const char *between, const char **ret)
{
        uint32_t start = p->text_used, end = start;
        unsigned parts = lf_edi_components(s, e);
        *ret = "";
        for (unsigned c = first; c <= last && c < parts; c++) {
                const char *part;
                size_t gap = end > start ? strlen(between) : 0;
                if (gap >= LF_PARTY_TEXT - end)
                        return lf_too_large(r, s);
                p->text_used = end + (uint32_t)gap;
                int ret_take = lf_take(r, p, s, e, c, &part);
                if (ret_take < 0)
                        return ret_take;
                if (!*part)
                        continue;
                memcpy(p->text + end, between, gap);
                end = p->text_used - 1;
        }
        p->text_used = end > start ? end + 1 : start;
        if (end > start) {
                p->text[end] = 0;
                *ret = p->text + start;
        }
        return 0;
}

static bool has_digit(const char *text)
{
        for (; *text; text++)
                if (*text >= '0' && *text <= '9')
                        return true;
        return false;
}

int lf_party_add_name(struct lf_party *p, const char *family, const char *given)
{
        size_t f = strlen(family), g = strlen(given);
        if (f + g == 0)
                return 0;
        struct lf_party_name name = {.family = family, .given = given};
        if (g == 0 || f == 0) {
                name.full = g ? given : family;
        } else {
                if (p->text_used + f + g + 2 > LF_PARTY_TEXT)
                        return -ENOSPC;
                char *to = p->text + p->text_used;
                memcpy(to, given, g);
                to[g] = ' ';
                memcpy(to + g + 1, family, f + 1);
                p->text_used += (uint32_t)(f + g + 2);
                name.full = to;
        }
        for (unsigned i = 0; i < p->names; i++)
                if (strcmp(p->name[i].full, name.full) == 0)
                        return 0;
        if (p->names == LF_PARTY_NAMES)
                return -ENOSPC;
        if (p->kind == LF_PARTY_PERSON && has_digit(name.full))
                p->notes |= LF_NOTE_DIGIT_IN_NAME;
        if (p->kind == LF_PARTY_PERSON && (f == 0 || g == 0))
                p->notes |= LF_NOTE_NO_FAMILY_NAME;
        if (p->kind != LF_PARTY_PERSON)
                name.family = name.given = "";
        p->name[p->names++] = name;
        return 0;
}

int lf_party_add_nation(struct lf_party *p, const char *code)
{
        for (unsigned i = 0; i < p->nations; i++)
                if (strcmp(p->nation[i], code) == 0)
                        return 0;
        if (p->nations == LF_PARTY_NATIONS)
                return -ENOSPC;
        memcpy(p->nation[p->nations++], code, strlen(code) + 1);
        return 0;
}

static int begin_once(struct lf_manifest_reader *r)
{
        if (r->begun)
                return 0;
        r->begun = true;
        return r->calls.begin ? r->calls.begin(r->context, &r->header) : 0;
}

int lf_party_emit(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_party *p)
{
        if (p->names == 0 && p->documents == 0)
                p->notes |= LF_NOTE_NOTHING;
        int ret = begin_once(r);
        if (ret < 0)
                return ret;
        p->number = (uint32_t)++r->summary.parties;
        r->summary.notes |= p->notes;
        return r->calls.party ? r->calls.party(r->context, &r->header, p) : 0;
}

int lf_message_begin(struct lf_manifest_reader *r, const struct lf_message *m, const struct lf_edi_segment *s)
{
        r->message = m;
        r->header.kind = m->kind;
        r->begun = r->started = r->in_party = r->in_goods = r->crew.said = r->passengers.said = false;
        r->crew_seen = 0;
        r->document = NULL;
        r->shipment[0] = 0;
        memset(r->header.leg, 0, r->header.legs * sizeof r->header.leg[0]);
        r->header.legs = 0;
        r->header.document[0] = r->header.transaction[0] = 0;
        return m->begin ? m->begin(r, s) : 0;
}

int lf_message_end(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        r->message = NULL;
        r->summary.segments = r->message_segments;
        if (lf_edi_beyond_level(r->edi, s->at.offset))
                r->summary.notes |= LF_NOTE_LEVEL;
        int ret = begin_once(r);
        if (ret < 0)
                return ret;
        return r->calls.end ? r->calls.end(r->context, &r->header, &r->summary) : 0;
}
