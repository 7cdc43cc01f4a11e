/* What dates of birth, sex, nationality and documents add to a name, and take from it. */
#include "tests/person_rig.h"

static void birth_dates(void **state)
{
        struct person record = born(named("Yusuf Qaradawi"), 1960, 3, 12);
        struct lf_explanation e = {0};
        float plain = score("Yusuf Qaradavi", "Yusuf Qaradawi");
        float exact = score_of(born(named("Yusuf Qaradavi"), 1960, 3, 12), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_EXACT));
        float partial = score_of(born(named("Yusuf Qaradavi"), 1960, 0, 0), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_PARTIAL));
        float near = score_of(born(named("Yusuf Qaradavi"), 1961, 5, 1), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_NEAR));
        float other = score_of(born(named("Yusuf Qaradavi"), 1985, 7, 1), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_DIFFERENT));
        assert_true(exact > partial && partial > plain && plain > near && near > other);
        /* In days, months and years of several: any. */
        assert_true(score_of(born(named("Yusuf Qaradavi"), 1960, 3, 12), born(record, 1970, 1, 1), NULL) ==
                    exact);
}

/* What the facts add and take, with what the names say alone, is the score. */
static void facts_add_up(void **state)
{
        static const unsigned birth[][3] = {{0, 0, 0},     {1960, 3, 12}, {1961, 3, 12},
                                            {1985, 3, 12}, {1960, 0, 0},  {1960, 12, 3}};
        static const char *const numbers[] = {"", "AB123456", "AB123457", "XY999999"};
        float plain = score("Yusuf Qaradavi", "Yusuf Qaradawi");
        for (unsigned i = 0; i < 6 * 4 * 4; i++) {
                const unsigned *day = birth[i % 6], of = i / 6;
                struct person record = holding(born(named("Yusuf Qaradawi"), 1960, 3, 12), "EGY", numbers[1]),
                              probe = named("Yusuf Qaradavi");
                record = with(with(record, LF_PERSON_SEX, "M"), LF_PERSON_NATIONALITY, "EGY");
                if (day[0])
                        probe = born(probe, day[0], day[1], day[2]);
                if (numbers[of % 4][0])
                        probe = holding(probe, "EGY", numbers[of % 4]);
                if (of / 4 % 2)
                        probe = with(probe, LF_PERSON_SEX, "F");
                if (of / 8)
                        probe = with(probe, LF_PERSON_NATIONALITY, "EGY");
                struct lf_explanation e = {0};
                float sum = plain * 100, is = score_of(probe, record, &e) * 100;
                for (unsigned k = 0; k < e.n; k++)
                        switch (e.reason[k].code) {
                        case LF_MATCH_REASON_BIRTH_EXACT:
                        case LF_MATCH_REASON_BIRTH_PARTIAL:
                        case LF_MATCH_REASON_NATIONALITY_SAME:
                        case LF_MATCH_REASON_DOCUMENT_EXACT:
                        case LF_MATCH_REASON_DOCUMENT_SLIP:
                                sum += e.reason[k].a;
                                break;
                        case LF_MATCH_REASON_BIRTH_NEAR:
                                sum -= e.reason[k].b;
                                break;
                        case LF_MATCH_REASON_BIRTH_DIFFERENT:
                        case LF_MATCH_REASON_BIRTH_SWAPPED:
                        case LF_MATCH_REASON_SEX_DIFFERENT:
                                sum -= e.reason[k].a;
                                break;
                        }
                assert_true(fabsf(sum - is) <= 2); /* four roundings */
                assert_int_equal(says(&e, LF_MATCH_REASON_BIRTH_SWAPPED), i % 6 == 5);
                assert_int_equal(says(&e, LF_MATCH_REASON_BIRTH_NEAR), i % 6 == 2);
        }
}

/* Short and common names are many people's: of other birth, another one's. */
static void short_name_of_another_birth(void **state)
{
        assert_true(score("영철 김", "KIM YONG CHOL") >= HIT);
        struct person probe = named("영철 김"), record = named("KIM YONG CHOL");
        assert_true(score_of(born(probe, 1949, 8, 9), born(record, 1962, 2, 18), NULL) < HIT);
}

static void birth_date_tolerance_that_the_dataset_sets(void **state)
{
        struct person probe = born(named("Yusuf Qaradavi"), 1963, 5, 1),
                      record = born(named("Yusuf Qaradawi"), 1960, 3, 12);
        struct lf_person_rules none = {.birth_years = 1}, three = {.birth_years = 4};
        struct lf_explanation e = {0};
        float different = score_of(probe, record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_DIFFERENT));
        assert_true(score_by(three, probe, record, &e) > different);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_NEAR));
        probe = born(named("Yusuf Qaradavi"), 1961, 3, 12);
        float near = score_of(probe, record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_NEAR));
        assert_true(score_by(none, probe, record, &e) < near);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_DIFFERENT));
        /* The same date is the same date, however strict the dataset. */
        assert_true(score_by(none, record, record, NULL) == score_of(record, record, NULL));
}

