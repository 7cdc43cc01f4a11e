/* The person engine, case by case: what travellers' names do on their way into systems, and what must not
 * match. */
#include "tests/person_rig.h"

static void joined_words(void **state)
{
        HITS({"RAMIMAKHLOUF", "MAKHLOUF, Rami"}, {"Kim Jongun Park", "KIM, Jong Un Park"},
             {"Nikolai Plat Ono Vich Orlovsky", "ORLOVSKY, Nikolai Platonovich"},
             {"Abdulrahman Benhalima", "Abdul Rahman Ben Halima"}, {"LAUREN TKABILA", "Laurent Kabila"});
        struct lf_explanation e = {0};
        score_of(named("Abdulrahman Yusupov"), named("Abdul Rahman Yusupov"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_JOINED));
        score_of(named("Abdul Rahman Yusupov"), named("Abdulrahman Yusupov"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_SPLIT));
}

static void short_names(void **state)
{
        HITS({"Li Na", "LI, Na"}, {"Han Yu Ro", "HAN YU-RO"});
        MISSES({"Li Na", "Li Ning"}, {"Gul", "Gul Agha Ishakzai"}, {"Ali", "Ali Hassan Al-Majid"},
               {"Kim Il", "Kim Jong Un"}, {"Ian", "Ivan"}, {"Lee Min", "Lee Ming Hao"}, {"Wu Di", "Wu Li"},
               {"Ali Reza", "Ali Raza Khan Lodhi"}, {"Ri Chol", "Ri Song"});
}

static void companies(void **state)
{
        HITS({"BMW Aktiengesellschaft", "BMW AG"},
             {"Volkswagen Gesellschaft mit beschränkter Haftung", "Volkswagen GmbH"},
             {"Sevmorput Limited", "SEVMORPUT LTD."}, {"OAO Sevmorput", "Sevmorput JSC"},
             {"3 Percenters", "Three Percenters"}, {"1st Meridian Bank", "First Meridian Bank"});
        /* What the form is says little, written in full, too. */
        MISSES({"Общество с ограниченной ответственностью \"Баян\"",
                "Общество с ограниченной ответственностью \"Байкалов\""},
               {"Siemens Aktiengesellschaft", "Linde Aktiengesellschaft"});
}

static void other_people(void **state)
{
        MISSES({"John Smith", "Paul Smith"}, {"Mohammed Ali", "Mohammed Hassan"},
               {"Sergey Petrov", "Sergey Pavlov"}, {"Viktor Orbach", "Viktor Orbelian"},
               {"Maria Lopez Garcia", "Maria Lopez Hernandez"}, {"Hafez Makhlouf", "Rami Makhlouf"},
               {"Bart De Vries", "Bart De Wever"}, {"Abdul Rahman", "Abdul Karim"},
               {"Frank Richter", "Frederik Lichter"});
}

static void initials(void **state)
{
        struct lf_explanation e = {0};
        assert_true(score_of(named("Ali A. Velayati"), named("VELAYATI, Ali Akbar"), &e) >= HIT);
        assert_true(says(&e, LF_MATCH_REASON_NAME_INITIAL));
        HITS({"V. V. Yarovenko", "YAROVENKO, Vitaly Vasilyevich"});
        MISSES({"V. Y.", "YAROVENKO, Vitaly"}, {"A. Nazarbekov", "Nursultan Nazarbekov"});
}

static void particles_are_cheap(void **state)
{
        HITS({"Yusuf Qaradawi", "AL-QARADAWI, Yusuf"},
             {"Mehrez ben Mahmoud Amdouni", "Mehrez Mahmoud al-Amdouni"},
             {"Dr. Ruben de la Pestana", "PESTANA, Ruben"});
        MISSES({"Abu bin al", "Abu al Hasan bin Yahya"}, {"de la Cruz", "de la Vega"});
        assert_true(score("al bin", "al bin") < HIT);
}

