/* What the path opens and what it leaves in silence: forged, replayed, sent again, in parts, of an earlier
 * start, with a wrong clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "tests/path_test.h"

/* Gives bytes to the port and sees them dropped under this name, in silence. */
static void drops(const uint8_t *bytes, uint16_t size, enum lf_drop drop)
{
        uint64_t before = rig_dropped(drop);
        unsigned out = rig.out_n;
        rig_inject(bytes, size, 1);
        path_stays_silent(out);
        assert_int_equal(rig_dropped(drop), before + 1);
}

static void unauthenticated_bytes_get_silence(void **state)
{
        struct rig_lane l, other;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        rig_put(&p, LSP_TLV_PRIORITY, "\0", 1); /* longer than the shortest */
        uint8_t id[16] = {1}, good[LSP_DATAGRAM_MAX], bytes[LSP_DATAGRAM_MAX];
        uint16_t n = rig_seal(&l, id, &p, 0, good);
#define CHANGED(offset, value, drop)                                                                         \
        do {                                                                                                 \
                memcpy(bytes, good, n);                                                                      \
                bytes[offset] = (uint8_t)(value);                                                            \
                drops(bytes, n, drop);                                                                       \
        } while (0)
        drops(good, 0, LF_DROP_short_datagram);
        drops(good, LSP_QUERY_DATAGRAM_MIN - 1, LF_DROP_short_datagram);
        CHANGED(0, 2, LF_DROP_bad_header);                          /* version */
        CHANGED(1, LSP_ANSWER, LF_DROP_bad_header);                 /* type */
        CHANGED(2, 1, LF_DROP_bad_header);                          /* part 1 of 1 */
        CHANGED(3, 0, LF_DROP_bad_header);                          /* of none */
        CHANGED(3, LSP_PARTS_MAX + 1, LF_DROP_bad_header);          /* of too many */
        CHANGED(4, good[4] + 1, LF_DROP_bad_header);                /* total */
        CHANGED(13, 1, LF_DROP_bad_header);                         /* nonce beyond 2^40 */
        drops(good, LSP_QUERY_DATAGRAM_MIN, LF_DROP_bad_header);    /* truncated */
        CHANGED(56, RIG_COOKIE_KEY + 1, LF_DROP_cookie_key);        /* a key that is not there */
        CHANGED(56 + 30, good[56 + 30] ^ 1, LF_DROP_cookie_forged); /* the cookie's box */
        CHANGED(56 + 95, good[56 + 95] ^ 1, LF_DROP_cookie_forged); /* its tag */
        CHANGED(n - 1, good[n - 1] ^ 1, LF_DROP_forged);            /* the tag */
        CHANGED(200, good[200] ^ 1, LF_DROP_forged);                /* the box */
        CHANGED(16, good[16] ^ 1, LF_DROP_forged);                  /* the time, which is authenticated */
        /* A cookie of another lane's session under this lane's box. */
        rig_lane_open(&other, 2, 2, 1);
        memcpy(bytes, good, n);
        memcpy(bytes + 56, other.cookie, sizeof other.cookie);
        drops(bytes, n, LF_DROP_forged);

        rig_cookie(&other, RIG_COOKIE_KEY, 1);
        n = rig_seal(&other, id, &p, 0, bytes);
        drops(bytes, n, LF_DROP_cookie_expired);
        other.slot = 64;
        rig_cookie(&other, RIG_COOKIE_KEY, UINT64_MAX);
        n = rig_seal(&other, id, &p, 0, bytes);
        drops(bytes, n, LF_DROP_cookie_slot);

        /* None of it has cost the lane anything. */
        struct lsp_answer a = rig_ask(&l, 5, &p);
        assert_int_equal(a.verdict, LSP_CLEAR);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 1);
}

static void replayed_datagram_gets_silence(void **state)
{
        struct rig_lane l, later;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        uint8_t id[16] = {1}, bytes[LSP_DATAGRAM_MAX];
        uint16_t n = rig_seal(&l, id, &p, 0, bytes);
        rig_inject(bytes, n, 1);
        assert_true(rig_wait(1));
        for (unsigned i = 0; i < 3; i++)
                drops(bytes, n, LF_DROP_replayed);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 1);
        /* The slot goes to another session; the first cannot come back where the second has been. */
        rig_lane_open(&later, 1, 1, 2);
        later.nonce = l.nonce;
        assert_int_equal(rig_ask(&later, 9, &p).verdict, LSP_CLEAR);
        n = rig_seal(&l, id, &p, 0, bytes);
        drops(bytes, n, LF_DROP_cookie_slot);
}

