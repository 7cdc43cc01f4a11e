/* The path when something runs out or changes: contexts, time, the port, the log, a generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/audit_thread.h"
#include "tests/path_test.h"
#include "tests/sim_disk.h"

static void busy_when_contexts_run_out(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        /* The match cores stand still. */
        for (unsigned i = 0; i < 64; i++) {
                rig_send(&l, i + 1, &p);
                rig_turn_of(1);
        }
        assert_int_equal(lf_read(&rig.counters->core[0].in_flight), 64);
        assert_int_equal(rig.out_n, 0);
        rig_send(&l, 65, &p);
        for (unsigned i = 0; i < 100 && rig.out_n == 0; i++)
                rig_turn_of(1);
        struct lsp_header h;
        assert_int_equal(rig_open(&l, 0, &h, NULL), LSP_BUSY);
        assert_int_equal(h.query_id[0], 65);
        assert_int_equal(rig_dropped(LF_DROP_busy), 1);
        assert_true(rig_balanced());
        assert_true(rig_wait(65));
        assert_int_equal(lf_read(&rig.counters->core[0].answered), 64);
        assert_int_equal(rig_ask(&l, 65, &p).verdict, LSP_CLEAR);
}

static void past_the_deadline_is_dropped_by_name(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(path_people[0]);
        rig_put(&p, LSP_TLV_DEADLINE, &(uint16_t){2}, 2);
        rig_send(&l, 1, &p);
        rig_turn_of(1);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(rig_settle());
        assert_int_equal(rig.out_n, 0);
        assert_int_equal(rig_dropped(LF_DROP_deadline), 1);
        struct lf_entry e;
        assert_int_equal(path_logged(1, &e, NULL), 1);
        assert_int_equal(e.kind, LF_ENTRY_DROPPED);
        assert_int_equal(e.detail, LF_DROP_deadline);
        /* It was not answered, so the same query may come again. */
        p = rig_person(path_people[0]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
}

static struct rig_plain person_of_class(uint8_t priority)
{
        struct rig_plain p = rig_person("A B");
        rig_put(&p, LSP_TLV_PRIORITY, &priority, 1);
        return p;
}

/* Which query the answer that came out as number `i` is to. */
static unsigned answered_as(const struct rig_lane *l, unsigned i)
{
        struct lsp_header h;
        assert_int_equal(rig_open(l, i, &h, NULL), LSP_ANSWER);
        return h.query_id[0];
}

/* Sent in the opposite order while the match cores stand still, one of these answers them class by class. (Of
 * two, the one may be done with a class while the other's turns became short.) */
static void classes_are_answered_in_their_order(void **state)
{
        enum { EACH = 14, ALL = EACH * LSP_PRIORITY_COUNT };
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        for (unsigned i = 0; i < ALL; i++) {
                struct rig_plain p = person_of_class((uint8_t)(LSP_PRIORITY_BATCH - i / EACH));
                rig_send(&l, i + 1, &p);
        }
        while (lf_read(&rig.counters->core[0].in_flight) < ALL)
                rig_turn_of(1);
        for (unsigned turns = 0; turns < 100000 && rig.out_n < ALL; turns++)
                rig_turn_of(1 | 1u << 1);
        assert_int_equal(rig.out_n, ALL);
        for (unsigned i = 0; i < ALL; i++)
                assert_int_equal((answered_as(&l, i) - 1) / EACH, LSP_PRIORITY_BATCH - i / EACH);
}

static unsigned had_the_block(const struct lf_sweep *s)
{
        unsigned n = 0;
        for (uint32_t i = 0; i < s->members; i++)
                n += s->member[i]->had;
        return n;
}

/* Who comes while others are being scanned waits for one turn of theirs, not for all of them. */
static void a_live_query_breaks_into_a_batch(void **state)
{
        enum { MANIFEST = 20 };
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = person_of_class(LSP_PRIORITY_MANIFEST);
        struct lf_sweep *sweep = &rig.dp->match[0].sweep[LSP_PRIORITY_MANIFEST][0];
        for (unsigned i = 0; i < MANIFEST; i++)
                rig_send(&l, i + 1, &p);
        while (lf_read(&rig.counters->core[0].in_flight) < MANIFEST)
                rig_turn_of(1);
        for (unsigned i = 0; i < 3; i++) {
                sweep->turn = 1; /* as if one took long */
                rig_turn_of(2);
                assert_int_equal(had_the_block(sweep), i + 1);
        }
        p = rig_person("A B");
        rig_send(&l, MANIFEST + 1, &p);
        while (lf_read(&rig.counters->core[0].in_flight) <= MANIFEST)
                rig_turn_of(1);
        assert_true(rig_wait(MANIFEST + 1));
        assert_int_equal(answered_as(&l, 0), MANIFEST + 1);
        assert_int_equal(sweep->members, 0);
}

/* A core that is held up holds up nobody who asks about names: another searches all of the list. */
static void whoever_gets_to_it_searches_for_a_name(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        for (unsigned core = 1; core <= 2; core++)
                for (unsigned i = 0; i < 3; i++) {
                        struct rig_plain p = rig_person(path_people[i]);
                        unsigned before = rig.out_n;
                        rig_send(&l, 10 * core + i, &p);
                        for (unsigned turns = 0; turns < 2000 && rig.out_n == before; turns++)
                                rig_turn_of(1 | 1u << core);
                        struct lsp_answer a;
                        assert_int_equal(rig_open(&l, before, NULL, &a), LSP_ANSWER);
                        assert_int_equal(a.verdict, LSP_CANDIDATE);
                }
}

/* Those that wait behind others are dropped at their deadline, too. */
static void waiting_tasks_meet_their_deadline(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain batch = rig_person("A B"), live = rig_person("A B");
        rig_put(&batch, LSP_TLV_PRIORITY, &(uint8_t){LSP_PRIORITY_BATCH}, 1);
        rig_put(&batch, LSP_TLV_DEADLINE, &(uint16_t){2}, 2);
        for (unsigned i = 0; i < 40; i++)
                rig_send(&l, i + 1, i < 10 ? &live : &batch);
        while (lf_read(&rig.counters->core[0].in_flight) < 40)
                rig_turn_of(1);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(rig_settle());
        assert_int_equal(rig_dropped(LF_DROP_deadline), 30);
        assert_int_equal(rig.out_n, 10);
        assert_int_equal(rig.dp->match[0].waiting, 0);
}

/* However many batches there are, those who stand waiting are taken. */
static void batches_leave_room_for_live_lanes(void **state)
{
        struct rig_lane l, gateway;
        rig_lane_open(&l, 1, 1, 1);
        rig_lane_open(&gateway, 2, 2, 1);
        struct rig_plain batch = rig_person("A B"), live = rig_person("A B"), parts = rig_long("A B");
        rig_put(&batch, LSP_TLV_PRIORITY, &(uint8_t){LSP_PRIORITY_BATCH}, 1);
        rig.policy.lane[2].priorities = 1u << LSP_PRIORITY_BATCH;
        rig_policy();
        for (unsigned i = 0; i < 100; i++) {
                rig_send(i % 2 ? &gateway : &l, i + 1, &batch);
                rig_turn_of(1);
        }
        assert_int_equal(rig.dp->io[0].free_n, LF_LIVE_RESERVE);
        /* Nor can a lane that may not ask as a live one take them by halves. */
        uint8_t id[16] = {200}, bytes[LSP_DATAGRAM_MAX];
        uint16_t n = rig_seal(&gateway, id, &parts, 0, bytes);
        rig_inject(bytes, n, 1);
        rig_turn_of(1);
        assert_int_equal(rig.dp->io[0].free_n, LF_LIVE_RESERVE);
        assert_int_equal(rig_dropped(LF_DROP_busy) + rig_dropped(LF_DROP_notice_limit),
                         101 - (64 - LF_LIVE_RESERVE));
        for (unsigned i = 0; i < LF_LIVE_RESERVE; i++)
                rig_send(&l, 201 + i, &live);
        while (lf_read(&rig.counters->core[0].in_flight) < 64)
                rig_turn_of(1);
        assert_true(rig_settle());
        assert_int_equal(lf_read(&rig.counters->core[0].answered), 64);
}

static void answers_leave_at_the_quantum(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.quantum_us = 20000;
        rig_policy();
        struct rig_plain p = rig_person("A B"), bad = rig_person("A B");
        rig_put(&bad, 99, "", 0);
        uint64_t start = lf_now(), quantum = rig.dp->tsc_hz / 50;
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        assert_true(rig.out[0].tsc - start >= quantum);
        start = lf_now();
        assert_int_equal(rig_ask(&l, 2, &bad).verdict, LSP_REFUSED);
        assert_true(rig.out[1].tsc - start >= quantum);
        start = lf_now();
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR); /* sent again */
        assert_true(rig.out[2].tsc - start >= quantum);
}

