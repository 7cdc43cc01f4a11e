/* The handover, against landfalld itself: what is wrong is refused and changes nothing; control may come and
 * go. */
#include "handover_peer.h"

#include "dataplane/policy.h"
#include "matcher/shard.h"

#include <errno.h>
#include <pwd.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct peer peer;
static struct lf_handover_options options;
static const struct lf_counters *page;
static char text[104];

/* A landfalld that has its options. */
static int set_up(void **state)
{
        peer_init(&peer, &options);
        peer_start(&peer);
        assert_int_equal(peer_connect(&peer).configured, 0);
        peer_configure(&peer, &options);
        assert_int_equal(lf_counters_map(peer.dir, &page), 0);
        return 0;
}

static int tear_down(void **state)
{
        assert_int_equal(kill(peer.pid, SIGTERM), 0);
        int status = peer_wait(&peer);
        assert_int_equal(status, 0);
        assert_int_equal(atomic_load((_Atomic uint32_t *)&page->pid), 0);
        lf_counters_unmap(page);
        return 0;
}

static struct lf_policy *new_policy(uint32_t ruleset)
{
        struct lf_policy *p = calloc(1, sizeof *p);
        assert_non_null(p);
        p->magic = LF_POLICY_MAGIC;
        p->abi = LF_POLICY_ABI;
        p->size = sizeof *p;
        p->ruleset = ruleset;
        return p;
}

static int send_policy(const void *image, size_t size, int seals)
{
        struct lf_handover_head head;
        int fd = peer_memfd(image, size, seals);
        peer_send(&peer, LF_HANDOVER_POLICY, &head, sizeof head, &fd, 1);
        close(fd);
        return peer_answer(&peer, text);
}

/* The image of a shard without records, which is a whole shard all the same. */
static void *new_shard(uint64_t generation, size_t *ret_size)
{
        struct lf_shard_info info = {.generation = generation};
        assert_int_equal(lf_shard_size(LF_MODALITY_FINGERPRINT, NULL, 0, ret_size), 0);
        void *image = aligned_alloc(64, (*ret_size + 63) & ~(size_t)63);
        assert_non_null(image);
        assert_int_equal(lf_shard_build(LF_MODALITY_FINGERPRINT, &info, NULL, 0, image, *ret_size, NULL), 0);
        return image;
}

static int send_shards(uint64_t generation, const void *image, size_t size, unsigned n, int seals,
                       uint32_t more)
{
        struct lf_handover_generation g = {.generation = generation, .shards = n, .more = more};
        int fd[8];
        for (unsigned i = 0; i < n; i++)
                fd[i] = peer_memfd(image, size, seals);
        peer_send(&peer, LF_HANDOVER_GENERATION, &g, sizeof g, fd, n);
        for (unsigned i = 0; i < n; i++)
                close(fd[i]);
        return peer_answer(&peer, text);
}

static void expect_retired(uint64_t generation)
{
        struct lf_handover_generation g;
        assert_int_equal(peer_receive(&peer, LF_HANDOVER_RETIRED, &g, sizeof g), sizeof g);
        assert_int_equal(g.generation, generation);
}

/* A second connection's HELLO says what is in force. */
static void expect_in_force(uint64_t generation, uint32_t ruleset)
{
        struct lf_handover_hello h = peer_connect(&peer);
        assert_int_equal(h.configured, 1);
        assert_int_equal(h.match_cores, 1);
        assert_int_equal(h.generation, generation);
        assert_int_equal(h.ruleset, ruleset);
        assert_int_equal(h.pid, peer.pid);
        assert_memory_equal(h.boot, page->boot, sizeof h.boot);
}

