/* The person engine's index loses nothing: what it finds is what comparing every name finds, for listed
 * names, altered spellings of them and names that are in no list. With the published list where it is at
 * hand, else with invented names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "matcher/person_index.h"
#include "matcher/person_write.h"
#include "tests/data.h"
#include "tools/import/csv.h"
#include "tools/import/sdn.h"

#define INVENTED 4000
#define QUERIES  160

struct wire {
        uint8_t byte[LF_PERSON_RECORD_MAX];
        size_t n;
};

static struct {
        struct wire *record;
        size_t n, room;
        struct lf_shard *shard;
} list;

static struct wire *next_record(void)
{
        if (list.n == list.room) {
                list.room = list.room ? 2 * list.room : 1024;
                list.record = realloc(list.record, list.room * sizeof *list.record);
                assert_non_null(list.record);
        }
        return &list.record[list.n++];
}

static int keep(void *context, const struct lf_import_record *r)
{
        struct wire *w = next_record();
        memcpy(w->byte, r->wire, r->size);
        w->n = r->size;
        return 0;
}

static void put(struct wire *w, enum lf_person_field f, const char *text, size_t n)
{
        assert_int_equal(lf_person_put(w->byte, sizeof w->byte, &w->n, f, text, n), 0);
}

static size_t invent_name(char *out)
{
        static const char *const part[] = {"al",   "abdul", "rah",   "man", "mo", "ham", "med", "kim", "jong",
                                           "un",   "i",     "van",   "dov", "ye", "lts", "in",  "ka",  "ri",
                                           "sche", "tov",   "benah", "me",  "d",  "oo",  "sh",  "zha"};
        size_t n = 0;
        for (int words = 1 + rand() % 5; words > 0; words--) {
                for (int i = 1 + rand() % 3; i > 0; i--)
                        n += (size_t)sprintf(out + n, "%s",
                                             part[(size_t)rand() % (sizeof part / sizeof *part)]);
                out[n++] = ' ';
        }
        return n - 1;
}

static void invent(void)
{
        char name[LF_PERSON_NAME_MAX];
        for (int i = 0; i < INVENTED; i++) {
                struct wire *w = next_record();
                w->n = 0;
                for (int names = 1 + rand() % 2; names > 0; names--)
                        put(w, names == 2 ? LF_PERSON_ALIAS : LF_PERSON_NAME, name, invent_name(name));
                assert_int_equal(lf_person_put_birth(w->byte, sizeof w->byte, &w->n,
                                                     1950 + (unsigned)rand() % 40, 1 + (unsigned)rand() % 12,
                                                     0),
                                 0);
                put(w, LF_PERSON_ENTITY, rand() % 4 ? "P" : "E", 1);
        }
}

static int set_up(void **state)
{
        char sdn[4096], alt[4096];
        const char *data = getenv("LANDFALL_DATA"), *source = getenv("LANDFALL_SOURCE");
        struct lf_import_error e;
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        snprintf(sdn, sizeof sdn, "%s%s/lists/sdn.csv",
                 data     ? data
                 : source ? source
                          : ".",
                 data ? "" : "/../shared/data");
        snprintf(alt, sizeof alt, "%.*s/alt.csv", (int)strlen(sdn) - 8, sdn);
        if (access(sdn, R_OK) == 0 && access(alt, R_OK) == 0) {
                assert_int_equal(lf_import_sdn(sdn, alt, keep, &list, &e), 0);
        } else {
                print_message("no published list at hand: %d invented records\n", INVENTED);
                invent();
        }
        struct lf_source_record *r = calloc(list.n, sizeof *r);
        struct lf_shard_info info = {0};
        size_t size;
        assert_non_null(r);
        for (size_t i = 0; i < list.n; i++)
                r[i] = (struct lf_source_record){.wire = list.record[i].byte, .size = list.record[i].n};
        assert_int_equal(lf_shard_size(LF_MODALITY_PERSON, r, list.n, &size), 0);
        list.shard = aligned_alloc(64, size);
        assert_non_null(list.shard);
        assert_int_equal(lf_shard_build(LF_MODALITY_PERSON, &info, r, list.n, list.shard, size, NULL), 0);
        assert_int_equal(lf_shard_check(list.shard, size), 0);
        free(r);
        return 0;
}

static int tear_down(void **state)
{
        free(list.shard);
        free(list.record);
        return 0;
}

static void alter(char *name, size_t *n)
{
        for (int slips = rand() % 4; slips > 0 && *n > 2; slips--) {
                size_t at = (size_t)rand() % (*n - 1);
                char *c = name + at;
                if ((*c & 0x80) || (c[1] & 0x80))
                        continue;
                switch (rand() % 5) {
                case 0:
                        memmove(c, c + 1, --*n - at);
                        break;
                case 1:
                        if (*n < LF_PERSON_NAME_MAX) {
                                memmove(c + 1, c, (*n)++ - at);
                                break;
                        }
                        break;
                case 2: {
                        char t = c[0];
                        c[0] = c[1], c[1] = t;
                        break;
                }
                case 3:
                        *c = "aeiou bdgkhl"[rand() % 12];
                        break;
                default:
                        *c = ' ';
                }
        }
}

/* A probe from a listed record: some of its names, altered, perhaps its dates and documents. */
static void make_probe(struct wire *w)
{
        const struct wire *from = &list.record[(size_t)rand() % list.n];
        bool facts = rand() % 3 == 0;
        int names = 0;
        w->n = 0;
        for (size_t i = 0; i < from->n;) {
                size_t n = from->byte[i + 1] | (size_t)from->byte[i + 2] << 8;
                char value[LF_PERSON_RECORD_MAX];
                enum lf_person_field f = from->byte[i];
                memcpy(value, from->byte + i + LF_PERSON_FIELD_HEAD, n);
                if (f <= LF_PERSON_WEAK_ALIAS) {
                        if (names == 0 || (names < 3 && rand() % 8 == 0)) {
                                alter(value, &n);
                                put(w, LF_PERSON_NAME, value, n);
                                names++;
                        }
                } else if (f == LF_PERSON_ENTITY || facts)
                        put(w, f, value, n);
                i += LF_PERSON_FIELD_HEAD + (from->byte[i + 1] | (size_t)from->byte[i + 2] << 8);
        }
}