static void a_new_generation_loses_no_query(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(path_people[2]);
        uint64_t id = 1, retired, gone = 0;
        for (uint64_t generation = 2; generation < 12; generation++) {
                for (unsigned i = 0; i < 20; i++)
                        rig_send(&l, id++, &p);
                rig_turn_of(1); /* pinned, not scanned */
                rig_gallery(generation, path_people, 3, path_fingers, 3);
                for (unsigned i = 0; i < 20; i++)
                        rig_send(&l, id++, &p);
                rig_turn_of(1);
                assert_false(generation == 2 && lf_dataplane_retired(rig.dp, &retired));
                assert_true(rig_wait((unsigned)id - 1));
                rig_turn();
                while (lf_dataplane_retired(rig.dp, &retired))
                        assert_int_equal(retired, ++gone);
                assert_int_equal(gone, generation - 1);
        }
        unsigned by_generation[12] = {0};
        for (unsigned i = 0; i < rig.out_n; i++) {
                struct lsp_answer a;
                assert_int_equal(rig_open(&l, i, NULL, &a), LSP_ANSWER);
                assert_int_equal(a.verdict, LSP_CANDIDATE);
                by_generation[a.generation]++;
        }
        assert_int_equal(by_generation[1], 20);
        for (unsigned g = 2; g < 11; g++)
                assert_int_equal(by_generation[g], 40);
}

