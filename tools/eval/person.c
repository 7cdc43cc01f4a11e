/* landfall eval person: labelled pairs of names; altered spellings of listed people among people who are not
 * listed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "matcher/person_fold.h"
#include "tools/eval/eval.h"
#include "tools/eval/person.h"

static const char usage[] =
    "usage: landfall eval person --pairs FILE [--threshold SCORE] [--json]\n"
    "       landfall eval person --listed FILE --altered FILE --negatives FILE... [--threshold SCORE] "
    "[--json]\n"
    "       landfall eval person --list sdn.csv [--aliases alt.csv] --negatives FILE... [--json]\n"
    "\n"
    "--pairs: columns schema, name1, name2, is_match, quality. Prints precision, recall and F1 of calling a\n"
    "pair a match when its score reaches the threshold, and how many pairs of quality STRONG came out "
    "wrong;\n"
    "`person` is the same over the pairs of schema Person.\n"
    "--listed, --altered, --negatives: columns full_name, date_of_birth and, for the first two, row. Each\n"
    "altered person is searched for in a shard of all the listed ones: `recall` is the share whose listed\n"
    "row was found, `false_hit_rate` the share of the negatives for whom anybody was; by name only, and\n"
    "`with_birth_date`. Rates are fractions.\n"
    "--list, --aliases: lists in OFAC's format. Each negative's name is compared with each name of the "
    "list's\n"
    "individuals: `rates` says of some scores how many comparisons reached them, and the rate of false\n"
    "matches that they claim beside the one that was counted. That takes minutes.\n"
    "`halves` are the same figures over the first, third, .. row of each file, and over the others: what is\n"
    "chosen on one half is to hold on the other.\n"
    "The threshold is 0.78 where none is given.\n";

struct arguments {
        const char *pairs, *listed, *altered, *list, *aliases;
        char **negatives;
        int n_negatives;
        double threshold;
        bool json;
};

void *lf_eval_aligned(size_t size)
{
        return aligned_alloc(64, (size + 64) & ~(size_t)63);
}

static bool is_utf8(const struct lf_csv_field *f)
{
        const uint8_t *p = (const uint8_t *)f->text, *end = p + f->n;
        while (lf_utf8_next(&p, end) >= 0)
                ;
        return p == end;
}

int lf_wire_name(struct lf_wire *w, char kind, const struct lf_table *t, const struct lf_csv_field *name)
{
        w->n = 0;
        if (!is_utf8(name))
                return lf_table_wrong(t, name, "not UTF-8");
        if (lf_person_put(w->byte, sizeof w->byte, &w->n, LF_PERSON_ENTITY, &kind, 1) < 0 ||
            lf_person_put(w->byte, sizeof w->byte, &w->n, LF_PERSON_NAME, name->text, name->n) < 0)
                return lf_table_wrong(t, name, "not a name of 1 to 255 bytes");
        return 0;
}

/* A day that no month has, or a thirteenth month, is a slip of the pen: what remains of the date counts. */
static void drop_impossible(unsigned part[3])
{
        struct tm day = {.tm_year = (int)part[0] - 1900, .tm_mon = (int)part[1] - 1, .tm_mday = (int)part[2]};
        if (part[1] > 12)
                part[1] = part[2] = 0;
        if (part[1] && part[2]) {
                timegm(&day);
                if (day.tm_mday != (int)part[2])
                        part[2] = 0;
        }
}

int lf_wire_birth(struct lf_wire *w, const struct lf_table *t, const struct lf_csv_field *date)
{
        unsigned part[3] = {0, 0, 0};
        char text[16] = {0};
        int end = 0;
        if (date->n == 0)
                return 0;
        if (date->n >= sizeof text)
                return lf_table_wrong(t, date, "not a date");
        memcpy(text, date->text, date->n);
        int n = sscanf(text, "%4u%n-%2u%n-%2u%n", &part[0], &end, &part[1], &end, &part[2], &end);
        if (n < 1 || (size_t)end != date->n)
                return lf_table_wrong(t, date, "not a date");
        drop_impossible(part);
        if (lf_person_put_birth(w->byte, sizeof w->byte, &w->n, part[0], part[1], part[2]) < 0)
                return lf_table_wrong(t, date, "not a date");
        return 0;
}