static void transcriptions(void **state)
{
        HITS({"Mohamed Husein Yusupov", "Muhammad Hussain Yusupov"}, {"Muammar Gaddafi", "Muammar Qadhafi"},
             {"Aleksandr Lukashenka", "Alexander Lukashenko"}, {"Jiří Nováček", "JIRI NOVACEK"},
             {"Friedrich Groß", "Friedrich GROSS"}, {"Bachar el-Assad", "Bashar al-Assad"},
             {"Abdul Rahman", "ABDURRAHMAN"}, {"Abdus Salam Zaeef", "Abdul Salam Zaif"},
             {"Mohammed Ali", "Muhammad Aly"}, {"Sergey Smyth", "Sergei Smith"});
}

static void slips_of_the_pen(void **state)
{
        HITS({"HAFIZ ABUDL SALAM BHUTTO", "HAFIZ ABDUL SALAM BHUTTO"},
             {"BERNARD MAHESHHE BYAMUNGU", "BERNARD MAHESHE BYAMUNGU"},
             {"Mus?ab Mustafa Omran", "Mus\u2019ab Mustafa Omran"}, {"EMMRAAN ALIKHANOV", "EMRAN ALIKHANOV"});
}

static void other_scripts(void **state)
{
        HITS({"Владимир Лавренко", "LAVRENKO, Vladimir"},
             {"Сергей Викторович Шойгун", "Sergey Viktorovich Shoygun"}, {"ولادیمیر پوتین", "Vladimir Putin"},
             {"محمد بن سلطان", "Muhammad bin Sultan"}, {"Κυριάκος Παπαδάκης", "Kyriakos Papadakis"},
             {"习近平", "XI, Jinping"}, {"陈志豪", "Chen Zhihao"}, {"नरेन्द्र मोदी", "Narendra Modi"},
             {"김정은", "KIM, Jong Un"}, {"김 정은", "Jong Un Kim"}, {"Ri Yong Ho", "리용호"},
             {"محمد علي", "Mohammad Ali"}, {"معمر القذافي", "Muammar al-Qaddafi"},
             {"أسامة بن لادن", "Usama bin Ladin"}, {"ולדימיר פוטין", "Vladimir Putin"},
             {"Վլադիմիր Պուտին", "Vladimir Putin"}, {"วลาดีมีร์ ปูติน", "Vladimir Putin"},
             {"მიხეილ სააკაშვილი", "Mikheil Saakashvili"});
        MISSES({"Сергей Викторович Шойгун", "Sergei Lavrov"}, {"محمد علي", "Muhammad bin Sultan"},
               {"王小明", "XI, Jinping"}, {"김정은", "KIM, Jong Nam"}, {"عمر حسن", "Ali Hassan"});
        struct lf_explanation e = {0};
        score_of(named("Владимир Лавренко"), named("Vladimir Lavrenko"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_TRANSLITERATED));
        score_of(named("John Smyth"), named("SMITH, John"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_SPELLING) &&
                    !says(&e, LF_MATCH_REASON_NAME_TRANSLITERATED));
}

static void right_to_left_marks(void **state)
{
        assert_true(score("\u200fمحمد\u200e بن\u061c سلطان\u202c", "محمد بن سلطان") ==
                    score("محمد بن سلطان", "محمد بن سلطان"));
        HITS({"\u202bMaria\u200b\u00ad Fernandes\ufeff", "Maria Fernandes"});
}

static void aliases(void **state)
{
        struct person record = named("AL-ZAYDI, Shibl Muhsin");
        struct lf_explanation e = {0};
        float strong =
            score_of(named("Haji Shibl Rashidov"), with(record, LF_PERSON_ALIAS, "Shibl Rashidov"), &e);
        assert_true(strong >= HIT && says(&e, LF_MATCH_REASON_NAME_ALIAS));
        float weak =
            score_of(named("Haji Shibl Rashidov"), with(record, LF_PERSON_WEAK_ALIAS, "Shibl Rashidov"), &e);
        assert_true(weak < strong && says(&e, LF_MATCH_REASON_NAME_WEAK_ALIAS));
}

