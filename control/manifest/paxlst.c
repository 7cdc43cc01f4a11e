/* PAXLST: travellers by carrier (UN/EDIFACT D.02B to D.15B; WCO/IATA/ICAO API guidelines, PAXLST
 * implementation guide, 4; US CBP's is the same with more codes and addresses). */
#include <errno.h>

#include "control/manifest/reader.h"

#define REFERENCE_MAX 70 /* C506 1154: an..70 */

static int emit(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->in_party)
                return 0;
        r->in_party = false;
        r->document = NULL;
        r->crew_seen += r->party.role == LF_ROLE_CREW || r->party.role == LF_ROLE_TRANSIT_CREW;
        return lf_party_emit(r, s, &r->party);
}

static enum lf_party_role role_of(struct lf_edi_view code)
{
        static const struct {
                char code[4];
                enum lf_party_role role;
        } known[] = {{"FL", LF_ROLE_PASSENGER},
                     {"FM", LF_ROLE_CREW},
                     {"DDU", LF_ROLE_TRANSIT_PASSENGER},
                     {"DDT", LF_ROLE_TRANSIT_CREW}};
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
                if (lf_edi_is(code, known[i].code))
                        return known[i].role;
        return LF_ROLE_OTHER;
}

/* Street, city, subdivision, postcode, country. */
static int take_address(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        const uint32_t start = p->text_used;
        const char *first = "";
        for (unsigned e = 5; e <= 9 && e < s->elements; e++) {
                uint32_t before = p->text_used;
                const char *part;
                if (before > start) { /* goes on where the text before ends */
                        if (LF_PARTY_TEXT - before < 3)
                                return lf_too_large(r, s);
                        p->text_used = before + 1;
                }
                int ret = lf_take_joined(r, p, s, e, 0, e == 5 ? 3 : 0, ", ", &part);
                if (ret < 0)
                        return ret;
                if (!*part)
                        p->text_used = before;
                else if (before > start)
                        memcpy(p->text + before - 1, ", ", 2);
                else
                        first = part;
        }
        p->address = first;
        return 0;
}

/* NAD: C080 in element 4, or the lines of C058 in 3. Of group 1, before the transport: who reports, which is
 * no traveller. */
static int nad(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        int ret = emit(r, s);
        if (ret < 0)
                return ret;
        struct lf_edi_view code = lf_edi_component(s, 1, 0);
        enum lf_party_role role = role_of(code);
        if (role == LF_ROLE_OTHER && (r->header.legs == 0 || lf_edi_is(code, "MS")))
                return 0;
        ret = lf_no_repeats(r, s);
        if (ret < 0)
                return ret;
        lf_party_begin(p, LF_PARTY_PERSON, role, &s->at);
        lf_code(code, p->role_code, sizeof p->role_code);
        r->in_party = true;
        const char *family, *given = "";
        if (lf_edi_components(s, 4) > 1 || lf_edi_component(s, 4, 0).n > 0) {
                ret = lf_take(r, p, s, 4, 0, &family);
                if (ret == 0)
                        ret = lf_take_joined(r, p, s, 4, 1, 4, " ", &given);
        } else {
                ret = lf_take_joined(r, p, s, 3, 0, 4, " ", &family);
        }
        if (ret == 0 && s->elements > 5)
                ret = take_address(r, s);
        if (ret == 0 && lf_party_add_name(p, family, given) < 0)
                ret = lf_too_large(r, s);
        return ret;
}

static void att(struct lf_party *p, const struct lf_edi_segment *s)
{
        struct lf_edi_view sex = lf_edi_component(s, 3, 0);
        if (!lf_edi_is(lf_edi_component(s, 1, 0), "2") || sex.n == 0 || lf_edi_is(sex, "U"))
                return;
        if (sex.n == 1 && (sex.p[0] == 'M' || sex.p[0] == 'F' || sex.p[0] == 'X'))
                p->sex = (char)sex.p[0];
        else
                p->notes |= LF_NOTE_SEX;
}

