/* The gateway's vault and sandbox: what is sealed can be read back until its window ends and never after, a
 * torn journal loses its end only, and the process reaches no file but its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW 1000
#define NOW    1700000000ull

static char dir[64];

static int setup(void **state)
{
        strcpy(dir, "/tmp/landfall-vault.XXXXXX");
        return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", dir);
        return system(command);
}

static struct lf_vault *open_vault(void)
{
        struct lf_vault *v;
        assert_int_equal(lf_vault_open(dir, WINDOW, &v), 0);
        return v;
}

static struct lf_vault_message seal(struct lf_vault *v, uint8_t first, const char *text)
{
        struct lf_vault_message m = {.id = {first}, .received = NOW, .journal = -1};
        assert_int_equal(lf_vault_seal(v, &m, text, strlen(text), false), 0);
        return m;
}

static void path_of(const struct lf_vault_message *m, const char *suffix, char path[160])
{
        char id[2 * LF_VAULT_ID + 1];
        lf_vault_hex(m->id, id);
        snprintf(path, 160, "%s/%s.%s", dir, id, suffix);
}

static size_t read_all(const char *path, uint8_t *bytes, size_t room)
{
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t n = fread(bytes, 1, room, f);
        fclose(f);
        return n;
}

static void write_all(const char *path, const uint8_t *bytes, size_t n)
{
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, n, f), n);
        fclose(f);
}

static void test_seal(void **state)
{
        struct lf_vault *v = open_vault();
        struct lf_vault_message m = seal(v, 1, "NAD+FL+++DOE:JANE'"), again;
        uint8_t *plain, bytes[4096];
        size_t size;
        char path[160];
        assert_int_equal(lf_vault_unseal(v, m.id, &again, &plain, &size), 0);
        assert_int_equal(size, 18);
        assert_memory_equal(plain, "NAD+FL+++DOE:JANE'", 18);
        assert_int_equal(again.received, NOW);
        free(plain);
        assert_int_equal(lf_vault_seal(v, &(struct lf_vault_message){.id = {1}}, "x", 1, false), -EEXIST);
        assert_int_equal(lf_vault_unseal(v, (uint8_t[16]){9}, &again, &plain, &size), -ENOENT);
        /* nothing of it stands in the file; a bit turned anywhere is noticed */
        path_of(&m, "msg", path);
        size = read_all(path, bytes, sizeof bytes);
        assert_null(memmem(bytes, size, "DOE", 3));
        for (size_t i = 0; i < size; i++) {
                bytes[i] ^= 4;
                write_all(path, bytes, size);
                int r = lf_vault_unseal(v, m.id, &again, &plain, &size);
                assert_true(r == -EBADMSG || r == -ENOKEY);
                bytes[i] ^= 4;
        }
        lf_vault_let_go(&m);
        lf_vault_close(v);
}

struct seen {
        unsigned n;
        char text[16][32];
};

static int each(void *arg, const uint8_t *record, size_t size)
{
        struct seen *s = arg;
        assert_true(size < 32 && s->n < 16);
        memcpy(s->text[s->n], record, size);
        s->text[s->n++][size] = 0;
        return 0;
}

