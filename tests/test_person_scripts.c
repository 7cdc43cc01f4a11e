/* Records of several names, in scripts that are read in one way or two, and mixtures of them: shards of them
 * are sound, and what is looked for is found as by comparing every name. */
#include "matcher/person_index.h"
#include "tests/person_rig.h"
#include "tools/generate/random.h"

#define RECORDS 200
#define ROUNDS  40

static const char *const names[] = {
    "김정은",         "KIM Jong Un", "Ivan Petrov",    "Иван Петров",   "محمد علي",
    "Muhammad Ali",   "สมชาย ใจดี",   "Somchai Jaidee", "王小明",        "Wang Xiaoming",
    "ဒေါ်အောင်ဆန်းစုကြည်", "ഇന്ദിര ഗാന്ധി", "이선 Kim",       "ㄨㄤˊ ㄇㄧㄥˊ", "Ben Carter",
    "Jusuf Kalla",    "ហ៊ុន សែន",      "田中 太郎",      "たなか たろう", "Դավիթ Սարգսյան",
    "박근혜 محمد",    "김 สมชาย",    "남궁 민수",      "דוד לוי",       "Γιώργος Παπάς",
};

static struct person record_of(struct lf_random *r)
{
        static const enum lf_person_field field[] = {LF_PERSON_NAME, LF_PERSON_ALIAS, LF_PERSON_WEAK_ALIAS,
                                                     LF_PERSON_NICKNAME};
        struct person p = {.n = 0};
        for (unsigned i = 0, n = 1 + lf_random_below(r, 4); i < n; i++)
                put(&p, field[i], names[lf_random_below(r, sizeof names / sizeof names[0])]);
        return p;
}

static void records_of_many_scripts(void **state)
{
        static struct person record[RECORDS];
        unsigned seed = (unsigned)time(NULL), hits = 0;
        struct lf_random r = lf_random_seed(seed);
        printf("seed %u\n", seed);
        void *prepared = aligned_alloc(64, (engine()->probe_size + 63) & ~63ul),
             *scratch = aligned_alloc(64, (engine()->scratch_size + 63) & ~63ul);
        for (unsigned round = 0; round < ROUNDS; round++) {
                unsigned n = 1 + lf_random_below(&r, RECORDS);
                for (unsigned i = 0; i < n; i++)
                        record[i] = record_of(&r);
                struct lf_shard *s = shard_of(record, n);
                struct person probe = record_of(&r);
                struct lf_topk some, all;
                struct lf_defect defect;
                assert_int_equal(engine()->prepare(probe.wire, probe.n, prepared, &defect), 0);
                lf_topk_init(&some, LF_TOPK_MAX, 0.5f);
                lf_topk_init(&all, LF_TOPK_MAX, 0.5f);
                for (uint32_t b = 0; b < s->blocks; b++) {
                        engine()->scan(s, b, (const void *const[]){prepared},
                                       (struct lf_topk *const[]){&some}, 1, scratch);
                        lf_person_scan_all(s, b, prepared, &all);
                }
                lf_topk_sort(&some);
                lf_topk_sort(&all);
                assert_int_equal(some.n, all.n);
                for (unsigned i = 0; i < all.n; i++)
                        assert_true(some.hit[i].score == all.hit[i].score);
                hits += all.n;
                free(s);
        }
        free(prepared);
        free(scratch);
        printf("%u hits\n", hits);
        assert_true(hits > ROUNDS);
}

int main(void)
{
        if (lf_engines_init() < 0)
                return 1;
        const struct CMUnitTest tests[] = {cmocka_unit_test(records_of_many_scripts)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
