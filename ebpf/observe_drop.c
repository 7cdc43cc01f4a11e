#include "ebpf/observe_drop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int drop_user(const char *user)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
        const struct rlimit no_core = {0};
        if (geteuid() == 0) {
                errno = 0;
                const struct passwd *p = getpwnam(user);
                if (!p)
                        return errno ? -errno : -ENOENT;
                if (setgroups(0, NULL) || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) ||
                    setresuid(p->pw_uid, p->pw_uid, p->pw_uid))
                        return -errno;
        }
        if (syscall(SYS_capset, &header, none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
            setrlimit(RLIMIT_CORE, &no_core) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
                return -errno;
        return 0;
}

static int filter(void)
{
        static const int allowed[] = {
            SCMP_SYS(read),         SCMP_SYS(fstat),           SCMP_SYS(newfstatat),
            SCMP_SYS(close),        SCMP_SYS(munmap),          SCMP_SYS(brk),
            SCMP_SYS(madvise),      SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
            SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group),      SCMP_SYS(clock_gettime),
            SCMP_SYS(futex),
#ifdef __SANITIZE_ADDRESS__ /* it looks at the stack before a call that does not return */
            SCMP_SYS(sigaltstack),
#endif
        };
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
        if (!context)
                return -ENOMEM;
        int error = 0;
        for (size_t i = 0; !error && i < sizeof allowed / sizeof *allowed; i++)
                error = seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0);
        if (!error) /* files are only read */
                error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                         SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY));
        if (!error) /* nothing is made executable */
                error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (!error)
                error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                         SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
        if (!error)
                error = seccomp_load(context);
        seccomp_release(context);
        return error;
}

int lf_observe_drop(const char *user)
{
        int error = drop_user(user);
        return error ? error : filter();
}
