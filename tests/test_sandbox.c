/* The sandbox: forbidden calls kill, on every thread; the work goes on; nothing of root is left. */
#include "dataplane/handover.h"
#include "dataplane/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534
#define ENTER  1 /* exit status of a child that could not enter the sandbox */

static void enter(void)
{
        char why[256];
        uint32_t id = geteuid() == 0 ? NOBODY : 0;
        if (lf_sandbox_drop(id, id, why) < 0 || lf_sandbox_close(LF_PORT_UDP) < 0)
                _exit(ENTER);
}

/* Runs in a child under the sandbox; its exit status, or minus the signal that killed it. */
static int inside(void (*work)(void))
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                enter();
                work();
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void try_open(void)
{
        open("/etc/hostname", O_RDONLY | O_CLOEXEC);
}

static void try_socket(void)
{
        socket(AF_INET, SOCK_DGRAM, 0);
}

static void try_connect(void)
{
        connect(0, NULL, 0);
}

static void try_fork(void)
{
        fork();
}

static void try_thread(void)
{
        pthread_t t;
        pthread_create(&t, NULL, (void *(*)(void *))try_open, NULL);
}

static void try_exec(void)
{
        execl("/bin/true", "true", NULL);
}

static void try_code(void)
{
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_turn_to_code(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void try_ring(void)
{
        syscall(SYS_io_uring_setup, 4, NULL);
}

static void try_register(void)
{
        syscall(SYS_io_uring_register, 0, 0, NULL, 0);
}

static void try_kill(void)
{
        kill(getppid(), 0);
}

static void try_trace(void)
{
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void try_unlink(void)
{
        unlink("/tmp/nothing-of-this-name");
}

static void try_truncate(void)
{
        ftruncate(0, 0);
}

static void try_descriptor(void)
{
        fcntl(0, F_DUPFD, 10);
}

static void try_accept_of_memif(void)
{
        accept(0, NULL, NULL);
}

static void try_setuid(void)
{
        setuid(0);
}

static void try_bpf(void)
{
        syscall(SYS_bpf, 0, NULL, 0);
}

static void forbidden(void **state)
{
        static const struct {
                const char *name;
                void (*work)(void);
        } call[] = {
            {"open", try_open},
            {"socket", try_socket},
            {"connect", try_connect},
            {"fork", try_fork},
            {"thread", try_thread},
            {"exec", try_exec},
            {"code", try_code},
            {"to code", try_turn_to_code},
            {"io_uring_setup", try_ring},
            {"io_uring_register", try_register},
            {"kill", try_kill},
            {"ptrace", try_trace},
            {"unlink", try_unlink},
            {"ftruncate", try_truncate},
            {"fcntl F_DUPFD", try_descriptor},
            {"accept", try_accept_of_memif},
            {"setuid", try_setuid},
            {"bpf", try_bpf},
        };
        for (size_t i = 0; i < sizeof call / sizeof *call; i++) {
                int got = inside(call[i].work);
                if (got != -SIGSYS)
                        fprintf(stderr, "%s: %d\n", call[i].name, got);
                assert_int_equal(got, -SIGSYS);
        }
}

/* What landfalld does all day. */
static void work(void)
{
        struct timespec moment = {0, 1000};
        struct mmsghdr none = {0};
        char byte;
        sched_yield();
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
        recvmmsg(0, &none, 0, MSG_DONTWAIT, NULL);
        for (size_t size = 100; size < 10000000; size *= 3) {
                char *p = malloc(size);
                if (!p)
                        _exit(10);
                memset(p, 1, size);
                free(p);
        }
        if (syscall(SYS_getrandom, &byte, 1, 0) != 1)
                _exit(11);
        fcntl(0, F_GET_SEALS);
        fprintf(stderr, "a line from inside\n");
}

static void allowed(void **state)
{
        assert_int_equal(inside(work), 0);
}

static pthread_barrier_t barrier;

static void *other_thread(void *unused)
{
        pthread_barrier_wait(&barrier);
        try_open();
        return NULL;
}

/* A thread that was there before is bound too. */
static void every_thread(void **state)
{
        pid_t pid = fork();
        if (pid == 0) {
                pthread_t t;
                pthread_barrier_init(&barrier, NULL, 2);
                if (pthread_create(&t, NULL, other_thread, NULL))
                        _exit(20);
                enter();
                pthread_barrier_wait(&barrier);
                pthread_join(t, NULL);
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

#define ALLOCATING 16

static void *allocate(void *unused)
{
        pthread_barrier_wait(&barrier);
        void *volatile p = malloc(100);
        pthread_barrier_wait(&barrier); /* none ends before all have an arena, or would have one */
        free(p);
        return NULL;
}

/* More cores than CPUs that libc guesses at first: each allocates for the first time in the sandbox. */
static void many_threads_allocate(void **state)
{
        pid_t pid = fork();
        if (pid == 0) {
                pthread_t t[ALLOCATING];
                lf_sandbox_prepare();
                pthread_barrier_init(&barrier, NULL, ALLOCATING + 1);
                for (unsigned i = 0; i < ALLOCATING; i++)
                        if (pthread_create(&t[i], NULL, allocate, NULL))
                                _exit(20);
                enter();
                pthread_barrier_wait(&barrier);
                pthread_barrier_wait(&barrier);
                for (unsigned i = 0; i < ALLOCATING; i++)
                        pthread_join(t[i], NULL);
                _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* An alarm of DPDK on a PCI device; and not on a port that has none. */
static void set_alarm(void)
{
        struct itimerspec in = {.it_value.tv_sec = 1};
        timerfd_settime(-1, 0, &in, NULL);
}

static void alarms_by_port(void **state)
{
        static const uint32_t kinds[] = {LF_PORT_UDP, LF_PORT_AF_XDP, LF_PORT_MEMIF, LF_PORT_PCI};
        for (unsigned i = 0; i < 4; i++) {
                pid_t pid = fork();
                if (pid == 0) {
                        if (lf_sandbox_close(kinds[i]) < 0)
                                _exit(ENTER);
                        set_alarm();
                        _exit(0);
                }
                int status = 0;
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (kinds[i] == LF_PORT_MEMIF || kinds[i] == LF_PORT_PCI)
                        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
                else
                        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
        }
}

static int privileges_left(void)
{
        char line[256], why[256];
        unsigned long long caps;
        struct rlimit core;
        int bad = 0;
        uint32_t id = geteuid() == 0 ? NOBODY : 0;
        if (lf_sandbox_drop(id, id, why) < 0)
                return 30;
        if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return 31;
        if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
                return 32;
        if (id && (setuid(0) == 0 || getuid() != NOBODY || getegid() != NOBODY || getgroups(0, NULL) != 0))
                return 33;
        FILE *f = fopen("/proc/thread-self/status", "re");
        while (f && fgets(line, sizeof line, f))
                if (sscanf(line, "CapEff: %llx", &caps) == 1 || sscanf(line, "CapPrm: %llx", &caps) == 1 ||
                    sscanf(line, "CapAmb: %llx", &caps) == 1)
                        bad |= caps != 0;
        return !f ? 34 : bad ? 35 : 0;
}

static void privileges(void **state)
{
        pid_t pid = fork();
        if (pid == 0)
                _exit(privileges_left());
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* Root must not stay root; an ordinary user cannot become another. */
static void refused(void **state)
{
        char why[256] = "";
        if (geteuid() == 0)
                assert_int_equal(lf_sandbox_drop(0, 0, why), -EPERM);
        else
                assert_int_equal(lf_sandbox_drop(geteuid() + 1, 0, why), -EPERM);
        assert_true(strlen(why) > 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(forbidden),      cmocka_unit_test(allowed),
            cmocka_unit_test(every_thread),   cmocka_unit_test(privileges),
            cmocka_unit_test(refused),        cmocka_unit_test(many_threads_allocate),
            cmocka_unit_test(alarms_by_port),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