static void a_full_port_is_named(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        rig_port_room = 0;
        rig_send(&l, 1, &p);
        assert_true(rig_settle());
        assert_int_equal(rig_dropped(LF_DROP_tx_failed), 1);
        assert_int_equal(path_logged(1, NULL, NULL), 1);
        rig_port_room = UINT32_MAX;
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        assert_int_equal(path_logged(1, NULL, NULL), 1);
}

static const uint8_t *find(const uint8_t *in, size_t size, const char *what)
{
        return memmem(in, size, what, strlen(what));
}

static void the_probe_is_wiped(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("XYLOPHONIA WRAXTHORPE");
        rig_send(&l, 1, &p);
        rig_turn_of(1);
        assert_non_null(find(rig.dp->arena.memory, rig.dp->arena.size, "WRAXTHORPE"));
        assert_true(rig_wait(1));
        const struct lf_desk *desk = rig.dp->io[0].desk[rig.dp->io[0].desk_n - 1];
        assert_null(find(rig.dp->arena.memory, rig.dp->arena.size, "WRAXTHORPE"));
        const uint8_t *prepared = desk->prepared[LF_MODALITY_PERSON];
        for (size_t i = 0; i < lf_engine_for(LF_MODALITY_PERSON)->probe_size; i++)
                assert_int_equal(prepared[i], 0);
        struct rig_plain parts = rig_long(path_people[2]);
        rig_send(&l, 2, &parts);
        assert_true(rig_wait(2));
        assert_null(find(rig.dp->arena.memory, rig.dp->arena.size, "VELLACOTT"));
}

static _Thread_local unsigned allocations; /* the audit thread is no core */

static void *counted_malloc(size_t n, const char *file, int line)
{
        allocations++;
        return malloc(n);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
        allocations++;
        return realloc(p, n);
}

static void counted_free(void *p, const char *file, int line)
{
        free(p);
}

static void openssl_allocates_nothing_on_the_path(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(path_people[0]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE); /* the session is known now */
        for (uint64_t id = 2; id < 50; id++)
                rig_send(&l, id, &p);
        unsigned before = allocations;
        assert_true(rig_wait(49));
        assert_true(before > 0);
        assert_int_equal(allocations, before);
}

static void *run_core(void *core)
{
        lf_dataplane_core_main(core);
        return NULL;
}

