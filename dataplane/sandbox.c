#include "dataplane/sandbox.h"

#include "dataplane/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANY   0u
#define ON(k) (1u << (k)) /* only with that kind of port */

/* Every allowed call and its reason. With a mask, argument `arg` must be `value` under it. */
static const struct rule {
        int call;
        unsigned ports;
        unsigned arg;
        uint64_t mask, value;
        const char *reason;
} rules[] = {
    {SCMP_SYS(futex), ANY, 0, 0, 0, "joining threads; locks of libc and OpenSSL"},
    {SCMP_SYS(sched_yield), ANY, 0, 0, 0, "an idle core steps aside"},
    {SCMP_SYS(clock_nanosleep), ANY, 0, 0, 0, "an idle core sleeps"},
    {SCMP_SYS(nanosleep), ANY, 0, 0, 0, "usleep in DPDK"},
    {SCMP_SYS(clock_gettime), ANY, 0, 0, 0, "the time, where the vDSO cannot tell it"},
    {SCMP_SYS(gettimeofday), ANY, 0, 0, 0, "the same, for libraries"},
    {SCMP_SYS(gettid), ANY, 0, 0, 0, "a core's thread id for the counters"},
    {SCMP_SYS(getpid), ANY, 0, 0, 0, "OpenSSL's random generator looks for forks"},
    {SCMP_SYS(getrandom), ANY, 0, 0, 0, "OpenSSL's random generator"},
    {SCMP_SYS(io_uring_enter), ANY, 0, 0, 0, "the audit log; its ring is restricted to its files"},
    {SCMP_SYS(read), ANY, 0, 0, 0, "signals (signalfd); start of cores and interrupts in DPDK"},
    {SCMP_SYS(write), ANY, 0, 0, 0, "messages to stderr; start of cores and interrupts in DPDK"},
    {SCMP_SYS(poll), ANY, 0, 0, 0, "the housekeeping loop; an idle AF_XDP queue"},
    {SCMP_SYS(epoll_wait), ANY, 0, 0, 0, "DPDK's interrupt thread"},
    {SCMP_SYS(accept4), ANY, 0, 0, 0, "control connects again"},
    {SCMP_SYS(getsockopt), ANY, 1, ~0ull, 1 /* SOL_SOCKET */, "who connects (SO_PEERCRED)"},
    {SCMP_SYS(recvmsg), ANY, 0, 0, 0, "messages and memory from control"},
    {SCMP_SYS(sendmsg), ANY, 0, 0, 0, "answers to control"},
    {SCMP_SYS(close), ANY, 0, 0, 0, "memfds once they are mapped; lost connections"},
    {SCMP_SYS(fcntl), ANY, 1, ~0ull, F_GET_SEALS, "the seals of a memfd"},
    {SCMP_SYS(fstat), ANY, 0, 0, 0, "the size of a memfd"},
    {SCMP_SYS(newfstatat), ANY, 3, ~0ull, 0x1000 /* AT_EMPTY_PATH */, "fstat as libc calls it"},
    {SCMP_SYS(mmap), ANY, 2, PROT_EXEC, 0, "memory from control, and libc's; never code"},
    {SCMP_SYS(mprotect), ANY, 2, PROT_EXEC, 0, "libc's heaps grow; never code"},
    {SCMP_SYS(munmap), ANY, 0, 0, 0, "a generation is let go"},
    {SCMP_SYS(mremap), ANY, 0, 0, 0, "realloc in libc"},
    {SCMP_SYS(brk), ANY, 0, 0, 0, "malloc in libc"},
    {SCMP_SYS(madvise), ANY, 0, 0, 0, "free in libc, the end of a thread"},
    {SCMP_SYS(mlock), ANY, 0, 0, 0, "keys stay out of swap"},
    {SCMP_SYS(munlock), ANY, 0, 0, 0, "keys were wiped"},
    {SCMP_SYS(rt_sigprocmask), ANY, 0, 0, 0, "the end of a thread"},
    {SCMP_SYS(rt_sigreturn), ANY, 0, 0, 0, "a stop and continue (SIGCONT) returns"},
    {SCMP_SYS(restart_syscall), ANY, 0, 0, 0, "a sleep goes on after SIGSTOP and SIGCONT"},
    {SCMP_SYS(set_robust_list), ANY, 0, 0, 0, "a thread begins: the audit thread, just before"},
    {SCMP_SYS(rseq), ANY, 0, 0, 0, "the same"},
    {SCMP_SYS(prctl), ANY, 0, ~0ull, PR_SET_NAME, "the same: its name"},
    {SCMP_SYS(exit), ANY, 0, 0, 0, "the end of a thread"},
    {SCMP_SYS(exit_group), ANY, 0, 0, 0, "the end"},
    {SCMP_SYS(recvmmsg), ON(LF_PORT_UDP), 0, 0, 0, "datagrams in"},
    {SCMP_SYS(sendmmsg), ON(LF_PORT_UDP), 0, 0, 0, "datagrams out"},
    {SCMP_SYS(sendto), ON(LF_PORT_AF_XDP), 0, 0, 0, "tells the kernel that frames wait"},
    {SCMP_SYS(recvfrom), ON(LF_PORT_AF_XDP), 0, 0, 0, "tells the kernel that buffers wait"},
    {SCMP_SYS(accept), ON(LF_PORT_MEMIF), 0, 0, 0, "a peer connects"},
    {SCMP_SYS(epoll_create), ON(LF_PORT_MEMIF), 0, 0, 0,
     "DPDK's interrupt thread, when descriptors come or go"},
    {SCMP_SYS(epoll_create1), ON(LF_PORT_MEMIF), 0, 0, 0, "the same"},
    {SCMP_SYS(epoll_ctl), ON(LF_PORT_MEMIF), 0, 0, 0, "the same"},
    {SCMP_SYS(timerfd_settime), ON(LF_PORT_MEMIF) | ON(LF_PORT_PCI), 0, 0, 0, "DPDK's alarms"},
#if defined(__SANITIZE_ADDRESS__)
    {SCMP_SYS(sigaltstack), ANY, 0, 0, 0, "AddressSanitizer, at the end of a thread"},
    {SCMP_SYS(sched_getaffinity), ANY, 0, 0, 0, "AddressSanitizer"},
#endif
};