static void bad_heads(void **state)
{
        struct lf_handover_consumed good = {0}, m;
        peer_send(&peer, LF_HANDOVER_CONSUMED, &good, sizeof good, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), 0);
        m = good;
        m.head.magic ^= 1;
        peer_send_as_it_is(&peer, &m, sizeof m, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EPROTO);
        m = good;
        m.head.abi++;
        peer_send_as_it_is(&peer, &m, sizeof m, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EPROTO);
        assert_non_null(strstr(text, "one version"));
        m = good;
        m.head.size--;
        peer_send_as_it_is(&peer, &m, sizeof m, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EBADMSG);
        peer_send_as_it_is(&peer, &good, sizeof good - 1, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EBADMSG);
        m = good;
        m.head.type = 99;
        peer_send_as_it_is(&peer, &m, sizeof m, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EBADMSG);
        m = good;
        int fd = peer_memfd("x", 1, PEER_SEALS);
        peer_send_as_it_is(&peer, &m, sizeof m, &fd, 1); /* a descriptor where none belongs */
        assert_int_equal(peer_answer(&peer, text), -EBADMSG);
        close(fd);
        peer.sequence = 0;
        peer_send_as_it_is(&peer, "LFLH", 4, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EPROTO);
        static uint8_t long_one[10000];
        peer_send_as_it_is(&peer, long_one, sizeof long_one, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EBADMSG);
        peer_send(&peer, LF_HANDOVER_OPTIONS, &options, sizeof options, NULL, 0);
        assert_int_equal(peer_answer(&peer, text), -EALREADY);
        expect_in_force(0, 0);
}

static void policies(void **state)
{
        struct lf_policy *p = new_policy(7);
        assert_int_equal(send_policy(p, sizeof *p, PEER_SEALS), 0);
        p->ruleset = 8;
        assert_int_equal(send_policy(p, sizeof *p, 0), -EPERM);
        assert_int_equal(send_policy(p, sizeof *p, F_SEAL_SHRINK | F_SEAL_GROW), -EPERM);
        assert_int_equal(send_policy(p, sizeof *p, F_SEAL_FUTURE_WRITE | F_SEAL_GROW), -EPERM);
        assert_int_equal(send_policy(p, sizeof *p - 1, PEER_SEALS), -EBADMSG);
        assert_int_equal(send_policy("", 0, PEER_SEALS), -EBADMSG);
        p->magic++;
        assert_int_equal(send_policy(p, sizeof *p, PEER_SEALS), -EBADMSG);
        p->magic--;
        p->abi++;
        assert_int_equal(send_policy(p, sizeof *p, PEER_SEALS), -EBADMSG);
        p->abi--;
        struct lf_handover_head head;
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        peer_send(&peer, LF_HANDOVER_POLICY, &head, sizeof head, &fd, 1);
        assert_int_equal(peer_answer(&peer, text), -EPERM);
        close(fd);
        expect_in_force(0, 7);
        assert_int_equal(send_policy(p, sizeof *p, PEER_SEALS), 0);
        expect_in_force(0, 8);
        free(p);
}

static void generations(void **state)
{
        size_t size;
        struct lf_shard *s = new_shard(1, &size);
        assert_int_equal(send_shards(1, s, size, 2, PEER_SEALS, 0), 0);
        assert_int_equal(send_shards(2, s, size, 1, 0, 0), -EPERM);
        assert_int_equal(send_shards(2, s, size - 64, 1, PEER_SEALS, 0), -EBADMSG);
        assert_int_equal(send_shards(2, s, 10, 1, PEER_SEALS, 0), -EBADMSG);
        s->magic ^= 1;
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 0), -EBADMSG);
        s->magic ^= 1;
        s->record_offset += 64;
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 0), -EBADMSG);
        s->record_offset -= 64;
        s->modality = 77;
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 0), -ENOTSUP);
        s->modality = LF_MODALITY_FINGERPRINT;
        assert_int_equal(send_shards(0, s, size, 1, PEER_SEALS, 0), -EINVAL);
        assert_int_equal(send_shards(1, s, size, 1, PEER_SEALS, 0), -EINVAL); /* numbers rise */
        expect_in_force(1, 0);
        /* In three messages. */
        assert_int_equal(send_shards(3, s, size, 2, PEER_SEALS, 1), 0);
        assert_int_equal(send_shards(3, s, size, 3, PEER_SEALS, 1), 0);
        assert_int_equal(send_shards(3, s, size, 1, PEER_SEALS, 0), 0);
        expect_retired(1);
        assert_int_equal(lf_read(&page->shards), 6);
        expect_in_force(3, 0);
        free(s);
}

/* One bad message of a generation: none of it is published, and the next try is whole again. */
static void given_up(void **state)
{
        size_t size;
        struct lf_shard *s = new_shard(1, &size);
        assert_int_equal(send_shards(1, s, size, 1, PEER_SEALS, 0), 0);
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 1), 0);
        assert_int_equal(send_shards(2, s, size, 1, 0, 1), -EPERM);
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 1), -ESTALE);
        assert_int_equal(send_shards(2, s, size, 1, PEER_SEALS, 0), -ESTALE);
        expect_in_force(1, 0);
        /* Another generation in between, and a connection lost in the middle. */
        assert_int_equal(send_shards(3, s, size, 1, PEER_SEALS, 1), 0);
        assert_int_equal(send_shards(4, s, size, 1, PEER_SEALS, 0), -EINVAL);
        expect_in_force(1, 0);
        assert_int_equal(send_shards(3, s, size, 4, PEER_SEALS, 0), 0);
        expect_retired(1);
        assert_int_equal(lf_read(&page->shards), 4);
        free(s);
}

