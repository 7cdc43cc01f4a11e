/* X12: envelopes (X12.5 ISA and IEA, X12.22 GS, ST, SE, GE), and the parties of 309, customs manifest. */
#include <errno.h>
#include <stdio.h>

#include "control/manifest/reader.h"

/* ---- 309 ---- */
static enum lf_party_role role_of(struct lf_edi_view code)
{
        static const struct {
                char code[4];
                enum lf_party_role role;
        } known[] = {{"SH", LF_ROLE_SHIPPER},   {"CN", LF_ROLE_CONSIGNEE}, {"N1", LF_ROLE_NOTIFY},
                     {"N2", LF_ROLE_NOTIFY},    {"NP", LF_ROLE_NOTIFY},    {"CA", LF_ROLE_CARRIER},
                     {"CB", LF_ROLE_AGENT},     {"FW", LF_ROLE_AGENT},     {"AG", LF_ROLE_AGENT},
                     {"IM", LF_ROLE_CONSIGNEE}, {"SF", LF_ROLE_SHIPPER}};
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
                if (lf_edi_is(code, known[i].code))
                        return known[i].role;
        return LF_ROLE_OTHER;
}

static int emit(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->in_party)
                return 0;
        r->in_party = false;
        return lf_party_emit(r, s, &r->party);
}

/* M10: 1 carrier, 5 vessel, 6 voyage, 7 manifest number. */
static int m10(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_leg *leg = lf_leg_current(r);
        r->started = true;
        lf_code(lf_edi_component(s, 1, 0), leg->carrier, sizeof leg->carrier);
        int ret = lf_copy(r, s, 5, 0, leg->vessel, sizeof leg->vessel);
        if (ret == 0)
                ret = lf_copy(r, s, 6, 0, leg->flight, sizeof leg->flight);
        if (ret == 0)
                ret = lf_copy(r, s, 7, 0, r->header.transaction, sizeof r->header.transaction);
        return ret;
}

/* P4: 1 port of discharge, 2 date of arrival. Of several the first. */
static int p4(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_leg *leg = lf_leg_current(r);
        struct lf_edi_view day = lf_edi_component(s, 2, 0);
        if (leg->to[0])
                return 0;
        if (day.n > 0 &&
            !lf_date_near(day, (struct lf_edi_view){day.p, 0}, &r->header.prepared, &leg->arrival))
                r->summary.notes |= LF_NOTE_BAD_DATE;
        return lf_copy(r, s, 1, 0, leg->to, sizeof leg->to);
}

/* N1: 1 who, 2 name. "FS" is a place. */
static int n1(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        struct lf_edi_view code = lf_edi_component(s, 1, 0);
        const char *name;
        if (lf_edi_is(code, "FS") || lf_edi_component(s, 2, 0).n == 0)
                return 0;
        lf_party_begin(p, LF_PARTY_UNKNOWN, role_of(code), &s->at);
        lf_code(code, p->role_code, sizeof p->role_code);
        int ret = lf_take(r, p, s, 2, 0, &name);
        if (ret < 0 || !*name)
                return ret;
        p->shipment = lf_party_put(p, r->shipment, strlen(r->shipment));
        if (!p->shipment || lf_party_add_name(p, name, "") < 0)
                return lf_too_large(r, s);
        r->in_party = true;
        return 0;
}

/* N2: more of the name; the first part alone stays, too. */
static int n2(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        for (unsigned e = 1; e <= 2; e++) {
                const char *more;
                int ret = lf_take(r, p, s, e, 0, &more);
                if (ret < 0)
                        return ret;
                if (*more && lf_party_add_name(p, more, p->name[p->names - 1].full) < 0)
                        return lf_too_large(r, s);
        }
        return 0;
}

/* N3: lines of the address. N4: 1 city, 2 state, 3 postcode, 4 country. */
static int address(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        char line[512];
        size_t n = 0;
        for (unsigned e = 1; e <= 4 && e < s->elements; e++) {
                char part[72];
                int ret = lf_copy(r, s, e, 0, part, sizeof part);
                if (ret < 0)
                        return ret;
                if (part[0])
                        n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", n ? ", " : "", part);
        }
        if (s->tag == LF_EDI_TAG('N', '4', 0))
                lf_code(lf_edi_component(s, 4, 0), p->residence, sizeof p->residence);
        char whole[LF_PARTY_TEXT];
        size_t before = strlen(p->address);
        n = (size_t)snprintf(whole, sizeof whole, "%s%s%s", p->address, before && n ? ", " : "",
                             n ? line : "");
        if (n == before)
                return 0;
        p->address = lf_party_put(p, whole, n < sizeof whole ? n : sizeof whole - 1);
        if (p->address)
                return 0;
        p->address = "";
        return lf_too_large(r, s);
}

static int segment_309(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        bool party = r->in_party || s->tag == LF_EDI_TAG('N', '1', 0);
        int ret = party ? lf_no_repeats(r, s) : 0;
        if (ret < 0)
                return ret;
        bool detail = s->tag == LF_EDI_TAG('N', '3', 0) || s->tag == LF_EDI_TAG('N', '4', 0);
        if (r->in_party && s->tag == LF_EDI_TAG('N', '2', 0))
                return n2(r, s);
        if (r->in_party && detail)
                return address(r, s);
        ret = emit(r, s);
        if (ret < 0)
                return ret;
        switch (s->tag) {
        case LF_EDI_TAG('M', '1', '0'):
                return m10(r, s);
        case LF_EDI_TAG('P', '4', 0):
                return p4(r, s);
        case LF_EDI_TAG('M', '1', '1'): /* bill of lading */
                return lf_copy(r, s, 1, 0, r->shipment, sizeof r->shipment);
        case LF_EDI_TAG('L', 'X', 0):
                r->shipment[0] = 0;
                return 0;
        case LF_EDI_TAG('N', '1', 0):
                return n1(r, s);
        default:
                return 0;
        }
}