static void same(const struct lf_topk *all, const struct lf_topk *some, const struct wire *w)
{
        bool equal = all->n == some->n;
        for (uint32_t i = 0; equal && i < all->n; i++)
                equal = all->hit[i].record == some->hit[i].record && all->hit[i].row == some->hit[i].row &&
                        all->hit[i].score == some->hit[i].score;
        for (uint32_t i = 0; !equal && i < all->n; i++)
                print_message("%u: record %u row %u %.6f, not record %u row %u %.6f\n", i, all->hit[i].record,
                              all->hit[i].row, (double)all->hit[i].score, some->hit[i].record,
                              some->hit[i].row, (double)some->hit[i].score);
        for (size_t i = 0; !equal && i < w->n; i++)
                print_message(w->byte[i] < ' ' || w->byte[i] > '~' ? "\\x%02x" : "%c", w->byte[i]);
        if (!equal)
                fail_msg("%u hits of %u", some->n, all->n);
}

static void nothing_is_lost(void **state)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        void *probe = aligned_alloc(64, (engine->probe_size + 63) & ~63ul),
             *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~63ul);
        unsigned asked = 0, hits = 0;
        for (int i = 0; i < QUERIES; i++) {
                struct wire w;
                struct lf_defect defect;
                struct lf_topk all, some;
                float floor = i % 4 ? nextafterf(0.78f, 0) : 0.5f + 0.01f * (float)(rand() % 45);
                make_probe(&w);
                if (engine->prepare(w.byte, w.n, probe, &defect) < 0)
                        continue;
                lf_topk_init(&all, LF_TOPK_MAX, floor);
                lf_topk_init(&some, LF_TOPK_MAX, floor);
                for (uint32_t b = 0; b < list.shard->blocks; b++) {
                        lf_person_scan_all(list.shard, b, probe, &all);
                        engine->scan(list.shard, b, (const void *const[]){probe},
                                     (struct lf_topk *const[]){&some}, 1, scratch);
                }
                lf_topk_sort(&all);
                lf_topk_sort(&some);
                same(&all, &some, &w);
                asked++;
                hits += all.n;
        }
        print_message("%u queries against %u names, %u hits, no difference\n", asked, list.shard->rows, hits);
        assert_true(asked > QUERIES / 2 && hits > 0);
        free(probe);
        free(scratch);
}

