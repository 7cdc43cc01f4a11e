/* Nothing answered is missing, nothing missing is answered: on a simulated disk that forgets and reorders
 * unsynced writes, and on real files under a process that is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/audit/wal_read.h"
#include "dataplane/audit/wal_walk.h"
#include "sim_disk.h"

#define SEGMENTS 3
#define SEGMENT  LF_WAL_COMMIT_SIZE
#if defined(__SANITIZE_ADDRESS__) /* which looks for other faults, that every run would show */
#define RUNS 200
#else
#define RUNS 800
#endif
#define CRASHES     4
#define ENTRIES_MAX 20000

static struct lf_entry entry_of(uint64_t value)
{
        struct lf_entry e = {.magic = LF_ENTRY_MAGIC, .version = LF_ENTRY_VERSION, .kind = LF_ENTRY_QUERY};
        e.time = value;
        e.session = value * 2654435761u;
        return e;
}

static struct lf_entry_opening opening_of(uint64_t value)
{
        struct lf_entry_opening o;
        memset(&o, (int)(value & 0xff), sizeof o);
        return o;
}

struct world {
        struct sim_disk sim;
        struct lf_wal_options options;
        struct lf_wal *wal;
        uint64_t answered; /* entries of which the world was told that they are durable */
        uint64_t consumed;
        uint64_t last_value;
        uint64_t value[ENTRIES_MAX]; /* what was last appended at each index */
};

static int read_sim(void *context, unsigned mirror, unsigned segment, uint64_t offset, void *buffer,
                    size_t size)
{
        struct sim_disk *s = context;
        return s->disk.ops->read(&s->disk, mirror * SEGMENTS + segment, offset, buffer, size);
}

/* Every entry that recovery kept is the one that was last appended there. */
static void check_content(struct world *w, const struct lf_wal_recovery *found)
{
        struct lf_wal_source source = {.mirrors = w->options.directory[1] ? 2 : 1,
                                       .segments = SEGMENTS,
                                       .segment_size = SEGMENT,
                                       .read = read_sim,
                                       .context = &w->sim};
        struct lf_wal_walk walk;
        const struct lf_wal_record *r;
        assert_int_equal(lf_wal_walk_init(&walk, &source, NULL), 0);
        if (found->entries > found->first) {
                /* the oldest record is the lowest first slot: recovery has just said which index it has */
                for (unsigned g = 0; g < SEGMENTS; g++) {
                        const struct lf_wal_record *k = (const void *)(w->sim.content + g * SEGMENT);
                        if (lf_wal_record_whole(k) && k->index == found->first &&
                            (walk.position == 0 || k->position < walk.position))
                                lf_wal_walk_seek(&walk, k->position, k->index);
                }
                uint64_t n = 0;
                while (lf_wal_walk_next(&walk, &r) > 0) {
                        struct lf_entry e = entry_of(w->value[r->index]);
                        assert_memory_equal(&r->entry, &e, sizeof e);
                        n++;
                }
                if (!w->options.directory[1])
                        assert_int_equal(n, found->entries - found->first);
        }
        lf_wal_walk_done(&walk);
}

static void open_again(struct world *w, uint64_t seed)
{
        struct lf_wal_recovery found;
        w->options.expected = sim_random(&w->sim) % 2 ? w->consumed : 0;
        int rc = lf_wal_open(&w->options, &w->wal, &found);
        if (rc == -EBADMSG)
                fail_msg("seed %llu: refused at %llu (segment %u offset %llu): %s", (unsigned long long)seed,
                         (unsigned long long)found.index, found.segment, (unsigned long long)found.offset,
                         found.reason);
        assert_int_equal(rc, 0);
        if (found.entries < w->answered)
                fail_msg("seed %llu: %llu entries were answered, %llu are there", (unsigned long long)seed,
                         (unsigned long long)w->answered, (unsigned long long)found.entries);
        if (found.first > w->consumed)
                fail_msg("seed %llu: entries before %llu lost", (unsigned long long)seed,
                         (unsigned long long)found.first);
        assert_int_equal(lf_wal_durable(w->wal), found.entries);
        w->answered = found.entries;
        check_content(w, &found);
        assert_int_equal(lf_wal_consumed(w->wal, w->consumed), 0);
}

static void some_work(struct world *w)
{
        for (unsigned steps = (unsigned)(sim_random(&w->sim) % 120); steps > 0; steps--) {
                uint64_t index, n = sim_random(&w->sim) % 40;
                while (n-- > 0) {
                        struct lf_entry e = entry_of(++w->last_value);
                        struct lf_entry_opening o = opening_of(w->last_value);
                        if (lf_wal_entries(w->wal) + 1 >= ENTRIES_MAX ||
                            lf_wal_append(w->wal, &e, &o, &index) < 0)
                                break;
                        w->value[index] = w->last_value;
                }
                if (sim_random(&w->sim) % 2)
                        lf_wal_submit(w->wal);
                lf_wal_reap(w->wal, sim_random(&w->sim) % 2 ? 1 : 0);
                assert_true(lf_wal_durable(w->wal) >= w->answered);
                w->answered = lf_wal_durable(w->wal);
                if (sim_random(&w->sim) % 3 == 0) {
                        w->consumed += sim_random(&w->sim) % (w->answered - w->consumed + 1);
                        assert_int_equal(lf_wal_consumed(w->wal, w->consumed), 0);
                }
        }
}

