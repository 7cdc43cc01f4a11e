/* From the write-ahead log into tiles and vault, and the outsider's check of all of it; the same log also
 * satisfies Go's sumdb/note and sumdb/tlog. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "control/audit/audit_check.h"
#include "control/audit/audit_log.h"
#include "control/audit/vault.h"
#include "dataplane/audit/leaf.h"
#include "tools/audit.h"

static char dir[] = "/tmp/lf_audit_XXXXXX";
static char wal_dir[64], vault_dir[64], share_a[64], share_b[64];
static struct lf_wal_options wal_options;
static struct lf_audit_log_options log_options;

static struct lf_entry entry_of(uint64_t i)
{
        struct lf_entry e = {
            .magic = LF_ENTRY_MAGIC, .version = LF_ENTRY_VERSION, .kind = LF_ENTRY_QUERY, .verdict = 1};
        e.time = 1700000000000000000u + i;
        memcpy(e.query_id, &i, sizeof i);
        return e;
}

static struct lf_entry_opening opening_of(uint64_t i)
{
        struct lf_entry_opening o;
        memset(&o, (int)(i * 7 & 0xff), sizeof o);
        return o;
}

static void append(struct lf_wal *wal, uint64_t n)
{
        for (uint64_t i = 0; i < n;) {
                uint64_t index = lf_wal_entries(wal);
                struct lf_entry e = entry_of(index);
                struct lf_entry_opening o = opening_of(index);
                int rc = lf_wal_append(wal, &e, &o, &index);
                if (rc == 0)
                        i++;
                else
                        assert_int_equal(rc, -EAGAIN);
                if (i % 100 == 0)
                        lf_wal_submit(wal);
                assert_int_equal(lf_wal_reap(wal, rc ? 1000 : 0), 0);
        }
        assert_int_equal(lf_wal_submit(wal), 0);
        while (lf_wal_durable(wal) < lf_wal_entries(wal))
                assert_int_equal(lf_wal_reap(wal, 1000), 0);
}

/* Opens the log, takes everything in, publishes by closing, and tells the write-ahead log. */
static void take_in(struct lf_wal *wal)
{
        struct lf_audit_log *log;
        uint64_t consumed;
        bool more = true;
        assert_int_equal(lf_audit_log_open(&log_options, &log), 0);
        while (more)
                assert_int_equal(lf_audit_log_step(log, lf_wal_durable(wal), &consumed, &more), 0);
        assert_int_equal(lf_audit_log_close(log), 0);
        assert_int_equal(lf_audit_log_open(&log_options, &log), 0);
        assert_int_equal(lf_audit_log_published(log), lf_wal_durable(wal));
        assert_int_equal(lf_wal_consumed(wal, lf_audit_log_published(log)), 0);
        assert_int_equal(lf_audit_log_close(log), 0);
}

static int check(struct lf_audit_check *c)
{
        struct lf_audit_check_options o = {
            .directory = dir, .verifier = &log_options.signer.verifier, .wal_key = wal_options.key};
        return lf_audit_check(&o, c);
}

static int command(const char *verb, const char *a, const char *b)
{
        char *argv[] = {"audit", (char *)verb, dir, (char *)a, (char *)b, "--json", NULL};
        int argc = 6;
        if (!b)
                argv[--argc - 1] = "--json", argv[argc] = NULL;
        if (!a)
                argv[--argc - 1] = "--json", argv[argc] = NULL;
        return lf_cmd_audit(argc, argv);
}

