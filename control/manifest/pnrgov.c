/* PNRGOV: the travellers of bookings (IATA/ICAO/WCO PNRGOV EDIFACT implementation guide, 10.1 to 13.1).
 *
 * Behind SRC a PNR begins; its TIF before the itinerary (TVL) are its travellers, later ones repeat them in
 * check-in (TRI). Its history (ABI, SAC) says what was, and of whom: nobody who is there only travels, and a
 * document that is there only is not one any more. */
#include <errno.h>
#include <stdlib.h>

#include "control/manifest/pnrgov.h"

void lf_pnr_free(struct lf_pnr *pnr)
{
        if (!pnr)
                return;
        for (unsigned i = 0; i < LF_MANIFEST_PNR_MAX; i++)
                free(pnr->traveller[i]);
        free(pnr->paper);
        free(pnr);
}

static int too_large(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        lf_reader_fail(r, s, LF_RULE_PNR_TOO_LARGE, 0, 0, NULL);
        return -EMSGSIZE;
}

int lf_pnr_add(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_pnr_traveller **ret)
{
        struct lf_pnr *pnr = r->pnr;
        if (pnr->n == LF_MANIFEST_PNR_MAX)
                return too_large(r, s);
        struct lf_pnr_traveller **t = &pnr->traveller[pnr->n];
        if (!*t)
                *t = malloc(sizeof **t);
        if (!*t)
                return -ENOMEM;
        (*t)->reference[0] = (*t)->type = 0;
        lf_party_begin(&(*t)->party, LF_PARTY_PERSON, LF_ROLE_PASSENGER, &s->at);
        pnr->n++;
        *ret = *t;
        return 0;
}

struct lf_pnr_traveller *lf_pnr_find(struct lf_pnr *pnr, const char *reference)
{
        for (uint32_t i = 0; *reference && i < pnr->n; i++)
                if (strcmp(pnr->traveller[i]->reference, reference) == 0)
                        return pnr->traveller[i];
        return NULL;
}

/* Bytes of `given` before the titles at its end: "ISABELLE MRS", "JOHNMR", "ADA DR MS"; all of it if nothing
 * would be left. Those that names end in, too, count only behind a space. */
static size_t without_titles(const char *given)
{
        static const struct {
                const char *title;
                bool apart;
        } titles[] = {{"MISS", false}, {"MSTR", false}, {"MRS", false}, {"MR", false},  {"MS", false},
                      {"CHD", false},  {"INF", false},  {"DR", true},   {"PROF", true}, {"REV", true},
                      {"SIR", true},   {"MME", true},   {"MLLE", true}};
        size_t n = strlen(given);
        for (unsigned i = 0; i < sizeof titles / sizeof titles[0]; i++) {
                size_t t = strlen(titles[i].title), left = n > t ? n - t : 0;
                if (left < 1u + titles[i].apart || memcmp(given + left, titles[i].title, t) != 0 ||
                    (given[left - 1] != ' ' && (titles[i].apart || left < 2)))
                        continue;
                while (left > 0 && given[left - 1] == ' ')
                        left--;
                if (left == 0)
                        break;
                n = left;
                i = UINT32_MAX; /* there may be one more */
        }
        return n;
}

int lf_pnr_name(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_party *p,
                const char *family, const char *given)
{
        size_t n = without_titles(given);
        if (lf_party_add_name(p, family, given) < 0)
                return lf_too_large(r, s);
        if (!given[n])
                return 0;
        const char *bare = lf_party_put(p, given, n);
        return bare && lf_party_add_name(p, family, bare) == 0 ? 0 : lf_too_large(r, s);
}

/* What the PNR before had is given away. */
static int finish(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_pnr *pnr = r->pnr;
        int ret = lf_pnr_resolve(r, s);
        for (uint32_t i = 0; i < pnr->n && ret == 0; i++) {
                struct lf_party *p = &pnr->traveller[i]->party;
                p->locator = lf_party_put(p, pnr->locator, strlen(pnr->locator));
                ret = p->locator ? lf_party_emit(r, s, p) : lf_too_large(r, s);
        }
        pnr->n = pnr->papers = 0;
        pnr->current = LF_PNR_NOBODY;
        pnr->open = pnr->travellers = pnr->history = false;
        pnr->locator[0] = 0;
        return ret;
}

static int src(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        int ret = finish(r, s);
        r->pnr->begun++;
        r->pnr->open = r->pnr->travellers = true;
        return ret;
}

/* TVL of the message, before the first PNR: C310 dates, 3225 from and to, C306 carrier, C308 number. Dates
 * are DDMMYY. */