static void retransmission_gets_the_same_bytes(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(path_people[0]);
        struct lsp_answer first = rig_ask(&l, 1, &p), again = rig_ask(&l, 1, &p);
        assert_int_equal(first.verdict, LSP_CANDIDATE);
        assert_memory_equal(&first, &again, sizeof first);
        assert_memory_equal(rig.out[0].bytes, rig.out[1].bytes, LSP_ANSWER_DATAGRAM);
        assert_int_equal(path_logged(1, NULL, NULL), 1);
        assert_int_equal(lf_read(&rig.counters->core[0].resends), 1);
        /* After eight others it is a new query, and a second entry. */
        struct rig_plain other = rig_person("A B");
        for (uint64_t id = 2; id < 10; id++)
                assert_int_equal(rig_ask(&l, id, &other).verdict, LSP_CLEAR);
        again = rig_ask(&l, 1, &p);
        assert_int_equal(again.verdict, LSP_CANDIDATE);
        assert_memory_not_equal(first.leaf, again.leaf, 32);
        assert_int_equal(path_logged(1, NULL, NULL), 2);
}

static void query_id_used_for_another_probe(void **state)
{
        struct rig_lane l, other;
        rig_lane_open(&l, 1, 1, 1);
        rig_lane_open(&other, 2, 2, 1);
        struct rig_plain p = rig_person(path_people[0]), q = rig_person(path_people[1]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
        struct lsp_answer a = rig_ask(&l, 1, &q);
        assert_int_equal(a.verdict, LSP_REFUSED);
        assert_int_equal(a.detail, LSP_DETAIL_QUERY_ID_REUSED);
        assert_int_equal(path_logged(1, NULL, NULL), 2);
        /* Another session may use the same id. */
        assert_int_equal(rig_ask(&other, 1, &q).verdict, LSP_CANDIDATE);
}

static void parts_in_any_order(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_long(path_people[2]);
        static const unsigned order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                             {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        for (unsigned i = 0; i < 6; i++) {
                uint8_t id[16] = {(uint8_t)(i + 1)}, bytes[LSP_DATAGRAM_MAX];
                for (unsigned k = 0; k < 3; k++) {
                        uint16_t n = rig_seal(&l, id, &p, order[i][k], bytes);
                        rig_inject(bytes, n, 1);
                }
                assert_true(rig_wait(i + 1));
                struct lsp_answer a;
                assert_int_equal(rig_open(&l, i, NULL, &a), LSP_ANSWER);
                assert_int_equal(a.verdict, LSP_CANDIDATE);
        }
        assert_int_equal(lf_read(&rig.counters->core[0].absorbed), 12);
        /* Sent again as a whole: the same answer. */
        rig_send(&l, 6, &p);
        assert_true(rig_wait(7));
        assert_memory_equal(rig.out[6].bytes, rig.out[5].bytes, LSP_ANSWER_DATAGRAM);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 6);
}

static void parts_duplicated_missing_and_mixed(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_long(path_people[2]), shorter = p;
        shorter.size -= 50;
        uint8_t id[5][16] = {{1}, {2}, {3}, {4}, {5}}, bytes[LSP_DATAGRAM_MAX];
        uint16_t n = rig_seal(&l, id[0], &p, 0, bytes);
        rig_inject(bytes, n, 1);
        n = rig_seal(&l, id[0], &p, 0, bytes); /* anew, so not a replay */
        drops(bytes, n, LF_DROP_part_duplicate);
        n = rig_seal(&l, id[0], &shorter, 1, bytes);
        drops(bytes, n, LF_DROP_assembly_mismatch);
        n = rig_seal(&l, id[1], &p, 0, bytes);
        rig_inject(bytes, n, 1);
        n = rig_seal(&l, id[2], &p, 0, bytes);
        drops(bytes, n, LF_DROP_assembly_limit);
        /* Of another flow: not a part of the first, but a third assembly. */
        n = rig_seal(&l, id[0], &p, 1, bytes);
        rig_inject(bytes, n, 2);
        path_stays_silent(0);
        assert_int_equal(rig_dropped(LF_DROP_assembly_limit), 2);
        /* Nothing waits for ever. */
        nanosleep(&(struct timespec){.tv_nsec = LSP_ASSEMBLY_MS * 1000000l + 20000000}, NULL);
        path_stays_silent(0);
        assert_int_equal(rig_dropped(LF_DROP_assembly_timeout), 2);
        assert_int_equal(rig.dp->io[0].free_n, 64);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 0);
        rig_send(&l, 1, &p);
        assert_true(rig_wait(1));
}

