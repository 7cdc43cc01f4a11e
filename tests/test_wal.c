/* The write-ahead log: append and recover, torn tails, damage anywhere, rotation, a full log, failing disks,
 * mirrors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/audit/wal_read.h"
#include "sim_disk.h"

#define SEGMENTS 2
#define SEGMENT  LF_WAL_COMMIT_SIZE
#define SLOTS    (SEGMENT / LF_WAL_RECORD_SIZE)

static struct sim_disk sim;
static struct lf_wal_options options;

static struct lf_entry entry_of(uint64_t i)
{
        return (struct lf_entry){
            .magic = LF_ENTRY_MAGIC, .version = LF_ENTRY_VERSION, .kind = 1, .time = i + 1};
}

static void start(bool mirrored)
{
        sim_init(&sim, mirrored ? 2 * SEGMENTS : SEGMENTS, SEGMENT, 42);
        options = (struct lf_wal_options){.directory = {"a", mirrored ? "b" : NULL},
                                          .segments = SEGMENTS,
                                          .segment_size = SEGMENT,
                                          .disk = &sim.disk};
        memset(options.key, 5, sizeof options.key);
}

static struct lf_wal *open_log(struct lf_wal_recovery *found)
{
        struct lf_wal *wal;
        assert_int_equal(lf_wal_open(&options, &wal, found), 0);
        return wal;
}

static int append(struct lf_wal *wal)
{
        uint64_t index = lf_wal_entries(wal);
        struct lf_entry e = entry_of(index);
        struct lf_entry_opening o = {.key = {(uint8_t)index}};
        return lf_wal_append(wal, &e, &o, &index);
}

/* n entries as one commit (at a segment's end, two), durable when this returns. */
static void commit(struct lf_wal *wal, unsigned n)
{
        for (int rc; n > 0;) {
                while ((rc = append(wal)) == -EAGAIN) /* a new segment waits for the commit before */
                        assert_int_equal(lf_wal_reap(wal, 1), 0);
                assert_int_equal(rc, 0);
                n--;
        }
        assert_int_equal(lf_wal_submit(wal), 0);
        while (lf_wal_durable(wal) < lf_wal_entries(wal))
                assert_int_equal(lf_wal_reap(wal, 1), 0);
}

/* The process ends here, as it is. */
static void drop(struct lf_wal *wal)
{
        sim.dead = true;
        lf_wal_close(wal);
        sim.dead = false;
        for (unsigned i = 0; i < SIM_PENDING; i++)
                if (sim.pending[i].used) {
                        free(sim.pending[i].data);
                        sim.pending[i].used = false;
                }
}

static void appends_and_recovers(void **state)
{
        struct lf_wal_recovery found;
        start(false);
        struct lf_wal *wal = open_log(&found);
        assert_int_equal(found.entries, 0);
        commit(wal, 1);
        commit(wal, 20);
        drop(wal);
        wal = open_log(&found);
        assert_int_equal(found.entries, 21);
        assert_int_equal(found.cut, 0);
        commit(wal, 5);
        assert_int_equal(lf_wal_close(wal), 0);
        wal = open_log(&found);
        assert_int_equal(found.entries, 26);
        assert_int_equal(found.first, 0);
        assert_int_equal(lf_wal_durable(wal), 26);
        assert_int_equal(lf_wal_consumed(wal, 27), -EINVAL);
        assert_int_equal(lf_wal_close(wal), 0);
        sim_free(&sim);
}

/* The last commit, 8 records of one block, cut at each of its bytes, the rest zero or what was there before.
 */
