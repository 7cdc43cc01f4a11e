/* landfall explain person A B: which words of two names correspond and how, what dates and documents add, and
 * how often strangers come so close. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/person_fold.h"
#include "matcher/person_probe.h"
#include "matcher/person_write.h"
#include "matcher/shard.h"
#include "tools/explain/explain.h"

static const char usage[] =
    "usage: landfall explain person NAME LISTED-NAME [--birth DATE DATE] [--document NUMBER NUMBER]\n"
    "                               [--birth-tolerance YEARS] [--scoring landfall|ofac] [--json]\n"
    "\n"
    "Compares a traveller's name with a listed one, and what else is given of both: dates as 1960, 1960-03 "
    "or\n"
    "1960-03-12, numbers of passports, an empty word for what is not known. Says which words correspond and "
    "how,\n"
    "what the rest adds or takes away, the score, and how often strangers come so close.\n";

struct arguments {
        const char *name[2], *birth[2], *document[2];
        struct lf_person_rules rules;
        bool json;
};

struct side {
        uint8_t wire[LF_PERSON_RECORD_MAX];
        size_t n;
        struct lf_token token[LF_NAME_TOKENS];
        int words;
};

static int put_birth(struct side *s, const char *date)
{
        unsigned part[3] = {0, 0, 0};
        int end = 0;
        int n = sscanf(date, "%4u%n-%2u%n-%2u%n", &part[0], &end, &part[1], &end, &part[2], &end);
        if (n < 1 || date[end] ||
            lf_person_put_birth(s->wire, sizeof s->wire, &s->n, part[0], part[1], part[2]) < 0) {
                lf_log_error("%s: not a date", date);
                return -EINVAL;
        }
        return 0;
}

static int read_side(const struct arguments *a, unsigned i, struct side *ret)
{
        size_t n = strlen(a->name[i]);
        ret->n = 0;
        ret->words = lf_name_fold((const uint8_t *)a->name[i], n, ret->token, LF_NAME_TOKENS);
        if (lf_person_put(ret->wire, sizeof ret->wire, &ret->n, LF_PERSON_NAME, a->name[i], n) < 0) {
                lf_log_error("%s: a name has 1 to %d bytes", a->name[i], LF_PERSON_NAME_MAX);
                return -EINVAL;
        }
        if (a->birth[i] && a->birth[i][0] && put_birth(ret, a->birth[i]) < 0)
                return -EINVAL;
        const char *number = a->document[i];
        if (number && number[0] &&
            lf_person_put_document(ret->wire, sizeof ret->wire, &ret->n, 'P', NULL, number, strlen(number)) <
                0) {
                lf_log_error("%s: not a document number", number);
                return -EINVAL;
        }
        return 0;
}

static void *aligned(size_t size)
{
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

/* What was found, or a defect of one side. */
struct finding {
        struct lf_hit hit;
        struct lf_explanation why;
        struct lf_defect defect[2];
};

static int compare(const struct arguments *a, const struct side side[2], struct finding *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_source_record record = {.wire = side[1].wire, .size = side[1].n};
        struct lf_shard_info info = {.person = a->rules};
        size_t size;
        int r = lf_shard_size(LF_MODALITY_PERSON, &record, 1, &size);
        if (r < 0)
                return r;
        struct lf_shard *shard = aligned(size);
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        r = shard && probe && scratch
                ? lf_shard_build(LF_MODALITY_PERSON, &info, &record, 1, shard, size, &ret->defect[1])
                : -ENOMEM;
        if (r == 0)
                r = engine->prepare(side[0].wire, side[0].n, probe, &ret->defect[0]);
        if (r == 0 && ret->defect[1].code != LF_DEFECT_NONE)
                r = -EBADMSG;
        struct lf_topk top;
        lf_topk_init(&top, 1, 0);
        for (uint32_t b = 0; r == 0 && b < shard->blocks; b++)
                engine->scan(shard, b, (const void *const[]){probe}, (struct lf_topk *const[]){&top}, 1,
                             scratch);
        if (r == 0 && top.n > 0) {
                ret->hit = top.hit[0];
                engine->explain(shard, probe, &ret->hit, scratch, &ret->why);
        }
        free(shard);
        free(probe);
        free(scratch);
        return r;
}

/* Words first .. last of a side, counted from 1. */
static const char *words_of(const struct side *s, unsigned first, unsigned last, char *out, size_t size)
{
        size_t n = 0;
        out[0] = 0;
        for (unsigned i = first; i >= 1 && i <= last && (int)i <= s->words && n < size; i++)
                n += (size_t)snprintf(out + n, size - n, "%s%.*s", i > first ? " " : "", s->token[i - 1].n,
                                      s->token[i - 1].letter);
        return out;
}