static bool read_day(struct lf_edi_view day, struct lf_edi_view clock,
                     const struct lf_manifest_time *prepared, struct lf_manifest_time *ret)
{
        if (day.n != 6 || (clock.n != 4 && clock.n != 0))
                return false;
        uint8_t turned[10] = {day.p[4], day.p[5], day.p[2], day.p[3], day.p[0], day.p[1]};
        memcpy(turned + 6, clock.p, clock.n);
        const struct lf_edi_view v = {turned, 6 + clock.n};
        return lf_date_near(v, (struct lf_edi_view){turned, 0}, prepared, ret);
}

static int flight(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (r->header.legs == LF_MANIFEST_LEGS) {
                lf_reader_fail(r, s, LF_RULE_TOO_MANY_LEGS, 0, 0, NULL);
                return -EMSGSIZE;
        }
        struct lf_manifest_leg *leg = &r->header.leg[r->header.legs++];
        const struct lf_manifest_time *prepared = &r->header.prepared;
        struct lf_edi_view first = lf_edi_component(s, 1, 0), second = lf_edi_component(s, 1, 2);
        if (first.n > 0 && !read_day(first, lf_edi_component(s, 1, 1), prepared, &leg->departure))
                r->summary.notes |= LF_NOTE_BAD_DATE;
        if (second.n > 0 && !read_day(second, lf_edi_component(s, 1, 3), prepared, &leg->arrival))
                r->summary.notes |= LF_NOTE_BAD_DATE;
        lf_code(lf_edi_component(s, 4, 0), leg->carrier, sizeof leg->carrier);
        int ret = lf_copy(r, s, 2, 0, leg->from, sizeof leg->from);
        if (ret == 0)
                ret = lf_copy(r, s, 3, 0, leg->to, sizeof leg->to);
        return ret == 0 ? lf_copy(r, s, 5, 0, leg->flight, sizeof leg->flight) : ret;
}

/* TIF: C322 family name and its type; C324 given name, type, reference, one for each traveller. */
static int one_traveller(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e)
{
        struct lf_pnr *pnr = r->pnr;
        struct lf_pnr_traveller *t;
        const char *family, *given;
        if (pnr->n >= LF_MANIFEST_PNR_MAX)
                return too_large(r, s);
        int ret = lf_pnr_add(r, s, &t);
        if (ret == 0)
                ret = lf_take(r, &t->party, s, 1, 0, &family);
        if (ret == 0)
                ret = lf_take(r, &t->party, s, e, 0, &given);
        if (ret < 0)
                return ret;
        struct lf_edi_view type = lf_edi_component(s, 1, 1);
        if (lf_edi_is(type, "G") || lf_edi_is(type, "C")) { /* a group, a company */
                t->party.kind = LF_PARTY_ORGANISATION;
                t->party.role = LF_ROLE_OTHER;
        }
        struct lf_edi_view what = lf_edi_component(s, e, 1);
        if (what.n > 0 && (what.p[0] == 'A' || what.p[0] == 'C' || what.p[0] == 'I'))
                t->type = (char)what.p[0];
        memcpy(t->party.role_code, "TIF", 4);
        pnr->current = pnr->n - 1;
        ret = lf_copy(r, s, e, 2, t->reference, sizeof t->reference);
        return ret == 0 ? lf_pnr_name(r, s, &t->party, family, given) : ret;
}

/* Behind the itinerary: whom the given name in element e says that the next segments speak of. *ret_known:
 * one of those before it. */
static int repeated(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, bool *ret_known)
{
        struct lf_pnr *pnr = r->pnr;
        char reference[LF_PNR_REFERENCE], family[LF_PNR_NAME] = "", given[LF_PNR_NAME] = "";
        int ret = lf_copy(r, s, e, 2, reference, sizeof reference);
        if (ret == 0)
                ret = lf_copy(r, s, 1, 0, family, sizeof family);
        if (ret == 0)
                ret = lf_copy(r, s, e, 0, given, sizeof given);
        if (ret < 0)
                return ret;
        pnr->current = LF_PNR_NOBODY;
        for (uint32_t i = 0; reference[0] && i < pnr->n && pnr->current == LF_PNR_NOBODY; i++)
                if (strcmp(pnr->traveller[i]->reference, reference) == 0)
                        pnr->current = i;
        if (pnr->current == LF_PNR_NOBODY)
                pnr->current = lf_pnr_named(pnr, reference, family, given);
        *ret_known = pnr->current != LF_PNR_NOBODY || !family[0];
        return 0;
}