static void nicknames_are_kept_apart_from_weak_aliases(void **state)
{
        struct person record = named("GUZMAN LOERA, Joaquin Archivaldo"),
                      probe = named("El Chapito Loquillo");
        struct lf_explanation e = {0};
        float nickname = score_of(probe, with(record, LF_PERSON_NICKNAME, "Chapito Loquillo"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_NICKNAME) && !says(&e, LF_MATCH_REASON_NAME_WEAK_ALIAS));
        float weak = score_of(probe, with(record, LF_PERSON_WEAK_ALIAS, "Chapito Loquillo"), &e);
        assert_true(says(&e, LF_MATCH_REASON_NAME_WEAK_ALIAS) && !says(&e, LF_MATCH_REASON_NAME_NICKNAME));
        float alias = score_of(probe, with(record, LF_PERSON_ALIAS, "Chapito Loquillo"), &e);
        assert_true(weak < nickname && nickname < alias);
}

static void a_number_in_a_name(void **state)
{
        HITS({"Mohamed 2 Yusupov", "Mohamed Yusupov"}, {"Sergey Petrov 19600312", "Sergey Petrov"},
             {"Brigade 313 Kashmiri", "BRIGADE 313, Kashmiri"});
        MISSES({"12345678", "Sergey Petrov"}, {"313", "Brigade 313"});
}

static void mixed_scripts(void **state)
{
        /* Latin and Cyrillic letters that look alike, in one word. */
        HITS({"S\u0435rg\u0435y P\u0435trov", "Sergey Petrov"}, {"Владимир LAVRENKO", "Vladimir Lavrenko"},
             {"Muhammad بن سلطان", "Muhammad bin Sultan"});
}

static void entities_are_not_persons(void **state)
{
        struct person vessel = with(named("Maria Fernandes"), LF_PERSON_ENTITY, "V");
        assert_true(score_of(named("Maria Fernandes"), vessel, NULL) == 0);
        assert_true(score_of(vessel, vessel, NULL) >= HIT);
}

static const char *const parts[] = {"Anwar",      "Belmokhtar", "Chikwe",  "Dmitrovich", "Esperanza",
                                    "Fahd",       "Mohammed",   "Hassan",  "Ingeborg",   "Kowalski",
                                    "Mohamed",    "Nguyen",     "Okonkwo", "Ahmad",      "Quispe",
                                    "Rautavaara", "Suleiman",   "Hasan",   "Umarov",     "Vasquez"};
#define PARTS (sizeof parts / sizeof parts[0])

static void compose(char *out, size_t size, const unsigned *order, unsigned n)
{
        out[0] = 0;
        for (unsigned i = 0; i < n; i++)
                snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "", parts[order[i]]);
}

static void shuffle(unsigned *v, unsigned n)
{
        for (unsigned i = n; i > 1; i--) {
                unsigned j = (unsigned)rand() % i, t = v[i - 1];
                v[i - 1] = v[j];
                v[j] = t;
        }
}

static void order_and_side_do_not_matter(void **state)
{
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        for (int round = 0; round < 300; round++) {
                unsigned a[5], b[5], n = 1 + (unsigned)rand() % 5, m = 1 + (unsigned)rand() % 5;
                for (unsigned i = 0; i < 5; i++) {
                        a[i] = (unsigned)rand() % PARTS;
                        b[i] = rand() % 2 ? a[i] : (unsigned)rand() % PARTS;
                }
                char x[128], y[128], z[128];
                compose(x, sizeof x, a, n);
                compose(y, sizeof y, b, m);
                float s = score(x, y);
                shuffle(a, n);
                compose(z, sizeof z, a, n);
                if (s != score(z, y) || s != score(y, x))
                        fail_msg("%s | %s | %s: %.6f %.6f %.6f", x, z, y, (double)s, (double)score(z, y),
                                 (double)score(y, x));
        }
}

