/* Feeds: what an originator signs is what the appliance searches, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/feed/feed.h"
#include "control/feed/keyring.h"
#include "control/replica/replica.h"
#include "matcher/person_write.h"
#include "matcher/shard.h"

struct world {
        char dir[64], origin[128], feed[160], key[160], secret[128], keyring[256];
        uint8_t public[32];
        struct lf_feed_options options;
};

static char why[LF_FEED_WHY];

static void run(const char *command)
{
        assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof *w);
        uint8_t private[32];
        strcpy(w->dir, "/tmp/landfall-feed.XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        snprintf(w->origin, sizeof w->origin, "%s/origin", w->dir);
        snprintf(w->feed, sizeof w->feed, "%s/feed", w->origin);
        snprintf(w->key, sizeof w->key, "%s/key", w->origin);
        snprintf(w->secret, sizeof w->secret, "%s/secret", w->dir);
        FILE *f = fopen(w->secret, "w");
        fputs("0123456789abcdef0123456789abcdef-secret", f);
        fclose(f);
        assert_int_equal(lf_keyring_appliance(w->secret, private, w->public), 0);
        snprintf(w->keyring, sizeof w->keyring, "%s/keyring/%02x%02x%02x%02x%02x%02x%02x%02x", w->feed,
                 w->public[0], w -> public[1], w -> public[2], w -> public[3], w -> public[4], w -> public[5],
                 w -> public[6], w -> public[7]);
        assert_int_equal(lf_feed_init(w->origin, "test.example/feed", why), 0);
        w->options = (struct lf_feed_options){
            .directory = w->feed, .key = w->key, .keyring = w->keyring, .appliance = w->secret};
        *state = w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", w->dir);
        run(command);
        free(w);
        return 0;
}

static struct lf_feed_writer *writer(struct world *w)
{
        struct lf_feed_writer *fw = NULL;
        assert_int_equal(lf_feed_writer_open(w->origin, &fw, why), 0);
        return fw;
}

/* Adds n person records "PERSON i", publishes with a keyring; ids may be NULL. */
static void add_people(struct world *w, int n, uint8_t (*ids)[16])
{
        struct lf_feed_writer *fw = writer(w);
        for (int i = 0; i < n; i++) {
                uint8_t wire[256];
                char name[64];
                size_t size = 0;
                snprintf(name, sizeof name, "PERSON NUMBER%c%c", 'A' + i / 26 % 26, 'A' + i % 26);
                assert_int_equal(lf_person_put(wire, sizeof wire, &size, LF_PERSON_NAME, name, strlen(name)),
                                 0);
                struct lf_feed_leaf leaf = {.modality = LF_MODALITY_PERSON, .category = (uint16_t)(i % 2)};
                assert_int_equal(lf_feed_add(fw, &leaf, wire, size, why), 0);
                if (ids)
                        memcpy(ids[i], leaf.record, 16);
        }
        assert_int_equal(lf_feed_publish(fw, why), 0);
        assert_int_equal(lf_feed_write_keyring(fw, w->public, 30, why), 0);
        lf_feed_writer_close(fw);
}

static const uint8_t *payload_of(struct lf_feed_reader *r, const struct lf_feed_record *record)
{
        static uint8_t opened[1024];
        assert_true(record->open && record->size <= sizeof opened);
        assert_int_equal(lf_feed_reader_payload(r, record, opened, why), 0);
        return opened;
}

