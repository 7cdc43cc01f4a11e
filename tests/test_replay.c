/* A datagram is accepted at most once, on whichever cores its copies arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/replay.h"
#include "dataplane/resend.h"

#define THREADS  4
#define COUNTERS 200000u

static struct lf_replay_slot slot;
static _Atomic uint8_t accepted[COUNTERS + 1];
static _Atomic unsigned twice;

static uint64_t random_of(uint64_t *s)
{
        *s = *s * 6364136223846793005u + 1442695040888963407u;
        return *s >> 33;
}

/* All threads send all counters, each a little out of order. */
static void *hammer(void *arg)
{
        uint64_t seed = (uintptr_t)arg;
        for (uint64_t base = 1; base <= COUNTERS; base++) {
                uint64_t c = base + random_of(&seed) % 80;
                for (unsigned copy = 0; copy < 2; copy++) {
                        uint64_t counter = copy ? base : c;
                        if (counter <= COUNTERS && lf_replay_accept(&slot, 1, counter) == 0 &&
                            atomic_fetch_add(&accepted[counter], 1) > 0)
                                twice++;
                }
        }
        return NULL;
}

static void no_duplicate_on_many_cores(void **state)
{
        pthread_t thread[THREADS];
        memset(&slot, 0, sizeof slot);
        for (uintptr_t i = 0; i < THREADS; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i * 7919 + 1)), 0);
        for (unsigned i = 0; i < THREADS; i++)
                pthread_join(thread[i], NULL);
        unsigned n = 0;
        for (unsigned i = 1; i <= COUNTERS; i++)
                n += accepted[i] != 0;
        printf("seeds 1, 7920, ...: %u of %u counters accepted once, %u twice\n", n, COUNTERS, twice);
        assert_int_equal(twice, 0);
        assert_true(n > COUNTERS / 4);
}

static void reordering_within_the_window(void **state)
{
        memset(&slot, 0, sizeof slot);
        for (uint64_t block = 0; block < 10; block++)
                for (uint64_t i = LF_REPLAY_WINDOW; i > 0; i--)
                        assert_int_equal(lf_replay_accept(&slot, 1, block * LF_REPLAY_WINDOW + i), 0);
        for (uint64_t i = 1; i <= 10 * LF_REPLAY_WINDOW; i++)
                assert_int_equal(lf_replay_accept(&slot, 1, i), -EALREADY);
        /* A jump forward leaves the window behind it usable, and nothing before that. */
        assert_int_equal(lf_replay_accept(&slot, 1, 10000), 0);
        assert_int_equal(lf_replay_accept(&slot, 1, 10000 - LF_REPLAY_WINDOW + 1), 0);
        assert_int_equal(lf_replay_accept(&slot, 1, 10000 - LF_REPLAY_WINDOW), -EALREADY);
}

static void a_new_session_finds_the_slot_empty(void **state)
{
        memset(&slot, 0, sizeof slot);
        assert_int_equal(lf_replay_accept(&slot, 1, LF_REPLAY_COUNTER_MAX - 1), 0);
        assert_int_equal(lf_replay_accept(&slot, 2, LF_REPLAY_WINDOW - 1), 0);
        assert_int_equal(lf_replay_accept(&slot, 2, LF_REPLAY_WINDOW - 1), -EALREADY);
        assert_int_equal(lf_replay_accept(&slot, 1, LF_REPLAY_COUNTER_MAX - 1), -ESTALE);
        assert_int_equal(lf_replay_accept(&slot, (1u << 24) - 1, 1), 0);
        assert_int_equal(lf_replay_accept(&slot, 3, 1), -ESTALE);
}

static struct lf_resend_slot *kept;
static _Atomic unsigned first_claims, answers_wrong;

/* All threads ask the same queries at the same time: one of them gets to answer each. */
static void *ask(void *arg)
{
        unsigned same = 0;
        for (unsigned i = 0; i < 20000; i++) {
                uint8_t id[16] = {0}, hash[32] = {0}, sealed[LSP_ANSWER_DATAGRAM];
                memcpy(id, &i, sizeof i);
                memset(hash, (int)(i % 251), sizeof hash);
                uint64_t claim;
                switch (lf_resend_claim(kept, 1, id, hash, &claim, sealed)) {
                case LF_RESEND_NEW:
                        memset(sealed, (int)(i % 253), sizeof sealed);
                        lf_resend_keep(kept, claim, sealed);
                        first_claims++;
                        break;
                case LF_RESEND_DONE:
                        for (unsigned b = 0; b < sizeof sealed; b++)
                                if (sealed[b] != i % 253)
                                        answers_wrong++;
                        break;
                case LF_RESEND_IN_FLIGHT:
                        /* Or nobody can tell just now: asked again, as a lane would. */
                        if (same++ < 100000) {
                                sched_yield();
                                i--;
                        } else
                                same = 0;
                        continue;
                case LF_RESEND_REUSED:
                        answers_wrong++;
                }
        }
        return NULL;
}

