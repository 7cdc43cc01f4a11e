/* Cookie keys, officer tokens and replay slots: what opens, what does not, and what never comes twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/ke/cookie.h"
#include "control/ke/slots.h"
#include "dataplane/lsp_seal.h"

#define NOW 1800000000ull

static struct lsp_cookie_plain example(void)
{
        struct lsp_cookie_plain p = {
            .session = 0x1122334455667788, .lane = 17, .slot = 5, .slot_turn = 9, .expiry = NOW + 100};
        for (unsigned i = 0; i < sizeof p.key; i++)
                p.key[i] = (uint8_t)i;
        return p;
}

static void a_cookie_opens_and_a_changed_one_does_not(void **state)
{
        struct lf_cookie_keys *k = NULL;
        struct lsp_cookie_plain p = example(), q;
        struct lsp_cookie a, b;
        assert_int_equal(lf_cookie_keys_create(NOW, &k), 0);
        assert_int_equal(lf_cookie_seal(k, &p, &a), 0);
        assert_int_equal(lf_cookie_seal(k, &p, &b), 0);
        assert_memory_not_equal(&a, &b, sizeof a);
        assert_int_equal(lf_cookie_open(k, &a, &q), 0);
        assert_memory_equal(&p, &q, sizeof p);
        for (unsigned i = 0; i < sizeof a * 8; i++) {
                struct lsp_cookie c = a;
                ((uint8_t *)&c)[i / 8] ^= (uint8_t)(1 << i % 8);
                assert_int_equal(lf_cookie_open(k, &c, &q), i < 32 ? -ENOKEY : -EBADMSG);
        }
        lf_cookie_keys_destroy(k);
}

/* What the dataplane does with the keys that it is handed. */
static int open_with(const struct lf_handover_cookie_keys *keys, const struct lsp_cookie *c,
                     struct lsp_cookie_plain *ret)
{
        struct lsp_aead *a = NULL;
        int r = -ENOKEY;
        assert_int_equal(lsp_aead_create(&a), 0);
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++) {
                if (keys->key[i].id == 0 || keys->key[i].id != c->key_id)
                        continue;
                struct lsp_ad ad = {&c->key_id, 4};
                assert_int_equal(lsp_aead_set_key(a, keys->key[i].key), 0);
                r = lsp_open(a, c->nonce, &ad, 1, c->box, sizeof *ret, ret);
        }
        lsp_aead_destroy(a);
        return r;
}

static void three_generations_are_handed_over(void **state)
{
        struct lf_cookie_keys *k = NULL;
        struct lsp_cookie_plain p = example(), q;
        struct lsp_cookie c[4];
        struct lf_handover_cookie_keys keys;
        bool rotated = true;
        assert_int_equal(lf_cookie_keys_create(NOW, &k), 0);
        assert_int_equal(lf_cookie_keys_rotate(k, NOW + LF_COOKIE_ROTATE_S - 1, &rotated), 0);
        assert_false(rotated);
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(lf_cookie_keys_rotate(k, NOW + i * LF_COOKIE_ROTATE_S, &rotated), 0);
                assert_int_equal(rotated, i > 0);
                assert_int_equal(lf_cookie_seal(k, &p, &c[i]), 0);
        }
        lf_cookie_keys_export(k, &keys);
        assert_int_equal(open_with(&keys, &c[0], &q), -ENOKEY);
        assert_int_equal(lf_cookie_open(k, &c[0], &q), -ENOKEY);
        for (unsigned i = 1; i < 4; i++) {
                assert_int_equal(open_with(&keys, &c[i], &q), 0);
                assert_memory_equal(&p, &q, sizeof p);
                /* Accepted for as long as the last cookie under it lives. */
                assert_int_equal(keys.key[3 - i].until,
                                 NOW + i * LF_COOKIE_ROTATE_S + LF_COOKIE_ROTATE_S + LF_COOKIE_LIFE_S);
        }
        /* A clock set back does not hold rotation up. */
        assert_int_equal(lf_cookie_keys_rotate(k, NOW - 86400, &rotated), 0);
        assert_true(rotated);
        lf_cookie_keys_destroy(k);
}

static void a_token_is_no_cookie(void **state)
{
        struct lf_cookie_keys *k = NULL, *other = NULL;
        struct lsp_officer_plain p = {.officer = 3, .lane = 17, .expiry = NOW + 60}, q;
        struct lsp_officer_token t;
        assert_int_equal(lf_cookie_keys_create(NOW, &k), 0);
        assert_int_equal(lf_cookie_keys_create(NOW, &other), 0);
        assert_int_equal(lf_officer_token_seal(k, &p, &t), 0);
        assert_int_equal(lf_officer_token_open(k, &t, &q), 0);
        assert_memory_equal(&p, &q, sizeof p);
        assert_int_equal(lf_officer_token_open(other, &t, &q), -ENOKEY);
        for (unsigned i = 32; i < sizeof t * 8; i++) {
                struct lsp_officer_token c = t;
                ((uint8_t *)&c)[i / 8] ^= (uint8_t)(1 << i % 8);
                assert_int_equal(lf_officer_token_open(k, &c, &q), -EBADMSG);
        }
        /* The same box under a cookie's additional data does not open. */
        struct lf_handover_cookie_keys keys;
        struct lsp_aead *a = NULL;
        lf_cookie_keys_export(k, &keys);
        assert_int_equal(lsp_aead_create(&a), 0);
        assert_int_equal(lsp_aead_set_key(a, keys.key[0].key), 0);
        struct lsp_ad ad = {&t.key_id, 4};
        assert_int_equal(lsp_open(a, t.nonce, &ad, 1, t.box, sizeof q, &q), -EBADMSG);
        lsp_aead_destroy(a);
        lf_cookie_keys_destroy(k);
        lf_cookie_keys_destroy(other);
}

