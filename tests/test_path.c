/* The whole query path in one process: sealed datagrams in, durable entries, sealed answers out. Both
 * balances are checked at the end of every test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dataplane/audit/leaf.h"
#include "dataplane/audit/wal_read.h"
#include "dataplane/audit_thread.h"
#include "tests/path_rig.h"

static const char *const people[] = {"ZEBEDIAH QUILLFEATHER", "MARGUERITE OKONKWO", "TAMSIN VELLACOTT"};
static const unsigned fingers[] = {11, 12, 13};
static char directory[64];
static struct lf_wal *wal;

static void open_log(void)
{
        snprintf(directory, sizeof directory, "/tmp/landfall-test-XXXXXX");
        assert_non_null(mkdtemp(directory));
        struct lf_wal_options o = {.directory = {directory}, .segment_size = 1 << 20, .segments = 2};
        memset(o.key, 3, sizeof o.key);
        assert_int_equal(lf_wal_open(&o, &wal, NULL), 0);
}

static int setup_split(unsigned split)
{
        open_log();
        rig_create(wal, split, 64);
        rig_gallery(1, people, 3, fingers, 3);
        return 0;
}

static int setup(void **state)
{
        return setup_split(0);
}

static int setup_three_cores(void **state)
{
        return setup_split(2);
}

/* The log must also hold what the counters say was answered. */
static int teardown(void **state)
{
        assert_true(rig_settle());
        assert_true(rig_balanced());
        rig_destroy();
        assert_int_equal(lf_wal_close(wal), 0);
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", directory);
        return system(command);
}

/* Entries of queries in the log so far, with this query id (UINT64_MAX: any); the last of them. */
static unsigned logged(uint64_t query_id, struct lf_entry *ret, struct lf_entry_opening *ret_opening)
{
        const char *const directories[LF_WAL_MIRRORS] = {directory};
        uint8_t key[LF_WAL_KEY_SIZE];
        memset(key, 3, sizeof key);
        struct lf_wal_reader *r;
        const struct lf_wal_record *record;
        unsigned n = 0;
        assert_int_equal(lf_wal_reader_open(directories, key, &r), 0);
        assert_int_equal(lf_wal_reader_seek(r, 0), 0);
        uint64_t durable = lf_audit_durable(rig.dp->audit);
        for (uint64_t i = 0; i < durable; i++) {
                assert_int_equal(lf_wal_reader_next(r, &record), 1);
                const struct lf_entry *e = &record->entry;
                if ((e->kind != LF_ENTRY_QUERY && e->kind != LF_ENTRY_DROPPED) ||
                    (query_id != UINT64_MAX && memcmp(e->query_id, &query_id, 8) != 0))
                        continue;
                n++;
                if (ret)
                        *ret = *e;
                if (ret_opening)
                        assert_int_equal(lf_wal_reader_opening(r, record, ret_opening), 0);
        }
        lf_wal_reader_close(r);
        return n;
}

/* Several milliseconds of turns: what is to be silent had its chance. */
static void stays_silent(unsigned out)
{
        for (unsigned i = 0; i < 200; i++)
                rig_turn();
        assert_int_equal(rig.out_n, out);
}