static void status_field(pid_t task, const char *format, unsigned long long *ret)
{
        char path[96], line[256];
        snprintf(path, sizeof path, "/proc/%d/task/%d/status", peer.pid, task);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        int found = 0;
        while (!found && fgets(line, sizeof line, f))
                found = sscanf(line, format, ret) == 1;
        fclose(f);
        assert_true(found);
}

/* The running daemon holds no privilege on any core's thread, and the sandbox is closed. */
static void bare(void **state)
{
        unsigned long long v;
        status_field(peer.pid, "VmLck: %llu", &v);
        if (geteuid() == 0) { /* or the limit of locked memory decides */
                assert_int_equal(page->memory_locked, 1);
#ifndef __SANITIZE_ADDRESS__ /* which makes mlockall a call that does nothing */
                assert_true(v > 16384);
#endif
        }
        pid_t task[2] = {peer.pid, (pid_t)page->core[0].tid};
        for (int i = 0; i < 2; i++) {
                if (task[i] == 0)
                        continue;
                status_field(task[i], "CapEff: %llx", &v);
                assert_int_equal(v, 0);
                status_field(task[i], "CapPrm: %llx", &v);
                assert_int_equal(v, 0);
                status_field(task[i], "Uid: %llu", &v);
                assert_int_not_equal(v, 0);
                status_field(task[i], "NoNewPrivs: %llu", &v);
                assert_int_equal(v, 1);
                status_field(task[i], "Seccomp: %llu", &v);
                assert_int_equal(v, 2);
        }
}

/* The first connection ends when a second one comes; control's death changes nothing. */
static void reconnect(void **state)
{
        struct lf_policy *p = new_policy(5);
        uint8_t byte;
        assert_int_equal(send_policy(p, sizeof *p, PEER_SEALS), 0);
        free(p);
        struct peer first = peer;
        peer.fd = -1;
        expect_in_force(0, 5);
        assert_int_equal(recv(first.fd, &byte, 1, 0), 0);
        close(first.fd);
        uint64_t before = lf_read(&page->updated_ns);
        close(peer.fd);
        peer.fd = -1;
        for (int i = 0;
             i < 500 && (lf_read(&page->control_connected) || lf_read(&page->updated_ns) == before); i++)
                usleep(10000);
        assert_int_equal(lf_read(&page->control_connected), 0);
        expect_in_force(0, 5);
}

/* Killed: the next start in the same place works, under another boot id. */
static void killed(void **state)
{
        uint8_t boot[16];
        memcpy(boot, page->boot, sizeof boot);
        assert_int_equal(kill(peer.pid, SIGKILL), 0);
        assert_int_equal(peer_wait(&peer), -SIGKILL);
        assert_int_not_equal(atomic_load((_Atomic uint32_t *)&page->pid), 0);
        lf_counters_unmap(page);
        peer_start(&peer);
        assert_int_equal(peer_connect(&peer).configured, 0);
        peer_configure(&peer, &options);
        assert_int_equal(lf_counters_map(peer.dir, &page), 0);
        assert_memory_not_equal(boot, page->boot, sizeof boot);
}

/* Legal time begins where control says that it had been. */
static void legal_time_goes_on(void **state)
{
        struct peer p;
        struct lf_handover_options o;
        const struct lf_counters *its_page;
        peer_init(&p, &o);
        uint64_t floor = (uint64_t)time(NULL) + 3600;
        o.legal_floor = floor;
        peer_start(&p);
        peer_connect(&p);
        peer_configure(&p, &o);
        assert_int_equal(lf_counters_map(p.dir, &its_page), 0);
        for (int i = 0; i < 500 && lf_read(&its_page->legal_ns) == 0; i++)
                usleep(10000);
        assert_true(lf_read(&its_page->legal_ns) >= floor * 1000000000);
        lf_counters_unmap(its_page);
        assert_int_equal(kill(p.pid, SIGTERM), 0);
        assert_int_equal(peer_wait(&p), 0);
}

