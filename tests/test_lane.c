/* The client library against a small appliance over loopback: what it believes, and what it does when things
 * are lost, late, forged, restarted, busy or gone. Nothing here asserts on exact times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fake_appliance.h"
#include "tools/lane/lane_internal.h"

static struct fake_site site, standby_site;
static struct fake_appliance appliance, standby;
static struct lf_lane *lane;
static struct lf_lane_query *query;

/* The library's call for several datagrams at once: refused once when `narrow`, as on a path of a small MTU.
 */
static bool narrow;
static unsigned joined;

ssize_t sendmsg(int fd, const struct msghdr *h, int flags)
{
        joined++;
        if (narrow) {
                narrow = false;
                errno = EMSGSIZE;
                return -1;
        }
        return syscall(SYS_sendmsg, fd, h, flags);
}

static int start(void **state)
{
        signal(SIGPIPE, SIG_IGN);
        fake_site_make(&site);
        fake_site_make(&standby_site);
        assert_int_equal(lf_lane_query_create(&query), 0);
        return 0;
}

static int finish(void **state)
{
        lf_lane_query_destroy(query);
        fake_site_remove(&site);
        fake_site_remove(&standby_site);
        return 0;
}

static void compose(size_t probe)
{
        static uint8_t bytes[LSP_QUERY_MAX];
        for (size_t i = 0; i < probe; i++)
                bytes[i] = (uint8_t)(i * 7 + i / 256);
        lf_lane_query_reset(query);
        assert_int_equal(lf_lane_query_agreements(query, (uint16_t[]){3, 4}, 2), 0);
        assert_int_equal(lf_lane_query_u16(query, LSP_TLV_PURPOSE, LSP_PURPOSE_VISA), 0);
        assert_int_equal(lf_lane_query_put(query, LSP_TLV_FINGERPRINT, bytes, probe), 0);
}

static int open_lane(void **state)
{
        static unsigned number;
        char bundle[128];
        fake_appliance_start(&appliance, &site);
        fake_site_bundle(&site, ++number, appliance.port, bundle);
        assert_int_equal(lf_lane_open(&(struct lf_lane_options){.bundle = bundle, .in_flight = 64}, &lane),
                         0);
        assert_int_equal(lf_lane_number(lane), number);
        compose(300);
        return 0;
}

static int close_lane(void **state)
{
        lf_lane_close(lane);
        fake_appliance_stop(&appliance);
        return 0;
}

static int open_two(void **state)
{
        static unsigned number = 100;
        char bundle[128], other[128];
        fake_appliance_start(&appliance, &site);
        fake_appliance_start(&standby, &standby_site);
        fake_site_bundle(&site, ++number, appliance.port, bundle);
        fake_site_bundle(&standby_site, ++number, standby.port, other);
        const struct lf_lane_options o = {.bundle = bundle, .standby = other};
        assert_int_equal(lf_lane_open(&o, &lane), 0);
        compose(300);
        return 0;
}

static int close_two(void **state)
{
        fake_appliance_stop(&standby);
        return close_lane(state);
}

/* The appliance saw exactly what was composed, padding included. */
static void check_plain(const struct lf_lane_result *r)
{
        uint8_t leaf[32], padded[LSP_QUERY_MAX] = {0};
        uint32_t size = lf_padded_size(query->size);
        memcpy(padded, query->plain, query->size);
        if (size > query->size)
                padded[query->size + 2] = (uint8_t)(size - query->size - 4),
                                     padded[query->size + 3] = (uint8_t)((size - query->size - 4) >> 8);
        SHA256(padded, size, leaf);
        assert_int_equal(r->error, 0);
        assert_int_equal(r->answer.verdict, LSP_CLEAR);
        assert_memory_equal(leaf, r->answer.leaf, 32);
}

static void ask(struct lf_lane_result *r)
{
        assert_int_equal(lf_lane_ask(lane, query, r), 0);
        check_plain(r);
}

static void a_query_is_answered(void **state)
{
        struct lf_lane_result r;
        ask(&r);
        assert_memory_equal(r.appliance, site.appliance, 16);
        assert_false(r.standby);
        assert_int_equal(r.sent, 1);
        assert_int_equal(r.answer.generation, 5);
        assert_int_equal(lf_lane_collect(lane, &r), -EAGAIN);
}

