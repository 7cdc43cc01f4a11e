/* SSR in a PNR: travel documents, visas, infants and seats (IATA AIRIMP 3.14 and PNRGOV guide, SSR), and
 * which traveller each is of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/manifest/pnrgov.h"

#define TEXT_MAX 1024
#define TEXT_AT  8 /* component of SSR's first element where the free text begins */
#define FIELDS   14

/* ---- The free text ---- */

/* The text's components, joined by the separator that they were meant to hold. */
static int read_text(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *to,
                     uint32_t *inout_notes)
{
        size_t n = 0;
        to[0] = 0;
        for (unsigned c = TEXT_AT; c < lf_edi_components(s, 1); c++) {
                if (c > TEXT_AT && n + 2 < TEXT_MAX)
                        to[n++] = lf_edi_separator(r->edi);
                int part =
                    lf_edi_text(r->edi, s, lf_edi_component(s, 1, c), to + n, TEXT_MAX - n, inout_notes);
                if (part < 0)
                        return lf_reader_fail(r, s, LF_RULE_TOO_LONG, 1, c + 1, "at most %d bytes",
                                              TEXT_MAX - 1);
                n += (size_t)part;
        }
        return 0;
}

/* Cuts at each '/'; one at the very beginning says nothing. Returns how many fields there are; the others are
 * "". */
static unsigned split(char *text, char *field[FIELDS])
{
        unsigned n = 0;
        for (char *next = text + (*text == '/'); next && n < FIELDS; n++) {
                field[n] = next;
                next = strchr(next, '/');
                if (next)
                        *next++ = 0;
                while (*field[n] == ' ')
                        field[n]++;
                for (size_t k = strlen(field[n]); k > 0 && field[n][k - 1] == ' '; k--)
                        field[n][k - 1] = 0;
        }
        for (unsigned i = n; i < FIELDS; i++)
                field[i] = text + strlen(text);
        return n;
}

static bool digits(const char *p)
{
        return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
}

/* "12JUL64": the year is of two digits. */
static bool read_day(const char *text, struct lf_manifest_time *ret)
{
        static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
        if (strlen(text) != 7 || !digits(text) || !digits(text + 5))
                return false;
        unsigned day = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0'),
                 year = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
        for (unsigned m = 0; m < 12; m++)
                if (memcmp(months + m * 3, text + 2, 3) == 0 && day > 0 &&
                    lf_day_exists(2000 + year, m + 1, day)) {
                        *ret = (struct lf_manifest_time){
                            .year = (uint16_t)year, .month = (uint8_t)(m + 1), .day = (uint8_t)day};
                        return true;
                }
        return false;
}

static void take_code(const char *text, char *to, size_t size)
{
        lf_code((struct lf_edi_view){(const uint8_t *)text, (uint32_t)strlen(text)}, to, size);
}

/* One or two words or more, with a space between. */
static int take_name(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char to[LF_PNR_NAME],
                     const char *first, const char *second)
{
        size_t a = strlen(first), b = strlen(second), gap = a && b;
        if (a + gap + b >= LF_PNR_NAME)
                return lf_reader_fail(r, s, LF_RULE_TOO_LONG, 1, TEXT_AT + 1, "a name of %zu bytes",
                                      a + gap + b);
        memcpy(to, first, a);
        to[a] = ' ';
        memcpy(to + a + gap, second, b + 1);
        return 0;
}

static void take_birth(struct lf_pnr_paper *p, const char *text)
{
        if (!*text)
                return;
        if (read_day(text, &p->birth))
                p->short_year = true;
        else
                p->notes |= LF_NOTE_BAD_DATE;
}

static void take_expiry(struct lf_manifest_reader *r, struct lf_pnr_paper *p, const char *text)
{
        if (!*text)
                return;
        if (read_day(text, &p->expiry))
                lf_year_near(&p->expiry, &r->header.prepared);
        else
                p->notes |= LF_NOTE_BAD_DATE;
}

static void take_sex(struct lf_pnr_paper *p, const char *text)
{
        if (!*text || strcmp(text, "U") == 0)
                return;
        bool known = (text[0] == 'M' || text[0] == 'F' || text[0] == 'X') &&
                     (text[1] == 0 || (text[1] == 'I' && text[2] == 0));
        if (known)
                p->sex = text[0];
        else
                p->notes |= LF_NOTE_SEX;
        p->infant = known && text[1] == 'I';
}

static void take_number(struct lf_pnr_paper *p, const char *text)
{
        size_t n = strlen(text);
        if (n <= LF_MANIFEST_REFERENCE_MAX)
                memcpy(p->number, text, n + 1);
        else
                p->notes |= LF_NOTE_DOCUMENT;
}