static void torn_at_every_byte(void **state)
{
        struct lf_wal_recovery found;
        start(false);
        struct lf_wal *wal = open_log(NULL);
        commit(wal, 3);
        commit(wal, 8);
        drop(wal);
        uint8_t *image = malloc(SEGMENT);
        memcpy(image, sim.content, SEGMENT);
        for (size_t at = 0; at < LF_WAL_BLOCK; at++) {
                memcpy(sim.content, image, SEGMENT);
                memset(sim.content + LF_WAL_BLOCK + at, at % 2 ? 0 : 0xa5, LF_WAL_BLOCK - at);
                size_t whole = at; /* a byte may happen to be what was written over it */
                while (whole < LF_WAL_BLOCK &&
                       sim.content[LF_WAL_BLOCK + whole] == image[LF_WAL_BLOCK + whole])
                        whole++;
                wal = open_log(&found);
                assert_int_equal(found.entries, 3 + whole / LF_WAL_RECORD_SIZE);
                if (at % 64 == 0) { /* and the log goes on from there */
                        commit(wal, 2);
                        drop(wal);
                        wal = open_log(&found);
                        assert_int_equal(found.entries, 5 + whole / LF_WAL_RECORD_SIZE);
                }
                drop(wal);
        }
        free(image);
        sim_free(&sim);
}

static const struct {
        const char *name;
        size_t at;
} regions[] = {
    {"magic", 0},
    {"length", offsetof(struct lf_wal_record, length)},
    {"kind", offsetof(struct lf_wal_record, kind)},
    {"index", offsetof(struct lf_wal_record, index)},
    {"durable", offsetof(struct lf_wal_record, durable)},
    {"position", offsetof(struct lf_wal_record, position)},
    {"salt", offsetof(struct lf_wal_record, salt)},
    {"entry", offsetof(struct lf_wal_record, entry) + 100},
    {"sealed", offsetof(struct lf_wal_record, sealed) + 7},
    {"tag", offsetof(struct lf_wal_record, tag)},
    {"previous", offsetof(struct lf_wal_record, previous)},
    {"chain", offsetof(struct lf_wal_record, chain)},
    {"reserved", offsetof(struct lf_wal_record, reserved)},
    {"crc", offsetof(struct lf_wal_record, crc)},
};

static void refused(uint64_t index, uint64_t offset, const char *what)
{
        struct lf_wal_recovery found;
        struct lf_wal *wal;
        uint8_t *image = malloc(SEGMENTS * SEGMENT);
        memcpy(image, sim.content, SEGMENTS * SEGMENT);
        int rc = lf_wal_open(&options, &wal, &found);
        if (rc != -EBADMSG || found.index != index || found.offset != offset)
                fail_msg("%s of entry %llu: %d, index %llu, offset %llu", what, (unsigned long long)index, rc,
                         (unsigned long long)found.index, (unsigned long long)found.offset);
        assert_non_null(found.reason);
        assert_memory_equal(image, sim.content, SEGMENTS * SEGMENT); /* nothing was changed */
        free(image);
}

static void damage_anywhere_is_refused(void **state)
{
        start(false);
        struct lf_wal *wal = open_log(NULL);
        commit(wal, 10);
        commit(wal, 3);
        commit(wal, 8);
        assert_int_equal(lf_wal_close(wal), 0); /* the closing mark says that all 21 were durable */
        for (uint64_t index = 0; index < 21; index++) {
                uint64_t slot = index < 10 ? index : index < 13 ? index + 6 : index + 11;
                for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
                        uint8_t *p = sim.content + slot * LF_WAL_RECORD_SIZE + regions[i].at;
                        *p ^= 0x10;
                        refused(index, slot * LF_WAL_RECORD_SIZE, regions[i].name);
                        *p ^= 0x10;
                }
        }
        sim.content[12 * LF_WAL_RECORD_SIZE + 3] ^= 1; /* padding behind entry 9 */
        refused(10, 10 * LF_WAL_RECORD_SIZE, "padding");
        sim.content[12 * LF_WAL_RECORD_SIZE + 3] ^= 1;
        options.key[0] ^= 1;
        refused(0, 0, "wrong key");
        options.key[0] ^= 1;
        options.expected = 22;
        refused(21, 5 * LF_WAL_BLOCK, "an entry that control has, and we not");
        options.expected = 21;
        lf_wal_close(open_log(NULL));
        sim_free(&sim);
}