static void entries_reach_the_tiles(void **state)
{
        struct lf_wal *wal;
        struct lf_audit_check c;
        struct lf_entry_opening openings[LF_VAULT_GROUP];
        unsigned n;
        uint8_t key[LF_VAULT_KEY];
        assert_int_equal(lf_wal_open(&wal_options, &wal, NULL), 0);
        for (int round = 0; round < 5; round++) { /* more than the segments hold at once */
                append(wal, 333);
                take_in(wal);
        }
        append(wal, 40); /* a tail that is not in tiles yet */
        assert_int_equal(check(&c), 0);
        assert_int_equal(c.checkpoint.size, 5 * 333);
        assert_int_equal(c.wal_entries, 5 * 333 + 40);
        assert_true(c.joined > 0);
        assert_int_equal(lf_vault_key_read(share_a, share_b, key), 0);
        for (uint64_t i = 0; i < c.checkpoint.size; i++) {
                if (i % LF_VAULT_GROUP == 0)
                        assert_int_equal(lf_vault_read(vault_dir, key, i / LF_VAULT_GROUP, openings, &n), 0);
                struct lf_entry_opening o = opening_of(i);
                assert_memory_equal(&openings[i % LF_VAULT_GROUP], &o, sizeof o);
        }
        assert_int_equal(n, (5 * 333) % LF_VAULT_GROUP);
        key[0] ^= 1;
        assert_int_equal(lf_vault_read(vault_dir, key, 0, openings, &n), -EBADMSG);
        key[0] ^= 1;
        assert_int_equal(lf_vault_erase(vault_dir, 0), 0);
        assert_int_equal(lf_vault_read(vault_dir, key, 0, openings, &n), -ENOENT);
        assert_int_equal(check(&c), 0); /* the log still verifies */
        assert_int_equal(lf_wal_close(wal), 0);
}

static void commands_find_entries(void **state)
{
        char leaf_text[65];
        uint8_t leaf[32];
        for (int i = 0; i < 2; i++) {
                struct lf_entry e = entry_of(i ? 1680 : 700); /* one in the tiles, one in the tail */
                lf_entry_leaf_hash(&e, leaf);
                for (int k = 0; k < 32; k++)
                        sprintf(leaf_text + 2 * k, "%02x", leaf[k]);
                assert_int_equal(command("receipt", leaf_text, NULL), 0);
        }
        leaf_text[0] = leaf_text[0] == 'a' ? 'b' : 'a';
        assert_int_equal(command("receipt", leaf_text, NULL), 1);
        assert_int_equal(command("show", "0", NULL), 0);
        assert_int_equal(command("show", "1704", NULL), 0);
        assert_int_equal(command("show", "1705", NULL), 1);
        assert_int_equal(command("show", "--query", "bc020000000000000000000000000000"), 0);
        assert_int_equal(command("show", "--query", "bc02"), 2);
        assert_int_equal(command("verify", NULL, NULL), 0);
        assert_int_equal(command("verify", "what", NULL), 2);
}

static void go_agrees(void **state)
{
        char run[512], key[LF_NOTE_KEY_TEXT_MAX];
        lf_note_verifier_format(&log_options.signer.verifier, key);
        const char *source = getenv("LANDFALL_SOURCE");
        assert_non_null(source);
        snprintf(
            run, sizeof run,
            "cd %s/tests/go/verify && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= GOCACHE=%s/gocache "
            "go run . %s/log '%s'",
            source, dir, dir, key);
        assert_int_equal(system(run), 0);
        key[strlen(key) - 3] ^= 1; /* and it does look at the key */
        snprintf(
            run, sizeof run,
            "cd %s/tests/go/verify && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= GOCACHE=%s/gocache "
            "go run . %s/log '%s' 2>/dev/null",
            source, dir, dir, key);
        assert_int_not_equal(system(run), 0);
}

static void flip(const char *file, off_t at)
{
        char path[160];
        uint8_t b;
        snprintf(path, sizeof path, "%s/%s", dir, file);
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &b, 1, at), 1);
        b ^= 1;
        assert_int_equal(pwrite(fd, &b, 1, at), 1);
        close(fd);
}

