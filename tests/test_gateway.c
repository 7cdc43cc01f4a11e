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
#include <time.h>
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

/* A file's size is its writer's to say: only what it holds is overwritten, and never what another name keeps.
 */
static void test_wipe(void **state)
{
        char sparse[96], kept[96], other[96];
        uint8_t bytes[16];
        snprintf(sparse, sizeof sparse, "%s/sparse", dir);
        snprintf(kept, sizeof kept, "%s/kept", dir);
        snprintf(other, sizeof other, "%s/other", dir);
        write_all(sparse, (const uint8_t *)"SECRET", 6);
        int fd = open(sparse, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 1ll << 40), 0);
        assert_int_equal(lf_wipe_file(AT_FDCWD, sparse), 0);
        assert_int_equal(access(sparse, F_OK), -1);
        assert_int_equal(pread(fd, bytes, 6, 0), 6);
        assert_memory_equal(bytes, "\0\0\0\0\0\0", 6);
        close(fd);
        write_all(kept, (const uint8_t *)"SECRET", 6);
        assert_int_equal(link(kept, other), 0);
        assert_int_equal(lf_wipe_file(AT_FDCWD, other), 0);
        assert_int_equal(read_all(kept, bytes, sizeof bytes), 6);
        assert_memory_equal(bytes, "SECRET", 6);
        assert_int_equal(lf_wipe_file(AT_FDCWD, kept), 0);
}

/* What nobody said is closed. */
static void test_ends_whole(void **state)
{
        static const struct {
                const char *tail;
                bool whole;
        } row[] = {
            {"UNT+2+1'UNZ+1+1'", true},
            {"UNT+2+1'\r\nUNZ+1+1'\r\n \n", true},
            {"SE*2*1~IEA*1*000000001~", true},
            {"SE*2*1\nIEA*1*000000001\n", true},
            {"SE*2*1\r\nIEA*1*000000001\r\n", true},
            {"UNZ+1+1'", true},
            {"UNZ+1+1'UNB+UNOA:4+A+B+261122:0600+2'", false}, /* the next one began */
            {"UNZ+1+1'UNB+UNOA:4+A+", false},
            {"UNT+2+1'UNZ+1+", false},
            {"UNT+2+1'UNZ+1+1", false},
            {"UNT+2+1'UNZ+1+1?'", false},
            {"FTX+AAI+++A?'UNZ+1'", false},
            {"UNT+2+1'UNZX+1+1'", false},
            {"UNT+2+1'", false},
            {"UNZ'", false},
            {"'", false},
            {" \n", false},
            {"", false},
        };
        for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
                bool whole = lf_drop_ends_whole(row[i].tail, strlen(row[i].tail));
                if (whole != row[i].whole)
                        print_error("row %u: %s\n", i, row[i].tail);
                assert_int_equal(whole, row[i].whole);
        }
}

/* What changed in the future is as old as that is known. */
static void test_age(void **state)
{
        struct lf_drop_ahead ahead = {0};
        assert_int_equal(lf_drop_age(0, 1000000, &ahead), LF_DROP_WRITTEN);
        assert_int_equal(lf_drop_age(-1, 1000000, &ahead), LF_DROP_WRITTEN);
        assert_int_equal(lf_drop_age(2, 1000000, &ahead), LF_DROP_STILL);
        assert_int_equal(lf_drop_age(29, 1000000, &ahead), LF_DROP_STILL);
        assert_int_equal(lf_drop_age(30, 1000000, &ahead), LF_DROP_LATE);
        assert_false(ahead.seen);
        assert_int_equal(lf_drop_age(-3600, 1000000, &ahead), LF_DROP_STILL);
        assert_true(ahead.seen);
        assert_int_equal(lf_drop_age(-3571, 30000000, &ahead), LF_DROP_STILL);
        assert_int_equal(lf_drop_age(-3570, 31000000, &ahead), LF_DROP_LATE);
}

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

/* ---- screening again ---- */

#define MESSAGE                                                                                              \
        "UNB+UNOA:4+SENDER+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X1'NAD+FL+++SMITH:JOHN'"     \
        "UNT+5+1'UNZ+1+C'"