static int tif(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_pnr *pnr = r->pnr;
        if (!pnr->open)
                return lf_reader_fail(r, s, LF_RULE_ORDER, 0, 0, "before SRC");
        if (pnr->history)
                return 0;
        int ret = lf_no_repeats(r, s);
        unsigned last = s->elements > 3 ? s->elements - 1 : 2;
        for (unsigned e = 2; e <= last && ret == 0; e++) {
                bool known = false;
                if (e > 2 && lf_edi_component(s, e, 0).n == 0)
                        continue;
                if (!pnr->travellers)
                        ret = repeated(r, s, e, &known);
                if (ret == 0 && !known)
                        ret = one_traveller(r, s, e);
        }
        return ret;
}

/* Texts of the traveller at hand. */
static int detail(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_pnr *pnr = r->pnr;
        if (pnr->current == LF_PNR_NOBODY)
                return 0;
        struct lf_party *p = &pnr->traveller[pnr->current]->party;
        if (s->tag == LF_EDI_TAG('R', 'E', 'F') && pnr->travellers && !*p->reference)
                return lf_take(r, p, s, 1, 1, &p->reference);
        if (s->tag == LF_EDI_TAG('S', 'S', 'D') && !*p->seat)
                return lf_take(r, p, s, 1, 0, &p->seat);
        return 0;
}

/* How many PNRs the message has. Behind SRC it counts something else. */
static void announced(struct lf_pnr *pnr, const struct lf_edi_segment *s)
{
        struct lf_edi_view v = lf_edi_component(s, 1, 0);
        uint64_t n = 0;
        for (uint32_t i = 0; i < v.n; i++) {
                if (v.p[i] < '0' || v.p[i] > '9' || i == 9)
                        return;
                n = n * 10 + (v.p[i] - '0');
        }
        if (v.n > 0 && !pnr->open && pnr->announced == UINT64_MAX)
                pnr->announced = n;
}

static int segment(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_pnr *pnr = r->pnr;
        switch (s->tag) {
        case LF_EDI_TAG('E', 'Q', 'N'):
                announced(pnr, s);
                return 0;
        case LF_EDI_TAG('S', 'R', 'C'):
                return src(r, s);
        case LF_EDI_TAG('R', 'C', 'I'):
                return pnr->travellers && !pnr->locator[0]
                           ? lf_copy(r, s, 1, 1, pnr->locator, sizeof pnr->locator)
                           : 0;
        case LF_EDI_TAG('T', 'I', 'F'):
                return tif(r, s);
        case LF_EDI_TAG('S', 'S', 'R'):
                return pnr->open && !pnr->history ? lf_pnr_ssr(r, s) : 0;
        case LF_EDI_TAG('T', 'V', 'L'):
                if (!pnr->open)
                        return flight(r, s);
                pnr->travellers = false;
                pnr->current = LF_PNR_NOBODY;
                return 0;
        case LF_EDI_TAG('A', 'B', 'I'):
        case LF_EDI_TAG('S', 'A', 'C'):
                pnr->history = pnr->open;
                pnr->travellers = false;
                pnr->current = LF_PNR_NOBODY;
                return 0;
        case LF_EDI_TAG('T', 'R', 'I'):
        case LF_EDI_TAG('L', 'T', 'S'):
        case LF_EDI_TAG('M', 'S', 'G'):
                pnr->travellers = pnr->travellers && !pnr->open;
                pnr->current = LF_PNR_NOBODY;
                return 0;
        case LF_EDI_TAG('R', 'E', 'F'):
        case LF_EDI_TAG('S', 'S', 'D'):
                return detail(r, s);
        default:
                return 0;
        }
}

static int begin(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->pnr)
                r->pnr = calloc(1, sizeof *r->pnr);
        if (!r->pnr)
                return -ENOMEM;
        r->pnr->n = r->pnr->papers = 0;
        r->pnr->open = r->pnr->travellers = r->pnr->history = false;
        r->pnr->locator[0] = 0;
        r->pnr->current = LF_PNR_NOBODY;
        r->pnr->announced = UINT64_MAX;
        r->pnr->begun = 0;
        return 0;
}

/* Who sends less, or more, than EQN says may have lost some: that is noted, and no reason to lose the rest.
 */
static int end(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        const struct lf_pnr *pnr = r->pnr;
        if (pnr->announced != UINT64_MAX && pnr->announced != pnr->begun)
                r->summary.notes |= LF_NOTE_COUNT;
        return finish(r, s);
}

const struct lf_message lf_message_pnrgov = {LF_MANIFEST_PNRGOV, begin, segment, end};