/* Cores as threads: queries all the time, while generations and policies change. */
static void nothing_is_lost_under_load(void **state)
{
        enum { ROUNDS = 40, BURST = 48 };
        pthread_t thread[3];
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(path_people[1]);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, run_core, lf_dataplane_core(rig.dp, i)), 0);
        uint64_t retired, gone = 0;
        unsigned sent = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
                for (unsigned i = 0; i < BURST; i++)
                        rig_send(&l, ++sent, &p);
                if (round % 2) {
                        rig_gallery(2 + round / 2, path_people, 3, path_fingers, 3);
                        rig.policy.ruleset++;
                        assert_int_equal(lf_dataplane_set_policy(rig.dp, &rig.policy, sizeof rig.policy), 0);
                }
                lf_dataplane_housekeep(rig.dp);
                uint64_t start = lf_now();
                while (rig.out_n < sent && lf_now() - start < 10 * rig.dp->tsc_hz)
                        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
                for (unsigned d = 0; rig.out_n < sent && d < LF_DROP_COUNT; d++)
                        if (rig_dropped(d))
                                print_error("%s %lu\n", lf_drop_name(d), rig_dropped(d));
                assert_int_equal(rig.out_n, sent);
                while (lf_dataplane_retired(rig.dp, &retired))
                        assert_int_equal(retired, ++gone);
        }
        lf_dataplane_stop(rig.dp);
        for (unsigned i = 0; i < 3; i++)
                pthread_join(thread[i], NULL);
        while (lf_dataplane_retired(rig.dp, &retired))
                assert_int_equal(retired, ++gone);
        assert_int_equal(gone, ROUNDS / 2);
        for (unsigned i = 0; i < sent; i++) {
                struct lsp_answer a;
                assert_int_equal(rig_open(&l, i, NULL, &a), LSP_ANSWER);
                assert_int_equal(a.verdict, LSP_CANDIDATE);
        }
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), sent);
        assert_true(lf_read(&rig.counters->core[0].busy_cycles) > 0);
        assert_true(lf_read(&rig.counters->core[1].idle_cycles) > 0);
}

/* Room for every entry, even if each is a commit of its own. */
static int setup_large_log(void **state)
{
        return path_setup_with(16 << 20, 2);
}

static int setup_small_log(void **state)
{
        return path_setup_with(LF_WAL_MIN_SEGMENT, 0);
}

static void a_full_log_stops_answers(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        uint64_t id = 0;
        while (rig_dropped(LF_DROP_audit_full) == 0 && id < 2000) {
                rig_send(&l, ++id, &p);
                assert_true(rig_settle());
        }
        unsigned out = rig.out_n;
        assert_int_equal(out, id - 1);
        rig_send(&l, ++id, &p);
        assert_true(rig_settle());
        assert_int_equal(rig.out_n, out);
        assert_int_equal(rig_dropped(LF_DROP_audit_full), 2);
        lf_dataplane_housekeep(rig.dp);
        assert_int_equal(lf_read(&rig.counters->audit_state), LF_AUDIT_FULL);
        assert_int_equal(lf_read(&rig.counters->audit_segments_free), 0);
        assert_true(rig_balanced());
        /* Control has made tiles: the query that got no answer is answered when it comes again. */
        lf_dataplane_consumed(rig.dp, lf_audit_durable(rig.dp->audit));
        for (unsigned i = 0; i < 1000 && rig.out_n == out; i++) {
                rig_send(&l, id, &p);
                assert_true(rig_settle());
        }
        struct lsp_answer a;
        assert_int_equal(rig_open(&l, out, NULL, &a), LSP_ANSWER);
        assert_int_equal(a.verdict, LSP_CLEAR);
}

static struct sim_disk disk;
static struct lf_wal *wal;

static int setup_bad_disk(void **state)
{
        sim_init(&disk, 2, 1 << 20, 4711);
        struct lf_wal_options o = {.directory = {"simulated"},
                                   .segment_size = 1 << 20,
                                   .segments = 2,
                                   .close_wait = 2,
                                   .disk = &disk.disk};
        memset(o.key, 3, sizeof o.key);
        assert_int_equal(lf_wal_open(&o, &wal, NULL), 0);
        rig_create(wal, 0, 64);
        rig_gallery(1, path_people, 3, path_fingers, 3);
        return 0;
}