static void rotates_when_consumed(void **state)
{
        struct lf_wal_recovery found;
        uint64_t index = 0;
        start(false);
        struct lf_wal *wal = open_log(NULL);
        for (int i = 0; i < 2; i++)
                commit(wal, SLOTS);
        assert_int_equal(append(wal), -ENOSPC);
        assert_int_equal(lf_wal_state(wal), LF_WAL_FULL);
        assert_int_equal(lf_wal_durable(wal), 2 * SLOTS);
        assert_int_equal(lf_wal_consumed(wal, SLOTS - 1), 0);
        assert_int_equal(append(wal), -ENOSPC);
        assert_int_equal(lf_wal_consumed(wal, SLOTS), 0);
        assert_int_equal(lf_wal_state(wal), LF_WAL_OK);
        for (int lap = 0; lap < 20; lap++) {
                commit(wal, 1 + (unsigned)lap * 5 % 100);
                index = lf_wal_durable(wal);
                assert_int_equal(lf_wal_consumed(wal, index), 0);
                drop(wal);
                options.expected = index;
                wal = open_log(&found);
                assert_int_equal(found.entries, index);
                assert_true(found.first > 0);
        }
        options.expected = found.first - 1; /* control lacks an entry that the segments no longer hold */
        drop(wal);
        assert_int_equal(lf_wal_open(&options, &wal, &found), -EBADMSG);
        assert_int_equal(found.index, options.expected);
        sim_free(&sim);
}

static void nothing_is_durable_after_a_failure(void **state)
{
        static const int results[] = {-EIO, -ENOSPC};
        for (unsigned i = 0; i < 2; i++) {
                struct lf_wal_recovery found;
                start(false);
                struct lf_wal *wal = open_log(NULL);
                commit(wal, 9);
                sim.bad_result = results[i];
                sim.bad_files_to = SEGMENTS;
                assert_int_equal(append(wal), 0);
                assert_int_equal(lf_wal_submit(wal), 0);
                while (lf_wal_reap(wal, 1) == 0)
                        ;
                sim.bad_result =
                    0; /* the disk is well again: the log stays failed, it cannot know what was lost */
                assert_int_equal(lf_wal_state(wal), LF_WAL_FAILED);
                assert_int_equal(append(wal), -EIO);
                assert_int_equal(lf_wal_submit(wal), -EIO);
                assert_int_equal(lf_wal_reap(wal, 1), -EIO);
                assert_int_equal(lf_wal_durable(wal), 9);
                assert_int_equal(lf_wal_close(wal), -EIO);
                wal = open_log(&found);
                assert_true(found.entries >= 9);
                lf_wal_close(wal);
                sim_free(&sim);
        }
}

static void a_mirror_carries_on(void **state)
{
        for (unsigned bad = 0; bad < 2; bad++) {
                struct lf_wal_recovery found;
                start(true);
                struct lf_wal *wal = open_log(NULL);
                commit(wal, 4);
                sim.bad_result = -EIO;
                sim.bad_files_from = bad * SEGMENTS;
                sim.bad_files_to = (bad + 1) * SEGMENTS;
                commit(wal, 4);
                commit(wal, 40);
                assert_int_equal(lf_wal_state(wal), LF_WAL_DEGRADED);
                drop(wal);
                sim.bad_result = 0;
                wal = open_log(&found);
                assert_int_equal(found.entries, 48);
                assert_true(found.repaired > 0);
                assert_int_equal(lf_wal_state(wal), LF_WAL_OK);
                assert_int_equal(lf_wal_close(wal), 0);
                /* one flipped bit on one mirror is repaired from the other; on both, it is damage */
                uint64_t at = bad * SEGMENTS * SEGMENT + 2 * LF_WAL_RECORD_SIZE + 77;
                sim.content[at] ^= 1;
                wal = open_log(&found);
                assert_int_equal(found.repaired, 1);
                assert_int_equal(lf_wal_close(wal), 0);
                sim.content[2 * LF_WAL_RECORD_SIZE + 77] ^= 1;
                sim.content[SEGMENTS * SEGMENT + 2 * LF_WAL_RECORD_SIZE + 78] ^= 1;
                assert_int_equal(lf_wal_open(&options, &wal, &found), -EBADMSG);
                assert_int_equal(found.index, 2);
                sim_free(&sim);
        }
        start(true);
        struct lf_wal *wal = open_log(NULL);
        commit(wal, 4);
        sim.bad_result = -EIO;
        sim.bad_files_to = 2 * SEGMENTS;
        assert_int_equal(append(wal), 0);
        lf_wal_submit(wal);
        while (lf_wal_reap(wal, 1) == 0)
                ;
        assert_int_equal(lf_wal_state(wal), LF_WAL_FAILED);
        assert_int_equal(lf_wal_durable(wal), 4);
        lf_wal_close(wal);
        sim_free(&sim);
}