static void records_arrive_and_leave(void **state)
{
        struct world *w = *state;
        uint8_t ids[600][16];
        bool changed = false;
        struct lf_feed_reader *r;
        size_t n;
        add_people(w, 600, ids);
        assert_int_equal(lf_feed_reader_open(&w->options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_true(changed);
        const struct lf_feed_record *records = lf_feed_reader_records(r, &n);
        assert_int_equal(n, 600);
        assert_int_equal(lf_feed_reader_locked(r), 0);
        for (size_t i = 0; i < n; i++) {
                assert_memory_equal(records[i].leaf.record, ids[i], 16);
                assert_int_equal(payload_of(r, &records[i])[0], LF_PERSON_NAME);
        }

        changed = false;
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_false(changed);

        struct lf_feed_writer *fw = writer(w);
        assert_int_equal(lf_feed_remove(fw, ids[17], why), 0);
        assert_int_equal(lf_feed_remove(fw, ids[17], why), -ENOENT);
        struct lf_feed_leaf leaf = {.modality = LF_MODALITY_PERSON};
        memcpy(leaf.record, ids[3], 16);
        assert_int_equal(lf_feed_add(fw, &leaf, "new version", 11, why), 0);
        assert_int_equal(lf_feed_publish(fw, why), 0);
        assert_int_equal(lf_feed_write_keyring(fw, w->public, 30, why), 0);
        lf_feed_writer_close(fw);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_true(changed);
        records = lf_feed_reader_records(r, &n);
        assert_int_equal(n, 599);
        assert_memory_equal(records[598].leaf.record, ids[3], 16);
        assert_int_equal(records[598].size, 11);
        assert_memory_equal(payload_of(r, &records[598]), "new version", 11);
        for (size_t i = 0; i < n; i++)
                assert_memory_not_equal(records[i].leaf.record, ids[17], 16);
        lf_feed_reader_close(r);
}

static void a_key_left_out_of_the_keyring_locks_the_record(void **state)
{
        struct world *w = *state;
        struct lf_keyring_key *keys;
        struct lf_feed_reader *r;
        uint8_t private[32], public[32];
        uint64_t expires;
        uint32_t n;
        size_t records;
        bool changed = false;
        add_people(w, 10, NULL);
        assert_int_equal(lf_keyring_appliance(w->secret, private, public), 0);
        assert_int_equal(lf_keyring_read(w->keyring, private, public, 1, &keys, &n, &expires), 0);
        assert_int_equal(n, 10);
        assert_int_equal(lf_keyring_write(w->keyring, public, 1, 1ull << 40, keys, 9), 0);
        lf_keyring_free(keys, n);
        assert_int_equal(lf_feed_reader_open(&w->options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_int_equal(lf_feed_reader_locked(r), 1);
        const struct lf_feed_record *record = lf_feed_reader_records(r, &records);
        assert_false(record[9].open);
        assert_int_equal(lf_feed_reader_payload(r, &record[9], (uint8_t[64]){0}, why), -ENOKEY);
        lf_feed_reader_close(r);
}

static void an_expired_keyring_locks_every_record(void **state)
{
        struct world *w = *state;
        struct lf_keyring_key *keys;
        struct lf_feed_reader *r;
        uint8_t private[32], public[32];
        uint64_t expires;
        uint32_t n_keys;
        size_t n;
        bool changed = false;
        add_people(w, 10, NULL);
        assert_int_equal(lf_keyring_appliance(w->secret, private, public), 0);
        assert_int_equal(lf_keyring_read(w->keyring, private, public, 1, &keys, &n_keys, &expires), 0);
        uint64_t soon = (uint64_t)time(NULL) + 1;
        assert_int_equal(lf_keyring_write(w->keyring, public, 1, soon, keys, n_keys), 0);
        assert_int_equal(lf_feed_reader_open(&w->options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_int_equal(lf_feed_reader_locked(r), 0);
        while ((uint64_t)time(NULL) <= soon)
                usleep(50000);
        changed = false;
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -EKEYEXPIRED);
        assert_true(changed);
        assert_int_equal(lf_feed_reader_locked(r), 10);
        const struct lf_feed_record *records = lf_feed_reader_records(r, &n);
        for (size_t i = 0; i < n; i++)
                assert_false(records[i].open);
        changed = false;
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -EKEYEXPIRED);
        assert_false(changed);
        assert_int_equal(lf_keyring_write(w->keyring, public, 1, soon + 1000, keys, n_keys), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        assert_int_equal(lf_feed_reader_locked(r), 0);
        lf_keyring_free(keys, n_keys);
        lf_feed_reader_close(r);
}

static void a_feed_that_is_not_there_keeps_no_other_from_working(void **state)
{
        struct world *w = *state;
        struct lf_replica *r;
        struct lf_generation *g;
        struct lf_feed_state feed;
        bool changed = false;
        add_people(w, 4, NULL);
        assert_int_equal(lf_engines_init(), 0);
        struct lf_replica_dataset dataset[2] = {
            {.number = 1, .modality = LF_MODALITY_PERSON, .categories = 3},
            {.number = 2, .modality = LF_MODALITY_PERSON, .categories = 3}};
        snprintf(dataset[0].feed_dir, sizeof dataset[0].feed_dir, "%s/nowhere", w->dir);
        snprintf(dataset[0].feed_key, sizeof dataset[0].feed_key, "%s/nowhere/key", w->dir);
        snprintf(dataset[1].feed_dir, sizeof dataset[1].feed_dir, "%s", w->feed);
        snprintf(dataset[1].feed_key, sizeof dataset[1].feed_key, "%s", w->key);
        snprintf(dataset[1].keyring, sizeof dataset[1].keyring, "%s", w->keyring);
        assert_int_equal(lf_replica_open(dataset, 2, w->secret, &r, why), 0);
        assert_int_equal(lf_replica_sync(r, &changed, why), -ENOENT);
        assert_true(changed);
        assert_int_equal(lf_replica_build(r, 1, 1, 0, &g, why), 0);
        assert_int_equal(g->records, 4);
        assert_int_equal(lf_replica_feed_state(r, 0, &feed), 0);
        assert_int_equal(feed.error, -ENOENT);
        assert_int_equal(lf_replica_feed_state(r, 1, &feed), 0);
        assert_int_equal(feed.error, 0);
        lf_generation_wipe_destroy(g);
        lf_replica_close(r);
}

static void rollback_and_fork_are_refused(void **state)
{
        struct world *w = *state;
        char command[1024];
        struct lf_feed_reader *r;
        size_t n;
        bool changed = false;
        add_people(w, 10, NULL);
        snprintf(command, sizeof command, "cp -a %s %s/old", w->origin, w->dir);
        run(command);
        add_people(w, 10, NULL);
        assert_int_equal(lf_feed_reader_open(&w->options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), 0);
        lf_feed_reader_records(r, &n);
        assert_int_equal(n, 20);

        /* The mirror shows the log of yesterday. */
        snprintf(command, sizeof command, "mv %s %s/new && cp -a %s/old %s", w->origin, w->dir, w->dir,
                 w->origin);
        run(command);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -ESTALE);
        assert_non_null(strstr(why, "rollback"));
        /* The originator signs another continuation. */
        add_people(w, 15, NULL);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -EBADMSG);
        assert_non_null(strstr(why, "fork"));
        lf_feed_reader_records(r, &n);
        assert_int_equal(n, 20);
        lf_feed_reader_close(r);
}

static void nothing_unsigned_is_taken(void **state)
{
        struct world *w = *state;
        char path[256];
        struct lf_feed_reader *r;
        struct stat st;
        bool changed = false;
        size_t n;
        add_people(w, 4, NULL);
        snprintf(path, sizeof path, "%s/payload", w->feed);
        assert_int_equal(stat(path, &st), 0);
        FILE *f = fopen(path, "r+");
        fseek(f, st.st_size / 2, SEEK_SET);
        int c = fgetc(f);
        fseek(f, st.st_size / 2, SEEK_SET);
        fputc(c ^ 1, f);
        fclose(f);
        assert_int_equal(lf_feed_reader_open(&w->options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -EBADMSG);
        assert_false(changed);
        lf_feed_reader_records(r, &n);
        assert_int_equal(n, 0);
        lf_feed_reader_close(r);

        /* Another originator's key. */
        char other[160], key[200];
        snprintf(other, sizeof other, "%s/other", w->dir);
        snprintf(key, sizeof key, "%s/key", other);
        assert_int_equal(lf_feed_init(other, "test.example/feed", why), 0);
        struct lf_feed_options options = w->options;
        options.key = key;
        assert_int_equal(lf_feed_reader_open(&options, &r, why), 0);
        assert_true(lf_feed_reader_sync(r, &changed, why) < 0);
        lf_feed_reader_close(r);

        /* A keyring for another appliance. */
        snprintf(path, sizeof path, "%s/secret2", w->dir);
        f = fopen(path, "w");
        fputs("another secret of at least thirty-two bytes", f);
        fclose(f);
        options = w->options;
        options.appliance = path;
        assert_int_equal(lf_feed_reader_open(&options, &r, why), 0);
        assert_int_equal(lf_feed_reader_sync(r, &changed, why), -EBADMSG);
        lf_feed_reader_close(r);
}

static void generations_hold_one_category_a_shard_and_are_wiped(void **state)
{
        struct world *w = *state;
        struct lf_replica *r;
        struct lf_generation *g;
        struct lf_feed_state feed;
        bool changed = false;
        add_people(w, 100, NULL);
        assert_int_equal(lf_engines_init(), 0);
        struct lf_replica_dataset dataset = {.number = 5, .modality = LF_MODALITY_PERSON, .categories = 3};
        snprintf(dataset.feed_dir, sizeof dataset.feed_dir, "%s", w->feed);
        snprintf(dataset.feed_key, sizeof dataset.feed_key, "%s", w->key);
        snprintf(dataset.keyring, sizeof dataset.keyring, "%s", w->keyring);
        assert_int_equal(lf_replica_open(&dataset, 1, w->secret, &r, why), 0);
        assert_int_equal(lf_replica_sync(r, &changed, why), 0);
        assert_int_equal(lf_replica_build(r, 9, 2, 0, &g, why), 0);
        assert_int_equal(g->shards, 2); /* names are not spread over cores */
        assert_int_equal(g->records, 100);
        for (unsigned i = 0; i < g->shards; i++) {
                const struct lf_shard *s = g->shard[i].map;
                assert_int_equal(lf_shard_check(s, g->shard[i].size), 0);
                assert_int_equal(s->dataset, 5);
                assert_int_equal(s->records, 50);
                assert_int_equal(s->category, i);
                assert_int_equal(s->generation, 9);
                /* Nobody who gets the memfd can write to it. */
                assert_ptr_equal(
                    mmap(NULL, g->shard[i].size, PROT_READ | PROT_WRITE, MAP_SHARED, g->shard[i].fd, 0),
                    MAP_FAILED);
        }
        assert_int_equal(lf_replica_feed_state(r, 0, &feed), 0);
        assert_int_equal(feed.records, 100);
        assert_int_equal(lf_replica_feed_state(r, 1, &feed), -ERANGE);
        /* The dataplane's view of the memory is zero once control has wiped it. */
        size_t size = g->shard[0].size;
        uint8_t *view = mmap(NULL, size, PROT_READ, MAP_SHARED, g->shard[0].fd, 0);
        assert_ptr_not_equal(view, MAP_FAILED);
        lf_generation_wipe_destroy(g);
        for (size_t i = 0; i < size; i++)
                assert_int_equal(view[i], 0);
        munmap(view, size);
        lf_replica_close(r);
}

static struct lf_replica_dataset people_of(const struct world *w)
{
        struct lf_replica_dataset d = {.number = 5, .modality = LF_MODALITY_PERSON, .categories = 3};
        snprintf(d.feed_dir, sizeof d.feed_dir, "%s", w->feed);
        snprintf(d.feed_key, sizeof d.feed_key, "%s", w->key);
        snprintf(d.keyring, sizeof d.keyring, "%s", w->keyring);
        return d;
}

static void what_memory_cannot_hold_is_refused_before_it_is_loaded(void **state)
{
        struct world *w = *state;
        struct lf_replica *r;
        struct lf_generation *g = NULL;
        bool changed = false;
        uint64_t need = 0;
        add_people(w, 3000, NULL);
        assert_int_equal(lf_engines_init(), 0);
        struct lf_replica_dataset dataset = people_of(w);
        assert_int_equal(lf_replica_open(&dataset, 1, w->secret, &r, why), 0);
        assert_int_equal(lf_replica_sync(r, &changed, why), 0);
        assert_int_equal(lf_replica_need(r, &need, why), 0);
        assert_int_equal(lf_replica_build(r, 1, 1, 0, &g, why), 0);
        uint64_t is = 0;
        for (unsigned i = 0; i < g->shards; i++)
                is += g->shard[i].size;
        lf_generation_wipe_destroy(g);
        printf("need reckoned %lu, is %lu\n", (unsigned long)need, (unsigned long)is);
        assert_true(need > is - is / 10 && need < is + is / 10);

        assert_int_equal(lf_replica_build(r, 2, 1, 100 << 10, &g, why), -ENOMEM);
        printf("%s\n", why);
        assert_non_null(strstr(why, "need"));
        assert_non_null(strstr(why, "have 100.0 KiB"));
        assert_non_null(strstr(why, "gallery_memory"));
        assert_int_equal(lf_replica_build(r, 2, 1, is + is / 8, &g, why), 0);
        lf_generation_wipe_destroy(g);
        lf_replica_close(r);
}

static void a_record_is_found_by_its_reference(void **state)
{
        struct world *w = *state;
        static uint8_t ids[1000][16];
        struct lf_replica *r;
        struct lf_generation *g;
        bool changed = false;
        add_people(w, 1000, ids);
        assert_int_equal(lf_engines_init(), 0);
        struct lf_replica_dataset dataset = people_of(w);
        assert_int_equal(lf_replica_open(&dataset, 1, w->secret, &r, why), 0);
        assert_int_equal(lf_replica_sync(r, &changed, why), 0);
        assert_int_equal(lf_replica_build(r, 1, 3, 0, &g, why), 0);
        assert_int_equal(g->shards, 2);
        for (unsigned i = 0; i < 1000; i++) {
                unsigned found = 0;
                for (unsigned s = 0; s < g->shards; s++) {
                        const struct lf_shard *shard = g->shard[s].map;
                        uint32_t record;
                        if (lf_shard_find(shard, ids[i], &record) < 0)
                                continue;
                        assert_memory_equal(lf_shard_records(shard)[record].reference, ids[i], 16);
                        assert_int_equal(shard->category, i % 2);
                        found++;
                }
                assert_int_equal(found, 1);
        }
        uint32_t record;
        assert_int_equal(lf_shard_find(g->shard[0].map, (const uint8_t *)"nobody's number.", &record),
                         -ENOENT);
        lf_generation_wipe_destroy(g);
        lf_replica_close(r);
}

static void a_payload_that_changed_after_the_sync_is_not_built(void **state)
{
        struct world *w = *state;
        struct lf_replica *r;
        struct lf_generation *g;
        bool changed = false;
        char path[256];
        add_people(w, 4, NULL);
        assert_int_equal(lf_engines_init(), 0);
        struct lf_replica_dataset dataset = people_of(w);
        assert_int_equal(lf_replica_open(&dataset, 1, w->secret, &r, why), 0);
        assert_int_equal(lf_replica_sync(r, &changed, why), 0);
        snprintf(path, sizeof path, "%s/payload", w->feed);
        FILE *f = fopen(path, "r+");
        assert_non_null(f);
        fputc('x', f);
        fclose(f);
        assert_int_equal(lf_replica_build(r, 1, 1, 0, &g, why), -EBADMSG);
        printf("%s\n", why);
        lf_replica_close(r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(records_arrive_and_leave, set_up, tear_down),
            cmocka_unit_test_setup_teardown(a_key_left_out_of_the_keyring_locks_the_record, set_up,
                                            tear_down),
            cmocka_unit_test_setup_teardown(an_expired_keyring_locks_every_record, set_up, tear_down),
            cmocka_unit_test_setup_teardown(a_feed_that_is_not_there_keeps_no_other_from_working, set_up,
                                            tear_down),
            cmocka_unit_test_setup_teardown(rollback_and_fork_are_refused, set_up, tear_down),
            cmocka_unit_test_setup_teardown(nothing_unsigned_is_taken, set_up, tear_down),
            cmocka_unit_test_setup_teardown(what_memory_cannot_hold_is_refused_before_it_is_loaded, set_up,
                                            tear_down),
            cmocka_unit_test_setup_teardown(a_record_is_found_by_its_reference, set_up, tear_down),
            cmocka_unit_test_setup_teardown(a_payload_that_changed_after_the_sync_is_not_built, set_up,
                                            tear_down),
            cmocka_unit_test_setup_teardown(generations_hold_one_category_a_shard_and_are_wiped, set_up,
                                            tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