static bool holds_nothing(const char *status_path)
{
        char line[256];
        unsigned long long caps;
        bool seen = false, clean = true;
        FILE *f = fopen(status_path, "re");
        if (!f)
                return errno == ENOENT; /* the thread has ended */
        while (fgets(line, sizeof line, f))
                if (sscanf(line, "CapEff: %llx", &caps) == 1 || sscanf(line, "CapPrm: %llx", &caps) == 1) {
                        seen = true;
                        clean = clean && caps == 0;
                }
        fclose(f);
        return seen && clean;
}

/* Ids are changed for all threads by libc, capabilities are each thread's own: look at every one. */
static int check_threads(char why[256])
{
        char path[300];
        DIR *d = opendir("/proc/self/task");
        if (!d) {
                snprintf(why, 256, "/proc cannot be read: mount it");
                return -errno;
        }
        int r = 0;
        for (struct dirent *e; r == 0 && (e = readdir(d));) {
                if (e->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
                if (!holds_nothing(path)) {
                        snprintf(why, 256, "thread %.16s kept capabilities: start as root or with none",
                                 e->d_name);
                        r = -EPERM;
                }
        }
        closedir(d);
        return r;
}

int lf_sandbox_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
        char *end;
        errno = 0;
        unsigned long number = strtoul(name, &end, 10);
        bool numeric = end != name && !*end && name[0] != '-';
        if (numeric && (errno || number >= UINT32_MAX))
                return -ENOENT;
        const struct passwd *p = numeric ? getpwuid((uid_t)number) : getpwnam(name);
        if (!p && !numeric)
                return -ENOENT;
        *ret_uid = p ? p->pw_uid : (uint32_t)number;
        *ret_gid = p ? p->pw_gid : (uint32_t)number;
        return 0;
}

static int become(uint32_t uid, uint32_t gid, char why[256])
{
        if (geteuid() == 0) {
                if (uid == 0 || gid == 0) {
                        snprintf(why, 256, "no process stays root: name the user and group it is to become");
                        return -EPERM;
                }
                if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
                        snprintf(why, 256, "becoming user %u, group %u: %s", uid, gid, strerror(errno));
                        return -errno;
                }
        } else if (uid != 0 && uid != geteuid()) {
                snprintf(why, 256, "only root can become user %u: start as root or as that user", uid);
                return -EPERM;
        }
        return 0;
}

void lf_sandbox_prepare(void)
{
        mallopt(M_ARENA_MAX, 4);            /* a given number is not derived from that of the CPUs */
        mallopt(M_TRIM_THRESHOLD, INT_MAX); /* how to give memory back stands in /proc/sys/vm: it is kept */
}

int lf_sandbox_drop(uint32_t uid, uint32_t gid, char why[256])
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};
        struct rlimit no_core = {0, 0};
        int r = become(uid, gid, why);
        if (r < 0)
                return r;
        snprintf(why, 256, "privileges could not be given up");
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
            syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            setrlimit(RLIMIT_CORE, &no_core) < 0)
                return -errno;
        r = check_threads(why);
        if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                r = -errno;
        return r;
}

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
        if (rule->mask == 0)
                return seccomp_rule_add(filter, SCMP_ACT_ALLOW, rule->call, 0);
        struct scmp_arg_cmp condition = {
            .arg = rule->arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = rule->mask, .datum_b = rule->value};
        return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, 1, &condition);
}

int lf_sandbox_close(uint32_t port_kind)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        if (!filter)
                return -ENOMEM;
        int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
        for (size_t i = 0; r == 0 && i < sizeof rules / sizeof *rules; i++)
                if (rules[i].ports == ANY || (rules[i].ports & ON(port_kind)))
                        r = add_rule(filter, &rules[i]);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}
