/* CUSCAR and CUSREP: the parties of cargo and conveyance reports (UN/EDIFACT; NAD with C058, C080, C059). */
#include "control/manifest/reader.h"

static enum lf_party_role role_of(struct lf_edi_view code)
{
        static const struct {
                char code[4];
                enum lf_party_role role;
        } known[] = {
            {"CZ", LF_ROLE_SHIPPER},   {"OS", LF_ROLE_SHIPPER},   {"SH", LF_ROLE_SHIPPER},
            {"EX", LF_ROLE_SHIPPER},   {"SE", LF_ROLE_SHIPPER},   {"CN", LF_ROLE_CONSIGNEE},
            {"IM", LF_ROLE_CONSIGNEE}, {"BY", LF_ROLE_CONSIGNEE}, {"UC", LF_ROLE_CONSIGNEE},
            {"NI", LF_ROLE_NOTIFY},    {"N1", LF_ROLE_NOTIFY},    {"N2", LF_ROLE_NOTIFY},
            {"CA", LF_ROLE_CARRIER},   {"CV", LF_ROLE_CARRIER},   {"AG", LF_ROLE_AGENT},
            {"CB", LF_ROLE_AGENT},     {"FW", LF_ROLE_AGENT},     {"FR", LF_ROLE_AGENT},
            {"FM", LF_ROLE_CREW},      {"FL", LF_ROLE_PASSENGER},
        };
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
                if (lf_edi_is(code, known[i].code))
                        return known[i].role;
        return LF_ROLE_OTHER;
}

/* The name is C080's, of a person family name and given names; without it the first line of C058, whose
 * others are the address. */
static int take_name(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_party *p)
{
        const char *name, *given = "", *lines = "";
        bool person = p->kind == LF_PARTY_PERSON;
        int ret = lf_take_joined(r, p, s, 4, 0, person ? 0 : 4, " ", &name);
        if (ret == 0 && person)
                ret = lf_take_joined(r, p, s, 4, 1, 4, " ", &given);
        if (ret == 0 && !*name && !*given) {
                ret = lf_take(r, p, s, 3, 0, &name);
                if (ret == 0)
                        ret = lf_take_joined(r, p, s, 3, 1, 4, ", ", &lines);
        } else if (ret == 0) {
                ret = lf_take_joined(r, p, s, 5, 0, 3, ", ", &lines);
        }
        p->address = lines;
        if (ret == 0 && lf_party_add_name(p, name, given) < 0)
                ret = lf_too_large(r, s);
        return ret;
}

static int nad(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        int ret = lf_no_repeats(r, s);
        if (ret < 0)
                return ret;
        struct lf_edi_view code = lf_edi_component(s, 1, 0);
        enum lf_party_role role = role_of(code);
        bool person = role == LF_ROLE_CREW || role == LF_ROLE_PASSENGER;
        lf_party_begin(p, person ? LF_PARTY_PERSON : LF_PARTY_UNKNOWN, role, &s->at);
        lf_code(code, p->role_code, sizeof p->role_code);
        ret = take_name(r, s, p);
        if (ret < 0 || p->names == 0) /* an identifier alone is nobody to screen */
                return ret;
        lf_code(lf_edi_component(s, 9, 0), p->residence, sizeof p->residence);
        p->shipment = lf_party_put(p, r->shipment, strlen(r->shipment));
        return p->shipment ? lf_party_emit(r, s, p) : lf_too_large(r, s);
}

static int segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view which = lf_edi_component(s, 1, 0);
        switch (s->tag) {
        case LF_EDI_TAG('B', 'G', 'M'):
                r->started = true;
                return lf_copy(r, s, 1, 0, r->header.document, sizeof r->header.document);
        case LF_EDI_TAG('N', 'A', 'D'):
                return nad(r, s);
        case LF_EDI_TAG('C', 'N', 'I'):
                r->in_goods = true;
                return lf_copy(r, s, 2, 0, r->shipment, sizeof r->shipment);
        case LF_EDI_TAG('R', 'F', 'F'): /* a bill of lading or air waybill of the consignment */
                if (lf_edi_is(which, "BM") || lf_edi_is(which, "HWB") || lf_edi_is(which, "MWB") ||
                    lf_edi_is(which, "BH"))
                        return lf_copy(r, s, 1, 1, r->shipment, sizeof r->shipment);
                return 0;
        case LF_EDI_TAG('T', 'D', 'T'):
                return r->in_goods ? 0 : lf_leg_begin(r, s);
        case LF_EDI_TAG('L', 'O', 'C'):
                return r->in_goods ? 0 : lf_leg_place(r, s);
        case LF_EDI_TAG('D', 'T', 'M'):
                return r->in_goods ? 0 : lf_leg_time(r, s);
        default:
                return 0;
        }
}

static int end(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        return r->started ? 0 : lf_reader_order(r, s, "before BGM");
}

const struct lf_message lf_message_cuscar = {LF_MANIFEST_CUSCAR, NULL, segment, end};
const struct lf_message lf_message_cusrep = {LF_MANIFEST_CUSREP, NULL, segment, end};
