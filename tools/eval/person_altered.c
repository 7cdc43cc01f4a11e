/* Altered spellings of listed people, and people who are not listed: each searched for in all the listed. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/eval/person.h"

struct person {
        unsigned long row;
        struct lf_wire plain, born; /* by name only, and with the date of birth */
};

struct people {
        struct person *person;
        size_t n, room;
};

struct search {
        struct lf_shard *plain, *born;
        const struct people *listed;
        void *prepared, *scratch;
        float floor; /* just below the threshold */
};

static int add(struct people *p, struct person *one)
{
        if (p->n == p->room) {
                size_t room = p->room ? 2 * p->room : 256;
                struct person *more = realloc(p->person, room * sizeof *more);
                if (!more)
                        return -ENOMEM;
                p->person = more;
                p->room = room;
        }
        p->person[p->n++] = *one;
        return 0;
}

/* Calls `each` for every person of the file. */
static int read_people(const char *path, bool rows, int (*each)(void *context, struct person *),
                       void *context)
{
        struct lf_table t;
        int r = lf_table_open(path, &t);
        if (r < 0)
                return r;
        int name = lf_table_column(&t, "full_name"), birth = lf_table_column(&t, "date_of_birth");
        int row = rows ? lf_table_column(&t, "row") : 0;
        r = name < 0 ? name : birth < 0 ? birth : row;
        while (r >= 0 && (r = lf_table_next(&t)) > 0) {
                struct person p = {.row = rows ? strtoul(t.csv.field[row].text, NULL, 10) : 0};
                r = lf_wire_name(&p.plain, 'P', &t, &t.csv.field[name]);
                p.born = p.plain;
                r = r < 0 ? r : lf_wire_birth(&p.born, &t, &t.csv.field[birth]);
                r = r < 0 ? r : each(context, &p);
        }
        lf_table_close(&t);
        return r < 0 ? r : 0;
}

static int keep(void *context, struct person *p)
{
        return add(context, p);
}

/* Everybody; the first, third, ..; the second, fourth, .. */
#define PARTS 3

/* Who is looked for, and what was found: by name only, with the date of birth. */
struct findings {
        const struct search *search;
        bool anybody; /* any hit counts, and not only the same row's */
        unsigned asked;
        struct {
                unsigned people, found[2];
        } part[PARTS];
};

static bool found(const struct search *s, bool born, bool anybody, const struct person *p)
{
        struct lf_topk top;
        lf_eval_search(born ? s->born : s->plain, born ? &p->born : &p->plain, s->floor, s->prepared,
                       s->scratch, &top);
        for (uint32_t i = 0; i < top.n; i++)
                if (anybody || s->listed->person[top.hit[i].record].row == p->row)
                        return true;
        return false;
}

static int look(void *context, struct person *p)
{
        struct findings *f = context;
        unsigned half = 1 + f->asked++ % 2;
        for (unsigned part = 0; part <= half; part += half)
                f->part[part].people++;
        for (unsigned born = 0; born < 2; born++)
                if (found(f->search, born, f->anybody, p))
                        for (unsigned part = 0; part <= half; part += half)
                                f->part[part].found[born]++;
        return 0;
}

static int prepare(struct search *s, const struct people *listed)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_wire *wire = calloc(listed->n ? listed->n : 1, sizeof *wire);
        s->prepared = lf_eval_aligned(engine->probe_size);
        s->scratch = lf_eval_aligned(engine->scratch_size);
        if (!wire || !s->prepared || !s->scratch) {
                free(wire);
                return -ENOMEM;
        }
        for (size_t i = 0; i < listed->n; i++)
                wire[i] = listed->person[i].plain;
        s->plain = lf_eval_shard(wire, listed->n);
        for (size_t i = 0; i < listed->n; i++)
                wire[i] = listed->person[i].born;
        s->born = lf_eval_shard(wire, listed->n);
        free(wire);
        return s->plain && s->born ? 0 : -ENOMEM;
}

static double rate(unsigned part, unsigned whole)
{
        return whole ? (double)part / whole : 0;
}

static void report(const struct findings *altered, const struct findings *negative, unsigned part,
                   json_t *out)
{
        json_t *born = json_object();
        json_t *const to[2] = {out, born};
        for (unsigned i = 0; i < 2; i++) {
                json_object_set_new(
                    to[i], "recall",
                    json_real(rate(altered->part[part].found[i], altered->part[part].people)));
                json_object_set_new(
                    to[i], "false_hit_rate",
                    json_real(rate(negative->part[part].found[i], negative->part[part].people)));
                json_object_set_new(to[i], "found", json_integer(altered->part[part].found[i]));
                json_object_set_new(to[i], "false_hits", json_integer(negative->part[part].found[i]));
        }
        json_object_set_new(out, "altered", json_integer(altered->part[part].people));
        json_object_set_new(out, "negatives", json_integer(negative->part[part].people));
        json_object_set_new(out, "with_birth_date", born);
}

int lf_eval_person_altered(const char *listed_path, const char *altered_path, char **negatives, int n,
                           float threshold, json_t *out)
{
        struct people listed = {0};
        struct search s = {.listed = &listed, .floor = nextafterf(threshold, 0)};
        struct findings altered = {.search = &s}, negative = {.search = &s, .anybody = true};
        int r = read_people(listed_path, true, keep, &listed);
        if (r == 0)
                r = prepare(&s, &listed);
        if (r == 0)
                r = read_people(altered_path, true, look, &altered);
        for (int i = 0; r == 0 && i < n; i++)
                r = read_people(negatives[i], false, look, &negative);
        if (r == 0) {
                json_t *halves = json_array();
                report(&altered, &negative, 0, out);
                for (unsigned part = 1; part < PARTS; part++) {
                        json_t *half = json_object();
                        report(&altered, &negative, part, half);
                        json_array_append_new(halves, half);
                }
                json_object_set_new(out, "halves", halves);
        }
        free(s.plain);
        free(s.born);
        free(s.prepared);
        free(s.scratch);
        free(listed.person);
        return r;
}