/* Root's own directory, closed to all others, serves too; landfalld still ends up with nothing. */
static void directory_of_root(void **state)
{
        struct peer p;
        struct lf_handover_options o;
        unsigned long long v;
        peer_init(&p, &o);
        assert_int_equal(chown(o.audit_dir[0], geteuid(), getegid()), 0);
        assert_int_equal(chmod(o.audit_dir[0], 0700), 0);
        peer_start(&p);
        peer_connect(&p);
        peer_configure(&p, &o);
        struct peer other = peer;
        peer = p;
        status_field(p.pid, "CapPrm: %llx", &v);
        peer = other;
        assert_int_equal(v, 0);
        assert_int_equal(kill(p.pid, SIGTERM), 0);
        assert_int_equal(peer_wait(&p), 0);
}

static void second_instance(void **state)
{
        struct peer second = peer;
        char line[256] = "";
        snprintf(second.said, sizeof second.said, "%.50s/second", peer.dir);
        second.fd = -1;
        peer_start(&second);
        assert_int_equal(peer_wait(&second), 1);
        FILE *f = fopen(second.said, "re");
        assert_non_null(f);
        assert_non_null(fgets(line, sizeof line, f));
        fclose(f);
        assert_non_null(strstr(line, "another landfalld runs in"));
}

/* Options that cannot be met: control and the operator learn why, and landfalld ends with 1. */
static void bad_options(void **state)
{
        struct peer p;
        struct lf_handover_options o, good;
        char line[512] = "";
        for (int i = 0; i < 4; i++) {
                peer_init(&p, &good);
                o = good;
                if (i == 0)
                        o.port_kind = 99;
                if (i == 1)
                        o.core[0].cpu = 9999;
                if (i == 2)
                        snprintf(o.audit_dir[0], sizeof o.audit_dir[0], "/nowhere/at/all");
                if (i == 3)
                        memset(o.audit_dir[0], 'x', sizeof o.audit_dir[0]);
                peer_start(&p);
                assert_int_equal(peer_connect(&p).configured, 0);
                struct lf_handover_consumed early = {0};
                peer_send(&p, LF_HANDOVER_CONSUMED, &early, sizeof early, NULL, 0);
                assert_int_equal(peer_answer(&p, text), -ENOTCONN);
                peer_send(&p, LF_HANDOVER_OPTIONS, &o, sizeof o, NULL, 0);
                assert_true(peer_answer(&p, text) < 0);
                assert_true(strlen(text) > 10);
                assert_int_equal(peer_wait(&p), 1);
                FILE *f = fopen(p.said, "re");
                assert_non_null(f);
                assert_non_null(fgets(line, sizeof line, f));
                assert_non_null(strstr(line, text));
                fclose(f);
        }
}

static int connect_as_other(void)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        snprintf(a.sun_path, sizeof a.sun_path, "%.63s/%s", peer.dir, LF_HANDOVER_SOCKET);
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        if (fd < 0 || (geteuid() == 0 && setresuid(2, 2, 2) < 0))
                return 99;
        return connect(fd, (struct sockaddr *)&a, sizeof a) < 0 ? errno : 0;
}

/* Of another user: not even a connection. Only root can become one and try; the mode is looked at anyway. */
static void stranger(void **state)
{
        struct stat st;
        char path[96];
        int status = 0;
        snprintf(path, sizeof path, "%.63s/%s", peer.dir, LF_HANDOVER_SOCKET);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        /* control's, which does not stay root */
        const struct passwd *control = getpwnam(LF_HANDOVER_CONTROL_USER);
        assert_non_null(control);
        assert_int_not_equal(control->pw_uid, 2);
        assert_int_equal(st.st_uid, geteuid() ? geteuid() : control->pw_uid);
        pid_t pid = fork();
        if (pid == 0)
                _exit(connect_as_other());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), geteuid() == 0 ? EACCES : 0);
}

int main(void)
{
        assert_int_equal(lf_engines_init(), 0);
#define WITH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
            WITH(bad_heads),
            WITH(policies),
            WITH(generations),
            WITH(given_up),
            WITH(bare),
            WITH(reconnect),
            WITH(killed),
            WITH(second_instance),
            WITH(stranger),
            cmocka_unit_test(bad_options),
            cmocka_unit_test(directory_of_root),
            cmocka_unit_test(legal_time_goes_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