/* What control says is in the galleries: both datasets have grown. */
static void write_status(void)
{
        char path[128];
        snprintf(path, sizeof path, "%s/control.json", dir);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs("{\"generation\":{\"number\":2,\"newest\":2,\"building\":false},\"feeds\":["
              "{\"number\":1,\"built\":2,\"records\":2},{\"number\":2,\"built\":2,\"records\":2}]}",
              f);
        fclose(f);
}

static struct lf_config *config_of_two(void)
{
        struct lf_config *c = calloc(1, sizeof *c);
        assert_non_null(c);
        snprintf(c->run, sizeof c->run, "%s", dir);
        c->agreements = c->datasets = 2;
        c->agreement[0] =
            (struct lf_config_agreement){.number = 1, .rules = 1, .rescreening = LF_RESCREEN_SAME};
        c->agreement[1] =
            (struct lf_config_agreement){.number = 2, .rules = 1, .rescreening = LSP_PURPOSE_VISA};
        for (unsigned i = 0; i < 2; i++) {
                c->agreement[i].rule[0] =
                    (struct lf_config_rule){.purpose = i ? LSP_PURPOSE_VISA : LSP_PURPOSE_SANCTIONS,
                                            .encounters = 1u << LSP_ENCOUNTER_ADVANCE};
                c->dataset[i] = (struct lf_config_dataset){.number = i + 1, .agreement = i + 1};
        }
        c->gateway =
            (struct lf_config_gateway){.agreements = 6, .window_us = 3600000000ull, .rescreen = true};
        c->gateway.recipients = 1;
        c->gateway.recipient[0] = (struct lf_config_recipient){
            .name = "SENDER", .purposes = 1u << LSP_PURPOSE_SANCTIONS, .purpose = LSP_PURPOSE_SANCTIONS};
        return c;
}

/* The only job under way. */
static void check_job(const struct lf_gateway *g, uint32_t purpose, uint16_t agreement)
{
        assert_non_null(g->jobs);
        assert_null(g->jobs->next);
        assert_int_equal(g->jobs->kind, LF_JOB_RESCREEN);
        assert_int_equal(g->jobs->purpose, purpose);
        assert_int_equal(g->jobs->agreements, 1);
        assert_int_equal(g->jobs->agreement[0], agreement);
        assert_int_equal(g->jobs->changed, 1u << agreement);
}

/* Two agreements whose data changed at once demand different purposes: each is asked for its own. */
static void test_two_purposes(void **state)
{
        struct lf_config *c = config_of_two();
        struct lf_gateway g = {
            .config = c, .options = &c->gateway, .vault = open_vault(), .lane = (struct lf_lane *)c};
        struct {
                struct lf_meta meta;
                char text[sizeof MESSAGE - 1];
        } plain = {.meta = {.name = "m", .kind = LF_JOB_FILE}};
        struct lf_job *job = calloc(1, sizeof *job);
        memcpy(plain.text, MESSAGE, sizeof plain.text);
        job->sealed = (struct lf_vault_message){.id = {1}, .received = (uint64_t)time(NULL), .journal = -1};
        assert_int_equal(lf_vault_seal(g.vault, &job->sealed, &plain,
                                       offsetof(typeof(plain), text) + sizeof plain.text, false),
                         0);
        lf_rescreen_keep(&g, job, &job->versions);
        lf_job_free(job);
        write_status();
        static const struct {
                uint32_t purpose;
                uint16_t agreement;
        } wanted[] = {{LSP_PURPOSE_SANCTIONS, 1}, {LSP_PURPOSE_VISA, 2}};
        for (unsigned i = 0; i < 2; i++) {
                lf_rescreen_second(&g);
                check_job(&g, wanted[i].purpose, wanted[i].agreement);
                lf_job_free(g.jobs);
                g.jobs = NULL;
        }
        lf_rescreen_second(&g);
        assert_null(g.jobs);
        lf_vault_close(g.vault);
        free(g.kept);
        free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_wipe, setup, teardown),
            cmocka_unit_test(test_ends_whole),
            cmocka_unit_test(test_age),
            cmocka_unit_test_setup_teardown(test_seal, setup, teardown),
            cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
            cmocka_unit_test_setup_teardown(test_window, setup, teardown),
            cmocka_unit_test_setup_teardown(test_sandbox, setup, teardown),
            cmocka_unit_test_setup_teardown(test_two_purposes, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