static void answers_are_whole_and_their_own(void **state)
{
        pthread_t thread[THREADS];
        kept = aligned_alloc(64, sizeof *kept);
        assert_non_null(kept);
        memset(kept, 0, sizeof *kept);
        for (unsigned i = 0; i < THREADS; i++)
                assert_int_equal(pthread_create(&thread[i], NULL, ask, NULL), 0);
        for (unsigned i = 0; i < THREADS; i++)
                pthread_join(thread[i], NULL);
        assert_int_equal(answers_wrong, 0);
        assert_true(first_claims >= 20000);
        free(kept);
}

static void the_last_eight_are_kept(void **state)
{
        kept = aligned_alloc(64, sizeof *kept);
        assert_non_null(kept);
        memset(kept, 0, sizeof *kept);
        uint8_t id[16] = {0}, hash[32] = {1}, other[32] = {2}, sealed[LSP_ANSWER_DATAGRAM],
                got[LSP_ANSWER_DATAGRAM];
        uint64_t claim[10];
        for (uint8_t i = 0; i < 9; i++) {
                id[0] = i;
                assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim[i], got), LF_RESEND_NEW);
                assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim[9], got), LF_RESEND_IN_FLIGHT);
        }
        /* The first has lost its place; its answer is not kept, and not in the ninth's place. */
        memset(sealed, 1, sizeof sealed);
        lf_resend_keep(kept, claim[0], sealed);
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim[9], got), LF_RESEND_IN_FLIGHT);
        memset(sealed, 9, sizeof sealed);
        lf_resend_keep(kept, claim[8], sealed);
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim[9], got), LF_RESEND_DONE);
        assert_memory_equal(got, sealed, sizeof got);
        assert_int_equal(lf_resend_claim(kept, 5, id, other, &claim[9], got), LF_RESEND_REUSED);
        /* Another session in the slot does not see it. */
        assert_int_equal(lf_resend_claim(kept, 6, id, hash, &claim[9], got), LF_RESEND_NEW);
        /* A query that got no answer may be asked again. */
        id[0] = 7;
        lf_resend_forget(kept, claim[7]);
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim[9], got), LF_RESEND_NEW);
        free(kept);
}

/* A core that stands still in the middle of its stores. */
static void what_is_being_written_is_not_new(void **state)
{
        kept = aligned_alloc(64, sizeof *kept);
        assert_non_null(kept);
        memset(kept, 0, sizeof *kept);
        uint8_t id[16] = {0}, hash[32] = {1}, got[LSP_ANSWER_DATAGRAM];
        uint64_t claim;
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim, got), LF_RESEND_NEW);
        uint64_t word = atomic_load(&kept->word[claim % LSP_RESENDS_KEPT]);
        atomic_store(&kept->word[claim % LSP_RESENDS_KEPT], (word & ~3ull) | 2 /* WRITING */);
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim, got), LF_RESEND_IN_FLIGHT);
        atomic_store(&kept->word[claim % LSP_RESENDS_KEPT], word);
        /* A claim that was drawn but has not appeared may be this query's; one that was given up is nobody's.
         */
        atomic_fetch_add(&kept->claims, 1);
        id[0] = 1;
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim, got), LF_RESEND_IN_FLIGHT);
        atomic_store(&kept->entry[2].given_up, 2);
        assert_int_equal(lf_resend_claim(kept, 5, id, hash, &claim, got), LF_RESEND_NEW);
        assert_int_equal(claim, 3);
        free(kept);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(no_duplicate_on_many_cores),
            cmocka_unit_test(reordering_within_the_window),
            cmocka_unit_test(a_new_session_finds_the_slot_empty),
            cmocka_unit_test(answers_are_whole_and_their_own),
            cmocka_unit_test(the_last_eight_are_kept),
            cmocka_unit_test(what_is_being_written_is_not_new),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
