#include "tools/import/remarks.h"

#include <errno.h>
#include <string.h>

#include "matcher/person_write.h"

#define CIRCA_YEARS 2

struct text {
        const char *p;
        size_t n;
};

struct record {
        uint8_t *wire;
        size_t cap, *len;
        char kind;
};

static struct text trim(struct text t)
{
        while (t.n && (t.p[0] == ' ' || t.p[0] == '\n' || t.p[0] == '\r'))
                t.p++, t.n--;
        while (t.n &&
               (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '.' || t.p[t.n - 1] == '\n' || t.p[t.n - 1] == '\r'))
                t.n--;
        return t;
}

/* Takes `prefix` off the front. */
static bool after(struct text *t, const char *prefix)
{
        size_t n = strlen(prefix);
        if (t->n < n || memcmp(t->p, prefix, n) != 0)
                return false;
        t->p += n;
        t->n -= n;
        return true;
}

/* Splits at the first `mark`: what is before it goes to *head. */
static bool split(struct text *t, const char *mark, struct text *head)
{
        size_t n = strlen(mark);
        const char *at = memmem(t->p, t->n, mark, n);
        if (!at)
                return false;
        *head = (struct text){t->p, (size_t)(at - t->p)};
        t->n -= head->n + n;
        t->p = at + n;
        return true;
}

struct date {
        unsigned year, month, day;
};

static bool digits(struct text *t, unsigned most, unsigned *ret)
{
        unsigned n = 0, v = 0;
        while (n < t->n && n < most && t->p[n] >= '0' && t->p[n] <= '9')
                v = v * 10 + (unsigned)(t->p[n++] - '0');
        t->p += n;
        t->n -= n;
        *ret = v;
        return n > 0;
}

/* "12 Mar 1960", "Mar 1960", "1960". */
static bool read_date(struct text t, struct date *ret)
{
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct text year = t;
        *ret = (struct date){0};
        if (digits(&year, 4, &ret->year) && year.n == 0)
                return ret->year >= 1800;
        if (digits(&t, 2, &ret->day) && !after(&t, " "))
                return false;
        for (unsigned m = 0; m < 12; m++)
                if (t.n >= 4 && !memcmp(t.p, months + m * 3, 3))
                        ret->month = m + 1;
        if (!ret->month)
                return false;
        while (t.n && t.p[0] != ' ')
                t.p++, t.n--;
        return after(&t, " ") && digits(&t, 4, &ret->year) && t.n == 0 && ret->year >= 1800;
}

static int put_range(struct record *r, const struct date *a, const struct date *b)
{
        if (a->year == b->year)
                return lf_person_put_birth(r->wire, r->cap, r->len, a->year,
                                           a->month == b->month ? a->month : 0, 0);
        return lf_person_put_birth_range(r->wire, r->cap, r->len, a->year, b->year);
}

static int put_birth(struct record *r, struct text t)
{
        struct text head;
        struct date a, b;
        bool circa = after(&t, "circa ");
        int ret = 0;
        struct text whole = t;
        if (split(&t, " to ", &head) || (t = whole, split(&t, "-", &head))) {
                if (read_date(head, &a) && read_date(t, &b))
                        ret = put_range(r, &a, &b);
        } else if (read_date(whole, &a)) {
                if (circa)
                        ret = lf_person_put_birth_range(r->wire, r->cap, r->len, a.year - CIRCA_YEARS,
                                                        a.year + CIRCA_YEARS);
                else
                        ret = lf_person_put_birth(r->wire, r->cap, r->len, a.year, a.month, a.day);
        }
        /* No such day, or a range that ends before it begins: not a fact. */
        return ret == -EINVAL ? 0 : ret;
}

static int put_nationality(struct record *r, struct text t)
{
        const char *code = lf_country_code(t.p, t.n);
        return code ? lf_person_put(r->wire, r->cap, r->len, LF_PERSON_NATIONALITY, code, 2) : 0;
}