static void every_size_arrives_whole(void **state)
{
        static const size_t sizes[] = {0,    1,    320,  321,  322,  323,  324,  325,  340,   1040,  1043,
                                       1044, 1045, 1200, 1390, 1391, 1392, 2100, 2108, 10000, 33000, 34024};
        struct lf_lane_result r;
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                compose(sizes[i]);
                ask(&r);
        }
        lf_lane_query_reset(query);
        uint8_t big[LSP_QUERY_MAX] = {0};
        assert_int_equal(lf_lane_query_put(query, LSP_TLV_FACE, big, LSP_QUERY_MAX - 3), -EMSGSIZE);
        assert_int_equal(lf_lane_ask(lane, query, &r), -ENODATA);
        assert_int_equal(lf_lane_query_put(query, LSP_TLV_FACE, big, LSP_QUERY_MAX - 4), 0);
        assert_int_equal(lf_lane_query_u8(query, LSP_TLV_SUBJECT, 1), -EMSGSIZE);
        ask(&r);
        assert_int_equal(lf_lane_query_u8(query, LSP_TLV_FACE, 1), -EEXIST);
        assert_int_equal(lf_lane_query_u8(query, LSP_TLV_PAD, 1), -EINVAL);
        assert_int_equal(atomic_load(&appliance.replayed), 0);
}

static void what_is_lost_is_sent_again_under_new_nonces(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.drop, 2);
        ask(&r);
        assert_int_equal(r.sent, 3);
        assert_int_equal(atomic_load(&appliance.replayed), 0);
        compose(3000);
        atomic_store(&appliance.drop, 2); /* two of three parts */
        ask(&r);
        assert_int_equal(r.sent, 2);
}

static void a_wrong_clock_is_corrected(void **state)
{
        struct lf_lane_result r;
        static const int64_t faults[] = {3600000000, -3600000000, 31000000, -86400000000};
        for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
                lf_lane_hook_clock(lane, faults[i]);
                unsigned before = atomic_load(&appliance.clocks);
                ask(&r);
                assert_int_equal(atomic_load(&appliance.clocks), before + 1);
                int64_t left = lf_lane_clock_offset(lane) + faults[i];
                assert_true(left > -5000000 && left < 5000000);
                ask(&r);
                assert_int_equal(atomic_load(&appliance.clocks), before + 1);
        }
}

static void a_restart_of_the_appliance_is_followed(void **state)
{
        struct lf_lane_result r;
        ask(&r);
        for (unsigned boot = 1; boot < 4; boot++) {
                atomic_store(&appliance.boot, boot % 3); /* an old boot id that comes back is no trouble */
                ask(&r);
                ask(&r);
                assert_int_equal(atomic_load(&appliance.reboots), boot);
        }
        assert_int_equal(atomic_load(&appliance.replayed), 0);
        assert_int_equal(atomic_load(&appliance.exchanges), 1);
}

static void busy_is_waited_out(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.busy, 3);
        ask(&r);
        assert_int_equal(r.sent, 4);
        assert_int_equal(lf_lane_stats(lane).busy, 3);
        atomic_store(&appliance.busy, 100000);
        assert_int_equal(lf_lane_ask(lane, query, &r), -ETIMEDOUT);
        assert_int_equal(r.answer.verdict, 0);
        assert_true(r.sent < 20);
}

static void forged_answers_are_ignored(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.forge, true);
        for (unsigned i = 0; i < 3; i++)
                ask(&r);
        assert_true(lf_lane_stats(lane).ignored >= 3 * 60);
        assert_int_equal(lf_lane_clock_offset(lane), 0);
        assert_int_equal(lf_lane_stats(lane).reboot, 0);
}

static void a_sealed_answer_that_is_none_is_an_error(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.nonsense, true);
        assert_int_equal(lf_lane_ask(lane, query, &r), -EPROTO);
        static const struct lsp_answer zero;
        assert_memory_equal(&r.answer, &zero, sizeof zero);
}

