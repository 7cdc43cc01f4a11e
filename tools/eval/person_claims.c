/* How often strangers' names reach a score, beside what the score claims: each negative's name with each name
 * of the individuals on a list. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "matcher/person.h"
#include "tools/eval/person.h"
#include "tools/import/sdn.h"

#define LOWEST  0.45 /* below it a claim is drawn to the origin */
#define STEP    0.03
#define STEPS   18          /* up to 0.96 */
#define PARTS   3           /* every negative; the first, third, ..; the second, fourth, .. */
#define A_SHARD LF_TOPK_MAX /* names: a search finds them all */

/* The names of a list, one a record. */
struct names {
        struct lf_wire *wire;
        size_t n, room;
};

struct claims {
        struct lf_shard **shard;
        size_t shards, names;
        void *prepared, *scratch;
        bool terminal;
        struct {
                unsigned negatives;
                uint64_t reached[STEPS];
        } part[PARTS];
};

static int add(struct names *to, const uint8_t *name, size_t n)
{
        const char kind = 'P';
        if (to->n == to->room) {
                size_t room = to->room ? 2 * to->room : 1024;
                struct lf_wire *more = realloc(to->wire, room * sizeof *more);
                if (!more)
                        return -ENOMEM;
                to->wire = more;
                to->room = room;
        }
        struct lf_wire *w = &to->wire[to->n++];
        w->n = 0;
        int r = lf_person_put(w->byte, sizeof w->byte, &w->n, LF_PERSON_ENTITY, &kind, 1);
        return r < 0 ? r : lf_person_put(w->byte, sizeof w->byte, &w->n, LF_PERSON_NAME, name, n);
}

static int keep(void *context, const struct lf_import_record *r)
{
        int ret = 0;
        for (size_t i = 0; r->kind == 'P' && ret == 0 && i + LF_PERSON_FIELD_HEAD <= r->size;) {
                const uint8_t *field = r->wire + i;
                size_t n = field[1] | (size_t)field[2] << 8;
                if (field[0] == LF_PERSON_NAME || field[0] == LF_PERSON_ALIAS ||
                    field[0] == LF_PERSON_WEAK_ALIAS)
                        ret = add(context, field + LF_PERSON_FIELD_HEAD, n);
                i += LF_PERSON_FIELD_HEAD + n;
        }
        return ret;
}

static int build(struct claims *c, const struct names *names)
{
        c->names = names->n;
        c->shard = calloc(names->n / A_SHARD + 1, sizeof *c->shard);
        if (!c->shard)
                return -ENOMEM;
        for (size_t at = 0; at < names->n; at += A_SHARD) {
                size_t n = names->n - at < A_SHARD ? names->n - at : A_SHARD;
                c->shard[c->shards] = lf_eval_shard(names->wire + at, n);
                if (!c->shard[c->shards++])
                        return -ENOMEM;
        }
        return 0;
}

static void count(struct claims *c, unsigned half, float score)
{
        for (unsigned step = 0; step < STEPS && score >= (float)(LOWEST + step * STEP); step++)
                for (unsigned part = 0; part <= half; part += half)
                        c->part[part].reached[step]++;
}

static void compare(struct claims *c, const struct lf_wire *probe)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_defect defect;
        struct lf_topk top, *tops[] = {&top};
        const void *probes[] = {c->prepared};
        unsigned half = 1 + c->part[0].negatives % 2;
        if (engine->prepare(probe->byte, probe->n, c->prepared, &defect) < 0)
                return;
        for (unsigned part = 0; part <= half; part += half)
                c->part[part].negatives++;
        for (size_t s = 0; s < c->shards; s++) {
                lf_topk_init(&top, LF_TOPK_MAX, nextafterf((float)LOWEST, 0));
                for (uint32_t b = 0; b < c->shard[s]->blocks; b++)
                        engine->scan(c->shard[s], b, probes, tops, 1, c->scratch);
                for (uint32_t i = 0; i < top.n; i++)
                        count(c, half, top.hit[i].score);
        }
        if (c->terminal && c->part[0].negatives % 100 == 0)
                fprintf(stderr, "\r%u people, each with %zu names", c->part[0].negatives, c->names);
}

static int read_negatives(struct claims *c, const char *path)
{
        struct lf_table t;
        struct lf_wire probe;
        int r = lf_table_open(path, &t);
        if (r < 0)
                return r;
        int name = r = lf_table_column(&t, "full_name");
        while (r >= 0 && (r = lf_table_next(&t)) > 0) {
                r = lf_wire_name(&probe, 'P', &t, &t.csv.field[name]);
                if (r == 0)
                        compare(c, &probe);
        }
        lf_table_close(&t);
        return r < 0 ? r : 0;
}

static void report(const struct claims *c, unsigned part, json_t *out)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        json_t *rates = json_array();
        double comparisons = (double)c->part[part].negatives * (double)c->names;
        for (unsigned step = 0; step < STEPS; step++) {
                double score = LOWEST + step * STEP, claimed = (double)engine->score_log10_fmr((float)score);
                uint64_t n = c->part[part].reached[step];
                json_t *rate = json_pack("{s:f, s:I, s:f}", "score", score, "reached", (json_int_t)n,
                                         "claimed_log10_fmr", claimed);
                if (n > 0) {
                        double counted = log10((double)n / comparisons);
                        json_object_set_new(rate, "counted_log10_fmr", json_real(counted));
                        json_object_set_new(rate, "claimed_to_counted",
                                            json_real(pow(10, claimed - counted)));
                }
                json_array_append_new(rates, rate);
        }
        json_object_set_new(out, "people", json_integer(c->part[part].negatives));
        json_object_set_new(out, "comparisons", json_integer((json_int_t)comparisons));
        json_object_set_new(out, "rates", rates);
}

int lf_eval_person_claims(const char *list, const char *aliases, char **negatives, int n, json_t *out)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct names names = {0};
        struct claims c = {.prepared = lf_eval_aligned(engine->probe_size),
                           .scratch = lf_eval_aligned(engine->scratch_size),
                           .terminal = isatty(STDERR_FILENO)};
        struct lf_import_error e = {0};
        int r = c.prepared && c.scratch ? lf_import_sdn(list, aliases, keep, &names, &e) : -ENOMEM;
        if (r < 0 && e.file)
                lf_log_error("%s:%u:%u: %s", e.file, e.line, e.column, e.text);
        if (r == 0)
                r = build(&c, &names);
        free(names.wire);
        for (int i = 0; r == 0 && i < n; i++)
                r = read_negatives(&c, negatives[i]);
        if (c.terminal)
                fputc('\n', stderr);
        if (r == 0) {
                json_t *halves = json_array();
                json_object_set_new(out, "names", json_integer((json_int_t)c.names));
                report(&c, 0, out);
                for (unsigned part = 1; part < PARTS; part++) {
                        json_t *half = json_object();
                        report(&c, part, half);
                        json_array_append_new(halves, half);
                }
                json_object_set_new(out, "halves", halves);
        }
        for (size_t i = 0; i < c.shards; i++)
                free(c.shard[i]);
        free(c.shard);
        free(c.prepared);
        free(c.scratch);
        return r;
}