static void clear_and_candidate(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("ORSOLYA BLENKINSOP");
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CLEAR);
        assert_int_equal(a.candidates, 0);
        assert_int_equal(a.flags, 0);
        assert_int_equal(a.generation, 1);
        assert_int_equal(a.ruleset, rig.policy.ruleset);

        p = rig_person(people[1]);
        a = rig_ask(&l, 2, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_int_equal(a.candidates, 1);
        const struct lsp_candidate *c = &a.candidate[0];
        assert_memory_equal(c->reference, "p\1\0\0", 4);
        assert_int_equal(c->dataset, RIG_PERSONS);
        assert_int_equal(c->modalities, 1u << LF_MODALITY_PERSON);
        assert_true(c->decade <= -3);
        assert_true(c->reasons > 0);

        /* The receipt is the hash of the leaf in the log; commitments open; nothing of the person is in it.
         */
        struct lf_entry e;
        struct lf_entry_opening o;
        uint8_t hash[32];
        assert_int_equal(logged(2, &e, &o), 1);
        lf_entry_leaf_hash(&e, hash);
        assert_memory_equal(hash, a.leaf, 32);
        assert_int_equal(e.verdict, LSP_CANDIDATE);
        assert_int_equal(e.lane, 1);
        assert_int_equal(e.datasets, 1u << RIG_PERSONS);
        assert_int_equal(e.candidates, 1);
        lf_entry_commit(o.key, o.probe_hash, 32, hash);
        assert_memory_equal(hash, e.probe_commitment, 32);
        lf_entry_commit(o.key, o.reference, 16, hash);
        assert_memory_equal(hash, e.candidate_commitment, 32);
        assert_memory_equal(o.reference[0], c->reference, 16);
        for (unsigned i = 0; i < rig.out_n; i++)
                assert_int_equal(rig.out[i].size, LSP_ANSWER_DATAGRAM);
}

static void two_probes_two_datasets(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 2, 2, 1);
        uint8_t wire[4096];
        struct rig_plain p = rig_person(people[0]);
        struct finger_placement placement = finger_placement_any(5);
        size_t n = rig_finger(fingers[2], &placement, wire, sizeof wire);
        rig_put(&p, LSP_TLV_FINGERPRINT, wire, n);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_CANDIDATE);
        assert_int_equal(a.candidates, 2);
        assert_int_not_equal(a.candidate[0].dataset, a.candidate[1].dataset);
        assert_true(a.candidate[0].decade <= a.candidate[1].decade);
        for (unsigned i = 0; i < 2; i++)
                assert_memory_equal(a.candidate[i].reference,
                                    a.candidate[i].dataset == RIG_PERSONS ? "p\0" : "f\2", 2);
}

static void retry_names_the_defect(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = {0};
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        rig_put(&p, LSP_TLV_FINGERPRINT, "FMR\0 20\0abc", 11);
        rig_pad(&p);
        struct lsp_answer a = rig_ask(&l, 1, &p);
        assert_int_equal(a.verdict, LSP_RETRY);
        assert_int_equal(a.detail, LSP_DETAIL_PROBE);
        assert_int_equal(a.defect_tlv, LSP_TLV_FINGERPRINT);
        assert_int_not_equal(a.defect, LF_DEFECT_NONE);
        struct lf_entry e;
        assert_int_equal(logged(1, &e, NULL), 1);
        assert_int_equal(e.datasets, 0);
        assert_int_equal(lf_counters_sum(rig.counters, &rig.counters->core[0].scan_blocks[0]), 0);
}

static void refuse(struct rig_lane *l, uint64_t id, struct rig_plain *p, uint16_t detail)
{
        uint64_t blocks = lf_read(&rig.counters->core[0].scan_blocks[LF_MODALITY_PERSON]);
        rig_pad(p);
        struct lsp_answer a = rig_ask(l, id, p);
        assert_int_equal(a.verdict, LSP_REFUSED);
        assert_int_equal(a.detail, detail);
        assert_int_equal(lf_read(&rig.counters->core[0].scan_blocks[LF_MODALITY_PERSON]), blocks);
        struct lf_entry e;
        assert_int_equal(logged(id, &e, NULL), 1);
        assert_int_equal(e.detail, detail);
        assert_int_equal(e.datasets, 0);
}

