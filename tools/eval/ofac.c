/* landfall eval ofac: how often datasets with `scoring: ofac` agree with what OFAC's search tool answered. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/person_ofac.h"
#include "tools/eval/eval.h"
#include "tools/eval/person.h"

#define CLOSE 5 /* points */

static const char usage[] =
    "usage: landfall eval ofac FILE [--json]\n"
    "\n"
    "FILE: columns query_name, result_name, ofac_score (0 to 100; -1: the tool did not return it, which\n"
    "agrees with a score below 80). Prints `within_5`, the share of the pairs whose score is at most 5 "
    "points\n"
    "from the tool's, and the same of the first, third... pair and of the others.\n";

struct tally {
        unsigned pairs, close;
};

struct room {
        void *prepared, *scratch;
};

/* What a dataset with `scoring: ofac` that holds the one name says of the other: points; -1 on failure. */
static int points_of(const struct lf_csv_field *query, const struct lf_csv_field *name,
                     const struct lf_table *t, const struct room *room)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_wire probe, record;
        struct lf_topk top;
        struct lf_explanation why;
        if (lf_wire_name(&probe, 'P', t, query) < 0 || lf_wire_name(&record, 'P', t, name) < 0)
                return -1;
        struct lf_shard *shard = lf_eval_shard(&record, 1);
        if (!shard)
                return -1;
        shard->person.scoring = LF_PERSON_SCORING_OFAC;
        int points = 0;
        if (lf_eval_search(shard, &probe, 0, room->prepared, room->scratch, &top) && top.n > 0) {
                engine->explain(shard, room->prepared, &top.hit[0], room->scratch, &why);
                for (unsigned i = 0; i < why.n; i++)
                        if (why.reason[i].code == LF_MATCH_REASON_NAME_OFAC)
                                points = why.reason[i].a;
        }
        free(shard);
        return points;
}

static int read_pairs(struct lf_table *t, const struct room *room, struct tally half[2])
{
        int query = lf_table_column(t, "query_name"), name = lf_table_column(t, "result_name");
        int expected = lf_table_column(t, "ofac_score"), r = query | name | expected;
        for (unsigned n = 0; r >= 0 && (r = lf_table_next(t)) > 0; n++) {
                const struct lf_csv_field *f = t->csv.field;
                int theirs = atoi(f[expected].text), ours = points_of(&f[query], &f[name], t, room);
                if (ours < 0)
                        return -1;
                half[n % 2].close += theirs < 0 ? ours < LF_OFAC_LEAST : abs(theirs - ours) <= CLOSE;
                half[n % 2].pairs++;
        }
        return r;
}

static double within(struct tally t)
{
        return t.pairs ? (double)t.close / t.pairs : 0;
}

static void print(const struct tally half[2], bool json)
{
        const struct tally all = {half[0].pairs + half[1].pairs, half[0].close + half[1].close};
        if (json)
                printf("{\"within_5\": %.6f, \"close\": %u, \"pairs\": %u, "
                       "\"halves\": [{\"within_5\": %.6f}, {\"within_5\": %.6f}]}\n",
                       within(all), all.close, all.pairs, within(half[0]), within(half[1]));
        else
                printf("%u of %u scores within %d points of the tool's (%.1f%%; halves %.1f%% and %.1f%%)\n",
                       all.close, all.pairs, CLOSE, within(all) * 100, within(half[0]) * 100,
                       within(half[1]) * 100);
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
        struct tally half[2] = {{0}};
        if (!path) {
                fputs(usage, stderr);
                return 2;
        }
        if (lf_table_open(path, &t) < 0)
                return 1;
        struct room room = {0};
        int r = lf_engines_init();
        if (r == 0) {
                const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
                room =
                    (struct room){lf_eval_aligned(engine->probe_size), lf_eval_aligned(engine->scratch_size)};
                r = room.prepared && room.scratch ? read_pairs(&t, &room, half) : -1;
        }
        free(room.prepared);
        free(room.scratch);
        lf_table_close(&t);
        if (r < 0)
                return 1;
        print(half, json);
        return 0;
}