static void damage_is_named(void **state)
{
        struct lf_audit_check c;
        flip("log/tile/entries/003", 258 * 5 + 2 + 9);
        assert_int_equal(check(&c), -EBADMSG);
        assert_string_equal(c.part, "log");
        assert_string_equal(c.file, "log/tile/entries/003");
        assert_int_equal(c.index, 3 * 256 + 5);
        assert_int_equal(c.offset, 258 * 5);
        assert_int_equal(command("verify", NULL, NULL), 1);
        assert_int_equal(command("show", "773", NULL), 1);
        flip("log/tile/entries/003", 258 * 5 + 2 + 9);
        assert_int_equal(check(&c), 0);
        flip("log/checkpoint", 15);
        assert_int_equal(check(&c), -EBADMSG);
        assert_string_equal(c.file, "log/checkpoint");
        flip("log/checkpoint", 15);
        uint64_t first = c.wal_first;
        assert_int_equal(check(&c), 0);
        first = c.wal_first;
        for (unsigned segment = 0; segment < wal_options.segments; segment++) { /* a whole record in each */
                char file[32];
                snprintf(file, sizeof file, "wal/%04u.seg", segment);
                flip(file, 8 * 512 + 60);
                int rc = check(&c);
                if (rc == -EBADMSG) {
                        assert_string_equal(c.part, "wal");
                        assert_string_equal(c.file, file + 4);
                        assert_int_equal(c.offset, 8 * 512);
                        assert_true(c.index >= first);
                }
                flip(file, 8 * 512 + 60);
                assert_int_equal(check(&c), 0);
        }
}

/* Another log's entries under the same indices: each part is sound in itself, the join is not. */
static void another_history_is_seen(void **state)
{
        char other[80], save[80], run[256];
        struct lf_audit_check c;
        struct lf_wal *wal;
        snprintf(save, sizeof save, "%s.kept", wal_dir);
        assert_int_equal(rename(wal_dir, save), 0);
        assert_int_equal(mkdir(wal_dir, 0700), 0);
        assert_int_equal(lf_wal_open(&wal_options, &wal, NULL), 0);
        for (uint64_t i = 0; i < 1700; i++) {
                uint64_t index;
                struct lf_entry e = entry_of(i == 1500 ? 5 : i);
                struct lf_entry_opening opening = opening_of(i);
                while (lf_wal_append(wal, &e, &opening, &index) < 0) {
                        assert_int_equal(lf_wal_reap(wal, 1000), 0);
                        assert_int_equal(lf_wal_consumed(wal, lf_wal_durable(wal)), 0);
                }
                if (i % 100 == 0)
                        lf_wal_submit(wal);
        }
        assert_int_equal(lf_wal_close(wal), 0);
        assert_int_equal(check(&c), -EBADMSG);
        assert_string_equal(c.part, "join");
        assert_int_equal(c.index, 1500);
        snprintf(other, sizeof other, "%s.other", wal_dir);
        assert_int_equal(rename(wal_dir, other), 0);
        assert_int_equal(rename(save, wal_dir), 0);
        snprintf(run, sizeof run, "rm -rf %s", other);
        assert_int_equal(system(run), 0);
        assert_int_equal(check(&c), 0);
}

static int begin(void **state)
{
        uint8_t key[LF_VAULT_KEY];
        if (!mkdtemp(dir))
                return -1;
        snprintf(wal_dir, sizeof wal_dir, "%s/wal", dir);
        snprintf(vault_dir, sizeof vault_dir, "%s/vault", dir);
        snprintf(share_a, sizeof share_a, "%s/a", dir);
        snprintf(share_b, sizeof share_b, "%s/b", dir);
        if (mkdir(wal_dir, 0700) < 0 || lf_vault_key_create(share_a, share_b) < 0 ||
            lf_vault_key_read(share_a, share_b, key) < 0)
                return -1;
        wal_options = (struct lf_wal_options){
            .directory = {wal_dir}, .segments = 8, .segment_size = LF_WAL_COMMIT_SIZE};
        memset(wal_options.key, 9, sizeof wal_options.key);
        log_options.directory = dir;
        memcpy(log_options.wal_key, wal_options.key, sizeof log_options.wal_key);
        memcpy(log_options.vault_key, key, sizeof key);
        return lf_note_signer_generate("test.example/audit", &log_options.signer);
}

static int end(void **state)
{
        char run[64];
        snprintf(run, sizeof run, "rm -rf %s", dir);
        return system(run);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(entries_reach_the_tiles),
            cmocka_unit_test(commands_find_entries),
            cmocka_unit_test(go_agrees),
            cmocka_unit_test(damage_is_named),
            cmocka_unit_test(another_history_is_seen),
        };
        return cmocka_run_group_tests(tests, begin, end);
}
