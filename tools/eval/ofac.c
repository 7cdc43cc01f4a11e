/* landfall eval ofac: how often the `ofac` scores agree with what OFAC's search tool answered. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/person_ofac.h"
#include "tools/eval/eval.h"
#include "tools/eval/table.h"

#define CLOSE 5 /* points */

static const char usage[] =
    "usage: landfall eval ofac FILE [--json]\n"
    "\n"
    "FILE: columns query_name, result_name, ofac_score (0 to 100; -1: the tool did not return it, which\n"
    "agrees with a score below 80). Prints `within_5`, the share of the pairs whose score is at most 5 "
    "points\n"
    "from the tool's.\n";

struct tally {
        unsigned pairs, close;
};

static int read_pairs(struct lf_table *t, struct tally *ret)
{
        int query = lf_table_column(t, "query_name"), name = lf_table_column(t, "result_name");
        int expected = lf_table_column(t, "ofac_score"), r = query | name | expected;
        while (r >= 0 && (r = lf_table_next(t)) > 0) {
                const struct lf_csv_field *f = t->csv.field;
                int theirs = atoi(f[expected].text);
                int ours = (int)lf_person_ofac_score(f[query].text, f[query].n, f[name].text, f[name].n);
                ret->close += theirs < 0 ? ours < LF_OFAC_LEAST : abs(theirs - ours) <= CLOSE;
                ret->pairs++;
        }
        return r;
}

int lf_eval_ofac(int argc, char **argv)
{
        const char *path = NULL;
        bool json = false;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--json")) {
                        json = true;
                } else if (argv[i][0] != '-' && !path) {
                        path = argv[i];
                } else {
                        bool help = !strcmp(argv[i], "--help");
                        fputs(usage, help ? stdout : stderr);
                        return help ? 0 : 2;
                }
        }
        struct lf_table t;
        struct tally tally = {0};
        if (!path) {
                fputs(usage, stderr);
                return 2;
        }
        if (lf_table_open(path, &t) < 0)
                return 1;
        int r = read_pairs(&t, &tally);
        lf_table_close(&t);
        if (r < 0)
                return 1;
        double within = tally.pairs ? (double)tally.close / tally.pairs : 0;
        if (json)
                printf("{\"within_5\": %.6f, \"close\": %u, \"pairs\": %u}\n", within, tally.close,
                       tally.pairs);
        else
                printf("%u of %u scores within %d points of the tool's (%.1f%%)\n", tally.close, tally.pairs,
                       CLOSE, within * 100);
        return 0;
}