static void silence_is_unavailable_and_never_an_answer(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.silent, true);
        assert_int_equal(lf_lane_ask(lane, query, &r), -ETIMEDOUT);
        assert_int_equal(r.answer.verdict, 0);
        assert_true(r.sent >= 2);
        assert_int_equal(lf_lane_stats(lane).unavailable, 1);
        atomic_store(&appliance.silent, false);
        ask(&r);
}

static void a_revoked_lane_learns_why(void **state)
{
        struct lf_lane_result r;
        atomic_store(&appliance.silent, true);
        atomic_store(&appliance.revoked, true);
        assert_int_equal(lf_lane_ask(lane, query, &r), -EKEYREJECTED);
        assert_int_equal(r.answer.verdict, 0);
}

static void the_standby_answers_for_a_silent_appliance(void **state)
{
        struct lf_lane_result r;
        ask(&r);
        assert_false(r.standby);
        atomic_store(&appliance.silent, true);
        atomic_store(&appliance.revoked, true); /* so that it does not come back by a new session */
        ask(&r);
        assert_true(r.standby);
        assert_memory_equal(r.appliance, standby_site.appliance, 16);
        assert_true(r.sent >= 3);
        /* The next goes there first. */
        ask(&r);
        assert_true(r.standby);
        assert_int_equal(r.sent, 1);
        /* Both gone: unavailable. */
        atomic_store(&standby.silent, true);
        assert_int_equal(lf_lane_ask(lane, query, &r), -ETIMEDOUT);
}

static void many_at_once_come_back_each_to_its_own(void **state)
{
        enum { N = 2000 };
        static bool back[N];
        struct lf_lane_result r;
        unsigned sent = 0, collected = 0;
        memset(back, 0, sizeof back);
        atomic_store(&appliance.drop, 5);
        for (bool gather = false; collected < N; gather = !gather) {
                int e = 0;
                lf_lane_gather(lane, gather); /* if it does, lf_lane_process sends what is left */
                while (sent < N && (e = lf_lane_submit(lane, query, (void *)(uintptr_t)sent, NULL)) == 0)
                        sent++;
                assert_true(e == 0 || e == -EAGAIN);
                assert_int_equal(lf_lane_ask(lane, query, &r), -EBUSY);
                struct pollfd p = {.fd = lf_lane_fd(lane), .events = POLLIN};
                poll(&p, 1, lf_lane_timeout_ms(lane));
                lf_lane_process(lane);
                while (lf_lane_collect(lane, &r) == 0) {
                        uintptr_t i = (uintptr_t)r.user;
                        assert_true(i < N && !back[i]);
                        check_plain(&r);
                        back[i] = true;
                        collected++;
                }
        }
        assert_int_equal(lf_lane_stats(lane).answered, N);
}

/* Several that wait to be sent together do so until the lane is processed, which is to be at once. Where they
 * cannot go together they go one by one, the next ones together again. */
static void what_is_gathered_does_not_wait(void **state)
{
        struct lf_lane_result r;
        assert_int_equal(lf_lane_timeout_ms(lane), 500);
        joined = 0;
        for (unsigned turn = 0; turn < 2; turn++) {
                narrow = turn == 0;
                lf_lane_gather(lane, true);
                for (unsigned i = 0; i < 3; i++)
                        assert_int_equal(lf_lane_submit(lane, query, NULL, NULL), 0);
                assert_int_equal(lf_lane_timeout_ms(lane), 0);
                lf_lane_process(lane);
                assert_true(lf_lane_timeout_ms(lane) > 0);
                for (unsigned i = 0; i < 3; i++) {
                        while (lf_lane_collect(lane, &r) == -EAGAIN)
                                lf_lane_process(lane);
                        check_plain(&r);
                }
        }
        assert_true(joined >= 2);
}

static void a_renewed_cookie_takes_over(void **state)
{
        struct lf_lane_result r;
        ask(&r);
        lf_lane_hook_renew(lane);
        for (unsigned i = 0; i < 50 && atomic_load(&appliance.exchanges) < 2; i++) {
                struct pollfd p = {.fd = lf_lane_fd(lane), .events = POLLIN};
                lf_lane_process(lane);
                poll(&p, 1, 100);
        }
        assert_int_equal(atomic_load(&appliance.exchanges), 2);
        while (lane->peer[0].job.running)
                lf_lane_process(lane);
        ask(&r);
        assert_int_equal(lane->peer[0].session.number, 2);
}