static void birth_date_never_makes_a_hit_of_another_name(void **state)
{
        assert_true(score_of(born(named("Sergey Petrov"), 1960, 3, 12),
                             born(named("Sergey Pavlov"), 1960, 3, 12),
                             NULL) == score("Sergey Petrov", "Sergey Pavlov"));
        assert_true(score_of(born(named("Li Na"), 1990, 1, 1), born(named("Li Ning"), 1990, 1, 1), NULL) <
                    HIT);
}

static void birth_ranges(void **state)
{
        struct person record = named("Yusuf Qaradawi");
        assert_int_equal(lf_person_put_birth_range(record.wire, sizeof record.wire, &record.n, 1955, 1957),
                         0);
        struct lf_explanation e = {0};
        score_of(born(named("Yusuf Qaradawi"), 1956, 3, 12), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_PARTIAL));
        score_of(born(named("Yusuf Qaradawi"), 1959, 3, 12), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_NEAR));
        score_of(born(named("Yusuf Qaradawi"), 1960, 3, 12), record, &e);
        assert_true(says(&e, LF_MATCH_REASON_BIRTH_DIFFERENT));
}

static void sex_and_nationality(void **state)
{
        struct person record =
            with(with(named("Kim Chol Nam"), LF_PERSON_SEX, "M"), LF_PERSON_NATIONALITY, "PRK");
        struct lf_explanation e = {0};
        float plain = score("Kim Chol Nam", "Kim Chol Nam");
        assert_true(score_of(with(named("Kim Chol Nam"), LF_PERSON_SEX, "F"), record, &e) < plain);
        assert_true(says(&e, LF_MATCH_REASON_SEX_DIFFERENT));
        assert_true(score_of(with(named("Kim Chol Nam"), LF_PERSON_SEX, "X"), record, NULL) == plain);
        assert_true(score_of(with(named("Kim Chol Nam"), LF_PERSON_NATIONALITY, "kp"), record, &e) > plain);
        assert_true(says(&e, LF_MATCH_REASON_NATIONALITY_SAME));
}

static void several_documents(void **state)
{
        struct person record =
            holding(holding(named("Yusuf Qaradawi"), "IRN", "K-123 4567"), "SYR", "004/15-X881");
        struct lf_explanation e = {0};
        assert_true(score_of(holding(holding(named("Somebody Else"), "FRA", "99XX1"), "SYR", "00415x881"),
                             record, &e) >= 0.95f);
        assert_int_equal(e.reason[0].code, LF_MATCH_REASON_DOCUMENT_EXACT);
        assert_true(score_of(holding(named("Somebody Else"), NULL, "K1234567"), record, NULL) >= 0.95f);
        assert_true(score_of(holding(named("Somebody Else"), "TUR", "K1234567"), record, NULL) < HIT);
        /* A slip is worth something only under a name that is alike. */
        assert_true(score_of(holding(named("Somebody Else"), "IRN", "K1234568"), record, NULL) < HIT);
        float slip = score_of(holding(named("Yusuf Qaradavi"), "IRN", "K1234568"), record, &e);
        assert_true(slip > score("Yusuf Qaradavi", "Yusuf Qaradawi"));
        assert_int_equal(e.reason[0].code, LF_MATCH_REASON_DOCUMENT_SLIP);
        /* Short numbers exist in every country. */
        assert_true(score_of(holding(named("Somebody Else"), NULL, "1234"),
                             holding(named("Yusuf Qaradawi"), NULL, "1234"), NULL) < HIT);
}

static void document_alone(void **state)
{
        struct person probe = holding((struct person){.n = 0}, "SYR", "00415X881");
        assert_true(score_of(probe, holding(named("Yusuf Qaradawi"), "SYR", "00415X881"), NULL) >= 0.95f);
        assert_true(score_of(probe, probe, NULL) >= 0.95f);
}

int main(void)
{
        if (lf_engines_init() < 0)
                return 1;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(birth_dates),
            cmocka_unit_test(facts_add_up),
            cmocka_unit_test(short_name_of_another_birth),
            cmocka_unit_test(birth_date_tolerance_that_the_dataset_sets),
            cmocka_unit_test(birth_date_never_makes_a_hit_of_another_name),
            cmocka_unit_test(birth_ranges),
            cmocka_unit_test(sex_and_nationality),
            cmocka_unit_test(several_documents),
            cmocka_unit_test(document_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