static void nonsense_is_refused_and_logged(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = {0};
        refuse(&l, 1, &p, LSP_DETAIL_MALFORMED); /* neither agreement nor purpose */
        p = rig_person("A B");
        rig_put(&p, 21, "x", 1);
        refuse(&l, 2, &p, LSP_DETAIL_UNKNOWN_FIELD);
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_PURPOSE, "xx", 2);
        refuse(&l, 3, &p, LSP_DETAIL_MALFORMED); /* twice */
        p = rig_person("A B");
        memcpy(p.bytes + p.size, "\x05\0\x10\0", 4);
        p.size += 4;
        refuse(&l, 4, &p, LSP_DETAIL_MALFORMED); /* beyond the end */
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_SUBJECT, "\0\0", 2);
        refuse(&l, 5, &p, LSP_DETAIL_MALFORMED); /* too long */
        p = (struct rig_plain){0};
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        struct rig_plain with_iris = p;
        refuse(&l, 6, &p, LSP_DETAIL_NO_PROBE);
        rig_put(&with_iris, LSP_TLV_IRIS, "iris", 4);
        refuse(&l, 7, &with_iris, LSP_DETAIL_NO_GALLERY);
        p = rig_person("A B");
        p.bytes[4] = RIG_CLOSED;
        refuse(&l, 8, &p, LSP_DETAIL_PURPOSE);
        p = rig_person("A B");
        p.bytes[5] = 1; /* agreement 257 */
        refuse(&l, 9, &p, LSP_DETAIL_LANE_AGREEMENT);
        struct lsp_officer_token token = {.key_id = RIG_COOKIE_KEY};
        p = rig_person("A B");
        rig_put(&p, LSP_TLV_OFFICER, &token, sizeof token);
        refuse(&l, 10, &p, LSP_DETAIL_OFFICER_INVALID);
}

/* Gives bytes to the port and sees them dropped under this name, in silence. */
static void drops(const uint8_t *bytes, uint16_t size, enum lf_drop drop)
{
        uint64_t before = rig_dropped(drop);
        unsigned out = rig.out_n;
        rig_inject(bytes, size, 1);
        stays_silent(out);
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
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 1);
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
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 1);
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
        struct rig_plain p = rig_person(people[0]);
        struct lsp_answer first = rig_ask(&l, 1, &p), again = rig_ask(&l, 1, &p);
        assert_int_equal(first.verdict, LSP_CANDIDATE);
        assert_memory_equal(&first, &again, sizeof first);
        assert_memory_equal(rig.out[0].bytes, rig.out[1].bytes, LSP_ANSWER_DATAGRAM);
        assert_int_equal(logged(1, NULL, NULL), 1);
        assert_int_equal(lf_read(&rig.counters->core[0].resends), 1);
        /* After eight others it is a new query, and a second entry. */
        struct rig_plain other = rig_person("A B");
        for (uint64_t id = 2; id < 10; id++)
                assert_int_equal(rig_ask(&l, id, &other).verdict, LSP_CLEAR);
        again = rig_ask(&l, 1, &p);
        assert_int_equal(again.verdict, LSP_CANDIDATE);
        assert_memory_not_equal(first.leaf, again.leaf, 32);
        assert_int_equal(logged(1, NULL, NULL), 2);
}

static void query_id_used_for_another_probe(void **state)
{
        struct rig_lane l, other;
        rig_lane_open(&l, 1, 1, 1);
        rig_lane_open(&other, 2, 2, 1);
        struct rig_plain p = rig_person(people[0]), q = rig_person(people[1]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
        struct lsp_answer a = rig_ask(&l, 1, &q);
        assert_int_equal(a.verdict, LSP_REFUSED);
        assert_int_equal(a.detail, LSP_DETAIL_QUERY_ID_REUSED);
        assert_int_equal(logged(1, NULL, NULL), 2);
        /* Another session may use the same id. */
        assert_int_equal(rig_ask(&other, 1, &q).verdict, LSP_CANDIDATE);
}

/* A query of three parts. */
static struct rig_plain long_query(void)
{
        static const uint8_t zero[LSP_QUERY_MAX];
        struct rig_plain p = rig_person(people[2]);
        struct rig_plain q = {0};
        memcpy(q.bytes, p.bytes, p.size); /* it ends with padding: made longer */
        uint16_t pad = (uint16_t)(3 * LSP_PART_MAX - 100 - p.size);
        size_t at = 0;
        while (lf_get_le16(p.bytes + at) != LSP_TLV_PAD)
                at += 4u + lf_get_le16(p.bytes + at + 2);
        q.size = at;
        rig_put(&q, LSP_TLV_PAD, zero, pad);
        return q;
}

static void parts_in_any_order(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = long_query();
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
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 6);
}

