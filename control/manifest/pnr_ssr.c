/* SSR in a PNR: travel documents, visas, infants and seats (IATA AIRIMP 3.14 and PNRGOV guide, SSR). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/manifest/pnrgov.h"

#define TEXT_MAX 1024
#define TEXT_AT  8 /* component of SSR's first element where the free text begins */
#define FIELDS   14
#define SHIFTS   3 /* fields in front of the first one: a '/' that opens the text, a class and a date */

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

/* Cuts at each '/'. Returns how many fields there are; the others are "". */
static unsigned split(char *text, char *field[FIELDS + SHIFTS])
{
        unsigned n = 0;
        for (char *next = text; next && n < FIELDS + SHIFTS; n++) {
                field[n] = next;
                next = strchr(next, '/');
                if (next)
                        *next++ = 0;
                while (*field[n] == ' ')
                        field[n]++;
                for (size_t k = strlen(field[n]); k > 0 && field[n][k - 1] == ' '; k--)
                        field[n][k - 1] = 0;
        }
        for (unsigned i = n; i < FIELDS + SHIFTS; i++)
                field[i] = text + strlen(text);
        return n;
}

static bool digits(const char *p)
{
        return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
}

/* "12JUL64", "12JUL1964". */
static bool read_day(const char *text, struct lf_manifest_time *ret, bool *ret_short)
{
        static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
        size_t n = strlen(text);
        if ((n != 7 && n != 9) || !digits(text) || !digits(text + 5) || (n == 9 && !digits(text + 7)))
                return false;
        unsigned day = (unsigned)atoi((char[]){text[0], text[1], 0}), year = (unsigned)atoi(text + 5);
        for (unsigned m = 0; m < 12; m++)
                if (memcmp(months + m * 3, text + 2, 3) == 0 && day > 0 && (n == 7 || year > 0) &&
                    lf_day_exists(n == 7 ? 2000 + year : year, m + 1, day)) {
                        *ret = (struct lf_manifest_time){
                            .year = (uint16_t)year, .month = (uint8_t)(m + 1), .day = (uint8_t)day};
                        *ret_short = n == 7;
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
        if (*text && !read_day(text, &p->birth, &p->short_year))
                p->notes |= LF_NOTE_BAD_DATE;
}

static void take_expiry(struct lf_manifest_reader *r, struct lf_pnr_paper *p, const char *text)
{
        bool two = false;
        if (*text && !read_day(text, &p->expiry, &two))
                p->notes |= LF_NOTE_BAD_DATE;
        if (two)
                lf_year_near(&p->expiry, &r->header.prepared);
}

/* "M", "F", "X", "U"; an "I" behind it: of an infant. */
static bool is_sex(const char *text)
{
        return text[0] && strchr("MFXU", text[0]) && (text[1] == 0 || (text[1] == 'I' && text[2] == 0));
}

static void take_sex(struct lf_pnr_paper *p, const char *text)
{
        bool known = is_sex(text);
        if (*text && !known)
                p->notes |= LF_NOTE_SEX;
        if (known && text[0] != 'U')
                p->sex = text[0];
        p->infant = known && text[1] == 'I';
}

/* One without a digit is a word that slipped into its place. */
static void take_number(struct lf_pnr_paper *p, const char *text)
{
        size_t n = strlen(text);
        if (n <= LF_MANIFEST_REFERENCE_MAX && strpbrk(text, "0123456789"))
                memcpy(p->number, text, n + 1);
        else if (n > 0)
                p->notes |= LF_NOTE_DOCUMENT;
}

/* The names that the fields from `f` on hold: family, given, and more given ones. They end where whose they
 * are is said once more ("-1SMITH/JOHN"), or who else the document covers ("H", its holder): no name has a
 * digit. */
static int take_names(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[3],
                      struct lf_pnr_paper *p)
{
        const char *part[3] = {"", "", ""};
        bool more = true;
        for (unsigned i = 0; i < 3 && more; i++) {
                char *digit = strpbrk(f[i], "0123456789"), *dash = strrchr(f[i], '-');
                more = !digit || i == 0;
                if (digit && dash && dash + 1 == digit)
                        *dash = 0;
                else if (i == 2 && (digit || strcmp(f[i], "H") == 0))
                        break;
                part[i] = f[i];
        }
        int ret = take_name(r, s, p->family, part[0], "");
        return ret == 0 ? take_name(r, s, p->given, part[1], part[2]) : ret;
}

static bool is_code(const char *text, size_t longest)
{
        return strlen(text) <= longest && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == 0;
}

/* How well the fields look like DOCS. */
static int like_docs(char *const f[FIELDS])
{
        struct lf_manifest_time t;
        bool two;
        return 4 * read_day(f[4], &t, &two) + 2 * (f[4][0] == 0) + (f[5][0] && is_sex(f[5])) +
               is_code(f[0], 2) + is_code(f[1], 3) + is_code(f[3], 3);
}

static int like_doco(char *const f[FIELDS])
{
        return f[1][0] && is_code(f[1], 2) && strpbrk(f[2], "0123456789");
}

/* Where the first field is: some systems open the text with a '/', some do not although the first fields are
 * empty, some say the flight's class and day first. */
static unsigned first_field(char *const field[FIELDS], int (*like)(char *const f[FIELDS]))
{
        unsigned best = field[0][0] == 0;
        for (unsigned i = 0; i < SHIFTS; i++)
                if (like(field + i) > like(field + best))
                        best = i;
        return best;
}

static char kind_of(const char *type)
{
        return type[0] == 'P' || type[0] == 'V'                     ? type[0]
               : type[0] == 'I' || type[0] == 'A' || type[0] == 'C' ? 'I'
                                                                    : 'O';
}

/* DOCS: type/issuer/number/nationality/birth/sex/expiry/family/given/second given. */
static int docs(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[FIELDS],
                struct lf_pnr_paper *p)
{
        take_code(f[0], p->type, sizeof p->type);
        p->kind = kind_of(f[0]);
        take_code(f[1], p->country, sizeof p->country);
        take_code(f[3], p->nation, sizeof p->nation);
        take_birth(p, f[4]);
        take_sex(p, f[5]);
        take_expiry(r, p, f[6]);
        take_number(p, f[2]);
        return take_names(r, s, f + 7, p);
}

/* PSPT, which was before DOCS: number/issuer/birth/family/given/sex. */
static int pspt(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[FIELDS],
                struct lf_pnr_paper *p)
{
        char *const names[3] = {f[3], f[4], f[4] + strlen(f[4])};
        p->kind = 'P';
        take_number(p, f[0]);
        take_code(f[1], p->country, sizeof p->country);
        take_birth(p, f[2]);
        take_sex(p, f[5]);
        return take_names(r, s, names, p);
}

/* DOCO: place of birth/type/number/place of issue/date of issue/country that it is for. */
static void doco(char *const f[FIELDS], struct lf_pnr_paper *p)
{
        take_code(f[1], p->type, sizeof p->type);
        p->kind = f[1][0] == 'V' ? 'V' : 'O';
        take_code(f[5], p->country, sizeof p->country);
        take_number(p, f[2]);
}

/* FOID: two letters of the kind, then the number, sometimes with '-' or '/' between. Passport (PP) and
 * national identity (NI) only: the others are cards, tickets and the like. */
static void foid(char *const f[FIELDS], struct lf_pnr_paper *p)
{
        if (strncmp(f[0], "PP", 2) != 0 && strncmp(f[0], "NI", 2) != 0)
                return;
        char *number = f[0] + 2 + strspn(f[0] + 2, " -");
        if (!*number)
                number = f[1];
        char *whose = strrchr(number, '-'); /* "-1SMITH/JOHN" */
        if (whose && whose[1] >= '0' && whose[1] <= '9' && whose[2] >= 'A' && whose[2] <= 'Z')
                *whose = 0;
        memcpy(p->type, f[0], 2);
        p->kind = f[0][0] == 'P' ? 'P' : 'I';
        take_number(p, number);
}

/* INFT: family/given/birth, or "family/given birth". CHLD the same, or the birth alone. */
static int inft(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const f[FIELDS],
                struct lf_pnr_paper *p)
{
        char *last = f[2][0]   ? f[2]
                     : f[1][0] ? f[1]
                               : f[0],
             *gap = strrchr(last, ' '), *day = gap ? gap + 1 : last;
        struct lf_manifest_time t;
        bool two, found = read_day(day, &t, &two);
        char *const names[3] = {f[0], f[1], f[1] + strlen(f[1])};
        if (found || last == f[2])
                take_birth(p, day);
        if (found)
                *(gap ? gap : day) = 0;
        return take_names(r, s, names, p);
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

/* What a text says. */
static int read_paper(struct lf_manifest_reader *r, const struct lf_edi_segment *s, char *const field[FIELDS],
                      unsigned n, struct lf_edi_view code, struct lf_pnr_paper *p)
{
        unsigned skip = field[0][0] == 0;
        if (lf_edi_is(code, "DOCS")) {
                skip = first_field(field, like_docs);
                if (n < skip + 5)
                        p->notes |= LF_NOTE_DOCUMENT;
                return docs(r, s, field + skip, p);
        }
        if (lf_edi_is(code, "DOCO")) {
                doco(field + first_field(field, like_doco), p);
                return 0;
        }
        if (lf_edi_is(code, "FOID")) {
                foid(field + skip, p);
                return 0;
        }
        if (lf_edi_is(code, "PSPT"))
                return pspt(r, s, field + skip, p);
        p->infant = lf_edi_is(code, "INFT");
        return inft(r, s, field + skip, p);
}

int lf_pnr_ssr(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        static const char *const known[] = {"DOCS", "DOCO", "PSPT", "FOID", "INFT", "CHLD"};
        struct lf_edi_view code = lf_edi_component(s, 1, 0);
        bool paper = false;
        if (lf_edi_is(code, "SEAT"))
                return seats(r, s);
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
                paper = paper || lf_edi_is(code, known[i]);
        if (!paper)
                return 0;
        struct lf_pnr_paper p;
        memset(&p, 0, sizeof p);
        p.owner = r->pnr->travellers ? r->pnr->current : LF_PNR_NOBODY;
        p.at = s->at;
        char text[TEXT_MAX], *field[FIELDS + SHIFTS];
        int ret = lf_no_repeats(r, s);
        if (ret == 0)
                ret = read_text(r, s, text, &p.notes);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 2, p.reference, sizeof p.reference);
        if (ret == 0)
                ret = read_paper(r, s, field, split(text, field), code, &p);
        if (ret < 0 || (!p.number[0] && !p.family[0] && !p.given[0] && p.birth.month == 0) ||
            kept(r->pnr, &p))
                return ret;
        return keep(r, s, &p);
}