/* No (salt, index) pair seals twice, also when an index is written again after a cut. */
static void no_nonce_twice(void **state)
{
        uint8_t salt[16];
        start(false);
        struct lf_wal *wal = open_log(NULL);
        commit(wal, 1);
        memcpy(salt, ((struct lf_wal_record *)sim.content)->salt, 16);
        drop(wal);
        memset(sim.content, 0, SEGMENT); /* the first commit never came to the disk */
        wal = open_log(NULL);
        commit(wal, 1);
        assert_int_equal(((struct lf_wal_record *)sim.content)->index, 0);
        assert_memory_not_equal(salt, ((struct lf_wal_record *)sim.content)->salt, 16);
        drop(wal);
        sim_free(&sim);
}

static void real_files(void **state)
{
        char dir[] = "/tmp/lf_wal_XXXXXX", path[64], run[64];
        struct lf_wal *wal, *second;
        struct lf_wal_reader *reader;
        const struct lf_wal_record *r;
        struct lf_entry_opening o;
        struct stat st;
        assert_non_null(mkdtemp(dir));
        struct lf_wal_options real = {.directory = {dir}, .segments = 3, .segment_size = SEGMENT};
        assert_int_equal(lf_wal_open(&real, &wal, NULL), 0);
        assert_int_equal(lf_wal_open(&real, &second, NULL), -EBUSY);
        snprintf(path, sizeof path, "%s/0002.seg", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_blocks * 512 >= SEGMENT, 1); /* written, not a hole */
        commit(wal, 100);
        commit(wal, 50);
        assert_int_equal(lf_wal_reader_open((const char *const[]){dir, NULL}, real.key, &reader), 0);
        assert_int_equal(lf_wal_reader_seek(reader, 130), 0);
        for (uint64_t i = 130; i < 150; i++) { /* another process's view while the log is open */
                assert_int_equal(lf_wal_reader_next(reader, &r), 1);
                assert_int_equal(r->index, i);
                assert_int_equal(lf_wal_reader_opening(reader, r, &o), 0);
                assert_int_equal(o.key[0], i);
        }
        assert_int_equal(lf_wal_reader_next(reader, &r), 0);
        commit(wal, 1);
        assert_int_equal(lf_wal_reader_next(reader, &r), 1);
        assert_int_equal(r->index, 150);
        assert_int_equal(lf_wal_reader_seek(reader, 152), -ENOENT);
        lf_wal_reader_close(reader);
        assert_int_equal(lf_wal_close(wal), 0);
        real.segments = 2;
        assert_int_equal(lf_wal_open(&real, &wal, NULL), -EINVAL);
        real.segments = 3;
        real.segment_size *= 2;
        assert_int_equal(lf_wal_open(&real, &wal, NULL), -EINVAL);
        real.segment_size = 4096;
        assert_int_equal(lf_wal_open(&real, &wal, NULL), -EINVAL);
        real.segment_size = SEGMENT;
        real.directory[1] = "/nonexistent";
        assert_int_equal(lf_wal_open(&real, &wal, NULL), -ENOENT);
        snprintf(run, sizeof run, "rm -rf %s", dir);
        assert_int_equal(system(run), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(appends_and_recovers),
            cmocka_unit_test(torn_at_every_byte),
            cmocka_unit_test(damage_anywhere_is_refused),
            cmocka_unit_test(rotates_when_consumed),
            cmocka_unit_test(nothing_is_durable_after_a_failure),
            cmocka_unit_test(a_mirror_carries_on),
            cmocka_unit_test(no_nonce_twice),
            cmocka_unit_test(real_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
