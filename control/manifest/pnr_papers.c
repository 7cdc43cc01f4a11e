/* Which traveller of a PNR each of its documents is of. */
#include <errno.h>
#include <stdio.h>

#include "control/manifest/pnrgov.h"

static bool letter(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static char capital(char c)
{
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* How many letters two names share from their beginning; *ret_ends: how many of the two end there. */
static unsigned shared(const char *a, const char *b, unsigned *ret_ends)
{
        unsigned n = 0;
        for (;;) {
                while (*a && !letter(*a))
                        a++;
                while (*b && !letter(*b))
                        b++;
                if (!*a || !*b || capital(*a) != capital(*b))
                        break;
                n++;
                a++;
                b++;
        }
        *ret_ends = !*a + !*b;
        return n;
}

/* How well a name names this traveller: both of its parts begin with all of the traveller's, or the other way
 * round; the more letters the better, and best if nothing is left. 0: it does not. */
static unsigned likeness(const char *family, const char *given, const struct lf_party *p)
{
        unsigned best = 0;
        for (unsigned i = 0; i < p->names; i++) {
                unsigned ends[2], letters = shared(family, p->name[i].family, &ends[0]),
                                  n = shared(given, p->name[i].given, &ends[1]);
                if (letters < 2 || n == 0 || ends[0] == 0 || ends[1] == 0)
                        continue;
                n = 4 * n + 2 * (ends[1] == 2) + (ends[0] == 2);
                if (n > best)
                        best = n;
        }
        return best;
}

/* The infant of an SSR is not the adult who carries it, however alike the names are. */
static bool may_have(const struct lf_pnr_traveller *t, const struct lf_pnr_paper *paper)
{
        return !paper->infant || (t->type != 'A' && t->type != 'C');
}

static bool born_another_day(const struct lf_pnr_paper *paper, const struct lf_party *p)
{
        const struct lf_manifest_time *a = &paper->birth, *b = &p->birth[0];
        return a->month && p->births > 0 &&
               (a->day != b->day || a->month != b->month || a->year % 100 != b->year % 100);
}

static unsigned names(const struct lf_pnr_paper *paper, const struct lf_pnr_traveller *t)
{
        return may_have(t, paper) ? likeness(paper->family, paper->given, &t->party) : 0;
}

/* Of several whom it names equally well the preferred; or, if it names them wholly, one who has no document
 * yet; or nobody. */
static uint32_t by_name(const struct lf_pnr *pnr, const struct lf_pnr_paper *paper, uint32_t preferred)
{
        uint32_t best = LF_PNR_NOBODY;
        unsigned most = 0, equals = 0;
        for (uint32_t i = 0; i < pnr->n; i++) {
                const struct lf_party *p = &pnr->traveller[i]->party;
                unsigned n = names(paper, pnr->traveller[i]);
                if (n == 0 || n < most || (i != preferred && born_another_day(paper, p)))
                        continue;
                equals = n > most ? 1 : equals + 1;
                if (equals == 1 || i == preferred ||
                    (best != preferred && pnr->traveller[best]->party.documents > 0 && p->documents == 0))
                        best = i;
                most = n;
        }
        return equals > 1 && best != preferred && (most & 2) == 0 ? LF_PNR_NOBODY : best;
}

/* Whom its reference says, if its names may be theirs; else by name; else where it stands. An infant's, which
 * stands with an adult, by name only. */
static uint32_t whose(const struct lf_pnr *pnr, const struct lf_pnr_paper *paper)
{
        uint32_t referred = LF_PNR_NOBODY;
        for (uint32_t i = 0; paper->reference[0] && i < pnr->n; i++)
                if (!strcmp(pnr->traveller[i]->reference, paper->reference))
                        referred = i;
        if (referred != LF_PNR_NOBODY && names(paper, pnr->traveller[referred]) > 0)
                return referred;
        uint32_t where = referred != LF_PNR_NOBODY ? referred : paper->owner;
        uint32_t named = paper->family[0] ? by_name(pnr, paper, where) : LF_PNR_NOBODY;
        if (named != LF_PNR_NOBODY || paper->infant)
                return named;
        if (where == LF_PNR_NOBODY && pnr->n == 1)
                return 0;
        return where;
}

uint32_t lf_pnr_named(const struct lf_pnr *pnr, const char *reference, const char *family, const char *given)
{
        for (uint32_t i = 0; i < pnr->n; i++) {
                const struct lf_pnr_traveller *t = pnr->traveller[i];
                bool whole = (likeness(family, given, &t->party) & 3) == 3;
                if (whole && (!reference[0] || !t->reference[0]))
                        return i;
        }
        return LF_PNR_NOBODY;
}

static int give(struct lf_manifest_reader *r, const struct lf_edi_segment *s,
                const struct lf_pnr_paper *paper, struct lf_pnr_traveller *t)
{
        struct lf_party *p = &t->party;
        const char *family = lf_party_put(p, paper->family, strlen(paper->family));
        const char *given = lf_party_put(p, paper->given, strlen(paper->given));
        if (!family || !given)
                return lf_too_large(r, s);
        int ret = *family || *given ? lf_pnr_name(r, s, p, family, given) : 0;
        if (ret < 0)
                return ret;
        if (paper->birth.month && p->births == 0)
                lf_party_born(p, paper->birth, paper->short_year, &r->header.prepared);
        if (p->births == 2 && (t->type == 'C' || t->type == 'I')) { /* the later one is first */
                p->births = 1;
                p->notes &= ~(uint32_t)LF_NOTE_CENTURY;
        }
        if (paper->sex && !p->sex)
                p->sex = paper->sex;
        if (paper->nation[0] && lf_party_add_nation(p, paper->nation) < 0)
                return lf_too_large(r, s);
        p->notes |= paper->notes;
        for (unsigned i = 0; i < p->documents; i++)
                if (!strcmp(p->document[i].number, paper->number) &&
                    (!paper->country[0] || !strcmp(p->document[i].country, paper->country)))
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
                        t->type = paper->infant ? 'I' : 0;
                        memcpy(t->party.role_code, "SSR", 4);
                } else {
                        t = pnr->traveller[who];
                }
                int ret = give(r, s, paper, t);
                if (ret < 0)
                        return ret;
        }
        return 0;
}