struct lf_shard *lf_eval_shard(const struct lf_wire *record, size_t n)
{
        struct lf_source_record *source = calloc(n ? n : 1, sizeof *source);
        struct lf_shard_info info = {0};
        struct lf_shard *shard = NULL;
        size_t size = 0;
        for (size_t i = 0; source && i < n; i++)
                source[i] = (struct lf_source_record){.wire = record[i].byte, .size = record[i].n};
        if (source && lf_shard_size(LF_MODALITY_PERSON, source, n, &size) == 0)
                shard = lf_eval_aligned(size);
        if (shard && lf_shard_build(LF_MODALITY_PERSON, &info, source, n, shard, size, NULL) < 0) {
                free(shard);
                shard = NULL;
        }
        free(source);
        if (!shard)
                lf_log_error("no memory for %zu records", n);
        return shard;
}

bool lf_eval_search(const struct lf_shard *shard, const struct lf_wire *probe, float floor, void *prepared,
                    void *scratch, struct lf_topk *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_defect defect;
        lf_topk_init(ret, LF_TOPK_MAX, floor);
        if (engine->prepare(probe->byte, probe->n, prepared, &defect) < 0)
                return false;
        for (uint32_t b = 0; b < shard->blocks; b++)
                engine->scan(shard, b, (const void *const[]){prepared}, (struct lf_topk *const[]){ret}, 1,
                             scratch);
        lf_topk_sort(ret);
        return true;
}

static int run(const struct arguments *a)
{
        int r = lf_engines_init();
        if (r < 0) {
                lf_log_error("engines: %s", strerror(-r));
                return 1;
        }
        json_t *out = json_object();
        if (!a->list)
                json_object_set_new(out, "threshold", json_real(a->threshold));
        if (a->pairs)
                r = lf_eval_person_pairs(a->pairs, (float)a->threshold, out);
        if (r == 0 && a->listed)
                r = lf_eval_person_altered(a->listed, a->altered, a->negatives, a->n_negatives,
                                           (float)a->threshold, out);
        if (r == 0 && a->list)
                r = lf_eval_person_claims(a->list, a->aliases, a->negatives, a->n_negatives, out);
        if (r == 0) {
                /* The same object either way: on a terminal it is indented further. */
                json_dumpf(out, stdout, JSON_INDENT(a->json ? 2 : 4) | JSON_REAL_PRECISION(6));
                putchar('\n');
        }
        json_decref(out);
        return r < 0 ? 1 : 0;
}

static int misused(const char *what)
{
        lf_log_error("%s", what);
        fputs(usage, stderr);
        return 2;
}

static bool parse_threshold(const char *text, double *ret)
{
        char *end;
        *ret = strtod(text, &end);
        return *end == 0 && end != text && *ret > 0 && *ret < 1;
}

/* An option's value, or NULL when the arguments end. */
static const char *value_of(char **argv, int argc, int *i)
{
        return *i + 1 < argc ? argv[++*i] : NULL;
}

int lf_eval_person(int argc, char **argv)
{
        /* The negatives are gathered where arguments have been read already. */
        struct arguments a = {.threshold = LF_EVAL_PERSON_THRESHOLD, .negatives = argv};
        for (int i = 1; i < argc; i++) {
                const char **path = !strcmp(argv[i], "--pairs")     ? &a.pairs
                                    : !strcmp(argv[i], "--listed")  ? &a.listed
                                    : !strcmp(argv[i], "--altered") ? &a.altered
                                    : !strcmp(argv[i], "--list")    ? &a.list
                                    : !strcmp(argv[i], "--aliases") ? &a.aliases
                                                                    : NULL;
                if (!strcmp(argv[i], "--help")) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (!strcmp(argv[i], "--json")) {
                        a.json = true;
                } else if (!strcmp(argv[i], "--threshold")) {
                        const char *v = value_of(argv, argc, &i);
                        if (!v || !parse_threshold(v, &a.threshold))
                                return misused("--threshold takes a score between 0 and 1");
                } else if (!strcmp(argv[i], "--negatives")) {
                        while (i + 1 < argc && argv[i + 1][0] != '-')
                                argv[a.n_negatives++] = argv[++i];
                } else if (path) {
                        *path = value_of(argv, argc, &i);
                        if (!*path)
                                return misused("an option without its file");
                } else {
                        return misused("no such option");
                }
        }
        bool negatives = a.n_negatives > 0, search = a.listed && a.altered && negatives,
             claims = a.list && negatives;
        if (!!a.pairs + search + claims != 1 || (a.pairs && negatives) ||
            (!search && (a.listed || a.altered)) || (!claims && (a.list || a.aliases)))
                return misused("either --pairs, or --listed, --altered and --negatives, or --list and "
                               "--negatives");
        return run(&a);
}
