/* A party as a query of the person engine. */
#include <errno.h>
#include <string.h>

#include "control/manifest/manifest.h"
#include "matcher/person_fold.h"
#include "matcher/person_probe.h"
#include "matcher/person_write.h"

#define PERSON_WORDS 12 /* of a probe: matcher/person.h */
#define ENTITY_WORDS LF_NAME_TOKENS
#define PROBE_WORDS  96

_Static_assert(LF_PARTY_NATIONS <= LF_PROBE_NATIONS && LF_PARTY_NAMES <= LF_PROBE_NAMES,
               "the engine takes what a message may say");

struct record {
        uint8_t *buf;
        size_t cap, n;
        unsigned words;
        unsigned names, documents;
};

/* Bytes of the name that the engine takes, cut between words; 0: none. *ret_words: how many they fold to. */
static size_t takes(const char *name, unsigned max, unsigned *ret_words)
{
        size_t n = strlen(name);
        while (n > 0) {
                int words = n <= LF_PERSON_NAME_MAX ? lf_name_words((const uint8_t *)name, n, max) : -E2BIG;
                if (words >= 0) {
                        *ret_words = (unsigned)words;
                        return words > 0 ? n : 0;
                }
                while (n > 0 && name[n - 1] != ' ') /* without its last word */
                        n--;
                while (n > 0 && name[n - 1] == ' ')
                        n--;
        }
        return 0;
}

static int put_name(struct record *r, const char *name, unsigned max)
{
        unsigned words, left = PROBE_WORDS - r->words;
        size_t n = takes(name, max < left ? max : left, &words);
        if (n == 0)
                return 0;
        r->words += words;
        return lf_person_put(r->buf, r->cap, &r->n, r->names++ ? LF_PERSON_ALIAS : LF_PERSON_NAME, name, n);
}

/* A person's name has no digits: nobody knows what one that has is meant to be, so it is asked for as it is
 * written and without them. */
static int put_without_digits(struct record *r, const char *name, unsigned max)
{
        char bare[LF_PERSON_NAME_MAX + 1];
        size_t n = 0;
        if (strlen(name) > LF_PERSON_NAME_MAX || !strpbrk(name, "0123456789") || r->names == LF_PROBE_NAMES)
                return 0;
        for (; *name; name++)
                if (*name < '0' || *name > '9')
                        bare[n++] = *name;
        bare[n] = 0;
        return put_name(r, bare, max);
}

static bool letters(const char *code)
{
        size_t n = 0;
        for (; code[n]; n++)
                if (!((code[n] >= 'A' && code[n] <= 'Z') || (code[n] >= 'a' && code[n] <= 'z')))
                        return false;
        return n > 0;
}

static int put_document(struct record *r, const struct lf_party_document *d)
{
        char folded[LF_PERSON_DOCUMENT_NUMBER_MAX];
        size_t n = strlen(d->number);
        if (n > LF_PERSON_DOCUMENT_NUMBER_MAX ||
            lf_number_fold((const uint8_t *)d->number, n, folded, sizeof folded) == 0)
                return 0;
        r->documents++;
        return lf_person_put_document(r->buf, r->cap, &r->n, d->kind, letters(d->country) ? d->country : NULL,
                                      d->number, n);
}

int lf_party_person(const struct lf_party *p, char entity, void *buf, size_t cap, size_t *ret_size)
{
        struct record r = {.buf = buf, .cap = cap};
        bool person = entity == 'P';
        int ret = lf_person_put(r.buf, r.cap, &r.n, LF_PERSON_ENTITY, &entity, 1);
        for (unsigned i = 0; i < p->names && ret == 0; i++)
                ret = put_name(&r, p->name[i].full, person ? PERSON_WORDS : ENTITY_WORDS);
        for (unsigned i = 0; i < p->names && ret == 0 && person; i++)
                ret = put_without_digits(&r, p->name[i].full, PERSON_WORDS);
        for (unsigned i = 0; i < p->births && ret == 0; i++)
                ret = lf_person_put_birth(r.buf, r.cap, &r.n, p->birth[i].year, p->birth[i].month,
                                          p->birth[i].day);
        if (p->sex && ret == 0)
                ret = lf_person_put(r.buf, r.cap, &r.n, LF_PERSON_SEX, &p->sex, 1);
        for (unsigned i = 0; i < p->nations && ret == 0; i++)
                if (letters(p->nation[i]))
                        ret = lf_person_put(r.buf, r.cap, &r.n, LF_PERSON_NATIONALITY, p->nation[i],
                                            strlen(p->nation[i]));
        for (unsigned i = 0; i < p->documents && ret == 0; i++)
                ret = put_document(&r, &p->document[i]);
        if (ret < 0)
                return ret;
        if (r.names == 0 && r.documents == 0)
                return -ENODATA;
        *ret_size = r.n;
        return 0;
}