static unsigned ofac(const char *query, const char *name)
{
        return lf_person_ofac_score(query, strlen(query), name, strlen(name));
}

static void ofac_scores(void **state)
{
        assert_int_equal(ofac("Yusuf Qaradawi", "QARADAWI, Yusuf"), 100);
        assert_int_equal(ofac("Y. Qaradawi", "AL-QARADAWI, Yusuf"), 100);
        assert_int_equal(ofac("MARTHA", "MARHTA"), 96);  /* Winkler's example: 0.961 */
        assert_int_equal(ofac("DIXON", "DICKSONX"), 81); /* 0.813 */
        assert_int_equal(ofac("", "DIXON"), 0);
        assert_int_equal(ofac("...", "DIXON"), 0);
        assert_int_equal(ofac("A", "B"), 0);
        assert_true(ofac("Maria Lopez", "Sergey Petrov") < LF_OFAC_LEAST);
        char wide[300];
        memset(wide, 'x', sizeof wide);
        assert_int_equal(lf_person_ofac_score(wide, sizeof wide, wide, sizeof wide), 100);
}

static void ofac_scoring_of_a_dataset(void **state)
{
        struct lf_person_rules ofac = {.scoring = LF_PERSON_SCORING_OFAC};
        struct lf_explanation e = {0};
        assert_true(score_by(ofac, named("Y. Qaradawi"), named("AL-QARADAWI, Yusuf"), &e) >=
                    lf_ofac_score(100));
        assert_int_equal(e.reason[0].code, LF_MATCH_REASON_NAME_OFAC);
        assert_int_equal(e.reason[0].a, 100);
        score_by(ofac, named("MARTHA"), named("MARHTA"), &e);
        assert_int_equal(e.reason[0].a, 96);
        /* A document counts as ever. */
        assert_true(score_by(ofac, holding(named("Somebody Else"), "IRN", "K1234567"),
                             holding(named("Yusuf Qaradawi"), "IRN", "K1234567"), NULL) >= 0.95f);
        for (unsigned points = 1; points <= 100; points++)
                assert_true(lf_ofac_score(points) > lf_ofac_score(points - 1));
}

static void floor_of_a_rate(void **state)
{
        assert_true(engine()->score_at(0) == -INFINITY);
        for (float rate = -0.01f; rate > -9; rate -= 0.01f) {
                float floor = engine()->score_at(rate);
                assert_true(engine()->score_log10_fmr(floor) > rate);
                assert_true(engine()->score_log10_fmr(floor + 1e-4f) <= rate);
        }
}

/* A scan that skips on a floor finds what one without a floor finds. */
static void no_floor_loses_a_hit(void **state)
{
        enum { N = 700 };
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        struct person *p = calloc(N, sizeof *p);
        for (int i = 0; i < N; i++) {
                unsigned order[4];
                char name[128];
                for (unsigned k = 0; k < 4; k++)
                        order[k] = (unsigned)rand() % PARTS;
                compose(name, sizeof name, order, 1 + (unsigned)rand() % 4);
                if (rand() % 2)
                        name[(unsigned)rand() % strlen(name)] = (char)("aeioubdlz "[rand() % 10]);
                p[i] = born(named(name[0] == ' ' ? name + 1 : name), 1950 + (unsigned)rand() % 4, 1, 1);
        }
        struct lf_shard *s = shard_of(p, N);
        for (int i = 0; i < 60; i++) {
                struct lf_topk all, some;
                search(s, &p[i], 0, &all, NULL);
                float floor = 0.55f + 0.01f * (float)(rand() % 40);
                search(s, &p[i], floor, &some, NULL);
                uint32_t n = 0;
                for (; n < all.n && all.hit[n].score > floor; n++)
                        ;
                assert_int_equal(some.n, n);
                for (uint32_t k = 0; k < n; k++) {
                        assert_int_equal(all.hit[k].record, some.hit[k].record);
                        assert_true(all.hit[k].score == some.hit[k].score);
                }
        }
        free(s);
        free(p);
}