static void the_longest_query(void **state)
{
        static const uint8_t zero[LSP_QUERY_MAX];
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = {0};
        rig_put(&p, LSP_TLV_PAD, zero, LSP_QUERY_MAX - 4);
        uint8_t id[16] = {1}, bytes[LSP_DATAGRAM_MAX];
        for (unsigned i = 0; i < LSP_PARTS_MAX; i++) {
                uint16_t n = rig_seal(&l, id, &p, i, bytes);
                rig_inject(bytes, n, 1);
        }
        assert_true(rig_wait(1));
        struct lsp_answer a;
        assert_int_equal(rig_open(&l, 0, NULL, &a), LSP_ANSWER);
        assert_int_equal(a.detail, LSP_DETAIL_MALFORMED);
}

static void a_wrong_clock_is_told_the_time(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        l.clock_offset_us = 3600 * 1000000ll;
        rig_send(&l, 1, &p);
        assert_true(rig_wait(1));
        struct lsp_header h;
        assert_int_equal(rig_open(&l, 0, &h, NULL), LSP_CLOCK);
        assert_int_equal(rig.out[0].size, LSP_NOTICE_DATAGRAM);
        l.clock_offset_us = -(LSP_CLOCK_TOLERANCE_S + 1) * 1000000ll;
        rig_send(&l, 1, &p);
        assert_true(rig_wait(2));
        assert_int_equal(rig_open(&l, 1, NULL, NULL), LSP_CLOCK);
        assert_int_equal(rig_dropped(LF_DROP_clock_skew), 2);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 0);
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t off = (int64_t)(h.time / 1000000) - now.tv_sec;
        assert_true(off > -20 && off < 20);
        l.clock_offset_us = 0;
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        /* No more than a few a second. */
        l.clock_offset_us = 3600 * 1000000ll;
        for (unsigned i = 0; i < 40; i++)
                rig_send(&l, 100 + i, &p);
        path_stays_silent(rig.out_n + 0 * rig_turn());
        assert_true(rig_dropped(LF_DROP_notice_limit) > 0);
}

static void an_old_boot_is_told_the_new_one(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        memset(l.boot, 9, sizeof l.boot);
        rig_send(&l, 1, &p);
        assert_true(rig_wait(1));
        struct lsp_header h;
        assert_int_equal(rig_open(&l, 0, &h, NULL), LSP_REBOOT);
        assert_memory_equal(h.boot, rig.dp->boot, sizeof h.boot);
        assert_int_equal(rig_dropped(LF_DROP_old_boot), 1);
        uint8_t id[16] = {1}, bytes[LSP_DATAGRAM_MAX];
        uint16_t n = rig_seal(&l, id, &p, 0, bytes);
        bytes[n - 1] ^= 1;
        drops(bytes, n, LF_DROP_forged);
        assert_int_equal(path_logged(UINT64_MAX, NULL, NULL), 0);
        memcpy(l.boot, h.boot, sizeof l.boot);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
}

static void a_revoked_lane_gets_silence(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        rig.policy.lane[1].active = 0;
        rig_policy();
        rig_send(&l, 2, &p);
        path_stays_silent(1);
        assert_int_equal(rig_dropped(LF_DROP_revoked), 1);
        memset(l.boot, 9, sizeof l.boot); /* nor a notice */
        rig_send(&l, 3, &p);
        path_stays_silent(1);
        assert_int_equal(rig_dropped(LF_DROP_revoked), 2);
        rig.policy.lane[1].active = 1;
        rig_policy();
        memcpy(l.boot, rig.dp->boot, 16);
        assert_int_equal(rig_ask(&l, 4, &p).verdict, LSP_CLEAR);
}

static void retired_cookie_keys_open_nothing(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        const struct lf_session *s = rig.dp->io[0].sessions.entry;
        assert_int_equal(s->id, l.session);
        struct lf_handover_cookie_keys keys = {
            .key = {{.id = 5, .until = UINT64_MAX}, {.id = 6}, {.id = 7, .until = UINT64_MAX}}};
        assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &keys), 0);
        rig_turn();
        /* Nothing of the session is left: neither the key it came with nor what was derived from it. */
        static const struct lf_aead none;
        assert_int_equal(s->id, 0);
        assert_memory_equal(s->exported, &none, LSP_KEY_SIZE);
        assert_memory_equal(&s->to_appliance, &none, sizeof none);
        assert_memory_equal(&s->to_lane, &none, sizeof none);
        rig_send(&l, 2, &p);
        path_stays_silent(1);
        assert_int_equal(rig_dropped(LF_DROP_cookie_key), 1);
}

