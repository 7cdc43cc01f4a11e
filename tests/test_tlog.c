/* Transparency logs: notes and keys in Go's format, tiles, proofs against a plain recomputation, resuming,
 * damage. */
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
#include <time.h>
#include <unistd.h>

#include "control/tlog/tile.h"
#include "control/tlog/tlog.h"

static char dir[] = "/tmp/lf_tlog_XXXXXX";
static struct lf_note_signer signer;

static void path_in(char *path, size_t n, const char *log, const char *file)
{
        snprintf(path, n, "%s/%s/%s", dir, log, file);
}

static size_t entry_of(uint64_t i, uint8_t *e)
{
        size_t n = i % 97;
        for (size_t k = 0; k < n; k++)
                e[k] = (uint8_t)(i * 31 + k * 7);
        return n;
}

/* MTH of RFC 6962, from the entries. */
static void plain_root(uint64_t start, uint64_t end, uint8_t ret[32])
{
        uint8_t e[128], l[32], r[32];
        if (end - start == 1) {
                lf_tlog_leaf_hash(e, entry_of(start, e), ret);
                return;
        }
        uint64_t left = 1;
        while (left * 2 < end - start)
                left *= 2;
        plain_root(start, start + left, l);
        plain_root(start + left, end, r);
        lf_tlog_node_hash(l, r, ret);
}

static void make_log(const char *name, const uint64_t *sizes, unsigned n)
{
        char path[128];
        struct lf_tlog_writer *w;
        struct lf_tlog_checkpoint c;
        uint8_t e[128], root[32];
        snprintf(path, sizeof path, "%s/%s", dir, name);
        for (unsigned i = 0; i < n; i++) { /* a writer for each stretch: it must resume */
                assert_int_equal(lf_tlog_writer_open(path, &signer, &w), 0);
                assert_int_equal(lf_tlog_writer_size(w), i ? sizes[i - 1] : 0);
                for (uint64_t k = lf_tlog_writer_size(w); k < sizes[i]; k++)
                        assert_int_equal(lf_tlog_writer_append(w, e, entry_of(k, e)), 0);
                assert_int_equal(lf_tlog_writer_publish(w), 0);
                lf_tlog_writer_checkpoint(w, &c);
                assert_int_equal(c.size, sizes[i]);
                plain_root(0, sizes[i], root);
                assert_memory_equal(c.root, root, 32);
                /* what is appended and not published is lost with its writer */
                for (uint64_t k = 0; k < 300; k++)
                        assert_int_equal(lf_tlog_writer_append(w, "lost", 4), 0);
                lf_tlog_writer_close(w);
        }
}