/* The words that a reason is about: of the traveller's name, of the listed one. */
static void reason_words(struct lf_match_reason r, const struct side side[2], char *own, char *theirs,
                         size_t size)
{
        own[0] = theirs[0] = 0;
        switch (r.code) {
        case LF_MATCH_REASON_NAME_EXACT:
        case LF_MATCH_REASON_NAME_TRANSLITERATED:
        case LF_MATCH_REASON_NAME_SPELLING:
        case LF_MATCH_REASON_NAME_EDIT:
        case LF_MATCH_REASON_NAME_INITIAL:
                words_of(&side[0], r.a, r.a, own, size);
                words_of(&side[1], r.b, r.b, theirs, size);
                break;
        case LF_MATCH_REASON_NAME_JOINED:
                words_of(&side[0], r.a, r.a, own, size);
                words_of(&side[1], r.b, r.c, theirs, size);
                break;
        case LF_MATCH_REASON_NAME_SPLIT:
                words_of(&side[0], r.a, r.b, own, size);
                words_of(&side[1], r.c, r.c, theirs, size);
                break;
        case LF_MATCH_REASON_NAME_REGROUPED:
                words_of(&side[0], r.a, r.b, own, size);
                words_of(&side[1], r.c, r.c + r.b - r.a, theirs, size);
                break;
        }
}

static void report(const struct finding *f, const struct side side[2], bool as_json)
{
        double rate = (double)lf_engine_for(LF_MODALITY_PERSON)->score_log10_fmr(f->hit.score);
        bool drawn_on = f->hit.score > LF_PERSON_RATE_MEASURED;
        json_t *reasons = json_array();
        if (!as_json) {
                printf("score %.3f", (double)f->hit.score);
                printf(rate < 0 ? "; of strangers one comparison in %.0f comes so close%s\n"
                                : "; strangers come so close\n",
                       __builtin_pow(10, -rate),
                       drawn_on ? ", as the line goes on beyond what was measured" : "");
        }
        for (unsigned i = 0; i < f->why.n; i++) {
                char text[160], own[160], theirs[160];
                lf_match_reason_text(f->why.reason[i], text, sizeof text);
                reason_words(f->why.reason[i], side, own, theirs, sizeof own);
                if (!as_json)
                        printf(own[0] ? "  %s: %s ~ %s\n" : "  %s\n", text, own, theirs);
                json_array_append_new(
                    reasons, own[0] ? json_pack("{s:s, s:s, s:s}", "text", text, "own", own, "listed", theirs)
                                    : json_pack("{s:s}", "text", text));
        }
        if (as_json) {
                json_t *j = json_pack("{s:f, s:f, s:b, s:O}", "score", (double)f->hit.score, "log10_fmr",
                                      rate, "extrapolated", drawn_on, "reasons", reasons);
                json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
                putchar('\n');
                json_decref(j);
        }
        json_decref(reasons);
}

static int run(const struct arguments *a)
{
        struct side side[2];
        struct finding f = {0};
        int r = lf_engines_init();
        for (unsigned i = 0; r == 0 && i < 2; i++)
                r = read_side(a, i, &side[i]);
        if (r == 0 && (r = compare(a, side, &f)) < 0) {
                unsigned i = f.defect[0].code == LF_DEFECT_NONE;
                lf_log_error("%s: %s", a->name[i],
                             r == -EBADMSG ? lf_defect_text(f.defect[i].code) : strerror(-r));
        }
        if (r == 0)
                report(&f, side, a->json);
        return r < 0 ? 1 : 0;
}

/* Takes an option and its values. False: not one. */
static bool option(struct arguments *a, int argc, char **argv, int *i)
{
        const char **pair = !strcmp(argv[*i], "--birth")      ? a->birth
                            : !strcmp(argv[*i], "--document") ? a->document
                                                              : NULL;
        if (pair && *i + 2 < argc) {
                pair[0] = argv[++*i];
                pair[1] = argv[++*i];
                return true;
        }
        if (!strcmp(argv[*i], "--scoring") && *i + 1 < argc) {
                bool ofac = !strcmp(argv[++*i], "ofac");
                a->rules.scoring = ofac ? LF_PERSON_SCORING_OFAC : LF_PERSON_SCORING_LANDFALL;
                return ofac || !strcmp(argv[*i], "landfall");
        }
        if (!strcmp(argv[*i], "--birth-tolerance") && *i + 1 < argc) {
                char *end;
                unsigned long years = strtoul(argv[++*i], &end, 10);
                a->rules.birth_years = (uint8_t)(years + 1);
                return *end == 0 && end != argv[*i] && years <= 100;
        }
        return false;
}

int lf_explain_person(int argc, char **argv)
{
        struct arguments a = {0};
        unsigned names = 0;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--help")) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (!strcmp(argv[i], "--json"))
                        a.json = true;
                else if (argv[i][0] != '-' && names < 2)
                        a.name[names++] = argv[i];
                else if (!option(&a, argc, argv, &i))
                        names = 3, i = argc;
        }
        if (names != 2) {
                fputs(usage, stderr);
                return 2;
        }
        return run(&a);
}
