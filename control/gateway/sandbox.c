/* What landfall-gateway gives up before it reads a byte of a message: root, every file but its own, and most
 * of the kernel. */
#include "control/gateway/gateway.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int lf_become(const char *user, char why[256])
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};
        const struct rlimit no_core = {0, 0};
        if (geteuid() == 0) {
                const struct passwd *p = getpwnam(user);
                if (!p || p->pw_uid == 0 || p->pw_gid == 0) {
                        snprintf(why, 256, "gateway: user \"%.60s\" is %s: name an ordinary one", user,
                                 p ? "root" : "unknown");
                        return -EPERM;
                }
                if (setgroups(0, NULL) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
                    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0) {
                        snprintf(why, 256, "becoming user %.60s: %s", user, strerror(errno));
                        return -errno;
                }
        }
        snprintf(why, 256, "privileges could not be given up");
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
            syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

/* ---- files: Landlock ---- */

#define READS  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
/* Links, pipes, sockets and devices that were dropped are moved away. (Who has no
 * capability cannot make a device.) */
#define MOVES                                                                                                \
        (LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO |             \
         LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define HANDLED                                                                                              \
        (READS | WRITES | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
         LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |         \
         LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static int allow(int rules, const char *path, uint64_t access, bool needed)
{
        struct stat st;
        int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                return needed ? -errno : 0;
        if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
                access &= ~(uint64_t)(LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                      LANDLOCK_ACCESS_FS_MAKE_REG);
        struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
        int r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
        close(fd);
        return r;
}

static int confine_files(const char *directory, const char *bundle, const char *run)
{
        /* What resolving the appliance's name reads, where its bundle does not give an address. */
        static const char *const resolver[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                                               "/etc/host.conf", "/etc/gai.conf"};
        struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED};
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (abi < 0)
                return -errno;
        /* from the second version on, moving between folders is a right of its own; before, it is never given
         */
        if (abi < 2)
                return -EOPNOTSUPP;
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
        int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
        if (rules < 0)
                return -errno;
        int r = allow(rules, directory, READS | WRITES | MOVES, true);
        if (r == 0)
                r = allow(rules, bundle, READS, true);
        if (r == 0)
                r = allow(rules, run, READS, false);
        for (unsigned i = 0; r == 0 && i < sizeof resolver / sizeof *resolver; i++)
                r = allow(rules, resolver[i], LANDLOCK_ACCESS_FS_READ_FILE, false);
        if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
                r = -errno;
        close(rules);
        return r;
}

/* ---- system calls ---- */

struct rule {
        int call;
        const char *reason;
};

static const struct rule rules[] = {
    {SCMP_SYS(read), "files, TLS, events"},
    {SCMP_SYS(pread64), "files"},
    {SCMP_SYS(write), "files, TLS, messages to stderr"},
    {SCMP_SYS(writev), "the same"},
    {SCMP_SYS(pwrite64), "a key is overwritten"},
    {SCMP_SYS(openat), "files that Landlock allows"},
    {SCMP_SYS(close), "files and sockets"},
    {SCMP_SYS(fstat), "sizes"},
    {SCMP_SYS(newfstatat), "sizes"},
    {SCMP_SYS(statx), "sizes"},
    {SCMP_SYS(lseek), "the end of a journal"},
    {SCMP_SYS(ftruncate), "a torn journal"},
    {SCMP_SYS(access), "is the lane's key there"},
    {SCMP_SYS(faccessat), "is a message there"},
    {SCMP_SYS(faccessat2), "the same"},
    {SCMP_SYS(getdents64), "folders"},
    {SCMP_SYS(rename), "reports and claims"},
    {SCMP_SYS(renameat), "the same"},
    {SCMP_SYS(renameat2), "the same"},
    {SCMP_SYS(unlink), "plaintext and keys go"},
    {SCMP_SYS(unlinkat), "the same"},
    {SCMP_SYS(fsync), "durability"},
    {SCMP_SYS(fdatasync), "durability"},
    {SCMP_SYS(fcntl), "flags of descriptors"},
    {SCMP_SYS(poll), "the loop"},
    {SCMP_SYS(ppoll), "the loop"},
    {SCMP_SYS(epoll_wait), "the client library"},
    {SCMP_SYS(epoll_pwait), "the same"},
    {SCMP_SYS(epoll_ctl), "the same"},
    {SCMP_SYS(epoll_create1), "the same"},
    {SCMP_SYS(eventfd2), "the same"},
    {SCMP_SYS(connect), "to the appliance"},
    {SCMP_SYS(bind), "resolving names"},
    {SCMP_SYS(accept4), "callers"},
    {SCMP_SYS(sendto), "datagrams; answers to callers"},
    {SCMP_SYS(recvfrom), "the same"},
    {SCMP_SYS(sendmsg), "resolving names"},
    {SCMP_SYS(recvmsg), "the same"},
    {SCMP_SYS(sendmmsg), "the same"},
    {SCMP_SYS(setsockopt), "buffers"},
    {SCMP_SYS(getsockopt), "whether a connection came about; who calls"},
    {SCMP_SYS(getsockname), "resolving names"},
    {SCMP_SYS(getpeername), "where the dataplane is"},
    {SCMP_SYS(shutdown), "the end of TLS"},
    {SCMP_SYS(uname), "resolving names"},
    {SCMP_SYS(futex), "threads; locks of libc and OpenSSL"},
    {SCMP_SYS(set_robust_list), "a thread begins"},
    {SCMP_SYS(rseq), "a thread begins"},
    {SCMP_SYS(exit), "a thread ends"},
    {SCMP_SYS(exit_group), "the end"},
    {SCMP_SYS(rt_sigprocmask), "threads"},
    {SCMP_SYS(rt_sigaction), "the end is asked for"},
    {SCMP_SYS(rt_sigreturn), "the same"},
    {SCMP_SYS(restart_syscall), "stop and continue"},
    {SCMP_SYS(clock_gettime), "time, where the vDSO cannot tell it"},
    {SCMP_SYS(gettimeofday), "the same"},
    {SCMP_SYS(time), "the same"},
    {SCMP_SYS(clock_nanosleep), "waiting"},
    {SCMP_SYS(nanosleep), "waiting"},
    {SCMP_SYS(getrandom), "keys"},
    {SCMP_SYS(getpid), "OpenSSL looks for forks"},
    {SCMP_SYS(gettid), "libc"},
    {SCMP_SYS(getuid), "libc"},
    {SCMP_SYS(geteuid), "libc"},
    {SCMP_SYS(getgid), "libc"},
    {SCMP_SYS(getegid), "libc"},
    {SCMP_SYS(sysinfo), "qsort in libc"},
    {SCMP_SYS(sched_getaffinity), "how many arenas malloc may have"},
    {SCMP_SYS(sched_yield), "giving way to the dataplane's cores"},
    {SCMP_SYS(sched_setattr), "the same"},
    {SCMP_SYS(getpriority), "the same"},
    {SCMP_SYS(munmap), "memory"},
    {SCMP_SYS(mremap), "memory"},
    {SCMP_SYS(brk), "memory"},
    {SCMP_SYS(madvise), "memory"},
    {SCMP_SYS(mlock), "keys stay out of swap"},
    {SCMP_SYS(munlock), "the same"},
#if defined(__SANITIZE_ADDRESS__)
    {SCMP_SYS(sigaltstack), "AddressSanitizer"},
    {SCMP_SYS(readlink), "AddressSanitizer"},
    {SCMP_SYS(prctl), "AddressSanitizer"},
    {SCMP_SYS(clone), "LeakSanitizer"},
    {SCMP_SYS(ptrace), "LeakSanitizer"},
    {SCMP_SYS(wait4), "LeakSanitizer"},
    {SCMP_SYS(kill), "LeakSanitizer"},
#endif
};

static int close_calls(void)
{
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
        if (!f)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; r == 0 && i < sizeof rules / sizeof *rules; i++)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, rules[i].call, 0);
        /* memory, never code */
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        /* which of the processor's units there are, asked for each message that is read */
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(arch_prctl), 1,
                                     SCMP_A0(SCMP_CMP_EQ, 0x1023 /* ARCH_REQ_XCOMP_PERM */));
        /* threads of its own, never a process; libc falls back from clone3, whose flags cannot be seen */
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
#if !defined(__SANITIZE_ADDRESS__)
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
#endif
        /* the appliance, by IP; no others: the resolver's cache is passed over */
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
                                     SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
                                     SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
        if (r == 0)
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
        if (r == 0)
                r = seccomp_load(f);
        seccomp_release(f);
        return r;
}

int lf_confine(const char *directory, const char *bundle, const char *run, char why[256])
{
        int r = confine_files(directory, bundle, run);
        if (r == -ENOSYS || r == -EOPNOTSUPP) {
                lf_log_error(
                    "this kernel has no Landlock: only permissions keep the gateway from other files");
                r = 0;
        }
        if (r < 0) {
                snprintf(why, 256, "files could not be closed: %s", strerror(-r));
                return r;
        }
        r = close_calls();
        if (r < 0)
                snprintf(why, 256, "seccomp: %s", strerror(-r));
        return r;
}
