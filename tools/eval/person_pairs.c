/* Labelled pairs of names: the first is the probe, the second the only record of a shard. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/eval/person.h"

struct tally {
        unsigned pairs, true_hits, false_hits, missed, strong_errors;
};

/* LF_PERSON_ENTITY of a schema. */
static char kind_of(const struct lf_csv_field *schema)
{
        return !memcmp(schema->text, "Person", schema->n < 6 ? schema->n : 6)   ? 'P'
               : !memcmp(schema->text, "Vessel", schema->n < 6 ? schema->n : 6) ? 'V'
                                                                                : 'E';
}

static bool is(const struct lf_csv_field *f, const char *text)
{
        return f->n == strlen(text) && !memcmp(f->text, text, f->n);
}

static int read_match(const struct lf_table *t, const struct lf_csv_field *f, bool *ret)
{
        *ret = f->n == 4 && !strncasecmp(f->text, "true", 4);
        if (*ret || (f->n == 5 && !strncasecmp(f->text, "false", 5)))
                return 0;
        return lf_table_wrong(t, f, "is_match is neither true nor false");
}

static void count(struct tally *t, bool match, bool hit, bool strong)
{
        t->pairs++;
        t->true_hits += match && hit;
        t->false_hits += !match && hit;
        t->missed += match && !hit;
        t->strong_errors += strong && match != hit;
}

static void report(const struct tally *t, json_t *out)
{
        double hits = t->true_hits;
        double precision = t->true_hits + t->false_hits ? hits / (t->true_hits + t->false_hits) : 0;
        double recall = t->true_hits + t->missed ? hits / (t->true_hits + t->missed) : 0;
        json_object_set_new(
            out, "f1", json_real(precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0));
        json_object_set_new(out, "precision", json_real(precision));
        json_object_set_new(out, "recall", json_real(recall));
        json_object_set_new(out, "strong_errors", json_integer(t->strong_errors));
        json_object_set_new(out, "pairs", json_integer(t->pairs));
}

static int judge(const struct lf_wire *wire, float threshold, void *prepared, void *scratch, bool *ret)
{
        struct lf_shard *shard = lf_eval_shard(&wire[1], 1);
        struct lf_topk top;
        if (!shard)
                return -ENOMEM;
        lf_eval_search(shard, &wire[0], 0, prepared, scratch, &top);
        *ret = top.n > 0 && top.hit[0].score >= threshold;
        free(shard);
        return 0;
}

/* Everything; the first, third, .. pair; the second, fourth, .. */
#define PARTS 3
struct tallies {
        struct tally all[PARTS], person[PARTS];
};

static int read_pairs(struct lf_table *t, float threshold, void *prepared, void *scratch, struct tallies *ret)
{
        static const char *const names[] = {"schema", "name1", "name2", "is_match", "quality"};
        int column[5];
        for (unsigned i = 0; i < 5; i++) {
                column[i] = lf_table_column(t, names[i]);
                if (column[i] < 0)
                        return column[i];
        }
        int r;
        while ((r = lf_table_next(t)) > 0) {
                const struct lf_csv_field *f = t->csv.field;
                struct lf_wire wire[2];
                char kind = kind_of(&f[column[0]]);
                bool hit, match, strong = is(&f[column[4]], "STRONG");
                r = read_match(t, &f[column[3]], &match);
                r = r < 0 ? r : lf_wire_name(&wire[0], kind, t, &f[column[1]]);
                r = r < 0 ? r : lf_wire_name(&wire[1], kind, t, &f[column[2]]);
                r = r < 0 ? r : judge(wire, threshold, prepared, scratch, &hit);
                if (r < 0)
                        return r;
                unsigned half = 1 + ret->all[0].pairs % 2;
                for (unsigned part = 0; part <= half; part += half) {
                        count(&ret->all[part], match, hit, strong);
                        if (kind == 'P')
                                count(&ret->person[part], match, hit, strong);
                }
        }
        return r;
}

static void report_part(const struct tallies *t, unsigned part, float threshold, json_t *out)
{
        json_t *of_persons = json_object();
        report(&t->all[part], out);
        json_object_set_new(of_persons, "threshold", json_real(round((double)threshold * 1e6) / 1e6));
        report(&t->person[part], of_persons);
        json_object_set_new(out, "person", of_persons);
}

int lf_eval_person_pairs(const char *path, float threshold, json_t *out)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct tallies tallies = {0};
        struct lf_table t;
        int r = lf_table_open(path, &t);
        if (r < 0)
                return r;
        void *prepared = lf_eval_aligned(engine->probe_size),
             *scratch = lf_eval_aligned(engine->scratch_size);
        r = prepared && scratch ? read_pairs(&t, threshold, prepared, scratch, &tallies) : -ENOMEM;
        if (r == 0) {
                json_t *halves = json_array();
                report_part(&tallies, 0, threshold, out);
                for (unsigned part = 1; part < PARTS; part++) {
                        json_t *half = json_object();
                        report_part(&tallies, part, threshold, half);
                        json_array_append_new(halves, half);
                }
                json_object_set_new(out, "halves", halves);
        }
        free(prepared);
        free(scratch);
        lf_table_close(&t);
        return r;
}