static int teardown_bad_disk(void **state)
{
        assert_true(rig_settle());
        assert_true(rig_balanced());
        rig_destroy();
        assert_int_equal(lf_wal_close(wal), -EIO);
        sim_free(&disk);
        return 0;
}

static void a_failing_disk_stops_answers(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        disk.dead = true;
        for (uint64_t id = 2; id < 6; id++)
                rig_send(&l, id, &p);
        assert_true(rig_settle());
        assert_int_equal(rig.out_n, 1);
        assert_int_equal(rig_dropped(LF_DROP_audit_failed), 4);
        rig_send(&l, 7, &p);
        assert_true(rig_settle());
        assert_int_equal(rig.out_n, 1);
        lf_dataplane_housekeep(rig.dp);
        assert_int_equal(lf_read(&rig.counters->audit_state), LF_AUDIT_FAILED);
        assert_int_equal(lf_read(&rig.counters->audit_errno), EIO);
}

/* A disk that takes commits and never completes them: the appliance still comes to an end, and what it had
 * opened is counted, whatever comes back late. */
static void a_disk_that_never_completes(void **state)
{
        pthread_t thread;
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        disk.stuck = true;
        for (uint64_t id = 2; id < 50; id++)
                rig_send(&l, id, &p);
        assert_int_equal(pthread_create(&thread, NULL, run_core, lf_dataplane_core(rig.dp, 0)), 0);
        while (lf_counters_sum(rig.counters, &rig.counters->core[0].opened) < 49)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        lf_dataplane_stop(rig.dp);
        pthread_join(thread, NULL);
        assert_int_equal(rig_dropped(LF_DROP_shutdown), 48);
        assert_int_equal(rig.out_n, 1);
        lf_audit_stop(rig.dp);
}

/* What comes back after an io core has given its queries up changes no counter. */
static void nothing_is_counted_twice_at_the_end(void **state)
{
        pthread_t thread;
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        for (uint64_t id = 1; id < 20; id++)
                rig_send(&l, id, &p);
        while (lf_counters_sum(rig.counters, &rig.counters->core[0].opened) < 19)
                rig_turn_of(1);
        /* The io core stops while the match cores stand still; a second one keeps it turning. */
        atomic_fetch_add(&rig.dp->ios_running, 1);
        lf_dataplane_stop(rig.dp);
        assert_int_equal(pthread_create(&thread, NULL, run_core, lf_dataplane_core(rig.dp, 0)), 0);
        while (rig_dropped(LF_DROP_shutdown) == 0)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        pthread_join(thread, NULL);
        for (unsigned i = 0; i < 300; i++)
                rig_turn();
        assert_int_equal(rig_dropped(LF_DROP_shutdown), 19);
        assert_int_equal(rig.out_n, 0);
        assert_true(rig_balanced());
}

int main(void)
{
        if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
                return 1;
        rig_start();
        const struct CMUnitTest tests[] = {
            THREE_CORES(busy_when_contexts_run_out),
            THREE_CORES(past_the_deadline_is_dropped_by_name),
            THREE_CORES(classes_are_answered_in_their_order),
            THREE_CORES(a_live_query_breaks_into_a_batch),
            THREE_CORES(waiting_tasks_meet_their_deadline),
            THREE_CORES(batches_leave_room_for_live_lanes),
            THREE_CORES(whoever_gets_to_it_searches_for_a_name),
            ONE_CORE(answers_leave_at_the_quantum),
            THREE_CORES(a_new_generation_loses_no_query),
            ONE_CORE(a_full_port_is_named),
            THREE_CORES(the_probe_is_wiped),
            ONE_CORE(openssl_allocates_nothing_on_the_path),
            cmocka_unit_test_setup_teardown(nothing_is_lost_under_load, setup_large_log, path_teardown),
            cmocka_unit_test_setup_teardown(a_full_log_stops_answers, setup_small_log, path_teardown),
            cmocka_unit_test_setup_teardown(a_failing_disk_stops_answers, setup_bad_disk, teardown_bad_disk),
            cmocka_unit_test_setup_teardown(a_disk_that_never_completes, setup_bad_disk, teardown_bad_disk),
            THREE_CORES(nothing_is_counted_twice_at_the_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