/* A name of words that several scripts write, joined, split, cut to initials. */
static size_t mixed_name(char *out, int most)
{
        static const char *const word[] = {"Muhammad",
                                           "al",
                                           "bin",
                                           "Ali",
                                           "A",
                                           "b",
                                           "محمد",
                                           "بن",
                                           "سلطان",
                                           "علي",
                                           "Петров",
                                           "王小明",
                                           "abdul",
                                           "rahman",
                                           "S.A.",
                                           "aa",
                                           "oo",
                                           "llll",
                                           "Yussuf",
                                           "yusuf",
                                           "12",
                                           "عبد",
                                           "الرحمن",
                                           "abd",
                                           "mhmd",
                                           "mu",
                                           "hammad",
                                           "sultan",
                                           "salatin",
                                           "abdulrahman",
                                           "Mohammedabdallahalihassanibrahimkhalid",
                                           "trading"};
        size_t n = 0;
        for (int words = 1 + rand() % most; words > 0; words--) {
                const char *w = word[(size_t)rand() % (sizeof word / sizeof *word)];
                if (n + strlen(w) + 1 < LF_PERSON_NAME_MAX)
                        n += (size_t)sprintf(out + n, "%s%s", w, rand() % 6 ? " " : "");
        }
        return n;
}

static void mixed_record(struct wire *w)
{
        char name[LF_PERSON_NAME_MAX];
        bool entity = rand() % 4 == 0;
        w->n = 0;
        put(w, LF_PERSON_ENTITY, entity ? "E" : "P", 1);
        for (int names = 1 + rand() % 2; names > 0; names--) {
                size_t n = mixed_name(name, entity ? 22 : 8);
                put(w, names == 2 ? LF_PERSON_NICKNAME : LF_PERSON_NAME, name, n);
        }
}

static void nothing_is_lost_between_scripts(void **state)
{
        enum { RECORDS = 200, ASKED = 400 };
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        void *probe = aligned_alloc(64, (engine->probe_size + 63) & ~63ul),
             *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~63ul);
        struct wire *record = calloc(RECORDS, sizeof *record), w;
        struct lf_source_record source[RECORDS];
        struct lf_shard_info info = {0};
        struct lf_defect defect;
        size_t size;
        for (unsigned i = 0; i < RECORDS; i++) {
                mixed_record(&record[i]);
                source[i] = (struct lf_source_record){.wire = record[i].byte, .size = record[i].n};
        }
        assert_int_equal(lf_shard_size(LF_MODALITY_PERSON, source, RECORDS, &size), 0);
        struct lf_shard *shard = aligned_alloc(64, size);
        assert_int_equal(lf_shard_build(LF_MODALITY_PERSON, &info, source, RECORDS, shard, size, NULL), 0);
        for (unsigned i = 0; i < ASKED; i++) {
                struct lf_topk all, some;
                float floor = 0.3f + 0.01f * (float)(rand() % 65);
                mixed_record(&w);
                if (engine->prepare(w.byte, w.n, probe, &defect) < 0)
                        continue;
                lf_topk_init(&all, LF_TOPK_MAX, floor);
                lf_topk_init(&some, LF_TOPK_MAX, floor);
                for (uint32_t b = 0; b < shard->blocks; b++) {
                        lf_person_scan_all(shard, b, probe, &all);
                        engine->scan(shard, b, (const void *const[]){probe}, (struct lf_topk *const[]){&some},
                                     1, scratch);
                }
                lf_topk_sort(&all);
                lf_topk_sort(&some);
                same(&all, &some, &w);
        }
        free(shard);
        free(record);
        free(probe);
        free(scratch);
}

static unsigned random_word(char *out, unsigned most)
{
        unsigned n = 1 + (unsigned)rand() % most;
        for (unsigned i = 0; i < n; i++)
                out[i] = "abcdefghijklmnopqrstuvwxyz0123aaeeiioouuhhmmlln"[rand() % 47];
        return n;
}

enum { WORDS = 64 };
struct words {
        char letter[WORDS][LF_KERNEL_LETTERS];
        uint8_t code[WORDS][LF_KERNEL_LETTERS], length[WORDS];
        uint64_t signature[WORDS];
        uint32_t id[WORDS]; /* the other way round */
};

/* Words that are the word of n letters `own` with some letters replaced, up to three more or fewer; all of
 * the same costs. */