static void a_query_id_can_be_sent_again_on_purpose(void **state)
{
        struct lf_lane_result r;
        uint8_t id[16] = "a chosen one...";
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(lf_lane_submit_as(lane, query, NULL, id), 0);
                while (lf_lane_collect(lane, &r) == -EAGAIN)
                        lf_lane_process(lane);
                check_plain(&r);
                assert_memory_equal(r.query_id, id, 16);
        }
        unsigned before = atomic_load(&appliance.datagrams);
        assert_int_equal(lf_lane_hook_replay(lane), 0);
        for (unsigned i = 0; i < 100 && atomic_load(&appliance.datagrams) == before; i++)
                poll(NULL, 0, 20);
        assert_int_equal(atomic_load(&appliance.datagrams), before + 1);
        assert_int_equal(atomic_load(&appliance.replayed), 1);
}

static void texts_say_what_may_be_said(void **state)
{
        char text[LF_LANE_DECADE_TEXT];
        assert_string_equal(lf_lane_decade_text(-4, text), "rarer than 1 in 1,000");
        assert_string_equal(lf_lane_decade_text(-5, text), "rarer than 1 in 10,000");
        assert_string_equal(lf_lane_decade_text(-7, text), "rarer than 1 in 1,000,000");
        assert_string_equal(lf_lane_decade_text(-2, text), "rarer than 1 in 10");
        assert_string_equal(lf_lane_decade_text(0, text), "1 in 10 or more often");
        assert_string_equal(lf_lane_decade_text(-128, text), "rarer than 1 in 1,000,000,000,000");
        assert_string_equal(lf_lane_verdict_text(LSP_RETRY), "RETRY");
        assert_string_equal(lf_lane_detail_text(LSP_DETAIL_QUOTA),
                            "the lane's or officer's quota is used up");
        assert_non_null(lf_lane_detail_text(60000));
        struct lsp_answer a = {.verdict = LSP_CANDIDATE, .candidates = 1};
        assert_int_equal(lf_lane_answer_check(&a), 0);
        a.candidates = 6;
        assert_int_equal(lf_lane_answer_check(&a), -EPROTO);
        a.candidates = 1;
        a.candidate[0].reasons = 9;
        assert_int_equal(lf_lane_answer_check(&a), -EPROTO);
        a.candidate[0].reasons = 8;
        a.verdict = LSP_CLEAR;
        assert_int_equal(lf_lane_answer_check(&a), -EPROTO);
        a.candidates = 0;
        assert_int_equal(lf_lane_answer_check(&a), 0);
}

int main(void)
{
#define WITH_LANE(f) cmocka_unit_test_setup_teardown(f, open_lane, close_lane)
        const struct CMUnitTest tests[] = {
            WITH_LANE(a_query_is_answered),
            WITH_LANE(every_size_arrives_whole),
            WITH_LANE(what_is_lost_is_sent_again_under_new_nonces),
            WITH_LANE(a_wrong_clock_is_corrected),
            WITH_LANE(a_restart_of_the_appliance_is_followed),
            WITH_LANE(busy_is_waited_out),
            WITH_LANE(forged_answers_are_ignored),
            WITH_LANE(a_sealed_answer_that_is_none_is_an_error),
            WITH_LANE(silence_is_unavailable_and_never_an_answer),
            WITH_LANE(a_revoked_lane_learns_why),
            WITH_LANE(many_at_once_come_back_each_to_its_own),
            WITH_LANE(what_is_gathered_does_not_wait),
            WITH_LANE(a_renewed_cookie_takes_over),
            WITH_LANE(a_query_id_can_be_sent_again_on_purpose),
            cmocka_unit_test_setup_teardown(the_standby_answers_for_a_silent_appliance, open_two, close_two),
            cmocka_unit_test(texts_say_what_may_be_said),
        };
        return cmocka_run_group_tests(tests, start, finish);
}