/* 'a.k.a. 'NAME'': quoted aliases are the weak ones. */
static int put_weak(struct record *r, struct text t)
{
        if (t.n < 2 || t.p[0] != '\'')
                return 0;
        t.p++, t.n--;
        if (t.p[t.n - 1] == '\'')
                t.n--;
        if (t.n < 1 || t.n > LF_PERSON_NAME_MAX)
                return 0;
        return lf_person_put(r->wire, r->cap, r->len, LF_PERSON_WEAK_ALIAS, t.p, t.n);
}

static const struct {
        const char *label;
        char kind;
} documents[] = {
    {"Passport ", 'P'},
    {"Diplomatic Passport ", 'P'},
    {"Travel Document Number ", 'P'},
    {"Stateless Person Passport ", 'P'},
    {"National ID No. ", 'I'},
    {"Identification Number ", 'I'},
    {"Turkish Identification Number ", 'I'},
    {"National Foreign ID Number ", 'I'},
    {"Personal ID Card ", 'I'},
    {"Citizen's Card Number ", 'I'},
    {"Residency Number ", 'I'},
    {"Refugee ID Card ", 'I'},
    {"Cedula No. ", 'I'},
    {"C.U.R.P. ", 'I'},
    {"C.U.I. ", 'I'},
    {"D.N.I. ", 'I'},
    {"VisaNumberID ", 'V'},
    {"R.F.C. ", 'O'},
    {"RFC ", 'O'},
    {"I.F.E. ", 'O'},
    {"SSN ", 'O'},
    {"Tax ID No. ", 'O'},
    {"NIT # ", 'O'},
    {"RUC # ", 'O'},
    {"Driver's License No. ", 'O'},
    {"Electoral Registry No. ", 'O'},
    {"Birth Certificate Number ", 'O'},
    {"Registration Number ", 'O'},
    {"Registration ID ", 'O'},
    {"Vessel Registration Identification ", 'O'},
    {"Aircraft Tail Number ", 'O'},
    {"Aircraft Manufacturer's Serial Number (MSN) ", 'O'},
};

/* "A123 (Iran) issued 1 Jan 2001": the number ends where a parenthesis or a word begins. */
static int put_document(struct record *r, char kind, struct text t)
{
        struct text number = t, rest, head;
        const char *code = NULL;
        bool digit = false;
        if (split(&t, " (", &number)) {
                rest = t;
                if (split(&rest, ")", &head))
                        code = lf_country_code(head.p, head.n);
        } else {
                struct text whole = number;
                if (split(&whole, " issued", &head) || split(&whole, " expires", &head))
                        number = head;
        }
        after(&number, "# ");
        number = trim(number);
        for (size_t i = 0; i < number.n; i++)
                digit = digit || (number.p[i] >= '0' && number.p[i] <= '9');
        if (!digit || number.n > LF_PERSON_DOCUMENT_NUMBER_MAX)
                return 0;
        return lf_person_put_document(r->wire, r->cap, r->len, kind, code, number.p, number.n);
}

static int put_remark(struct record *r, struct text t)
{
        t = trim(t);
        if (!after(&t, "alt. "))
                after(&t, "Alt. ");
        if (after(&t, "a.k.a. ") || after(&t, "f.k.a. ") || after(&t, "n.k.a. "))
                return put_weak(r, t);
        for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
                if (after(&t, documents[i].label))
                        return put_document(r, documents[i].kind, t);
        if (r->kind != 'P')
                return 0;
        if (after(&t, "DOB ") || after(&t, "DOB: "))
                return put_birth(r, trim(t));
        if (after(&t, "nationality ") || after(&t, "citizen "))
                return put_nationality(r, t);
        if (after(&t, "Gender Male"))
                return lf_person_put(r->wire, r->cap, r->len, LF_PERSON_SEX, "M", 1);
        if (after(&t, "Gender Female"))
                return lf_person_put(r->wire, r->cap, r->len, LF_PERSON_SEX, "F", 1);
        return 0;
}

int lf_sdn_remarks(const char *text, size_t size, char kind, uint8_t *wire, size_t cap, size_t *inout_len)
{
        struct record r = {.wire = wire, .cap = cap, .len = inout_len, .kind = kind};
        struct text rest = {text, size}, one;
        while (split(&rest, ";", &one)) {
                int ret = put_remark(&r, one);
                if (ret < 0)
                        return ret;
        }
        return put_remark(&r, rest);
}