static void make_words(const char *own, unsigned n, struct words *ret)
{
        bool costs = n >= LF_COSTS_LONG || (n + LF_SPAN_LONGER >= LF_COSTS_LONG && rand() % 2);
        memset(ret, 0, sizeof *ret);
        for (unsigned w = 0; w < WORDS; w++) {
                unsigned m = 0;
                while (m < 1 || m > LF_KERNEL_LETTERS || (m >= LF_COSTS_LONG || n >= LF_COSTS_LONG) != costs)
                        m = n + (unsigned)rand() % (2 * LF_SPAN_LONGER + 1) - LF_SPAN_LONGER;
                ret->length[WORDS - 1 - w] = (uint8_t)m;
                ret->id[w] = WORDS - 1 - w;
                for (unsigned i = 0; i < m; i++) {
                        ret->letter[w][i] = i < n && rand() % 4 ? own[i] : 0;
                        if (!ret->letter[w][i])
                                random_word(&ret->letter[w][i], 1);
                        ret->code[w][i] = lf_letter_code(ret->letter[w][i]);
                }
                ret->signature[w] = lf_word_signature(&(struct lf_span){.letter = ret->letter[w], .n = m});
        }
}

/* The kernels of every instruction set here agree with lf_span_similarity() and with one another. */
static void kernels_agree(void **state)
{
        for (int round = 0; round < 300; round++) {
                char own[LF_KERNEL_LETTERS];
                uint8_t code[LF_KERNEL_LETTERS];
                uint64_t possible[LF_ISA_COUNT] = {0};
                struct words w;
                unsigned n = random_word(own, LF_KERNEL_LETTERS), count = 1 + (unsigned)rand() % WORDS;
                struct lf_span a = {.letter = own, .n = n, .mask = ~0ull};
                for (unsigned i = 0; i < n; i++)
                        code[i] = lf_letter_code(own[i]);
                make_words(own, n, &w);
                for (enum lf_isa isa = 0; isa < LF_ISA_COUNT; isa++) {
                        if (!lf_isa_has(isa))
                                continue;
                        const struct lf_person_kernel *k = lf_person_kernel_for(isa);
                        uint8_t d[LF_KERNEL_LANES];
                        unsigned most = (n + LF_SPAN_LONGER) * 16 / 15;
                        k->distance(code, n, (const uint8_t(*)[LF_KERNEL_LETTERS])w.code, w.id, w.length,
                                    count, d);
                        uint32_t found[WORDS + LF_KERNEL_WORDS];
                        unsigned like =
                            k->possible(w.signature, WORDS, lf_word_signature(&a), most, most, 7, found);
                        for (unsigned i = 0; i < like; i++)
                                possible[isa] |= 1ull << (found[i] - 7);
                        assert_true(possible[isa] == possible[0]);
                        for (unsigned i = 0; i < count; i++) {
                                unsigned m = w.length[i], longer = n > m ? n : m;
                                struct lf_span b = {.letter = w.letter[w.id[i]], .n = m, .mask = ~0ull};
                                unsigned sim = lf_span_similarity(&a, &b, NULL);
                                assert_int_equal(sim,
                                                 d[i] <= longer * 16 / 15 ? 1000 - 375 * d[i] / longer : 0);
                                assert_true(sim == 0 || possible[isa] >> w.id[i] & 1);
                        }
                }
        }
}

/* Words that are alike have signatures that allow it. */
static void signatures_bound(void **state)
{
        for (int round = 0; round < 20000; round++) {
                char text[40];
                struct lf_token t[2];
                unsigned n = random_word(text, 14), m = n;
                if (lf_name_fold((const uint8_t *)text, n, &t[0], 1) != 1)
                        continue;
                for (int edits = rand() % 5; edits > 0; edits--) {
                        unsigned at = (unsigned)rand() % m;
                        if (rand() % 3 == 0 && m > 1)
                                memmove(text + at, text + at + 1, --m - at);
                        else if (rand() % 2)
                                memmove(text + at + 1, text + at, m++ - at);
                        else
                                random_word(text + at, 1);
                }
                if (lf_name_fold((const uint8_t *)text, m, &t[1], 1) != 1)
                        continue;
                struct lf_span a = lf_span_of(&t[0]), b = lf_span_of(&t[1]);
                uint64_t signature = lf_word_signature(&b);
                uint32_t found[LF_KERNEL_WORDS];
                unsigned possible = 0;
                struct lf_word_budget most =
                    lf_word_budget(a.n, lf_word_doubled(a.letter, a.n), b.n, lf_word_doubled(b.letter, b.n));
                if (most.own >= 0 && most.theirs >= 0)
                        possible = lf_person_kernel_scalar.possible(&signature, 1, lf_word_signature(&a),
                                                                    (unsigned)most.own, (unsigned)most.theirs,
                                                                    0, found);
                if (!possible && lf_span_similarity(&a, &b, NULL))
                        fail_msg("%.*s, %.*s", t[0].n, t[0].letter, t[1].n, t[1].letter);
        }
}