/* DOCS: type/issuer/number/nationality/birth/sex/expiry/family/given/second given. */
static int docs(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[FIELDS],
                unsigned n, struct lf_pnr_paper *p)
{
        if (n < 5)
                p->notes |= LF_NOTE_DOCUMENT;
        take_code(f[0], p->type, sizeof p->type);
        p->kind = f[0][0] == 'P'                                       ? 'P'
                  : f[0][0] == 'V'                                     ? 'V'
                  : f[0][0] == 'I' || f[0][0] == 'A' || f[0][0] == 'C' ? 'I'
                                                                       : 'O';
        take_code(f[1], p->country, sizeof p->country);
        take_code(f[3], p->nation, sizeof p->nation);
        take_birth(p, f[4]);
        take_sex(p, f[5]);
        take_expiry(r, p, f[6]);
        take_number(p, f[2]);
        int ret = take_name(r, s, p->family, f[7], "");
        return ret == 0 ? take_name(r, s, p->given, f[8], f[9]) : ret;
}

/* DOCO: place of birth/type/number/place of issue/date of issue/country that it is for. */
static void doco(char *const f[FIELDS], struct lf_pnr_paper *p)
{
        take_code(f[1], p->type, sizeof p->type);
        p->kind = f[1][0] == 'V' ? 'V' : 'O';
        take_code(f[5], p->country, sizeof p->country);
        take_number(p, f[2]);
}

/* INFT: family/given/birth, or "family/given birth". */
static int inft(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[FIELDS],
                struct lf_pnr_paper *p)
{
        char *birth = f[2], *given = f[1], *gap = strrchr(given, ' ');
        struct lf_manifest_time t;
        if (!*birth && gap && read_day(gap + 1, &t)) {
                birth = gap + 1;
                *gap = 0;
        }
        take_birth(p, birth);
        p->infant = true;
        int ret = take_name(r, s, p->family, f[0], "");
        return ret == 0 ? take_name(r, s, p->given, given, "") : ret;
}

/* ---- Keeping ---- */

static int keep(struct lf_manifest_reader *r, const struct lf_edi_segment *s, const struct lf_pnr_paper *p)
{
        struct lf_pnr *pnr = r->pnr;
        if (pnr->papers == pnr->paper_room) {
                uint32_t room = pnr->paper_room ? 2 * pnr->paper_room : 32;
                if (room > LF_PNR_PAPERS)
                        room = LF_PNR_PAPERS;
                if (pnr->papers == room) {
                        lf_reader_fail(r, s, LF_RULE_PNR_TOO_LARGE, 0, 0, "%u documents", room);
                        return -EMSGSIZE;
                }
                void *more = realloc(pnr->paper, room * sizeof *p);
                if (!more)
                        return -ENOMEM;
                pnr->paper = more;
                pnr->paper_room = room;
        }
        pnr->paper[pnr->papers++] = *p;
        return 0;
}

/* The same document stands under a booking and again under each of its flights. */
static bool kept(const struct lf_pnr *pnr, const struct lf_pnr_paper *p)
{
        for (uint32_t i = 0; i < pnr->papers; i++) {
                const struct lf_pnr_paper *k = &pnr->paper[i];
                if (!strcmp(k->number, p->number) && !strcmp(k->family, p->family) &&
                    !strcmp(k->given, p->given) && !strcmp(k->country, p->country) &&
                    !strcmp(k->nation, p->nation) && !memcmp(&k->birth, &p->birth, sizeof k->birth) &&
                    (!p->reference[0] || !strcmp(k->reference, p->reference)) &&
                    (p->number[0] || k->owner == p->owner))
                        return true;
        }
        return false;
}

/* SEAT: each further element has a seat, and in its third component whose. */
static int seats(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        for (unsigned e = 2; e < s->elements; e++) {
                char reference[LF_PNR_REFERENCE];
                int ret = lf_copy(r, s, e, 2, reference, sizeof reference);
                if (ret < 0)
                        return ret;
                struct lf_pnr_traveller *t = lf_pnr_find(r->pnr, reference);
                if (t && !*t->party.seat && (ret = lf_take(r, &t->party, s, e, 0, &t->party.seat)) < 0)
                        return ret;
        }
        return 0;
}

int lf_pnr_ssr(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view code = lf_edi_component(s, 1, 0);
        bool is_docs = lf_edi_is(code, "DOCS"), is_doco = lf_edi_is(code, "DOCO"),
             is_inft = lf_edi_is(code, "INFT");
        if (lf_edi_is(code, "SEAT"))
                return seats(r, s);
        if (!is_docs && !is_doco && !is_inft)
                return 0;
        struct lf_pnr_paper p;
        memset(&p, 0, sizeof p);
        p.owner = r->pnr->travellers ? r->pnr->current : LF_PNR_NOBODY;
        p.at = s->at;
        char text[TEXT_MAX], *field[FIELDS];
        int ret = lf_no_repeats(r, s);
        if (ret == 0)
                ret = read_text(r, s, text, &p.notes);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 2, p.reference, sizeof p.reference);
        if (ret < 0)
                return ret;
        unsigned n = split(text, field);
        if (is_doco)
                doco(field, &p);
        else
                ret = is_docs ? docs(r, s, field, n, &p) : inft(r, s, field, &p);
        if (ret < 0 || (!p.number[0] && !p.family[0] && !p.given[0] && p.birth.month == 0) ||
            kept(r->pnr, &p))
                return ret;
        return keep(r, s, &p);
}