/* Of the traveller 329 (birth); of a document 36 (expiry). */
static void dtm(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        struct lf_edi_view which = lf_edi_component(s, 1, 0), v = lf_edi_component(s, 1, 1),
                           format = lf_edi_component(s, 1, 2);
        struct lf_manifest_time t;
        bool two, birth = lf_edi_is(which, "329");
        if (v.n == 0 || (!birth && !(lf_edi_is(which, "36") && r->document)))
                return;
        if (!lf_date_read(v, format, &t, &two)) {
                p->notes |= LF_NOTE_BAD_DATE;
                return;
        }
        if (birth) {
                lf_party_born(p, t, two, &r->header.prepared);
                return;
        }
        if (two)
                lf_year_near(&t, &r->header.prepared);
        r->document->expiry = t;
}

/* Of the traveller 178 embarkation, 179 debarkation, 174 residence; of a document 91, its issuer; C517 1131
 * "163" is part of a country. */
static void loc(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        struct lf_edi_view which = lf_edi_component(s, 1, 0), place = lf_edi_component(s, 2, 0);
        if (lf_edi_is(which, "178"))
                lf_code(place, p->embark, sizeof p->embark);
        else if (lf_edi_is(which, "179"))
                lf_code(place, p->debark, sizeof p->debark);
        else if (lf_edi_is(which, "174"))
                lf_code(place, p->residence, sizeof p->residence);
        else if (lf_edi_is(which, "91") && r->document && !lf_edi_is(lf_edi_component(s, 2, 1), "163"))
                lf_code(place, r->document->country, sizeof r->document->country);
}

static int nat(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        char code[4];
        if (lf_code(lf_edi_component(s, 2, 0), code, sizeof code) && lf_party_add_nation(&r->party, code) < 0)
                return lf_too_large(r, s);
        return 0;
}

static int rff(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        struct lf_edi_view which = lf_edi_component(s, 1, 0);
        const char **to = lf_edi_is(which, "AVF")   ? &p->locator
                          : lf_edi_is(which, "ABO") ? &p->reference
                          : lf_edi_is(which, "SEA") ? &p->seat
                                                    : NULL;
        int ret = to ? lf_take(r, p, s, 1, 1, to) : 0;
        if (ret == 0 && to && strlen(*to) > REFERENCE_MAX)
                return lf_reader_fail(r, s, LF_RULE_TOO_LONG, 1, 2, "at most %d bytes", REFERENCE_MAX);
        return ret;
}

/* One or two letters as travel documents have them ("P", "PD", "IP", "V"), or 39, which UNTDID 1001 has. */
static char document_kind(struct lf_edi_view type)
{
        if (lf_edi_is(type, "39"))
                return 'P';
        char first = type.n == 1 || type.n == 2 ? (char)type.p[0] : 'O';
        return first == 'P' || first == 'V'                   ? first
               : first == 'I' || first == 'A' || first == 'C' ? 'I'
                                                              : 'O';
}

/* DOC: C002 1001 in element 1, the number in 2. One without a number is none. */
static int doc(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_party *p = &r->party;
        const char *number;
        r->document = NULL;
        int ret = lf_take(r, p, s, 2, 0, &number);
        if (ret < 0 || !*number)
                return ret;
        if (strlen(number) > LF_MANIFEST_REFERENCE_MAX)
                return lf_reader_fail(r, s, LF_RULE_TOO_LONG, 2, 1, "at most 35 characters");
        if (p->documents == LF_PARTY_DOCUMENTS)
                return lf_too_large(r, s);
        struct lf_party_document *d = &p->document[p->documents++];
        struct lf_edi_view type = lf_edi_component(s, 1, 0);
        d->number = number;
        d->kind = document_kind(type);
        lf_code(type, d->type, sizeof d->type);
        r->document = d;
        return 0;
}

