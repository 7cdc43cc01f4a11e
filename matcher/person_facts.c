#include "matcher/person_facts.h"

#include <stdlib.h>
#include <string.h>

static enum lf_birth compare_dates(const struct lf_person_date *a, const struct lf_person_date *b,
                                   unsigned tolerance, unsigned *years)
{
        *years = 0;
        bool exact_years = a->first_year == a->last_year && b->first_year == b->last_year;
        if (a->first_year && b->first_year) {
                if (a->first_year > b->last_year)
                        *years = (unsigned)(a->first_year - b->last_year);
                else if (b->first_year > a->last_year)
                        *years = (unsigned)(b->first_year - a->last_year);
        }
        if (*years > tolerance)
                return LF_BIRTH_DIFFERENT;
        if (*years > 0)
                return LF_BIRTH_NEAR;
        bool month = a->month && b->month, day = month && a->day && b->day;
        if (!(a->first_year && b->first_year) && !month)
                return LF_BIRTH_UNKNOWN;
        bool same_month = !month || a->month == b->month, same_day = !day || a->day == b->day;
        /* Day and month written the other way round are a clerk's slip, and so is one of the two. */
        bool swapped = day && a->month == b->day && a->day == b->month;
        if (!same_month && !same_day && !swapped)
                return LF_BIRTH_DIFFERENT;
        if (!same_month && !day)
                return LF_BIRTH_DIFFERENT;
        if (!same_month || !same_day)
                return a->first_year && b->first_year ? LF_BIRTH_NEAR : LF_BIRTH_DIFFERENT;
        return day && exact_years && a->first_year && b->first_year ? LF_BIRTH_EXACT : LF_BIRTH_PARTIAL;
}

enum lf_birth lf_birth_compare(const struct lf_person_facts *a, const struct lf_person_facts *b,
                               unsigned tolerance, unsigned *ret_years)
{
        enum lf_birth best = LF_BIRTH_UNKNOWN;
        *ret_years = 0;
        for (unsigned i = 0; i < a->n_dates; i++)
                for (unsigned j = 0; j < b->n_dates; j++) {
                        unsigned years;
                        enum lf_birth c = compare_dates(&a->date[i], &b->date[j], tolerance, &years);
                        if (c > best || (c == best && years < *ret_years)) {
                                best = c;
                                *ret_years = years;
                        }
                }
        return best;
}

static bool one_slip(const struct lf_person_document *a, const struct lf_person_document *b)
{
        unsigned longer = a->n > b->n ? a->n : b->n, shorter = a->n > b->n ? b->n : a->n;
        if (longer - shorter > 1 || shorter < LF_DOCUMENT_LETTERS)
                return false;
        unsigned front = 0, back = 0;
        while (front < shorter && a->number[front] == b->number[front])
                front++;
        while (back < shorter - front && a->number[a->n - 1 - back] == b->number[b->n - 1 - back])
                back++;
        unsigned differ = longer - front - back;
        return differ <= 1 || (differ == 2 && longer == shorter && a->number[front] == b->number[front + 1] &&
                               a->number[front + 1] == b->number[front]);
}

static enum lf_document compare_documents(const struct lf_person_document *a,
                                          const struct lf_person_document *b)
{
        bool known = a->country[0] != '<' && b->country[0] != '<';
        bool same_country = known && !memcmp(a->country, b->country, sizeof a->country);
        if (known && !same_country)
                return LF_DOCUMENT_NONE;
        if (a->n == b->n && !memcmp(a->number, b->number, a->n))
                return same_country || a->n >= LF_DOCUMENT_LETTERS ? LF_DOCUMENT_EXACT : LF_DOCUMENT_NONE;
        return one_slip(a, b) ? LF_DOCUMENT_SLIP : LF_DOCUMENT_NONE;
}

enum lf_document lf_document_compare(const struct lf_person_facts *a, const struct lf_person_facts *b)
{
        enum lf_document best = LF_DOCUMENT_NONE;
        for (unsigned i = 0; i < a->n_documents; i++)
                for (unsigned j = 0; j < b->n_documents; j++) {
                        enum lf_document c = compare_documents(&a->document[i], &b->document[j]);
                        best = c > best ? c : best;
                }
        return best;
}

bool lf_sex_contradicts(const struct lf_person_facts *a, const struct lf_person_facts *b)
{
        return (a->sex == 'M' && b->sex == 'F') || (a->sex == 'F' && b->sex == 'M');
}

bool lf_nationality_shared(const struct lf_person_facts *a, const struct lf_person_facts *b)
{
        for (unsigned i = 0; i < a->n_nations; i++)
                for (unsigned j = 0; j < b->n_nations; j++)
                        if (!memcmp(a->nation[i], b->nation[j], 3))
                                return true;
        return false;
}