/* Control starts again and knows only a key of its own: sessions from before go on until its third. */
static void a_new_control_ends_no_session(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        struct lf_handover_cookie_keys keys = {.key = {{.id = 5, .until = UINT64_MAX}}};
        for (unsigned i = 1; i <= 2; i++) {
                assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &keys), 0);
                assert_int_equal(rig_ask(&l, i, &p).verdict, LSP_CLEAR);
                keys.key[i].id = 5 + i;
                keys.key[i].until = UINT64_MAX;
        }
        assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &keys), 0);
        rig_turn();
        rig_send(&l, 3, &p);
        path_stays_silent(2);
        assert_int_equal(rig_dropped(LF_DROP_cookie_key), 1);
}

static void a_key_past_its_time_is_not_kept(void **state)
{
        struct lf_handover_cookie_keys old = {.key = {{.id = 5, .until = UINT64_MAX}, {.id = 6, .until = 9}}},
                                       new = {.key = {{.id = 8, .until = UINT64_MAX}}};
        assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &old), 0);
        rig_turn();
        assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &new), 0);
        rig_turn();
        const struct lf_cookie_keys *k = rig.dp->io[0].sessions.keys;
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++)
                assert_int_not_equal(k->id[i], 6);
}

/* Who has seen cookies can send forgeries under earlier boot ids: other lanes hear of the new one all the
 * same. */
static void forgeries_do_not_keep_lanes_from_hearing(void **state)
{
        enum { SEEN = 20, EACH = 40 };
        static struct rig_lane seen[SEEN], honest;
        struct rig_plain p = rig_person("A B");
        uint8_t id[16] = {1}, bytes[LSP_DATAGRAM_MAX];
        for (unsigned i = 0; i < SEEN; i++) {
                rig_lane_open(&seen[i], 1 + i, 1 + i, 1);
                memset(seen[i].boot, 9, sizeof seen[i].boot);
                uint16_t n = rig_seal(&seen[i], id, &p, 0, bytes);
                bytes[n - 1] ^= 1;
                for (unsigned k = 0; k < EACH; k++)
                        if (rig_inject(bytes, n, 1), k % 20 == 19)
                                rig_turn();
        }
        rig_lane_open(&honest, 30, 30, 1);
        memset(honest.boot, 9, sizeof honest.boot);
        rig_send(&honest, 1, &p);
        assert_true(rig_wait(1));
        assert_int_equal(rig_open(&honest, 0, NULL, NULL), LSP_REBOOT);
        assert_int_equal(rig_dropped(LF_DROP_forged) + rig_dropped(LF_DROP_notice_limit), SEEN * EACH);
        assert_true(rig_dropped(LF_DROP_notice_limit) > SEEN * EACH / 2);
}

static void in_flight_retransmission_waits(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        rig_send(&l, 1, &p);
        rig_turn_of(1);
        rig_send(&l, 1, &p);
        rig_turn_of(1);
        assert_int_equal(rig_dropped(LF_DROP_resend_in_flight), 1);
        assert_true(rig_wait(1));
        assert_int_equal(path_logged(1, NULL, NULL), 1);
}

/* More sessions than the cache holds, each used twice. */
static void sessions_make_room(void **state)
{
        static struct rig_lane l[200];
        struct rig_plain p = rig_person("A B");
        for (unsigned round = 1; round <= 2; round++)
                for (unsigned i = 0; i < 200; i++) {
                        if (round == 1) {
                                rig_lane_open(&l[i], 1 + i % 30, i % 64, 1);
                                l[i].nonce =
                                    i / 64; /* sessions in one slot: each has its own part of the window */
                        } else
                                l[i].nonce += 10;
                        assert_int_equal(rig_ask(&l[i], round, &p).verdict, LSP_CLEAR);
                }
}

int main(void)
{
        rig_start();
        const struct CMUnitTest tests[] = {
            ONE_CORE(unauthenticated_bytes_get_silence),
            ONE_CORE(replayed_datagram_gets_silence),
            ONE_CORE(retransmission_gets_the_same_bytes),
            ONE_CORE(query_id_used_for_another_probe),
            ONE_CORE(parts_in_any_order),
            ONE_CORE(parts_duplicated_missing_and_mixed),
            ONE_CORE(the_longest_query),
            ONE_CORE(a_wrong_clock_is_told_the_time),
            ONE_CORE(an_old_boot_is_told_the_new_one),
            ONE_CORE(a_revoked_lane_gets_silence),
            ONE_CORE(retired_cookie_keys_open_nothing),
            ONE_CORE(a_new_control_ends_no_session),
            ONE_CORE(a_key_past_its_time_is_not_kept),
            ONE_CORE(forgeries_do_not_keep_lanes_from_hearing),
            THREE_CORES(in_flight_retransmission_waits),
            ONE_CORE(sessions_make_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