const struct lf_message lf_message_309 = {LF_MANIFEST_X12_309, NULL, segment_309, emit};

/* ---- Envelopes ---- */
static int isa(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_header *h = &r->header;
        if (r->in_interchange)
                return lf_reader_order(r, s, "within an interchange");
        *h = (struct lf_manifest_header){.last_part = true};
        r->summary = (struct lf_manifest_summary){0};
        int ret = lf_copy(r, s, 5, 0, h->sender_qualifier, sizeof h->sender_qualifier);
        if (ret == 0)
                ret = lf_copy(r, s, 6, 0, h->sender, sizeof h->sender);
        if (ret == 0)
                ret = lf_copy(r, s, 7, 0, h->recipient_qualifier, sizeof h->recipient_qualifier);
        if (ret == 0)
                ret = lf_copy(r, s, 8, 0, h->recipient, sizeof h->recipient);
        if (ret == 0)
                ret = lf_copy_needed(r, s, 13, 0, h->control, sizeof h->control);
        if (ret < 0)
                return ret;
        struct lf_edi_view day = lf_edi_component(s, 9, 0);
        const struct lf_manifest_time unknown = {0};
        if (!lf_date_near(day, (struct lf_edi_view){day.p, 0}, &unknown, &h->prepared))
                return lf_reader_fail(r, s, LF_RULE_DATE, 9, 0, NULL);
        h->test = lf_edi_is(lf_edi_component(s, 15, 0), "T");
        memcpy(h->agency, "X", 2);
        r->in_interchange = true;
        r->in_group = r->groups_used = false;
        r->groups = r->messages = r->group_messages = 0;
        return 0;
}

/* GS: 6 control number, 8 version. */
static int gs(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (r->in_group)
                return lf_reader_order(r, s, "within a group");
        int ret = lf_copy_needed(r, s, 6, 0, r->header.group, sizeof r->header.group);
        if (ret == 0)
                ret = lf_copy(r, s, 8, 0, r->header.version, sizeof r->header.version);
        r->in_group = r->groups_used = true;
        r->groups++;
        r->group_messages = 0;
        return ret;
}

static int st(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view set = lf_edi_component(s, 1, 0);
        r->summary = (struct lf_manifest_summary){0};
        if (!r->in_group)
                return lf_reader_order(r, s, "outside of a group");
        int ret = lf_copy_needed(r, s, 2, 0, r->header.message, sizeof r->header.message);
        if (ret < 0)
                return ret;
        r->header.kind = LF_MANIFEST_UNKNOWN;
        if (!lf_edi_is(set, "309")) {
                lf_reader_fail(r, s, LF_RULE_UNSUPPORTED, 1, 0, "X12 %.*s", set.n < 8 ? (int)set.n : 8,
                               (const char *)set.p);
                return -ENOTSUP;
        }
        r->messages++;
        r->group_messages++;
        r->message_segments = 1;
        return lf_message_begin(r, &lf_message_309, s);
}

static int se(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        int ret = r->started ? emit(r, s) : lf_reader_order(r, s, "before M10");
        if (ret == 0)
                ret = lf_reader_trailer(r, s, 0, r->message_segments, LF_RULE_UNT_COUNT, r->header.message,
                                        LF_RULE_UNT_REFERENCE);
        return ret < 0 ? ret : lf_message_end(r, s);
}

static int ge(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->in_group)
                return lf_reader_order(r, s, "outside of a group");
        r->in_group = false;
        return lf_reader_trailer(r, s, 0, r->group_messages, LF_RULE_UNE_COUNT, r->header.group,
                                 LF_RULE_UNE_REFERENCE);
}

static int iea(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (r->in_group)
                return lf_reader_order(r, s, "within a group");
        r->in_interchange = false;
        int ret = lf_reader_trailer(r, s, 0, r->groups, LF_RULE_UNZ_COUNT, r->header.control,
                                    LF_RULE_UNZ_REFERENCE);
        return ret < 0 ? ret : LF_EDI_END;
}

int lf_x12_segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        static const uint32_t envelope[] = {LF_EDI_TAG('I', 'S', 'A'), LF_EDI_TAG('G', 'S', 0),
                                            LF_EDI_TAG('S', 'T', 0), LF_EDI_TAG('G', 'E', 0),
                                            LF_EDI_TAG('I', 'E', 'A')};
        static int (*const take[])(struct lf_manifest_reader *, const struct lf_edi_segment *) = {isa, gs, st,
                                                                                                  ge, iea};
        unsigned which = 0;
        while (which < 5 && s->tag != envelope[which])
                which++;
        if (r->message) {
                r->message_segments++;
                if (s->tag == LF_EDI_TAG('S', 'E', 0))
                        return se(r, s);
                return which < 5 ? lf_reader_order(r, s, "within a message") : r->message->segment(r, s);
        }
        if (which == 5 && s->tag == LF_EDI_TAG('T', 'A', '1') && r->in_interchange && !r->in_group)
                return 0; /* acknowledges another interchange */
        return which < 5 ? take[which](r, s) : lf_reader_order(r, s, "outside of a message");
}