static void parts_duplicated_missing_and_mixed(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = long_query(), shorter = p;
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
        stays_silent(0);
        assert_int_equal(rig_dropped(LF_DROP_assembly_limit), 2);
        /* Nothing waits for ever. */
        nanosleep(&(struct timespec){.tv_nsec = LSP_ASSEMBLY_MS * 1000000l + 20000000}, NULL);
        stays_silent(0);
        assert_int_equal(rig_dropped(LF_DROP_assembly_timeout), 2);
        assert_int_equal(rig.dp->io[0].free_n, 64);
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 0);
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
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 0);
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
        stays_silent(rig.out_n + 0 * rig_turn());
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
        assert_int_equal(logged(UINT64_MAX, NULL, NULL), 0);
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
        stays_silent(1);
        assert_int_equal(rig_dropped(LF_DROP_revoked), 1);
        memset(l.boot, 9, sizeof l.boot); /* nor a notice */
        rig_send(&l, 3, &p);
        stays_silent(1);
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
        struct lf_handover_cookie_keys keys = {.key = {{.id = 5, .until = UINT64_MAX}}};
        assert_int_equal(lf_dataplane_set_cookie_keys(rig.dp, &keys), 0);
        rig_turn();
        rig_send(&l, 2, &p);
        stays_silent(1);
        assert_int_equal(rig_dropped(LF_DROP_cookie_key), 1);
}

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
        assert_int_equal(logged(1, NULL, NULL), 1);
}

static void past_the_deadline_is_dropped_by_name(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person(people[0]);
        rig_put(&p, LSP_TLV_DEADLINE, &(uint16_t){2}, 2);
        rig_send(&l, 1, &p);
        rig_turn_of(1);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(rig_settle());
        assert_int_equal(rig.out_n, 0);
        assert_int_equal(rig_dropped(LF_DROP_deadline), 1);
        struct lf_entry e;
        assert_int_equal(logged(1, &e, NULL), 1);
        assert_int_equal(e.kind, LF_ENTRY_DROPPED);
        assert_int_equal(e.detail, LF_DROP_deadline);
        /* It was not answered, so the same query may come again. */
        p = rig_person(people[0]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
}

static void quotas(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 3, 3, 1);
        struct rig_plain p = rig_person(people[0]), none = rig_person("A B");
        rig.policy.lane[3].candidates_per_hour = 2;
        rig_policy();
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE);
        assert_int_equal(rig_ask(&l, 2, &none).verdict, LSP_CLEAR);
        assert_int_equal(rig_ask(&l, 3, &p).verdict, LSP_CANDIDATE);
        struct lsp_answer a = rig_ask(&l, 4, &p);
        assert_int_equal(a.detail, LSP_DETAIL_QUOTA);
        rig.policy.lane[3].candidates_per_hour = 0;
        rig.policy.lane[3].queries_per_second = 1;
        rig.policy.lane[3].query_burst = 3;
        rig_policy();
        unsigned refused = 0;
        for (unsigned i = 0; i < 20; i++)
                refused += rig_ask(&l, 10 + i, &none).detail == LSP_DETAIL_QUOTA;
        assert_true(refused > 0 && refused <= 17);
}

static void warrants_are_used_up(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        rig.policy.agreement[RIG_ACCORD].rule[LSP_PURPOSE_VISA].needs = LF_NEEDS_WARRANT;
        rig.policy.warrant[9] = (struct lf_policy_warrant){.reference = "a warrant",
                                                           .expiry = UINT64_MAX,
                                                           .lane = UINT32_MAX,
                                                           .uses = 2,
                                                           .agreements = 1u << RIG_ACCORD,
                                                           .purposes = 1u << LSP_PURPOSE_VISA};
        rig_policy();
        struct rig_plain p = rig_person("A B");
        assert_int_equal(rig_ask(&l, 1, &p).detail, LSP_DETAIL_WARRANT_NEEDED);
        rig_put(&p, LSP_TLV_WARRANT, "a warrant\0\0\0\0\0\0", 16);
        assert_int_equal(rig_ask(&l, 2, &p).verdict, LSP_CLEAR);
        rig.policy.warrant[3] = rig.policy.warrant[9]; /* at another place it is the same warrant */
        rig.policy.warrant[9].uses = 0;
        rig_policy();
        assert_int_equal(rig_ask(&l, 3, &p).verdict, LSP_CLEAR);
        assert_int_equal(rig_ask(&l, 4, &p).detail, LSP_DETAIL_WARRANT_INVALID);
}