/* Control totals: 41 crew, 42 passengers. */
static int cnt(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view which = lf_edi_component(s, 1, 0);
        bool crew = lf_edi_is(which, "41");
        int ret = emit(r, s);
        if (ret < 0 || (!crew && !lf_edi_is(which, "42")))
                return ret;
        *(crew ? &r->crew.said : &r->passengers.said) = true;
        return lf_number(r, s, 1, 1, crew ? &r->crew.n : &r->passengers.n);
}

static int header_segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        switch (s->tag) {
        case LF_EDI_TAG('R', 'F', 'F'):
                if (!lf_edi_is(lf_edi_component(s, 1, 0), "TN"))
                        return 0;
                return lf_copy(r, s, 1, 1, r->header.transaction, sizeof r->header.transaction);
        case LF_EDI_TAG('L', 'O', 'C'):
                return lf_leg_place(r, s);
        case LF_EDI_TAG('D', 'T', 'M'):
                return lf_leg_time(r, s);
        default:
                return 0;
        }
}

static int traveller_segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        int ret = 0;
        switch (s->tag) {
        case LF_EDI_TAG('A', 'T', 'T'):
                if ((ret = lf_no_repeats(r, s)) == 0)
                        att(&r->party, s);
                return ret;
        case LF_EDI_TAG('D', 'T', 'M'):
                if ((ret = lf_no_repeats(r, s)) == 0)
                        dtm(r, s);
                return ret;
        case LF_EDI_TAG('L', 'O', 'C'):
                if ((ret = lf_no_repeats(r, s)) == 0)
                        loc(r, s);
                return ret;
        case LF_EDI_TAG('N', 'A', 'T'):
                return (ret = lf_no_repeats(r, s)) < 0 ? ret : nat(r, s);
        case LF_EDI_TAG('R', 'F', 'F'):
                return (ret = lf_no_repeats(r, s)) < 0 ? ret : rff(r, s);
        case LF_EDI_TAG('D', 'O', 'C'):
                return (ret = lf_no_repeats(r, s)) < 0 ? ret : doc(r, s);
        default:
                return 0;
        }
}

static int segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        int ret;
        if (!r->started) {
                if (s->tag != LF_EDI_TAG('B', 'G', 'M'))
                        return lf_reader_order(r, s, "before BGM");
                r->started = true;
                return lf_copy(r, s, 1, 0, r->header.document, sizeof r->header.document);
        }
        switch (s->tag) {
        case LF_EDI_TAG('B', 'G', 'M'):
                return lf_reader_fail(r, s, LF_RULE_ORDER, 0, 0, "a second one");
        case LF_EDI_TAG('N', 'A', 'D'):
                return nad(r, s);
        case LF_EDI_TAG('C', 'N', 'T'):
                return cnt(r, s);
        case LF_EDI_TAG('T', 'D', 'T'):
                ret = emit(r, s);
                return ret < 0 ? ret : lf_leg_begin(r, s);
        default:
                return r->in_party ? traveller_segment(r, s) : header_segment(r, s);
        }
}

/* A total that stands alone may be of all travellers, whatever its code. */
static int check_total(struct lf_manifest_reader *r, const struct lf_edi_segment *s, uint64_t said,
                       uint64_t counted, bool alone)
{
        if (said == counted || (alone && said == r->summary.parties))
                return 0;
        if (r->header.part > 0) { /* the total may be of all parts */
                r->summary.notes |= LF_NOTE_COUNT;
                return 0;
        }
        return lf_reader_fail(r, s, LF_RULE_TRAVELLER_COUNT, 0, 0, "%llu said, %llu counted",
                              (unsigned long long)said, (unsigned long long)counted);
}

static int end(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->started)
                return lf_reader_order(r, s, "before BGM");
        int ret = emit(r, s);
        if (ret == 0 && r->crew.said)
                ret = check_total(r, s, r->crew.n, r->crew_seen, !r->passengers.said);
        if (ret == 0 && r->passengers.said)
                ret = check_total(r, s, r->passengers.n, r->summary.parties - r->crew_seen, !r->crew.said);
        return ret;
}

const struct lf_message lf_message_paxlst = {LF_MANIFEST_PAXLST, NULL, segment, end};
