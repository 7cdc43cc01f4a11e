/* Flights and voyages: TDT, and the places and times behind it. */
#include <errno.h>
#include <stdio.h>

#include "control/manifest/reader.h"

struct lf_manifest_leg *lf_leg_current(struct lf_manifest_reader *r)
{
        if (r->header.legs == 0)
                r->header.legs = 1;
        return &r->header.leg[r->header.legs - 1];
}

static int add(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_manifest_leg **ret)
{
        if (r->header.legs == LF_MANIFEST_LEGS) {
                lf_reader_fail(r, s, LF_RULE_TOO_MANY_LEGS, 0, 0, NULL);
                return -EMSGSIZE;
        }
        *ret = &r->header.leg[r->header.legs++];
        return 0;
}

/* TDT: 8028 in element 2, C040 in 5, C222 in 8. A first leg that only has places, as CUSCAR may say them
 * before TDT, is this one. */
int lf_leg_begin(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_leg *leg = r->header.leg;
        int ret = 0;
        if (r->header.legs != 1 || leg->flight[0] || leg->carrier[0] || leg->vessel[0])
                ret = add(r, s, &leg);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 0, leg->flight, sizeof leg->flight);
        if (ret == 0)
                lf_code(lf_edi_component(s, 5, 0), leg->carrier, sizeof leg->carrier);
        if (ret == 0)
                ret = lf_copy(r, s, 8, 3, leg->vessel, sizeof leg->vessel);
        if (ret == 0 && !leg->vessel[0])
                ret = lf_copy(r, s, 8, 0, leg->vessel, sizeof leg->vessel);
        return ret;
}

/* LOC, code 3227: 125 and 5, 9 departure; 87 and 8, 11, 60 arrival; 92 the next on the way. */
int lf_leg_place(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view which = lf_edi_component(s, 1, 0);
        bool from = lf_edi_is(which, "125") || lf_edi_is(which, "5") || lf_edi_is(which, "9");
        bool to = lf_edi_is(which, "87") || lf_edi_is(which, "8") || lf_edi_is(which, "11") ||
                  lf_edi_is(which, "60");
        if (!from && !to && !lf_edi_is(which, "92"))
                return 0;
        struct lf_manifest_leg *leg = lf_leg_current(r), *before = leg;
        if (!from && !to) {
                from = !leg->from[0];
                to = !from;
        }
        int ret = 0;
        if (from ? leg->from[0] && leg->to[0] : leg->to[0]) { /* another leg of the same flight */
                ret = add(r, s, &leg);
                if (ret < 0)
                        return ret;
                memcpy(leg->carrier, before->carrier, sizeof leg->carrier);
                memcpy(leg->flight, before->flight, sizeof leg->flight);
                memcpy(leg->vessel, before->vessel, sizeof leg->vessel);
                if (to)
                        memcpy(leg->from, before->to, sizeof leg->from);
        }
        return lf_copy(r, s, 2, 0, from ? leg->from : leg->to, sizeof leg->from);
}

/* DTM, code 2005: 189, 133, 136 departure; 232, 132, 178 arrival. A time that is none is left out. */
int lf_leg_time(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view which = lf_edi_component(s, 1, 0);
        bool departure = lf_edi_is(which, "189") || lf_edi_is(which, "133") || lf_edi_is(which, "136");
        bool arrival = lf_edi_is(which, "232") || lf_edi_is(which, "132") || lf_edi_is(which, "178");
        struct lf_edi_view format = lf_edi_component(s, 1, 2);
        if ((!departure && !arrival) || lf_edi_is(format, "401")) /* a clock time alone */
                return 0;
        struct lf_manifest_time t;
        if (!lf_date_near(lf_edi_component(s, 1, 1), format, &r->header.prepared, &t)) {
                r->summary.notes |= LF_NOTE_BAD_DATE;
                return 0;
        }
        struct lf_manifest_leg *leg = lf_leg_current(r);
        *(departure ? &leg->departure : &leg->arrival) = t;
        return 0;
}