static char directory[] = "/tmp/landfall-slots-XXXXXX";
static char file[64];

static int make_directory(void **state)
{
        snprintf(file, sizeof file, "%s/slots", mkdtemp(directory));
        return 0;
}

static int remove_directory(void **state)
{
        unlink(file);
        return rmdir(directory);
}

static void slots_are_held_and_taken_over_by_their_lane(void **state)
{
        struct lf_slots *s = NULL;
        struct lf_slot_grant g[8], h;
        assert_int_equal(lf_slots_create(file, 6, NOW * 1000000, &s), 0);
        for (unsigned i = 0; i < LF_SLOTS_PER_LANE; i++)
                assert_int_equal(lf_slots_take(s, 1, NOW, NOW + 100, &g[i]), 0);
        for (unsigned i = 1; i < LF_SLOTS_PER_LANE; i++)
                for (unsigned j = 0; j < i; j++)
                        assert_true(g[i].slot != g[j].slot && g[i].session > g[j].session);
        /* The fifth session of a lane takes over its oldest slot, with a later turn. */
        assert_int_equal(lf_slots_take(s, 1, NOW, NOW + 100, &h), 0);
        assert_int_equal(h.slot, g[0].slot);
        assert_int_equal(h.slot_turn, g[0].slot_turn + 1);
        /* The last two slots go to others; then there is none for a third, but one for those who renew. */
        assert_int_equal(lf_slots_take(s, 2, NOW, NOW + 50, &g[4]), 0);
        assert_int_equal(lf_slots_take(s, 3, NOW, NOW + 100, &g[5]), 0);
        assert_int_equal(lf_slots_take(s, 4, NOW, NOW + 100, &h), -ENOSPC);
        assert_int_equal(lf_slots_take(s, 3, NOW, NOW + 100, &h), 0);
        assert_int_equal(h.slot, g[5].slot);
        /* Lane 2's cookie ends: its slot is free. */
        assert_int_equal(lf_slots_take(s, 4, NOW + 49, NOW + 100, &h), -ENOSPC);
        assert_int_equal(lf_slots_take(s, 4, NOW + 50, NOW + 100, &h), 0);
        assert_int_equal(h.slot, g[4].slot);
        assert_true(h.slot_turn > g[4].slot_turn);
        lf_slots_destroy(s);
}

/* Restarts with clocks that stand still, run back, or find the file gone: neither sessions nor turns return.
 */
static void nothing_is_given_out_twice_across_restarts(void **state)
{
        uint64_t session = 0;
        uint32_t turn[4] = {0};
        for (unsigned run = 0; run < 12; run++) {
                struct lf_slots *s = NULL;
                uint64_t now = NOW + (run % 3 == 1 ? 0 : run * 60);
                assert_int_equal(lf_slots_create(file, 4, now * 1000000, &s), 0);
                for (unsigned i = 0; i < 700; i++) {
                        struct lf_slot_grant g;
                        assert_int_equal(lf_slots_take(s, i % 2, now, now + 3600, &g), 0);
                        assert_true(g.session > session);
                        assert_true(g.slot_turn > turn[g.slot]);
                        assert_true(g.slot_turn <= LF_SLOT_TURN_MAX);
                        session = g.session;
                        turn[g.slot] = g.slot_turn;
                }
                lf_slots_destroy(s);
        }
        unlink(file);
        struct lf_slots *s = NULL;
        struct lf_slot_grant g;
        uint64_t later = NOW + 86400 * 30;
        assert_int_equal(lf_slots_create(file, 4, later * 1000000, &s), 0);
        assert_int_equal(lf_slots_take(s, 1, later, later + 3600, &g), 0);
        assert_true(g.session > session && g.slot_turn > turn[g.slot]);
        lf_slots_destroy(s);
}

static void a_damaged_file_is_refused(void **state)
{
        struct lf_slots *s = NULL;
        FILE *f = fopen(file, "r+");
        assert_non_null(f);
        fseek(f, 9, SEEK_SET);
        int c = fgetc(f);
        fseek(f, 9, SEEK_SET);
        fputc(c ^ 1, f);
        fclose(f);
        assert_int_equal(lf_slots_create(file, 4, NOW * 1000000, &s), -EBADMSG);
        assert_int_equal(truncate(file, 5), 0);
        assert_int_equal(lf_slots_create(file, 4, NOW * 1000000, &s), -EBADMSG);
        assert_int_equal(lf_slots_create(file, 0, NOW * 1000000, &s), -EINVAL);
        assert_null(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_cookie_opens_and_a_changed_one_does_not),
            cmocka_unit_test(three_generations_are_handed_over),
            cmocka_unit_test(a_token_is_no_cookie),
            cmocka_unit_test(slots_are_held_and_taken_over_by_their_lane),
            cmocka_unit_test(nothing_is_given_out_twice_across_restarts),
            cmocka_unit_test(a_damaged_file_is_refused),
        };
        return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