static void one_run(uint64_t seed, bool mirrored)
{
        struct world *w = calloc(1, sizeof *w);
        sim_init(&w->sim, SEGMENTS * (mirrored ? 2 : 1), SEGMENT, seed);
        w->options = (struct lf_wal_options){.directory = {"a", mirrored ? "b" : NULL},
                                             .segments = SEGMENTS,
                                             .segment_size = SEGMENT,
                                             .disk = &w->sim.disk};
        memset(w->options.key, 7, sizeof w->options.key);
        for (int i = 0; i < CRASHES; i++) {
                open_again(w, seed);
                if (sim_random(&w->sim) % 4 == 0) { /* a disk, or both, begin to fail in this life */
                        unsigned mirror = mirrored ? (unsigned)(sim_random(&w->sim) % 3) : 0;
                        w->sim.bad_result = sim_random(&w->sim) % 2 ? -EIO : -ENOSPC;
                        w->sim.bad_after = (int)(sim_random(&w->sim) % 20);
                        w->sim.bad_files_from = mirror == 1 ? SEGMENTS : 0;
                        w->sim.bad_files_to = mirror == 0 ? SEGMENTS : 2 * SEGMENTS;
                }
                some_work(w);
                w->sim.bad_result = 0;
                bool orderly = sim_random(&w->sim) % 5 == 0 && lf_wal_state(w->wal) != LF_WAL_FAILED;
                if (orderly) {
                        assert_int_equal(lf_wal_close(w->wal), 0);
                        sim_crash(&w->sim);
                } else {
                        sim_crash(&w->sim);
                        w->sim.dead = true; /* the process is gone: what it would still do reaches no disk */
                        lf_wal_close(w->wal);
                        w->sim.dead = false;
                }
        }
        open_again(w, seed);
        lf_wal_close(w->wal);
        sim_free(&w->sim);
        free(w);
}

static void a_forgetful_disk(void **state)
{
        uint64_t seed = (uint64_t)time(NULL) * 1000;
        print_message("seed %llu\n", (unsigned long long)seed);
        for (int i = 0; i < RUNS; i++)
                one_run(seed + (uint64_t)i, i % 2);
}

/* ---- A real process, killed ---- */

struct told { /* what the child said was durable; shared memory outlives it */
        _Atomic uint64_t durable;
        _Atomic uint64_t appended;
};

static _Noreturn void child(const struct lf_wal_options *o, struct told *told)
{
        struct lf_wal *wal;
        if (lf_wal_open(o, &wal, NULL) < 0)
                _exit(1);
        for (uint64_t i = 0;; i++) {
                uint64_t index = lf_wal_entries(wal);
                struct lf_entry e = entry_of(index);
                struct lf_entry_opening opening = opening_of(index);
                int rc = lf_wal_append(wal, &e, &opening, &index);
                if (rc == 0)
                        told->appended = index + 1;
                else if (rc != -EAGAIN && rc != -ENOSPC)
                        _exit(2);
                if (i % 7 == 0)
                        lf_wal_submit(wal);
                if (lf_wal_reap(wal, rc == -EAGAIN ? 1000 : 0) < 0)
                        _exit(3);
                told->durable = lf_wal_durable(wal);
                lf_wal_consumed(wal, lf_wal_durable(wal));
        }
}

static void killed_in_a_loop(void **state)
{
        char dir[] = "/tmp/lf_wal_kill_XXXXXX";
        assert_non_null(mkdtemp(dir));
        struct told *told =
            mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct lf_wal_options o = {.directory = {dir}, .segments = 3, .segment_size = 4 * LF_WAL_COMMIT_SIZE};
        srand((unsigned)time(NULL));
        for (int round = 0; round < 25; round++) {
                pid_t pid = fork();
                if (pid == 0)
                        child(&o, told);
                usleep(20000 + (useconds_t)(rand() % 60000));
                assert_int_equal(kill(pid, SIGKILL), 0);
                int status;
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status));

                struct lf_wal_reader *reader;
                struct lf_wal_recovery found;
                const struct lf_wal_record *r;
                if (told->appended == 0)
                        continue;
                assert_int_equal(lf_wal_reader_open((const char *const[]){dir, NULL}, o.key, &reader), 0);
                assert_int_equal(lf_wal_reader_check(reader, told->durable, &found), 0);
                assert_true(found.entries >= told->durable);
                assert_true(found.entries <= told->appended);
                assert_int_equal(lf_wal_reader_seek(reader, found.first), 0);
                for (uint64_t i = found.first; i < found.entries; i++) {
                        assert_int_equal(lf_wal_reader_next(reader, &r), 1);
                        struct lf_entry e = entry_of(i);
                        assert_memory_equal(&r->entry, &e, sizeof e);
                }
                lf_wal_reader_close(reader);
        }
        print_message("%llu entries durable after 25 kills\n", (unsigned long long)told->durable);
        assert_true(told->durable > 0);
        for (unsigned i = 0; i < o.segments; i++) {
                char path[64];
                snprintf(path, sizeof path, "%s/%04u.seg", dir, i);
                unlink(path);
        }
        char tmp[64];
        snprintf(tmp, sizeof tmp, "%s/new.tmp", dir);
        unlink(tmp);
        rmdir(dir);
        munmap(told, sizeof *told);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_forgetful_disk),
            cmocka_unit_test(killed_in_a_loop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