static void keys_and_notes(void **state)
{
        /* the key and note of the documentation of golang.org/x/mod/sumdb/note */
        static const char key[] =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        static const char verifier[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        static const char text[] = "If you think cryptography is the answer to your problem,\n"
                                   "then you don't know what your problem is.\n";
        static const char note[] =
            "If you think cryptography is the answer to your problem,\n"
            "then you don't know what your problem is.\n\n"
            "\xe2\x80\x94 PeterNeumann "
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        struct lf_note_signer s;
        struct lf_note_verifier v[2];
        char out[LF_NOTE_KEY_TEXT_MAX], *made;
        size_t n;
        uint64_t verified;
        assert_int_equal(lf_note_signer_parse(key, &s), 0);
        assert_int_equal(lf_note_verifier_parse(verifier, &v[1]), 0);
        lf_note_signer_format(&s, out);
        assert_string_equal(out, key);
        lf_note_verifier_format(&s.verifier, out);
        assert_string_equal(out, verifier);
        assert_int_equal(
            lf_note_sign(text, strlen(text), (const struct lf_note_signer *[]){&s}, 1, &made, &n), 0);
        assert_int_equal(n, strlen(note));
        assert_memory_equal(made, note, n);
        v[0] = signer.verifier;
        assert_int_equal(lf_note_open(made, n, v, 1, &verified, &n), -ENOKEY);
        assert_int_equal(lf_note_open(note, strlen(note), v, 2, &verified, &n), 0);
        assert_int_equal(verified, 2);
        assert_int_equal(n, strlen(text));
        made[3] ^= 1;
        assert_int_equal(lf_note_open(made, strlen(note), v, 2, &verified, &n), -EKEYREJECTED);
        made[3] ^= 1;
        char *two;
        assert_int_equal(lf_note_cosign(made, strlen(note), &signer, &two, &n), 0);
        assert_int_equal(lf_note_open(two, n, v, 2, &verified, &n), 0);
        assert_int_equal(verified, 3);
        free(two);
        free(made);
        out[3] ^= 1; /* another name has another id */
        assert_int_equal(lf_note_verifier_parse(out, &v[0]), -EBADMSG);
        assert_int_equal(lf_note_signer_generate("a b", &s), -EINVAL);
        assert_int_equal(lf_note_signer_generate("a+b", &s), -EINVAL);

        char path[128];
        snprintf(path, sizeof path, "%s/key", dir);
        assert_int_equal(lf_note_signer_write(&signer, path), 0);
        assert_int_equal(lf_note_signer_write(&signer, path), -EEXIST);
        assert_int_equal(lf_note_signer_read(path, &s), 0);
        assert_memory_equal(&s, &signer, sizeof s);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        unlink(path);
}

static void tile_paths(void **state)
{
        char p[LF_TILE_PATH];
        lf_tile_path(0, 1234067, 256, p);
        assert_string_equal(p, "tile/0/x001/x234/067");
        lf_tile_path(LF_TILE_ENTRIES, 0, 7, p);
        assert_string_equal(p, "tile/entries/000.p/7");
        lf_tile_path(2, UINT64_MAX, 255, p);
        assert_string_equal(p, "tile/2/x018/x446/x744/x073/x709/x551/615.p/255");
}

static void proofs_hold(void **state)
{
        const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 700, 70000};
        uint8_t e[128], old_root[32], root[32];
        const uint8_t *entry;
        size_t n;
        struct lf_tlog_proof p;
        char path[128];
        unsigned seed = (unsigned)time(NULL);
        print_message("seed %u\n", seed);
        srand(seed);
        make_log("proofs", sizes, 8);
        snprintf(path, sizeof path, "%s/proofs", dir);
        struct lf_tlog_reader *r;
        assert_int_equal(lf_tlog_reader_open(path, &signer.verifier, 1, &r, NULL), 0);
        const struct lf_tlog_checkpoint *c = lf_tlog_reader_checkpoint(r);
        assert_int_equal(c->size, 70000);
        for (int i = 0; i < 300; i++) {
                uint64_t index = i < 3 ? (uint64_t[]){0, 65536, 69999}[i] : (uint64_t)rand() % 70000;
                uint8_t leaf[32];
                assert_int_equal(lf_tlog_reader_entry(r, index, &entry, &n), 0);
                assert_int_equal(n, entry_of(index, e));
                assert_memory_equal(entry, e, n);
                lf_tlog_leaf_hash(e, n, leaf);
                assert_int_equal(lf_tlog_reader_inclusion(r, index, &p), 0);
                assert_int_equal(lf_tlog_check_inclusion(&p, index, leaf, c->size, c->root), 0);
                assert_int_equal(lf_tlog_check_inclusion(&p, index ^ 1, leaf, c->size, c->root), -EBADMSG);
                p.hash[rand() % p.n][rand() % 32] ^= (uint8_t)(1 << rand() % 8);
                assert_int_equal(lf_tlog_check_inclusion(&p, index, leaf, c->size, c->root), -EBADMSG);
        }
        for (int i = 0; i < 60; i++) {
                uint64_t old = i < 5 ? (uint64_t[]){1, 2, 256, 65536, 70000}[i] : 1 + (uint64_t)rand() % 3000;
                assert_int_equal(lf_tlog_reader_consistency(r, old, &p, old_root), 0);
                plain_root(0, old, root);
                assert_memory_equal(old_root, root, 32);
                assert_int_equal(lf_tlog_check_consistency(&p, old, root, c->size, c->root), 0);
                root[0] ^= 1;
                assert_int_equal(lf_tlog_check_consistency(&p, old, root, c->size, c->root), -EBADMSG);
        }
        assert_int_equal(lf_tlog_reader_entry(r, 70000, &entry, &n), -ERANGE);
        assert_int_equal(lf_tlog_reader_consistency(r, 0, &p, root), -ERANGE);
        assert_int_equal(lf_tlog_reader_check(r), 0);
        lf_tlog_reader_close(r);
}