/* Counting a name's words is folding it without looking at them. */
static void words_are_counted(void **state)
{
        static const char *const names[] = {
            "",
            "- ",
            "Ana Maria",
            "M\u00fcller-L\u00fcdenscheidt, A.",
            "\uae40\ucca0\uc218",
            "\uae40 \ucca0\uc218",
            "\u0645\u062d\u0645\u062f \u0628\u0646",
            "\u738b\u5c0f\u660e",
            "Abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl m"};
        struct lf_token token[LF_NAME_TOKENS];
        for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
                for (unsigned max = 1; max <= LF_NAME_TOKENS; max++) {
                        const uint8_t *name = (const uint8_t *)names[i];
                        size_t n = strlen(names[i]);
                        assert_int_equal(lf_name_words(name, n, max), lf_name_fold(name, n, token, max));
                }
}

/* How many names of a listed person are as alike to those of strangers. */
#define RATE_FROM  69 /* hundredths */
#define RATE_STEPS 6
struct strangers {
        const struct lf_person_view *v;
        const struct lf_person_probe *probe;
        double comparisons, reached[RATE_STEPS];
};

static float count_stranger(void *context, uint32_t row, unsigned name, float similarity)
{
        struct strangers *s = context;
        float score = similarity * lf_class_factor(s->probe->name[name].class, s->v->row[row].class);
        for (unsigned k = 0; k < RATE_STEPS; k++)
                s->reached[k] += score >= (float)(RATE_FROM + 3 * k) / 100;
        return RATE_FROM / 100.f;
}

/* Every third name of a file of invented people, by turns for either half. */
static void count_file(const char *folder, const char *name, struct strangers half[2], void *probe,
                       void *scratch)
{
        enum { SIZE = 4 << 20 };
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_person_view v = lf_person_view_of(lf_shard_payload(list.shard));
        const struct lf_person_kernel *kernel = lf_person_kernel_for(lf_engines_isa());
        char *text = malloc(SIZE);
        struct lf_csv csv;
        struct lf_defect defect;
        assert_non_null(text);
        lf_csv_init(&csv, text, test_file(folder, name, text, SIZE));
        for (unsigned row = 0; lf_csv_next(&csv) > 0; row++) {
                struct wire w = {.n = 0};
                struct strangers *s = &half[row / 3 % 2];
                if (row % 3 != 1)
                        continue;
                put(&w, LF_PERSON_NAME, csv.field[0].text, csv.field[0].n);
                if (engine->prepare(w.byte, w.n, probe, &defect) < 0)
                        continue;
                s->v = &v;
                s->probe = probe;
                for (uint32_t b = 0; b < list.shard->blocks; b++) {
                        const struct lf_person_group *g =
                            (const struct lf_person_group *)v.index + b * LF_PERSON_KINDS;
                        struct lf_person_words words = lf_person_words_at(v.index, g);
                        s->comparisons += g->rows;
                        lf_person_index_search(&v, g, &words, kernel, probe, RATE_FROM / 100.f, scratch,
                                               count_stranger, s);
                }
        }
        free(text);
}

/* What a score claims is within a factor of two of what strangers reach, on either half of them. */
static void claimed_rates_hold(void **state)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        const char *folder = test_data();
        struct strangers half[2] = {{0}};
        if (!folder)
                return; /* invented names would be told nothing of */
        void *probe = aligned_alloc(64, (engine->probe_size + 63) & ~63ul),
             *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~63ul);
        count_file(folder, "names/not_listed_us.csv", half, probe, scratch);
        count_file(folder, "names/not_listed_global.csv", half, probe, scratch);
        for (unsigned h = 0; h < 2; h++)
                for (unsigned k = 0; k < RATE_STEPS; k++) {
                        float score = (float)(RATE_FROM + 3 * k) / 100;
                        double claimed = half[h].comparisons * pow(10, (double)lf_person_log10_fmr(score));
                        print_message("half %u: %.0f reach %.2f, %.0f claimed\n", h, half[h].reached[k],
                                      (double)score, claimed);
                        if (claimed >= 20)
                                assert_true(half[h].reached[k] < 2 * claimed &&
                                            half[h].reached[k] > claimed / 2);
                }
        free(probe);
        free(scratch);
}

int main(void)
{
        assert_int_equal(lf_engines_init(), 0);
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nothing_is_lost),    cmocka_unit_test(nothing_is_lost_between_scripts),
            cmocka_unit_test(kernels_agree),      cmocka_unit_test(signatures_bound),
            cmocka_unit_test(claimed_rates_hold), cmocka_unit_test(words_are_counted),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