static void test_journal(void **state)
{
        struct lf_vault *v = open_vault();
        struct lf_vault_message m = seal(v, 2, "message"), back;
        uint8_t *plain, bytes[4096];
        size_t size, whole;
        char path[160];
        assert_int_equal(lf_vault_append(v, &m, "one", 3, false), 0);
        assert_int_equal(lf_vault_append(v, &m, "two", 3, true), 0);
        path_of(&m, "log", path);
        size_t two = read_all(path, bytes, sizeof bytes);
        assert_int_equal(lf_vault_append(v, &m, "three", 5, false), 0);
        lf_vault_let_go(&m);
        whole = read_all(path, bytes, sizeof bytes);
        /* torn anywhere in the third, then gone on with */
        for (size_t cut = two; cut <= whole; cut++) {
                struct seen s = {0};
                write_all(path, bytes, cut);
                assert_int_equal(lf_vault_unseal(v, (uint8_t[16]){2}, &back, &plain, &size), 0);
                free(plain);
                assert_int_equal(lf_vault_replay(v, &back, each, &s), 0);
                assert_int_equal(s.n, cut == whole ? 3 : 2);
                assert_string_equal(s.text[1], "two");
                assert_int_equal(lf_vault_append(v, &back, "after", 5, false), 0);
                s.n = 0;
                assert_int_equal(lf_vault_replay(v, &back, each, &s), 0);
                assert_int_equal(s.n, cut == whole ? 4 : 3);
                assert_string_equal(s.text[s.n - 1], "after");
                lf_vault_let_go(&back);
        }
        /* a record moved to another place does not open */
        struct seen s = {0};
        size_t one = two / 2;
        memmove(bytes, bytes + one, whole - one);
        write_all(path, bytes, whole - one);
        assert_int_equal(lf_vault_unseal(v, (uint8_t[16]){2}, &back, &plain, &size), 0);
        free(plain);
        assert_int_equal(lf_vault_replay(v, &back, each, &s), 0);
        assert_int_equal(s.n, 0);
        lf_vault_let_go(&back);
        lf_vault_close(v);
}

static void count(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received)
{
        ++*(unsigned *)arg;
}

static void test_window(void **state)
{
        struct lf_vault *v = open_vault();
        struct lf_vault_message m = seal(v, 3, "who flew"), back;
        uint8_t *plain, bytes[4096];
        size_t size;
        char path[160];
        unsigned n = 0;
        path_of(&m, "msg", path);
        size_t kept = read_all(path, bytes, sizeof bytes);
        lf_vault_let_go(&m);
        assert_int_equal(lf_vault_expire(v, NOW + WINDOW - 1), 0);
        lf_vault_list(v, count, &n);
        assert_int_equal(n, 1);
        assert_int_equal(lf_vault_expire(v, NOW + WINDOW), 1);
        assert_int_equal(lf_vault_unseal(v, (uint8_t[16]){3}, &back, &plain, &size), -ENOENT);
        /* someone kept a copy: once the day's key is gone, it is worth nothing */
        assert_int_equal(lf_vault_expire(v, NOW + 2 * WINDOW), 1);
        write_all(path, bytes, kept);
        assert_int_equal(lf_vault_unseal(v, (uint8_t[16]){3}, &back, &plain, &size), -ENOKEY);
        lf_vault_close(v);
}

/* ---- the sandbox, each attempt in a process of its own ---- */

static int inside(int (*attempt)(void))
{
        char why[256];
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (geteuid() == 0)
                        chmod(dir, 0777);
                if (lf_become("nobody", why) < 0 || lf_confine(dir, dir, dir, why) < 0)
                        _exit(99);
                _exit(attempt());
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int try_own(void)
{
        char path[128];
        snprintf(path, sizeof path, "%s/file", dir);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        return fd < 0 ? errno : 0;
}

static int try_passwd(void)
{
        return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int try_unix(void)
{
        return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int try_exec(void)
{
        execl("/bin/true", "true", NULL);
        return 1;
}

#if !defined(__SANITIZE_ADDRESS__) /* whose leak check forks */
static int try_fork(void)
{
        return fork() < 0 ? errno : 0;
}
#endif

static int try_root(void)
{
        return setuid(0) < 0 ? errno : 0;
}

static void test_sandbox(void **state)
{
        assert_int_equal(inside(try_own), 0);
        assert_int_equal(inside(try_passwd), EACCES);
        assert_int_equal(inside(try_unix), EACCES);
        assert_int_equal(inside(try_exec), -SIGSYS);
#if !defined(__SANITIZE_ADDRESS__)
        assert_int_equal(inside(try_fork), -SIGSYS);
#endif
        assert_int_equal(inside(try_root), -SIGSYS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_seal, setup, teardown),
            cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
            cmocka_unit_test_setup_teardown(test_window, setup, teardown),
            cmocka_unit_test_setup_teardown(test_sandbox, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