static void flip(const char *path, off_t at)
{
        uint8_t b;
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &b, 1, at), 1);
        b ^= 4;
        assert_int_equal(pwrite(fd, &b, 1, at), 1);
        close(fd);
}

static int check(const char *log, struct lf_tlog_fault *ret)
{
        char path[128];
        struct lf_tlog_reader *r;
        snprintf(path, sizeof path, "%s/%s", dir, log);
        int rc = lf_tlog_reader_open(path, &signer.verifier, 1, &r, NULL);
        if (rc < 0)
                return rc;
        rc = lf_tlog_reader_check(r);
        *ret = *lf_tlog_reader_fault(r);
        lf_tlog_reader_close(r);
        return rc;
}

/* Every damaged file is named, with the first entry that is touched. */
static void damage_is_named(void **state)
{
        static const struct {
                const char *file;
                off_t at;
                uint64_t index;
                uint64_t offset;
        } cases[] = {
            {"tile/entries/000", 7, 2, 5}, /* entry 0 is empty, entry 1 one byte: entry 2's length is at 5 */
            {"tile/0/001", 32 * 3 + 1, 259, 96},
            {"tile/0/002.p/188", 5, 512, 0},
            {"tile/1/000.p/2", 33, 256, 32},
        };
        make_log("damage", (const uint64_t[]){700}, 1);
        struct lf_tlog_fault f;
        char path[160];
        assert_int_equal(check("damage", &f), 0);
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                path_in(path, sizeof path, "damage", cases[i].file);
                flip(path, cases[i].at);
                assert_int_equal(check("damage", &f), -EBADMSG);
                assert_string_equal(f.file, cases[i].file);
                assert_int_equal(f.index, cases[i].index);
                assert_int_equal(f.offset, cases[i].offset);
                flip(path, cases[i].at);
        }
        path_in(path, sizeof path, "damage", "checkpoint");
        flip(path, 12);
        assert_int_not_equal(check("damage", &f), 0);
        flip(path, 12);
        path_in(path, sizeof path, "damage", "tile/0/000");
        assert_int_equal(truncate(path, 8191), 0);
        assert_int_equal(check("damage", &f), -EBADMSG);
        assert_string_equal(f.file, "tile/0/000");
        unlink(path);
        assert_int_equal(check("damage", &f), -EBADMSG);
        assert_string_equal(f.file, "tile/0/000");

        struct lf_tlog_writer *w;
        path_in(path, sizeof path, "damage", "tile/0/002.p/188");
        flip(path, 0);
        snprintf(path, sizeof path, "%s/damage", dir);
        assert_int_equal(lf_tlog_writer_open(path, &signer, &w), -EBADMSG);
}

static void one_writer(void **state)
{
        struct lf_tlog_writer *a, *b;
        char path[128];
        snprintf(path, sizeof path, "%s/one", dir);
        assert_int_equal(lf_tlog_writer_open(path, &signer, &a), 0);
        assert_int_equal(lf_tlog_writer_open(path, &signer, &b), -EBUSY);
        assert_int_equal(lf_tlog_writer_publish(a), 0); /* an empty log has a checkpoint too */
        lf_tlog_writer_close(a);
        struct lf_tlog_fault f;
        assert_int_equal(check("one", &f), 0);
        struct lf_note_signer other;
        assert_int_equal(lf_note_signer_generate("other", &other), 0);
        assert_int_equal(lf_tlog_writer_open(path, &other, &b), -EBADMSG);
}

static int begin(void **state)
{
        return mkdtemp(dir) && lf_note_signer_generate("test.example/log", &signer) == 0 ? 0 : -1;
}

static int end(void **state)
{
        char command[64];
        snprintf(command, sizeof command, "rm -rf %s", dir);
        return system(command);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_and_notes),  cmocka_unit_test(tile_paths), cmocka_unit_test(proofs_hold),
            cmocka_unit_test(damage_is_named), cmocka_unit_test(one_writer),
        };
        return cmocka_run_group_tests(tests, begin, end);
}