static void expect_defect(const void *wire, size_t n, enum lf_defect_code code, uint32_t offset)
{
        void *prepared = aligned_alloc(64, (engine()->probe_size + 63) & ~63ul);
        struct lf_defect d = {0};
        assert_int_equal(engine()->prepare(wire, n, prepared, &d), -EBADMSG);
        assert_int_equal(d.code, code);
        assert_int_equal(d.offset, offset);
        free(prepared);
}
#define DEFECT(code, offset, ...)                                                                            \
        expect_defect((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),                \
                      LF_DEFECT_##code, offset)

static void hostile_bytes(void **state)
{
        DEFECT(TRUNCATED, 0, 1);
        DEFECT(TRUNCATED, 0, 1, 5, 0, 'A');
        DEFECT(TRUNCATED, 4, 1, 1, 0, 'A', 6, 1);
        DEFECT(NO_NAME, 0, 6, 1, 0, 'F');
        DEFECT(NO_NAME, 0, 1, 3, 0, '.', '-', '\'');
        DEFECT(NO_NAME, 0, 1, 3, 0, 0xe2, 0x80, 0x8f); /* a direction mark */
        DEFECT(ENCODING, 4, 1, 2, 0, 'A', 0xff);
        DEFECT(ENCODING, 3, 1, 2, 0, 0xc1, 0x81);             /* overlong */
        DEFECT(ENCODING, 3, 1, 3, 0, 0xed, 0xa0, 0x80);       /* a surrogate */
        DEFECT(ENCODING, 3, 1, 4, 0, 0xf4, 0x90, 0x80, 0x80); /* beyond U+10FFFF */
        DEFECT(ENCODING, 4, 1, 3, 0, 'A', 0xe2, 0x80);        /* cut off */
        DEFECT(ENCODING, 11, 1, 1, 0, 'A', 8, 5, 0, 'P', '<', '<', '<', 0x80);
        DEFECT(DATE, 4, 1, 1, 0, 'A', 4, 4, 0, 0xa8, 7, 13, 1);
        DEFECT(DATE, 4, 1, 1, 0, 'A', 4, 4, 0, 0xa9, 7, 2, 29); /* 1961 */
        DEFECT(DATE, 4, 1, 1, 0, 'A', 4, 4, 0, 0, 0, 0, 0);
        DEFECT(DATE, 4, 1, 1, 0, 'A', 5, 4, 0, 0xa9, 7, 0xa8, 7);
        DEFECT(FIELD, 4, 1, 1, 0, 'A', 4, 3, 0, 0xa8, 7, 1);
        DEFECT(FIELD, 4, 1, 1, 0, 'A', 6, 1, 0, 0);
        DEFECT(FIELD, 4, 1, 1, 0, 'A', 7, 2, 0, '1', '2');
        DEFECT(FIELD, 4, 1, 1, 0, 'A', 8, 4, 0, 'P', '<', '<', '<');
        DEFECT(FIELD, 0, 1, 0, 0);
        uint8_t big[LF_PERSON_RECORD_MAX + 1] = {1, 1, 0, 'A'};
        expect_defect(big, sizeof big, LF_DEFECT_TOO_LONG, LF_PERSON_RECORD_MAX);
        struct person words = named("a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g");
        expect_defect(words.wire, words.n, LF_DEFECT_TOO_LONG, 0);
        /* What takes long to compare is not a traveller's name; lists have such names of companies. */
        words = named("a b c d e f g h i j k l m");
        expect_defect(words.wire, words.n, LF_DEFECT_TOO_LONG, 0);
        assert_true(score("a b c d e f g h i j k l", "a b c d e f g h i j k l") > 0);
        words = with(words, LF_PERSON_ENTITY, "E");
        assert_true(score_of(words, words, NULL) > 0);
        /* A field of a type that is not known is passed over. */
        struct person p = {.wire = {77, 1, 0, 0xff}, .n = 4};
        assert_true(score_of(with(p, LF_PERSON_NAME, "Yusuf Qaradawi"), named("Yusuf Qaradawi"), NULL) >=
                    HIT);
}

static void unreadable_records_are_left_out(void **state)
{
        struct person bad = {.wire = {1, 9, 0}, .n = 3}, good = named("Yusuf Qaradawi");
        struct person both[2] = {bad, good};
        struct lf_source_record r[2] = {{.wire = bad.wire, .size = bad.n},
                                        {.wire = good.wire, .size = good.n}};
        struct lf_defect defects[2];
        struct lf_shard_info info = {0};
        size_t size;
        assert_int_equal(lf_shard_size(LF_MODALITY_PERSON, r, 2, &size), 0);
        void *image = aligned_alloc(64, size);
        assert_int_equal(lf_shard_build(LF_MODALITY_PERSON, &info, r, 2, image, size, defects), 0);
        assert_int_equal(defects[0].code, LF_DEFECT_TRUNCATED);
        assert_int_equal(defects[1].code, LF_DEFECT_NONE);
        free(image);
        struct lf_shard *s = shard_of(both, 2);
        struct lf_topk t;
        search(s, &good, HIT, &t, NULL);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.hit[0].record, 1);
        free(s);
}

