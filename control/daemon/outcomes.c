/* Outcomes leave the appliance only as sums of whole hours, with small cells withheld: a count that moves as
 * someone walks through a gate would say what the answer to that person was. */
#include "control/daemon/daemon.h"

#include <string.h>

#define SMALL 10 /* a cell of 1..9 is withheld */

void lf_outcomes_step(struct lf_outcomes *o, const struct lf_counters *counters, uint64_t now)
{
        uint64_t hour = now / 3600;
        if (counters) {
                if (memcmp(o->boot, counters->boot, sizeof o->boot) != 0) {
                        memcpy(o->boot, counters->boot, sizeof o->boot);
                        memset(o->seen, 0, sizeof o->seen);
                }
                for (unsigned v = 0; v < 5; v++) {
                        uint64_t sum = lf_counters_sum(counters, &counters->core[0].verdict[v]);
                        o->counting[v] += sum - o->seen[v];
                        o->seen[v] = sum;
                }
        }
        if (o->hour && hour != o->hour) {
                memcpy(o->last, o->counting, sizeof o->last);
                memset(o->counting, 0, sizeof o->counting);
                o->whole = true;
        }
        o->hour = hour;
}

/* A single withheld cell could be told from the sum: the smallest other one goes with it. */
bool lf_outcomes_cell(const struct lf_outcomes *o, unsigned verdict, uint64_t *ret)
{
        unsigned small = 0, company = 0;
        for (unsigned v = 1; v < 5; v++) {
                if (o->last[v] > 0 && o->last[v] < SMALL)
                        small++;
                else if (o->last[v] >= SMALL && (company == 0 || o->last[v] < o->last[company]))
                        company = v;
        }
        uint64_t n = o->last[verdict];
        if (!o->whole || (n > 0 && n < SMALL) || (small == 1 && verdict == company))
                return false;
        *ret = n;
        return true;
}
