/* Dates as messages write them, and the century of a year of two digits. */
#include "control/manifest/reader.h"

#define OLDEST_AGE 115u
#define EARLIEST   1880u /* birth of anyone who travels */
#define AHEAD      50u   /* years: a flight or an expiry is no farther */

bool lf_day_exists(unsigned year, unsigned month, unsigned day)
{
        static const uint8_t days[13] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (month > 12 || day > days[month] || (month == 0 && day != 0))
                return false;
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return !(month == 2 && day == 29 && year != 0 && !leap);
}

static unsigned digits(const uint8_t *p, unsigned n)
{
        unsigned sum = 0;
        for (unsigned i = 0; i < n; i++)
                sum = sum * 10 + (unsigned)(p[i] - '0');
        return sum;
}

/* The formats of code list 2379 that the guides name. */
enum { SHORT_DATE = 101, DATE = 102, SHORT_MINUTE = 201, MINUTE = 203, HHMM = 401, YEAR = 602, MONTH = 610 };

static unsigned format_of(struct lf_edi_view v, struct lf_edi_view format)
{
        if (format.n == 3) {
                unsigned code = digits(format.p, 3);
                if (code == SHORT_DATE || code == DATE || code == SHORT_MINUTE || code == MINUTE ||
                    code == YEAR || code == MONTH)
                        return code;
                return 0;
        }
        return v.n == 6 ? SHORT_DATE : v.n == 8 ? DATE : v.n == 10 ? SHORT_MINUTE : v.n == 12 ? MINUTE : 0;
}

bool lf_date_read(struct lf_edi_view v, struct lf_edi_view format, struct lf_manifest_time *ret,
                  bool *ret_short)
{
        unsigned code = format_of(v, format);
        bool two = code == SHORT_DATE || code == SHORT_MINUTE, clock = code == SHORT_MINUTE || code == MINUTE;
        unsigned year = two ? 2 : 4, months = code == YEAR ? 0 : 2, days = months && code != MONTH ? 2 : 0;
        if (code == 0 || v.n != year + months + days + (clock ? 4 : 0))
                return false;
        for (uint32_t i = 0; i < v.n; i++)
                if (v.p[i] < '0' || v.p[i] > '9')
                        return false;
        struct lf_manifest_time t = {.year = (uint16_t)digits(v.p, year),
                                     .month = (uint8_t)digits(v.p + year, months),
                                     .day = (uint8_t)digits(v.p + year + months, days)};
        if (clock) {
                t.hour = (uint8_t)digits(v.p + year + 4, 2);
                t.minute = (uint8_t)digits(v.p + year + 6, 2);
                t.clock = true;
        }
        if (t.hour > 23 || t.minute > 59 || !lf_day_exists(two ? 2000u + t.year : t.year, t.month, t.day) ||
            (t.year == 0 && (!two || t.month == 0))) /* all noughts: not known, and no year 2000 */
                return false;
        *ret = t;
        *ret_short = two;
        return true;
}

void lf_year_near(struct lf_manifest_time *t, const struct lf_manifest_time *prepared)
{
        unsigned year = 2000u + t->year;
        if (prepared->year != 0 && year > prepared->year + AHEAD)
                year -= 100;
        t->year = (uint16_t)year;
}

bool lf_date_near(struct lf_edi_view v, struct lf_edi_view format, const struct lf_manifest_time *prepared,
                  struct lf_manifest_time *ret)
{
        bool two;
        if (!lf_date_read(v, format, ret, &two))
                return false;
        if (two)
                lf_year_near(ret, prepared);
        return true;
}

void lf_party_born(struct lf_party *p, struct lf_manifest_time t, bool short_year,
                   const struct lf_manifest_time *prepared)
{
        p->births = 0;
        if (!short_year && (t.year < EARLIEST || (prepared->year && t.year > prepared->year))) {
                p->notes |= LF_NOTE_BAD_DATE;
                return;
        }
        if (!short_year) {
                p->birth[p->births++] = t;
                return;
        }
        unsigned late = 2000u + t.year, early = late - 100;
        bool born = prepared->year == 0 || late <= prepared->year;
        bool alive = prepared->year == 0 || early + OLDEST_AGE >= prepared->year;
        if (born) {
                p->birth[p->births] = t;
                p->birth[p->births++].year = (uint16_t)late;
        }
        if ((alive || !born) && lf_day_exists(early, t.month, t.day)) {
                p->birth[p->births] = t;
                p->birth[p->births++].year = (uint16_t)early;
        }
        if (p->births == 2)
                p->notes |= LF_NOTE_CENTURY;
}