/* Whatever is changed in a shard, either the check refuses it or a scan stays within it (the sanitizers
 * watch). */
static void damaged_shards(void **state)
{
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        struct person p = holding(born(named("Yusuf Qaradawi"), 1960, 1, 1), "SYR", "1234567");
        struct lf_shard *s = shard_of(&p, 1);
        uint8_t *copy = aligned_alloc(64, s->size);
        for (int round = 0; round < 3000; round++) {
                memcpy(copy, s, s->size);
                for (int k = 0; k < 1 + round % 3; k++)
                        copy[s->payload_offset + (size_t)rand() % s->payload_size] = (uint8_t)rand();
                if (lf_shard_check(copy, s->size) < 0)
                        continue;
                struct lf_topk t;
                struct lf_explanation e;
                search((struct lf_shard *)copy, &p, 0, &t, &e);
        }
        free(copy);
        free(s);
}

static void rates_fall_with_the_score(void **state)
{
        float last = 0;
        for (int i = -5; i <= 105; i++) {
                float r = engine()->score_log10_fmr((float)i / 100);
                assert_true(r <= last);
                last = r;
        }
        assert_true(engine()->score_log10_fmr(HIT) < -6 && last > -12);
}

static int init(void **state)
{
        return lf_engines_init();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(joined_words),
            cmocka_unit_test(short_names),
            cmocka_unit_test(other_people),
            cmocka_unit_test(initials),
            cmocka_unit_test(particles_are_cheap),
            cmocka_unit_test(transcriptions),
            cmocka_unit_test(slips_of_the_pen),
            cmocka_unit_test(companies),
            cmocka_unit_test(other_scripts),
            cmocka_unit_test(right_to_left_marks),
            cmocka_unit_test(aliases),
            cmocka_unit_test(nicknames_are_kept_apart_from_weak_aliases),
            cmocka_unit_test(a_number_in_a_name),
            cmocka_unit_test(mixed_scripts),
            cmocka_unit_test(entities_are_not_persons),
            cmocka_unit_test(order_and_side_do_not_matter),
            cmocka_unit_test(ofac_scores),
            cmocka_unit_test(ofac_scoring_of_a_dataset),
            cmocka_unit_test(floor_of_a_rate),
            cmocka_unit_test(no_floor_loses_a_hit),
            cmocka_unit_test(hostile_bytes),
            cmocka_unit_test(unreadable_records_are_left_out),
            cmocka_unit_test(damaged_shards),
            cmocka_unit_test(rates_fall_with_the_score),
        };
        return cmocka_run_group_tests(tests, init, NULL);
}