/* ---- Whose it is ---- */

static bool letter(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* How many letters two names share from their beginning; *ret_whole: one of them ends there. */
static unsigned shared(const char *a, const char *b, bool *ret_whole)
{
        unsigned n = 0;
        for (;;) {
                while (*a && !letter(*a))
                        a++;
                while (*b && !letter(*b))
                        b++;
                if (!*a || !*b || *a != *b)
                        break;
                n++;
                a++;
                b++;
        }
        *ret_whole = !*a || !*b;
        return n;
}

static bool same_family(const char *a, const char *b)
{
        bool whole;
        size_t n = shared(a, b, &whole);
        return n > 1 && whole;
}

/* Likelihood that the paper names this traveller: letters of given names in common, 0: it does not. */
static unsigned likeness(const struct lf_pnr_paper *paper, const struct lf_party *p)
{
        unsigned best = 0;
        for (unsigned i = 0; i < p->names; i++) {
                bool whole;
                if (!same_family(paper->family, p->name[i].family))
                        continue;
                unsigned n = shared(paper->given, p->name[i].given, &whole);
                if ((n > 2 || (n > 0 && whole)) && n > best)
                        best = n;
        }
        return best;
}

static uint32_t by_name(const struct lf_pnr *pnr, const struct lf_pnr_paper *paper, uint32_t preferred)
{
        uint32_t best = LF_PNR_NOBODY;
        unsigned most = 0;
        for (uint32_t i = 0; i < pnr->n; i++) {
                unsigned n = likeness(paper, &pnr->traveller[i]->party);
                if (n > most || (n == most && n > 0 && i == preferred)) {
                        most = n;
                        best = i;
                }
        }
        return best;
}

/* By name; else by reference; else where it stands. An infant's, which stands with an adult, by name only. */
static uint32_t whose(struct lf_pnr *pnr, const struct lf_pnr_paper *paper)
{
        uint32_t referred = LF_PNR_NOBODY;
        for (uint32_t i = 0; paper->reference[0] && i < pnr->n; i++)
                if (!strcmp(pnr->traveller[i]->reference, paper->reference))
                        referred = i;
        uint32_t where = referred != LF_PNR_NOBODY ? referred : paper->owner;
        uint32_t named = paper->family[0] ? by_name(pnr, paper, where) : LF_PNR_NOBODY;
        if (named != LF_PNR_NOBODY || paper->infant)
                return named;
        if (where == LF_PNR_NOBODY && pnr->n == 1)
                return 0;
        return where;
}

static int give(struct lf_manifest_reader *r, const struct lf_edi_segment *s,
                const struct lf_pnr_paper *paper, struct lf_party *p)
{
        const char *family = lf_party_put(p, paper->family, strlen(paper->family));
        const char *given = lf_party_put(p, paper->given, strlen(paper->given));
        if (!family || !given)
                return lf_too_large(r, s);
        int ret = *family || *given ? lf_pnr_name(r, s, p, family, given) : 0;
        if (ret < 0)
                return ret;
        if (paper->birth.month && p->births == 0)
                lf_party_born(p, paper->birth, paper->short_year, &r->header.prepared);
        if (paper->sex && !p->sex)
                p->sex = paper->sex;
        if (paper->nation[0] && lf_party_add_nation(p, paper->nation) < 0)
                return lf_too_large(r, s);
        p->notes |= paper->notes;
        for (unsigned i = 0; i < p->documents; i++)
                if (!strcmp(p->document[i].number, paper->number) &&
                    !strcmp(p->document[i].country, paper->country))
                        return 0;
        if (!paper->number[0])
                return 0;
        const char *number = lf_party_put(p, paper->number, strlen(paper->number));
        if (!number || p->documents == LF_PARTY_DOCUMENTS)
                return lf_too_large(r, s);
        struct lf_party_document *d = &p->document[p->documents++];
        *d = (struct lf_party_document){.number = number, .kind = paper->kind, .expiry = paper->expiry};
        memcpy(d->type, paper->type, sizeof d->type);
        memcpy(d->country, paper->country, sizeof d->country);
        return 0;
}

int lf_pnr_resolve(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_pnr *pnr = r->pnr;
        for (uint32_t i = 0; i < pnr->papers; i++) {
                const struct lf_pnr_paper *paper = &pnr->paper[i];
                uint32_t who = whose(pnr, paper);
                struct lf_pnr_traveller *t;
                if (who == LF_PNR_NOBODY) {
                        if (!paper->number[0] && !paper->family[0] && !paper->given[0])
                                continue; /* a date of birth of nobody */
                        int ret = lf_pnr_add(r, s, &t);
                        if (ret < 0)
                                return ret;
                        t->party.at = paper->at;
                        memcpy(t->party.role_code, "SSR", 4);
                } else {
                        t = pnr->traveller[who];
                }
                int ret = give(r, s, paper, &t->party);
                if (ret < 0)
                        return ret;
        }
        return 0;
}