static void flags_tell_the_state(void **state)
{
        struct rig_lane l;
        rig_lane_open(&l, 1, 1, 1);
        struct rig_plain p = rig_person("A B");
        rig.policy.dataset[RIG_PERSONS].fresh_s = 60;
        rig.policy.dataset[RIG_PERSONS].synced = 1000;
        rig_policy();
        assert_int_equal(rig_ask(&l, 1, &p).flags, LSP_FLAG_STALE);
        lf_set(&rig.counters->control_connected, 0);
        assert_int_equal(rig_ask(&l, 2, &p).flags, LSP_FLAG_STALE | LSP_FLAG_DEGRADED);
        assert_int_equal(lf_dataplane_publish(rig.dp, 7, NULL, NULL, 0), 0);
        struct lsp_answer a = rig_ask(&l, 3, &p);
        assert_int_equal(a.flags, LSP_FLAG_STALE | LSP_FLAG_DEGRADED | LSP_FLAG_PARTIAL);
        assert_int_equal(a.generation, 7);
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
        struct rig_plain p = rig_person(people[2]);
        uint64_t id = 1, retired, gone = 0;
        for (uint64_t generation = 2; generation < 12; generation++) {
                for (unsigned i = 0; i < 20; i++)
                        rig_send(&l, id++, &p);
                rig_turn_of(1); /* pinned, not scanned */
                rig_gallery(generation, people, 3, fingers, 3);
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
        assert_int_equal(logged(1, NULL, NULL), 1);
        rig_port_room = UINT32_MAX;
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CLEAR);
        assert_int_equal(logged(1, NULL, NULL), 1);
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
        const struct lf_query *q = rig.dp->io[0].free[rig.dp->io[0].free_n - 1];
        assert_null(find(rig.dp->arena.memory, rig.dp->arena.size, "WRAXTHORPE"));
        const uint8_t *prepared = q->probe[LF_MODALITY_PERSON].prepared;
        for (size_t i = 0; i < lf_engine_for(LF_MODALITY_PERSON)->probe_size; i++)
                assert_int_equal(prepared[i], 0);
        struct rig_plain parts = long_query();
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
        struct rig_plain p = rig_person(people[0]);
        assert_int_equal(rig_ask(&l, 1, &p).verdict, LSP_CANDIDATE); /* the session is known now */
        for (uint64_t id = 2; id < 50; id++)
                rig_send(&l, id, &p);
        unsigned before = allocations;
        assert_true(rig_wait(49));
        assert_true(before > 0);
        assert_int_equal(allocations, before);
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
        assert_int_equal(CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free), 1);
        rig_start();
#define ONE_CORE(test)    cmocka_unit_test_setup_teardown(test, setup, teardown)
#define THREE_CORES(test) cmocka_unit_test_setup_teardown(test, setup_three_cores, teardown)
        const struct CMUnitTest tests[] = {
            ONE_CORE(clear_and_candidate),
            ONE_CORE(two_probes_two_datasets),
            THREE_CORES(two_probes_two_datasets),
            ONE_CORE(retry_names_the_defect),
            ONE_CORE(nonsense_is_refused_and_logged),
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
            THREE_CORES(busy_when_contexts_run_out),
            THREE_CORES(in_flight_retransmission_waits),
            THREE_CORES(past_the_deadline_is_dropped_by_name),
            ONE_CORE(quotas),
            ONE_CORE(warrants_are_used_up),
            ONE_CORE(flags_tell_the_state),
            ONE_CORE(answers_leave_at_the_quantum),
            THREE_CORES(a_new_generation_loses_no_query),
            ONE_CORE(a_full_port_is_named),
            THREE_CORES(the_probe_is_wiped),
            ONE_CORE(openssl_allocates_nothing_on_the_path),
            ONE_CORE(sessions_make_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
